//! Access tokens at the license door: which let in, and what the others hear. Clients fetch a new token on two of the codes
//! and repeat the call without end, so that a token which was just issued must never hear them.

use std::time::Duration;

use axum::body::Body;
use countersign_app::oauth::{self, OldTokenKeys, RetiredTokens};
use countersign_app::sites;
use countersign_domain::licensing::{LicenseRules, ProductRules, ProductStatus};
use countersign_domain::oauth::TokenAlgorithm;
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_http_kit::client_address::ClientAddress;
use http::{Method, StatusCode};
use serde_json::json;

use crate::license_proofs::proved_routes;
use crate::license_support::{BASE, HARDWARE, Licensing, endless, identity, refusal, refused};
use crate::support::{Answer, request};
use crate::token_support::{Registered, error_code};

const KEY: &str = "AAAA-BBBB-CCCC-0001";
const CHECK: &str = "/check_license?product=pump&hardware_id=HW-TEST-1&license_key=AAAA-BBBB-CCCC-0001";

/// The door with a license for three devices.
async fn licensed() -> Licensing {
    let door = Licensing::new().await;
    door.license(KEY, endless(3), LicenseRules::default()).await;
    door
}

/// Sends a call with nothing but a token.
async fn call(door: &Licensing, method: Method, path: &str, token: &str, body: String) -> Answer {
    let request = request(&method, path).header("authorization", format!("Bearer {token}"));
    door.app.send(request.header("content-type", "application/json").body(Body::from(body)).unwrap()).await
}

async fn check(door: &Licensing, token: &str) -> Answer {
    call(door, Method::GET, &format!("{BASE}{CHECK}"), token, String::new()).await
}

async fn activate(door: &Licensing, token: &str) -> Answer {
    let body = identity(KEY, HARDWARE).to_string();
    call(door, Method::POST, &format!("{BASE}/activate_license"), token, body).await
}

/// Demands status and code of every call that needs a proof, and that a 401 names its scheme.
async fn every_call_hears(door: &Licensing, token: &str, status: u16, code: &str) {
    for (method, path) in proved_routes() {
        let answer = call(door, method.clone(), &format!("{BASE}{path}"), token, "{}".to_owned()).await;
        assert_eq!(refusal(&answer), (status, code.to_owned()), "{method} {path}");
        assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401, "{method} {path}");
    }
}

fn is_about_the_token(answer: &Answer) -> bool {
    answer.status == StatusCode::UNAUTHORIZED || String::from_utf8_lossy(&answer.body).contains("oauth_token")
}

#[tokio::test]
async fn a_token_of_every_algorithm_activates_checks_and_deactivates() {
    let door = licensed().await;
    for algorithm in TokenAlgorithm::ALL {
        let application = door.app.application_with(algorithm, "api.license").await;
        let token = door.app.token_of(&application).await;
        let activated = door.verified(&activate(&door, &token).await).await;
        assert_eq!(activated["license_key"], KEY);
        let checked = door.verified(&check(&door, &token).await).await;
        assert_eq!(checked["license_active"], json!(true));
        let body = identity(KEY, HARDWARE).to_string();
        let ended = call(&door, Method::POST, "/api/v4/deactivate_license", &token, body).await;
        assert_eq!((ended.status, &ended.body[..]), (StatusCode::OK, &b"license_deactivated"[..]));
    }
}

#[tokio::test]
async fn the_way_of_the_sdk_from_the_url_to_a_signed_answer() {
    let door = licensed().await;
    let application = door.app.application().await;
    let told = door.app.get("/api/v4/oauth_url?login_type=client_credentials").await.json();
    let path = told["url"].as_str().unwrap().strip_prefix("http://server.test").unwrap().to_owned();
    let issued = door.app.form(&path, &application.form()).await.json();
    assert!(issued["expires_in"].as_i64().unwrap() > 5, "{issued}");
    let (token, (date, _)) = (issued["access_token"].as_str().unwrap(), door.proof_at(door.now()));
    // A clock that is wrong by hours does no harm here: the date proves nothing beside a token.
    for date in [date.as_str(), "Thu, 01 Jan 2026 00:00:00 GMT"] {
        let request = request(&Method::POST, "/api/v4/activate_license").header("date", date);
        let request = request.header("authorization", format!("Bearer {token}"));
        let body = Body::from(identity(KEY, HARDWARE).to_string());
        door.verified(&door.app.send(request.header("content-type", "application/json").body(body).unwrap()).await)
            .await;
    }
}

