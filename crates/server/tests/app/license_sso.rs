//! Single sign-on: what must not be believed of a provider, and what people of an account get.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use countersign_app::license_api::{Access, NewApiKey, PartName, create_api_key};
use countersign_app::licensing::license_users;
use countersign_crypto::encoding::base64url_encode;
use countersign_crypto::{Algorithm, PrivateKey};
use countersign_domain::text::UserEmail;
use http::Method;
use serde_json::{Value, json};

use crate::license_sso_support::{claims, login, name, shop, sign, url};
use crate::license_support::{BASE, HARDWARE, proof, refusal, refused};
use crate::support::request;

#[tokio::test]
async fn a_person_of_an_account_activates_what_the_account_holds() {
    let (door, provider) = shop().await;
    let began = url(&door, "&response_type=token").await;
    let names = ["response_type", "client_id", "scope"].map(|name| began[name].as_str());
    assert_eq!(names, ["id_token", "app", "openid email groups"]);
    let good = claims(&door).await;
    let activated = door.post("/activate_license", &login("id_token", &provider.sign(&good))).await;
    let license = door.verified(&activated).await;
    assert_eq!(
        (&license["user"]["email"], &license["username"]),
        (&json!("ada@example.test"), &json!("ada@example.test"))
    );
    assert_eq!(license["customer"]["customer_account"]["name"], "Group", "not the license of the other account");
    let check = format!("/check_license?product=pump&hardware_id={HARDWARE}&username=ada%40example.test");
    assert_eq!(door.verified(&door.get(&check).await).await["license_active"], true);
    // What the provider publishes was read once.
    assert_eq!(provider.asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn what_an_id_token_must_not_be() {
    let (door, provider) = shop().await;
    let good = claims(&door).await;
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        provider.sign(&claims)
    };
    let now = door.now().as_seconds();
    let stranger = PrivateKey::generate(Algorithm::ES256).unwrap();
    let header = json!({ "alg": "ES256", "kid": "k-1" });
    let token = provider.sign(&good);
    let (signed, _) = token.rsplit_once('.').unwrap();
    let none = format!("{}.{}.", base64url_encode(b"{\"alg\":\"none\"}"), signed.split_once('.').unwrap().1);
    let other_nonce = format!("{}x", good["nonce"].as_str().unwrap());
    for (what, token) in [
        ("another issuer", with("iss", json!("https://id.example.test/"))),
        ("another audience", with("aud", json!("other"))),
        ("no audience", with("aud", Value::Null)),
        ("several audiences without azp", with("aud", json!(["app", "other"]))),
        ("another authorized party", with("azp", json!("other"))),
        ("expired", with("exp", json!(now - 61))),
        ("no end", with("exp", Value::Null)),
        ("not yet valid", with("nbf", json!(now + 61))),
        ("from the future", with("iat", json!(now + 61))),
        ("no nonce", with("nonce", Value::Null)),
        ("a foreign nonce", with("nonce", json!("1772366400000.00.x"))),
        ("an altered nonce", with("nonce", json!(other_nonce))),
        ("a nonce that is no text", with("nonce", json!(7))),
        ("another domain", with("email", json!("ada@evil.test"))),
        ("no address", with("email", Value::Null)),
        ("an unverified address", with("email_verified", json!(false))),
        ("another group", with("groups", json!(["others"]))),
        ("about nobody", with("sub", Value::Null)),
        ("a stranger's key", sign(&stranger, &header, &good)),
        ("a key of another name", sign(&stranger, &json!({ "alg": "ES256", "kid": "k-9" }), &good)),
        ("another algorithm", sign(&stranger, &json!({ "alg": "RS256", "kid": "k-1" }), &good)),
        ("no algorithm", none),
        ("cut off", token[..token.len() - 4].to_owned()),
        ("doubled", format!("{token}.{token}")),
        ("nothing", "x".to_owned()),
    ] {
        let answer = door.post("/activate_license", &login("id_token", &token)).await;
        assert_eq!(refusal(&answer), refused("sso_failed"), "{what}");
    }
    // One who is let in has no license of the account.
    let unknown = with("email", json!("eve@example.test"));
    assert_eq!(
        refusal(&door.post("/activate_license", &login("id_token", &unknown)).await),
        refused("license_not_found")
    );
    // A nonce ends; a token of several audiences names whom it was made for.
    let mut several = good.clone();
    several["aud"] = json!(["other", "app"]);
    several["azp"] = json!("app");
    door.verified(&door.post("/activate_license", &login("id_token", &provider.sign(&several))).await).await;
    let late = with("exp", json!(now + 9000));
    door.app.world.clock.advance(Duration::from_secs(3601));
    let answer = door.post("/activate_license", &login("id_token", &late)).await;
    assert_eq!(refusal(&answer), refused("sso_failed"), "a nonce that has ended");
}

#[tokio::test]
async fn a_new_key_of_a_provider_is_looked_for_but_not_all_the_time() {
    let (door, provider) = shop().await;
    let activate =
        async || door.post("/activate_license", &login("id_token", &provider.sign(&claims(&door).await))).await;
    door.verified(&activate().await).await;
    let asked = provider.asked.load(Ordering::Relaxed);
    provider.rotate("k-2");
    door.verified(&activate().await).await;
    assert_eq!(provider.asked.load(Ordering::Relaxed), asked + 2, "it is asked at once");
    // The same name: no token says that there is another key.
    provider.rotate("k-2");
    for _ in 0..5 {
        assert_eq!(refusal(&activate().await), refused("sso_failed"), "within a minute it is not asked again");
    }
    assert_eq!(provider.asked.load(Ordering::Relaxed), asked + 2);
    door.app.world.clock.advance(Duration::from_secs(61));
    door.verified(&activate().await).await;
    assert_eq!(provider.asked.load(Ordering::Relaxed), asked + 4);
}

#[tokio::test]
async fn an_account_without_a_provider_has_no_single_sign_on() {
    let (door, provider) = shop().await;
    for (path, code) in [
        ("/sso_url?product=pump&customer_account_code=Other", "sso_failed"),
        ("/sso_url?product=pump&customer_account_code=Nobody", "sso_failed"),
        ("/sso_url?product=none&customer_account_code=Group", "unknown_product"),
        ("/sso_url?product=pump", "missing_parameters"),
        ("/sso_url?product=pump&customer_account_code=Group&response_type=all", "validation_error"),
        ("/sso_url?product=pump&customer_account_code=Group&state=short", "validation_error"),
        ("/sso_url?product=pump&customer_account_code=Group&redirect_uri=back", "validation_error"),
    ] {
        assert_eq!(refusal(&door.get(path).await), refused(code), "{path}");
    }
    for (account, status) in [("Other", 400), ("Group", 200)] {
        let part = Some(PartName::Account(name(account)));
        let new = NewApiKey { label: String::new(), products: vec![], part, access: Access::ReadWrite };
        let (made, shared) = create_api_key(door.app.ctx(), door.app.site, new).await.unwrap();
        let (date, authorization) = proof(&made.key, shared.expose(), door.now());
        let path = format!("{BASE}/sso_url?product=pump&customer_account_code=Group");
        let request = request(&Method::GET, &path).header("date", date).header("authorization", authorization);
        let answer = door.app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, status, "with a credential for {account}");
    }
    let mut elsewhere = login("id_token", &provider.sign(&claims(&door).await));
    elsewhere["customer_account_code"] = json!("Other");
    assert_eq!(refusal(&door.post("/activate_license", &elsewhere).await), refused("sso_failed"));
}

