//! Single sign-on: codes, what ties them to the login that began, and providers that do not do their part.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use countersign_domain::licensing::{IdTokenAlgorithm, SsoProvider};
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use crate::license_sso_support::{Provider, claims, claims_after, lay_down, login, settings, shop, sign, url};
use crate::license_support::{Licensing, refusal, refused};

const BY_CODE: &str = "&response_type=code&redirect_uri=https%3A%2F%2Fapp.test%2Fback";
const STATE: &str = "0123456789abcdef-1";

/// Begins a login that gives the code `good`.
async fn begin(door: &Licensing, provider: &Provider, more: &str) -> Value {
    let began = url(door, &format!("{BY_CODE}{more}")).await;
    assert_eq!([&began["response_type"], &began["code_challenge_method"]], ["code", "S256"]);
    *provider.challenge.lock().unwrap() = began["code_challenge"].clone();
    let claims = claims_after(door, &began);
    *provider.tokens.lock().unwrap() = json!({ "id_token": provider.sign(&claims) });
    claims
}

fn with_state(mut login: Value, state: &str) -> Value {
    login["state"] = json!(state);
    login
}

#[tokio::test]
async fn a_code_is_exchanged_with_the_verifier_of_its_url() {
    let (door, provider) = shop().await;
    begin(&door, &provider, "").await;
    let activate = async |code: &str| door.post("/activate_license", &login("code", code)).await;
    door.verified(&activate("good").await).await;
    assert_eq!(refusal(&activate("bad").await), refused("sso_failed"));
    let listed = format!("/user_licenses?customer_account_code=Group&code=good{BY_CODE}");
    assert_eq!(door.verified(&door.get(&listed).await).await.as_array().unwrap().len(), 1);
    *provider.challenge.lock().unwrap() = "another".to_owned();
    assert_eq!(refusal(&activate("good").await), refused("sso_failed"), "the provider compares");
    // The token that is given for a code is verified all the same.
    let mut claims = begin(&door, &provider, "").await;
    claims["aud"] = json!("other");
    for tokens in [json!({ "id_token": provider.sign(&claims) }), json!({ "id_token": "nonsense" }), json!({})] {
        *provider.tokens.lock().unwrap() = tokens;
        assert_eq!(refusal(&activate("good").await), refused("sso_failed"));
    }
    // A client secret goes where the provider wants it.
    *provider.methods.lock().unwrap() = json!(["client_secret_basic", "client_secret_post"]);
    door.app.world.clock.advance(Duration::from_secs(3601));
    begin(&door, &provider, "").await;
    door.verified(&activate("good").await).await;
}

#[tokio::test]
async fn a_call_with_a_code_that_comes_again_gets_its_answer() {
    let (door, provider) = shop().await;
    begin(&door, &provider, "").await;
    let body = login("code", "good").to_string();
    let activate =
        async |key: &str| door.send(Method::POST, "/activate_license", &[("idempotency-key", key)], body.clone()).await;
    let first = activate("k-1").await;
    door.verified(&first).await;
    // A provider takes a code once.
    *provider.challenge.lock().unwrap() = "used".to_owned();
    let asked = provider.asked.load(Ordering::Relaxed);
    assert_eq!(activate("k-1").await.body, first.body);
    assert_eq!(provider.asked.load(Ordering::Relaxed), asked);
    assert_eq!(refusal(&activate("k-2").await), refused("sso_failed"));
}

