//! Logging in to the events door: what is taken for a login, what comes back, and which tokens are believed.

use std::time::Duration;

use axum::body::Body;
use countersign_app::sites::SiteRef;
use countersign_app::users::{Credentials, TokenName};
use countersign_app::webhooks::Engine;
use countersign_app::{sites, users};
use countersign_crypto::encoding::{base64url_decode, base64url_encode};
use countersign_crypto::jose::{Compact, sign_compact, signing_input};
use countersign_crypto::{Algorithm, HmacKey, Jwk, ProtectedHeader, RsaPublicKey, Secret};
use countersign_domain::oauth::TokenAlgorithm;
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::text::Username;
use countersign_domain::user::Role;
use countersign_testkit::WorldOptions;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::events_support::{BackOffice, LOGIN, pair, refusal, send, token_of};
use crate::support::{Answer, App, OTHER_KEY, PASSWORD, request, through};

const KEYS: &str = "/notifications/.well-known/jwks.json";
const PROTECTED: &str = "/notifications/api/v1/event-types";

async fn bare() -> App {
    App::bare(WorldOptions::default()).await
}

async fn add(app: &App, name: &str, password: &str) {
    let name = Username::new(name).unwrap();
    users::add(app.ctx(), app.site, name, Role::Viewer, Secret::new(password.to_owned())).await.unwrap();
}

async fn login(app: &App, authorization: &str) -> Answer {
    send(app, Method::POST, LOGIN, Some(authorization), &[], Body::empty()).await
}

async fn call(app: &App, token: &str) -> (u16, String) {
    let answer = send(app, Method::GET, PROTECTED, Some(&format!("Bearer {token}")), &[], Body::empty()).await;
    if answer.status == StatusCode::OK { (200, String::new()) } else { refusal(&answer) }
}

#[tokio::test]
async fn check_01_every_spelling_of_a_login_means_what_the_contract_says() {
    let app = bare().await;
    add(&app, "robot@example.org", "tulip-44").await;
    add(&app, "zoë@example.org", "süß und salzig").await;
    let file: Value = serde_json::from_str(include_str!("../../../../contract/events/credentials.json")).unwrap();
    for case in file["cases"].as_array().unwrap() {
        let fits = case["user"] == file["user"] && case["password"] == file["password"];
        for scheme in ["Basic", "Fno", "bASIC", "FNO"] {
            let answer = login(&app, &format!("{scheme} {}", case["text"].as_str().unwrap())).await;
            assert_eq!(answer.status == StatusCode::OK, fits, "{scheme} {case}");
            if !fits {
                assert_eq!(refusal(&answer), (401, "auth.failed".into()), "{scheme} {case}");
            }
        }
    }
    assert_eq!(login(&app, &pair("Fno", "zoë@example.org", "süß und salzig")).await.status, StatusCode::OK);
    assert_eq!(login(&app, &pair("Fno", "robot@example.org", "tulip-44\n")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_token_is_where_every_client_looks_for_it() {
    let app = bare().await;
    add(&app, "ada", PASSWORD).await;
    let credentials = pair("Basic", "ada", PASSWORD);
    let ask = |accept: Option<&'static str>| {
        let headers: Vec<_> = accept.map(|accept| ("accept", accept)).into_iter().collect();
        let (app, credentials) = (&app, &credentials);
        async move { send(app, Method::POST, LOGIN, Some(credentials), &headers, "ignored").await }
    };
    for accept in [None, Some("*/*"), Some("application/json")] {
        let answer = ask(accept).await;
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.headers["cache-control"], "no-store");
        let body = answer.json();
        let token = body["token"].as_str().unwrap();
        for member in ["access_token", "jwt"] {
            assert_eq!(body[member], token);
        }
        assert_eq!(answer.headers["authorization"], format!("Bearer {token}").as_str());
        assert_eq!((body["tokenType"].as_str(), body["expiresIn"].as_i64()), (Some("Bearer"), Some(3600)));
        assert_eq!(body["expiresAt"].as_i64(), Some(app.ctx().now().as_seconds() + 3600));
        assert_eq!(call(&app, token).await.0, 200);
    }
    let answer = ask(Some("text/plain")).await;
    assert_eq!(answer.headers["content-type"], "text/plain");
    let token = String::from_utf8(answer.body.to_vec()).unwrap();
    assert_eq!(answer.headers["authorization"], format!("Bearer {token}").as_str());
    assert_eq!(call(&app, &token).await.0, 200);
}

#[tokio::test]
async fn check_02_a_token_says_what_the_contract_demands() {
    let office = BackOffice::new().await;
    let app = &office.app;
    let unverified = Compact::parse(&office.token).unwrap();
    let header = office.token.split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&base64url_decode(header).unwrap()).unwrap();
    assert_eq!((&header["alg"], &header["typ"]), (&json!("RS256"), &json!("JWT")));
    let keys = app.get(KEYS).await.json();
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).expect("published");
    let jwk = Jwk::parse(key.to_string().as_bytes()).unwrap().verifying_key(Algorithm::RS256).unwrap();
    let payload = unverified.verify(Algorithm::RS256, &jwk).unwrap();
    let claims: Value = serde_json::from_slice(payload.payload()).unwrap();
    let now = app.ctx().now().as_seconds();
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    for (name, value) in [
        ("iat", json!(now)),
        ("nbf", json!(now)),
        ("aud", json!("ens")),
        ("tenant", json!("demo")),
        ("sub", json!("ada")),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert!(claims["jti"].as_str().unwrap().len() >= 16);
    assert_eq!(call(app, &office.token).await.0, 200);
}