#[tokio::test]
async fn no_call_says_of_a_fresh_token_that_it_is_a_bad_one() {
    let door = licensed().await;
    let application = door.app.application().await;
    for (method, path) in proved_routes() {
        let token = door.app.token_of(&application).await;
        let answer = call(&door, method.clone(), &format!("{BASE}{path}"), &token, "{}".to_owned()).await;
        assert!(!is_about_the_token(&answer), "{method} {path}: {}", String::from_utf8_lossy(&answer.body));
    }
}

#[tokio::test]
async fn an_expired_token_hears_so_on_every_call_and_a_new_one_works() {
    let door = licensed().await;
    let application = door.app.application().await;
    let token = door.app.token_of(&application).await;
    door.app.world.clock.advance(Duration::from_secs(86_398));
    door.verified(&activate(&door, &token).await).await;
    door.app.world.clock.advance(Duration::from_secs(2));
    every_call_hears(&door, &token, 401, "oauth_token_expired").await;
    door.verified(&check(&door, &door.app.token_of(&application).await).await).await;
}

#[tokio::test]
async fn a_token_without_the_scope_is_no_bad_token() {
    let door = licensed().await;
    let storage = door.app.application_with(TokenAlgorithm::Es256, "storage.read").await;
    every_call_hears(&door, &door.app.token_of(&storage).await, 403, "insufficient_scope").await;
    // One that was asked for with less than its application may.
    let application = door.app.application().await;
    let narrowed = door.app.form("/connect/token", &format!("{}&scope=storage.read", application.form())).await.json();
    let answer = check(&door, narrowed["access_token"].as_str().unwrap()).await;
    assert_eq!(refusal(&answer), (403, "insufficient_scope".to_owned()));
}

#[tokio::test]
async fn another_sites_token_is_nobodys_here() {
    let door = licensed().await;
    let site = sites::create(door.app.ctx(), SiteName::new("other").unwrap(), SiteSettings::default()).await.unwrap();
    let here = door.app.token_of(&door.app.application().await).await;
    let foreign = {
        use countersign_domain::text::{ApplicationName, CredentialLabel};
        let (ctx, name) = (door.app.ctx(), ApplicationName::new("Elsewhere").unwrap());
        let scopes = countersign_domain::oauth::Scopes::parse("api.license").unwrap();
        let made = oauth::create(ctx, site, name, scopes, TokenAlgorithm::Es256, None).await.unwrap();
        let label = CredentialLabel::new("test").unwrap();
        let secret = oauth::add_secret(ctx, site, made.client_id.clone(), label, None).await.unwrap();
        Registered { id: made.client_id, secret: secret.secret.expose().clone(), credential: secret.id }
    };
    let issued = door.app.form("/t/other/connect/token", &foreign.form()).await.json();
    let token = issued["access_token"].as_str().unwrap();
    every_call_hears(&door, token, 401, "oauth_token_malformed").await;
    let at_home = call(&door, Method::GET, "/t/other/api/v4/products", token, String::new()).await;
    assert_eq!((at_home.status, at_home.json()), (StatusCode::OK, json!([])));
    let away = call(&door, Method::GET, "/t/other/api/v4/products", &here, String::new()).await;
    assert_eq!(refusal(&away), (401, "oauth_token_malformed".to_owned()));
}

#[tokio::test]
async fn an_application_for_one_product_sees_no_other() {
    let door = licensed().await;
    let valve = door.product("Valve", "valve", ProductRules::default(), ProductStatus::Active).await;
    let application = door.app.application().await;
    let change = oauth::change(door.app.ctx(), door.app.site, application.id.clone(), None, move |application| {
        application.products = vec![valve];
    });
    change.await.unwrap();
    let token = door.app.token_of(&application).await;
    assert_eq!(refusal(&activate(&door, &token).await), refused("api_key_product_not_allowed"));
    assert_eq!(refusal(&check(&door, &token).await), refused("api_key_product_not_allowed"));
}

/// What the client that hears of a bad token gets when it asks for a new one.
enum Next {
    /// A token that works.
    Token,
    /// A refusal that ends the repeating.
    Refusal,
}