#[tokio::test]
async fn what_comes_back_belongs_to_the_login_whose_state_it_has() {
    let (door, provider) = shop().await;
    let plain = url(&door, BY_CODE).await;
    let bound = url(&door, &format!("{BY_CODE}&state={STATE}")).await;
    assert_eq!(bound["state"], STATE);
    assert_ne!(bound["code_challenge"], plain["code_challenge"], "each state has a verifier of its own");
    begin(&door, &provider, &format!("&state={STATE}")).await;
    let activate = async |login: Value| door.post("/activate_license", &login).await;
    assert_eq!(refusal(&activate(login("code", "good")).await), refused("sso_failed"), "without the state");
    let other = with_state(login("code", "good"), "0123456789abcdef-2");
    assert_eq!(refusal(&activate(other).await), refused("sso_failed"));
    door.verified(&activate(with_state(login("code", "good"), STATE)).await).await;

    // The same for ID tokens, by the nonce alone.
    let token = provider.sign(&claims_after(&door, &url(&door, &format!("&state={STATE}")).await));
    assert_eq!(refusal(&activate(login("id_token", &token)).await), refused("sso_failed"));
    door.verified(&activate(with_state(login("id_token", &token), STATE)).await).await;
    let unbound = provider.sign(&claims(&door).await);
    assert_eq!(refusal(&activate(with_state(login("id_token", &unbound), STATE)).await), refused("sso_failed"));
    let odd = with_state(login("id_token", &unbound), "short");
    assert_eq!(refusal(&activate(odd).await), refused("validation_error"));
}

#[tokio::test]
async fn what_an_id_token_leaves_out_is_asked_for() {
    let (door, provider) = shop().await;
    let mut short = begin(&door, &provider, "").await;
    let info = json!({ "sub": "u-1", "email": "ada@example.test", "groups": "pump users" });
    for name in ["email", "email_verified", "groups"] {
        short.as_object_mut().unwrap().remove(name);
    }
    let tokens = |access: &str| json!({ "id_token": provider.sign(&short), "access_token": access });
    let activate = async || door.post("/activate_license", &login("code", "good")).await;
    *provider.info.lock().unwrap() = info.clone();
    *provider.tokens.lock().unwrap() = tokens("at-1");
    door.verified(&activate().await).await;
    let with = |name: &str, value: Value| {
        let mut info = info.clone();
        info[name] = value;
        info
    };
    for (what, info) in [
        ("somebody else", with("sub", json!("u-2"))),
        ("nobody", with("sub", Value::Null)),
        ("an unverified address", with("email_verified", json!(false))),
        ("another domain", with("email", json!("ada@evil.test"))),
        ("another group", with("groups", json!("others"))),
    ] {
        *provider.info.lock().unwrap() = info;
        assert_eq!(refusal(&activate().await), refused("sso_failed"), "{what}");
    }
    *provider.info.lock().unwrap() = info;
    *provider.tokens.lock().unwrap() = tokens("at-2");
    assert_eq!(refusal(&activate().await), refused("sso_failed"), "an access token of somebody else");
}

#[tokio::test]
async fn people_are_sent_back_to_where_the_producer_has_laid_down() {
    let (door, provider) = shop().await;
    let redirects = vec!["https://app.test/back".to_owned(), "com.example.app:/back".to_owned()];
    lay_down(&door, "Group", SsoProvider { redirects, ..settings() }).await;
    assert_eq!(url(&door, "").await["redirect_uri"], "https://app.test/back");
    assert_eq!(url(&door, "&redirect_uri=com.example.app:/back").await["redirect_uri"], "com.example.app:/back");
    let elsewhere = "/sso_url?product=pump&customer_account_code=Group&redirect_uri=https%3A%2F%2Fevil.test%2F";
    assert_eq!(refusal(&door.get(elsewhere).await), refused("validation_error"));
    begin(&door, &provider, "").await;
    let mut by_code = login("code", "good");
    by_code.as_object_mut().unwrap().remove("redirect_uri");
    door.verified(&door.post("/activate_license", &by_code).await).await;
    by_code["redirect_uri"] = json!("https://evil.test/");
    assert_eq!(refusal(&door.post("/activate_license", &by_code).await), refused("validation_error"));
}