#[tokio::test]
async fn check_02_forged_and_foreign_tokens_are_refused() {
    let office = BackOffice::new().await;
    let app = &office.app;
    let invalid = (401, "token.invalid".to_owned());
    let parts: Vec<&str> = office.token.split('.').collect();
    let claims = base64url_decode(parts[1]).unwrap();
    let kid = serde_json::from_slice::<Value>(&base64url_decode(parts[0]).unwrap()).unwrap()["kid"].clone();
    let header = |value: Value| base64url_encode(value.to_string().as_bytes());

    for algorithm in ["none", "None", "NONE"] {
        let none = header(json!({ "alg": algorithm, "typ": "JWT", "kid": kid }));
        for signature in ["", parts[2]] {
            assert_eq!(call(app, &format!("{none}.{}.{signature}", parts[1])).await, invalid, "{algorithm}");
        }
    }
    // HMAC with the public key in all its forms.
    let keys = app.get(KEYS).await.json();
    let number = |name: &str| base64url_decode(keys["keys"][0][name].as_str().unwrap()).unwrap();
    let spki = RsaPublicKey::from_components(&number("n"), &number("e")).unwrap();
    for secret in
        [spki.spki_der(), spki.spki_base64().into_bytes(), countersign_crypto::spki_pem(&spki.spki_der()).into_bytes()]
    {
        let input = format!("{}.{}", header(json!({ "alg": "HS256", "typ": "JWT", "kid": kid })), parts[1]);
        let tag = base64url_encode(&HmacKey::new(&secret).sign(input.as_bytes()));
        assert_eq!(call(app, &format!("{input}.{tag}")).await, invalid);
    }
    // Another key, under the name of ours and under its own.
    let ours = kid.as_str().unwrap();
    for kid in [ours, "other"] {
        let forged = sign_compact(&OTHER_KEY, &ProtectedHeader::jwt().with_kid(kid), &claims).unwrap();
        assert_eq!(call(app, &forged).await, invalid, "{kid}");
    }
    let bare = signing_input(&ProtectedHeader::jwt(), &claims).into_compact(&base64url_decode(parts[2]).unwrap());
    assert_eq!(call(app, &bare).await, invalid, "without a name of the key");
    // Cut off, doubled, changed.
    for token in [
        String::new(),
        "null".into(),
        parts[..2].join("."),
        format!("{}.", parts[..2].join(".")),
        format!("{0}.{0}", office.token),
        format!("{}A", office.token),
        format!("{}.{}.{}", parts[0], header(json!({ "exp": 9_999_999_999_i64 })), parts[2]),
    ] {
        assert_eq!(call(app, &token).await, invalid, "{token}");
    }
    // An access token of an application: signed by the same key, for something else.
    let application = app.application_with(TokenAlgorithm::Rs256, "api.storage").await;
    assert_eq!(call(app, &app.token_of(&application).await).await, invalid);
    assert_eq!(call(app, &office.token).await.0, 200);
}

#[tokio::test]
async fn check_02_a_token_ends_after_an_hour_and_with_its_password() {
    let office = BackOffice::new().await;
    let app = &office.app;
    app.world.clock.advance(Duration::from_secs(3599));
    assert_eq!(call(app, &office.token).await.0, 200);
    app.world.clock.advance(Duration::from_secs(1));
    assert_eq!(call(app, &office.token).await, (401, "token.expired".into()));

    let fresh = token_of(app, "ada").await;
    assert_eq!(call(app, &fresh).await.0, 200);
    let ada = Username::new("ada").unwrap();
    users::set_password(app.ctx(), app.site, ada, Secret::new("another password".to_owned())).await.unwrap();
    assert_eq!(call(app, &fresh).await, (401, "token.invalid".into()));
}