#[tokio::test]
async fn people_who_log_in_elsewhere_see_what_their_account_has_for_them() {
    let (door, provider) = shop().await;
    let began = claims(&door).await;
    let token_of = |email: &str| {
        let mut claims = began.clone();
        claims["email"] = json!(email);
        provider.sign(&claims)
    };
    let good = token_of("ada@example.test");
    let path = |token: &str| format!("/user_licenses?product=pump&customer_account_code=Group&id_token={token}");
    let mine = door.verified(&door.get(&path(&good)).await).await;
    let mine = mine.as_array().unwrap();
    assert_eq!(mine.len(), 1, "licenses of other accounts are not seen");
    assert_eq!(mine[0]["license"]["customer"]["customer_account"]["name"], "Group");
    assert_eq!(mine[0]["user"]["email"], "ada@example.test");
    let nobodys = door.verified(&door.get(&path(&token_of("eve@example.test"))).await).await;
    assert_eq!(nobodys, json!([]), "nothing is assigned to her yet");
    assert_eq!(refusal(&door.get(&path("x")).await), refused("sso_failed"));
    assert_eq!(refusal(&door.get("/user_licenses?customer_account_code=Group").await), refused("missing_parameters"));

    // Whoever borrows may prove himself; then he must succeed. This license has no seats.
    door.verified(&door.post("/activate_license", &login("id_token", &good)).await).await;
    let borrow = async |token: &str| door.post("/floating/borrow", &login("id_token", token)).await;
    assert_eq!(refusal(&borrow(&good).await), refused("floating_not_available"));
    assert_eq!(refusal(&borrow("x").await), refused("sso_failed"));
    let change = json!({ "customer_account_code": "Group", "id_token": good, "password": "a", "new_password": "b" });
    assert_eq!(refusal(&door.post("/change_password", &change).await), refused("change_password_not_allowed"));

    // What the producer has disabled is disabled, whoever lets the person in.
    let ada = UserEmail::new("ada@example.test").unwrap();
    license_users::set_enabled(door.app.ctx(), door.app.site, ada, false).await.unwrap();
    assert_eq!(refusal(&door.get(&path(&good)).await), refused("sso_failed"));
    assert_eq!(refusal(&door.post("/activate_license", &login("id_token", &good)).await), refused("sso_failed"));
}