/// Ends tokens in one way: the old one is refused here, and within a second in another process that has let it in before.
async fn ended_by(end: impl AsyncFnOnce(&Licensing, &Registered), next: Next) {
    let mut door = licensed().await;
    let application = door.app.application().await;
    let token = door.app.token_of(&application).await;
    let elsewhere = countersign_server::app(door.app.world.second_process().await);
    door.verified(&activate(&door, &token).await).await;
    let here = std::mem::replace(&mut door.app.router, elsewhere.clone());
    door.verified(&check(&door, &token).await).await;
    door.app.router = here;
    end(&door, &application).await;
    every_call_hears(&door, &token, 401, "oauth_token_malformed").await;
    match next {
        Next::Token => {
            let fresh = door.app.token_of(&application).await;
            door.verified(&check(&door, &fresh).await).await;
            // The other process has not heard of the change yet.
            door.app.router = elsewhere;
            door.verified(&check(&door, &fresh).await).await;
        }
        Next::Refusal => {
            let answer = door.app.form("/connect/token", &application.form()).await;
            assert_eq!((answer.status, error_code(&answer).as_str()), (StatusCode::BAD_REQUEST, "invalid_client"));
            door.app.router = elsewhere;
        }
    }
    door.app.world.clock.advance(Duration::from_millis(1001));
    assert_eq!(refusal(&check(&door, &token).await), (401, "oauth_token_malformed".to_owned()));
}

#[tokio::test]
async fn tokens_that_were_all_revoked() {
    ended_by(
        async |door, application| {
            oauth::revoke_tokens(door.app.ctx(), door.app.site, application.id.clone()).await.unwrap();
        },
        Next::Token,
    )
    .await;
}

#[tokio::test]
async fn a_token_that_its_client_has_revoked() {
    let door = licensed().await;
    let application = door.app.application().await;
    let (token, sibling) = (door.app.token_of(&application).await, door.app.token_of(&application).await);
    door.verified(&activate(&door, &token).await).await;
    let answer = door.app.form("/connect/revocation", &format!("{}&token={token}", application.form())).await;
    assert_eq!(answer.status, StatusCode::OK);
    every_call_hears(&door, &token, 401, "oauth_token_malformed").await;
    door.verified(&check(&door, &sibling).await).await;
    door.verified(&check(&door, &door.app.token_of(&application).await).await).await;
}

#[tokio::test]
async fn tokens_of_a_key_that_was_removed() {
    ended_by(
        async |door, _| {
            oauth::rotate_token_key(door.app.ctx(), door.app.site, TokenAlgorithm::Es256, OldTokenKeys::Remove)
                .await
                .unwrap();
        },
        Next::Token,
    )
    .await;
}

#[tokio::test]
async fn tokens_of_a_credential_that_was_revoked() {
    ended_by(
        async |door, application| {
            let (ctx, id) = (door.app.ctx(), application.id.clone());
            oauth::retire(ctx, door.app.site, id, application.credential, ctx.now(), RetiredTokens::Revoke)
                .await
                .unwrap();
        },
        Next::Refusal,
    )
    .await;
}

#[tokio::test]
async fn tokens_of_an_application_that_was_disabled_or_deleted() {
    ended_by(
        async |door, application| {
            oauth::set_disabled(door.app.ctx(), door.app.site, application.id.clone(), true).await.unwrap();
        },
        Next::Refusal,
    )
    .await;
    ended_by(
        async |door, application| {
            oauth::delete(door.app.ctx(), door.app.site, application.id.clone()).await.unwrap();
        },
        Next::Refusal,
    )
    .await;
}

#[tokio::test]
async fn bad_tokens_of_one_address_are_limited_and_good_ones_are_not() {
    let door = licensed().await;
    let token = door.app.token_of(&door.app.application().await).await;
    let address = ClientAddress::of_peer([192, 0, 2, 1].into());
    let send = async |token: &str| {
        let request = request(&Method::GET, "/api/v4/products").header("authorization", format!("Bearer {token}"));
        door.app.send(request.extension(address).body(Body::empty()).unwrap()).await
    };
    for _ in 0..60 {
        assert_eq!(refusal(&send("a.b.c").await).1, "oauth_token_malformed");
    }
    assert_eq!(refusal(&send("a.b.c").await), (429, "rate_limit_exceeded".to_owned()));
    assert_eq!(send(&token).await.status, StatusCode::OK);
}