#[tokio::test]
async fn check_02_a_token_ends_with_the_password_that_was_verified() {
    let app = bare().await;
    add(&app, "ada", PASSWORD).await;
    let (ctx, ada) = (app.ctx(), Username::new("ada").unwrap());
    let site = sites::resolve(ctx, SiteRef::Host(None)).await.unwrap().unwrap();
    let credentials = Credentials::Password { username: ada.to_string(), password: Secret::new(PASSWORD.to_owned()) };
    let operator = users::login(ctx, site.site(), credentials).await.unwrap();
    // Between the login and the session.
    users::set_password(ctx, app.site, ada, Secret::new("another password".to_owned())).await.unwrap();
    let session = users::begin_session(ctx, &site, &operator, "ens").await.unwrap();
    assert_eq!(call(&app, session.token.expose()).await, (401, "token.invalid".into()));
}

#[tokio::test]
async fn check_02_a_token_is_good_for_its_site_alone() {
    let office = BackOffice::new().await;
    let app = &office.app;
    let other = sites::create(app.ctx(), SiteName::new("other").unwrap(), SiteSettings::default()).await.unwrap();
    let name = Username::new("ada").unwrap();
    users::add(app.ctx(), other, name, Role::Admin, Secret::new(PASSWORD.to_owned())).await.unwrap();
    let bearer = format!("Bearer {}", office.token);
    let there = |authorization: String, method: Method, path: &str| {
        let path = format!("/t/other{path}");
        async move { send(app, method, &path, Some(&authorization), &[], Body::empty()).await }
    };
    let answer = there(bearer.clone(), Method::GET, PROTECTED).await;
    assert_eq!(refusal(&answer), (401, "token.invalid".into()));
    // The other site has its own key by then, and its own tokens.
    let theirs = there(pair("Basic", "ada", PASSWORD), Method::POST, LOGIN).await.json()["token"].clone();
    let theirs = theirs.as_str().unwrap();
    assert_eq!(there(format!("Bearer {theirs}"), Method::GET, PROTECTED).await.status, StatusCode::OK);
    assert_eq!(refusal(&there(bearer, Method::GET, PROTECTED).await), (401, "token.invalid".into()));
    assert_eq!(call(app, theirs).await, (401, "token.invalid".into()));
}

/// The key of a site is made by its first login, wherever that comes in.
#[tokio::test]
async fn a_login_finds_the_key_that_another_node_has_just_made() {
    let app = bare().await;
    add(&app, "ada", PASSWORD).await;
    let credentials = pair("Basic", "ada", PASSWORD);
    let there = countersign_server::app(app.world.second_process().await);
    assert_eq!(
        through(&there, request(&Method::GET, KEYS).body(Body::empty()).unwrap()).await.json(),
        json!({ "keys": [] })
    );
    let here = login(&app, &credentials).await.json()["token"].clone();
    let asked = request(&Method::POST, LOGIN).header("authorization", &credentials).body(Body::empty()).unwrap();
    let answer = through(&there, asked).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer.body));
    for token in [here, answer.json()["token"].clone()] {
        assert_eq!(call(&app, token.as_str().unwrap()).await.0, 200);
    }
}