#[tokio::test]
async fn a_provider_that_is_down_is_nobodys_failure() {
    let (door, provider) = shop().await;
    let token = provider.sign(&claims(&door).await);
    provider.is_down.store(true, Ordering::Relaxed);
    // What it has published is still known; codes cannot be exchanged.
    door.verified(&door.post("/activate_license", &login("id_token", &token)).await).await;
    for _ in 0..50 {
        let answer = door.post("/activate_license", &login("code", "good")).await;
        assert_eq!(refusal(&answer), refused("sso_failed"), "never a fault of this server, and nobody is locked out");
        assert!(answer.json()["message"].as_str().unwrap().contains("does not answer"), "{:?}", answer.json());
    }
    door.app.world.clock.advance(Duration::from_secs(3601));
    let asked = provider.asked.load(Ordering::Relaxed);
    let path = "/sso_url?product=pump&customer_account_code=Group";
    for _ in 0..5 {
        assert_eq!(refusal(&door.get(path).await), refused("sso_failed"));
    }
    assert_eq!(provider.asked.load(Ordering::Relaxed), asked + 1, "for ten seconds it is not asked again");
    provider.is_down.store(false, Ordering::Relaxed);
    door.app.world.clock.advance(Duration::from_secs(11));
    door.verified(&door.get(path).await).await;
}

#[tokio::test]
async fn accounts_with_one_provider_do_not_share_what_was_asked_for_the_other() {
    let (door, provider) = shop().await;
    lay_down(&door, "Other", SsoProvider { algorithm: IdTokenAlgorithm::EdDsa, ..settings() }).await;
    door.verified(&door.get("/sso_url?product=pump&customer_account_code=Other").await).await;
    let good = claims(&door).await;
    let token = provider.sign(&good);
    door.verified(&door.post("/activate_license", &login("id_token", &token)).await).await;
    // What was begun for one account is no login of the other.
    lay_down(&door, "Other", settings()).await;
    let mut elsewhere = login("id_token", &token);
    elsewhere["customer_account_code"] = json!("Other");
    assert_eq!(refusal(&door.post("/activate_license", &elsewhere).await), refused("sso_failed"));
}

#[tokio::test]
async fn a_provider_that_never_answers_stops_nobody_elses_logins() {
    let (door, provider) = shop().await;
    let elsewhere = SsoProvider { scopes: vec!["profile".to_owned()], ..settings() };
    lay_down(&door, "Other", elsewhere).await;
    let mut stuck = login("code", "stuck");
    stuck["customer_account_code"] = json!("Other");
    let begun = AtomicUsize::new(0);
    let all_stuck = join_all((0..80).map(|_| async {
        begun.fetch_add(1, Ordering::Relaxed);
        let answer = door.post("/activate_license", &stuck).await;
        assert_eq!(refusal(&answer), (429, "rate_limit_exceeded".to_owned()), "more than some do not wait for it");
    }));
    let good = async {
        while begun.load(Ordering::Relaxed) < 80 {
            tokio::task::yield_now().await;
        }
        begin(&door, &provider, "").await;
        door.verified(&door.post("/activate_license", &login("code", "good")).await).await;
    };
    tokio::select! {
        _ = all_stuck => panic!("the provider has answered"),
        () = good => {}
    }
}

#[tokio::test]
async fn who_needs_what_is_known_of_a_provider_waits_for_nobody_who_asks_it_anew() {
    let (door, provider) = shop().await;
    let known = claims(&door).await;
    provider.is_stuck.store(true, Ordering::Relaxed);
    let junk = sign(&provider.key.lock().unwrap().0, &json!({ "alg": "ES256", "kid": "none" }), &known);
    let body = login("id_token", &junk);
    let asked = provider.asked.load(Ordering::Relaxed);
    let waiting = door.post("/activate_license", &body);
    let others = async {
        while provider.asked.load(Ordering::Relaxed) < asked + 2 {
            tokio::task::yield_now().await;
        }
        url(&door, "").await;
        door.verified(&door.post("/activate_license", &login("id_token", &provider.sign(&known))).await).await;
    };
    tokio::select! {
        _ = waiting => panic!("the provider has answered"),
        () = others => {}
    }
}