#[tokio::test]
async fn failures_look_alike_and_say_what_to_send() {
    let app = bare().await;
    add(&app, "ada", PASSWORD).await;
    let missing = send(&app, Method::POST, LOGIN, None, &[], Body::empty()).await;
    assert_eq!(refusal(&missing), (401, "auth.missing".into()));
    let challenges: Vec<_> = missing.headers.get_all("www-authenticate").iter().collect();
    assert_eq!(challenges, ["Basic realm=\"notifications\", charset=\"UTF-8\"", "Fno realm=\"notifications\""]);
    let wrong =
        [pair("Basic", "ada", "wrong password"), pair("Fno", "eve", PASSWORD), "Basic !!".into(), "Digest x".into()];
    for authorization in wrong {
        let answer = login(&app, &authorization).await;
        assert_eq!(refusal(&answer), (401, "auth.failed".into()), "{authorization}");
        assert_eq!(answer.json()["message"].as_str().unwrap().split(' ').next(), Some("User"));
    }
    let credentials = pair("Basic", "ada", PASSWORD);
    let twice = [("authorization", credentials.as_str())];
    let answer = send(&app, Method::POST, LOGIN, Some(&credentials), &twice, Body::empty()).await;
    assert_eq!(refusal(&answer), (400, "request.malformed".into()));
    let long = format!("Basic {}", "A".repeat(2052));
    assert_eq!(refusal(&login(&app, &long).await), (400, "request.malformed".into()));
    let answer = send(&app, Method::POST, LOGIN, Some(&credentials), &[], vec![b'x'; 4097]).await;
    assert_eq!(refusal(&answer), (413, "request.tooLarge".into()));

    // Credentials are for the login alone.
    for authorization in [Some(credentials.as_str()), Some("Fno YTpi"), None, Some("Bearer")] {
        let answer = send(&app, Method::GET, PROTECTED, authorization, &[], Body::empty()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{authorization:?}");
        assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"));
        refusal(&answer);
    }
}

#[tokio::test]
async fn other_methods_and_paths_are_named() {
    let app = bare().await;
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let answer = send(&app, method, LOGIN, None, &[], Body::empty()).await;
        assert_eq!(refusal(&answer), (405, "method.notAllowed".into()));
        let allowed = answer.headers["allow"].to_str().unwrap();
        assert!(allowed.contains("POST") && allowed.contains("OPTIONS"), "{allowed}");
    }
    let answer = send(&app, Method::OPTIONS, LOGIN, None, &[], Body::empty()).await;
    assert_eq!((answer.status, answer.headers["allow"].to_str().unwrap()), (StatusCode::NO_CONTENT, "POST, OPTIONS"));
    for path in ["/notifications/api/v1/Authenticate", "/notifications/api/v2/authenticate", "/notifications/x"] {
        assert_eq!(
            refusal(&send(&app, Method::POST, path, None, &[], Body::empty()).await),
            (404, "path.unknown".into())
        );
    }
    // One trailing slash is forgiven.
    assert_eq!(send(&app, Method::POST, &format!("{LOGIN}/"), None, &[], Body::empty()).await.status, 401);
}

#[tokio::test]
async fn an_access_token_does_as_well() {
    let app = bare().await;
    add(&app, "ada", PASSWORD).await;
    let header = crate::producer_support::bearer(&app, "ada").await;
    assert_eq!(call(&app, header.strip_prefix("Bearer ").unwrap()).await.0, 200);
    let wrong = format!("Bearer rna_{}", "0".repeat(64));
    let answer = send(&app, Method::GET, PROTECTED, Some(&wrong), &[], Body::empty()).await;
    assert_eq!(refusal(&answer), (401, "token.invalid".into()));
    let challenges: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
    assert_eq!(challenges, ["Bearer realm=\"notifications\", error=\"invalid_token\""]);
}

#[tokio::test]
async fn the_token_stands_under_the_name_that_the_operator_has_laid_down() {
    let app = bare().await;
    add(&app, "ada", PASSWORD).await;
    app.ctx().name_tokens(TokenName::new("id_token").unwrap());
    let answer = login(&app, &pair("Basic", "ada", PASSWORD)).await.json();
    assert!(answer["token"].as_str().unwrap().starts_with("ey"));
    assert_eq!(answer["id_token"], answer["token"]);
    let app = bare().await;
    add(&app, "ada", PASSWORD).await;
    app.ctx().name_tokens(TokenName::new("jwt").unwrap());
    let answer = login(&app, &pair("Basic", "ada", PASSWORD)).await;
    assert_eq!(String::from_utf8_lossy(&answer.body).matches("\"jwt\"").count(), 1, "no member stands twice");
}

#[tokio::test]
async fn check_13_the_status_says_when_the_worker_comes_no_further() {
    let office = crate::events_delivery::office().await.0;
    let (app, ctx) = (&office.app, office.app.ctx());
    let status = async || app.get("/notifications/health/status").await.json()["status"].clone();
    app.world.clock.advance(Duration::from_secs(3600));
    assert_eq!(status().await, "UP", "there is no worker that could stop");
    // Stopped as soon as it has begun.
    Engine::new(ctx.clone(), ctx.webhook_ports().unwrap()).run(async {}).await;
    app.world.clock.advance(Duration::from_secs(30));
    assert_eq!(status().await, "UP");
    app.world.clock.advance(Duration::from_secs(1));
    assert_eq!(status().await, "DOWN");
    Engine::new(ctx.clone(), ctx.webhook_ports().unwrap()).run_until_idle().await.unwrap();
    assert_eq!(status().await, "UP");
}

#[tokio::test]
async fn check_13_the_status_needs_no_login() {
    let app = bare().await;
    let answer = app.get("/notifications/health/status").await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({ "status": "UP" })));
    assert_eq!(answer.headers["cache-control"], "no-store");
    // The store is gone: the HTTP side lives and says so.
    app.ctx().close().await;
    let answer = app.get("/notifications/health/status").await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({ "status": "DOWN" })));
}
