//! Device authorization: every way in which a token can be wrong ends in 401 on the poll.

use std::time::Duration;

use countersign_app::keys;
use countersign_app::polling::REFUSAL_LIFE;
use countersign_crypto::encoding::base64url_encode;
use countersign_crypto::jose::sign_compact;
use countersign_crypto::{HmacKey, ProtectedHeader};
use countersign_domain::keys::AUTHORIZATION_KEY_GRACE;
use countersign_testkit::WorldOptions;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::support::{App, FAR_FUTURE, OTHER_KEY, PRODUCER_KEY, UPDATES, accepted, good_token, question, token};

/// POSTs with this `Authorization` header and gives status and error key of the poll.
async fn poll(app: &App, path: &str, authorization: Option<&str>) -> (u16, String) {
    let mut request = Request::post(path);
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    let answer = app.send(request.body(question().to_string().into()).unwrap()).await;
    let answer = app.get(&accepted(path, &answer)).await;
    let key = if answer.status == StatusCode::OK { String::new() } else { answer.error_key() };
    assert_eq!(answer.status == StatusCode::UNAUTHORIZED, answer.headers.contains_key("www-authenticate"));
    (answer.status.as_u16(), key)
}

fn hs256(secret: &[u8]) -> String {
    let input = format!("{}.{}", base64url_encode(br#"{"alg":"HS256"}"#), base64url_encode(br#"{"exp":4102444800}"#));
    format!("{input}.{}", base64url_encode(&HmacKey::new(secret).sign(input.as_bytes())))
}

#[tokio::test]
async fn every_faulty_token_ends_in_401_on_the_poll() {
    let app = App::new().await;
    let now = 1_772_366_400;
    let spki = PRODUCER_KEY.public_key_spki();
    let spki_text = PRODUCER_KEY.public_key().spki_base64();
    let good = good_token();
    let (head, signature) = good.rsplit_once('.').unwrap();
    let none = format!("{}.{}.", base64url_encode(br#"{"alg":"none"}"#), base64url_encode(br#"{"exp":4102444800}"#));
    let twice = format!("{}.e30.AAAA", base64url_encode(br#"{"alg":"RS256","alg":"none"}"#));
    let foreign = sign_compact(&OTHER_KEY, &ProtectedHeader::jwt(), br#"{"exp":4102444800}"#).unwrap();
    let cases = [
        ("auth.token.missing", None),
        ("auth.token.missing", Some(String::new())),
        ("auth.token.missing", Some("Basic YWRhOnB3".to_owned())),
        ("auth.token.missing", Some("Bearer".to_owned())),
        ("auth.token.malformed", Some("Bearer rna_0123".to_owned())),
        ("auth.token.malformed", Some("Bearer a.b.c".to_owned())),
        ("auth.token.malformed", Some(format!("Bearer {none}"))),
        ("auth.token.malformed", Some(format!("Bearer {}", hs256(&spki)))),
        ("auth.token.malformed", Some(format!("Bearer {}", hs256(spki_text.as_bytes())))),
        ("auth.token.malformed", Some(format!("Bearer {twice}"))),
        ("auth.token.malformed", Some(format!("Bearer {head}.{signature}="))),
        ("auth.token.malformed", Some(format!("Bearer {head}"))),
        ("auth.token.malformed", Some(format!("Bearer {}", "a".repeat(20_000)))),
        ("auth.token.signature", Some(format!("Bearer {foreign}"))),
        ("auth.token.signature", Some(format!("Bearer {head}."))),
        ("auth.token.expired", Some(format!("Bearer {}", token(&json!({}))))),
        ("auth.token.expired", Some(format!("Bearer {}", token(&json!({ "exp": "4102444800" }))))),
        ("auth.token.expired", Some(format!("Bearer {}", token(&json!({ "exp": now - 60 }))))),
        ("auth.token.expired", Some(format!("Bearer {}", token(&json!({ "exp": FAR_FUTURE, "nbf": now + 61 }))))),
        ("auth.token.expired", Some(format!("Bearer {}", token(&json!({ "exp": FAR_FUTURE, "nbf": "soon" }))))),
        ("auth.token.malformed", Some(format!("Bearer {}", token(&json!([1]))))),
    ];
    let paths = crate::documents::posts_with_token("device");
    assert!(paths.len() >= 2, "{paths:?}");
    for path in &paths {
        for (key, authorization) in &cases {
            assert_eq!(poll(&app, path, authorization.as_deref()).await, (401, (*key).to_owned()), "{authorization:?}");
        }
    }
}

#[tokio::test]
async fn good_tokens_are_taken_in_every_spelling() {
    let app = App::new().await;
    let now = 1_772_366_400;
    for claims in [
        json!({ "exp": FAR_FUTURE }),
        json!({ "exp": 4_102_444_800.5 }),
        json!({ "exp": now - 59 }),
        json!({ "exp": FAR_FUTURE, "nbf": now + 60, "sub": "x", "aud": ["y"], "jti": "z" }),
    ] {
        let header = format!("Bearer {}", token(&claims));
        assert_eq!(poll(&app, UPDATES, Some(&header)).await.0, 200, "{claims}");
    }
    let good = good_token();
    for header in [format!("bearer {good}"), format!("BEARER   {good} ")] {
        assert_eq!(poll(&app, UPDATES, Some(&header)).await.0, 200, "{header}");
    }
    let kid = ProtectedHeader::jwt().with_kid("some other key");
    let named = sign_compact(&PRODUCER_KEY, &kid, br#"{"exp":4102444800}"#).unwrap();
    assert_eq!(poll(&app, UPDATES, Some(&format!("Bearer {named}"))).await.0, 200, "kid is a hint only");
}

#[tokio::test]
async fn without_an_authorization_key_nobody_is_let_in() {
    let app = App::bare(WorldOptions::default()).await;
    let header = format!("Bearer {}", good_token());
    assert_eq!(poll(&app, UPDATES, Some(&header)).await, (401, "auth.key.missing".to_owned()));
}

#[tokio::test]
async fn the_published_example_token_is_accepted_until_2100() {
    let vectors: Value = serde_json::from_str(include_str!("../../../../contract/device/vectors.json")).unwrap();
    let app = App::bare(WorldOptions::default()).await;
    let upload = vectors["authorization_key"]["public_key"].as_str().unwrap();
    keys::upload(app.ctx(), &app.record().await, upload).await.unwrap();
    keys::find_or_create_signing_key(app.ctx(), app.site).await.unwrap();
    let accepted = format!("Bearer {}", vectors["tokens"][0]["compact"].as_str().unwrap());
    assert_eq!(poll(&app, UPDATES, Some(&accepted)).await.0, 200);
    let expired = format!("Bearer {}", vectors["tokens"][1]["compact"].as_str().unwrap());
    assert_eq!(poll(&app, UPDATES, Some(&expired)).await, (401, "auth.token.expired".to_owned()));
}

#[tokio::test]
async fn a_refusal_is_repeated_for_five_minutes() {
    let app = App::new().await;
    let url = accepted(UPDATES, &app.post(UPDATES, None, question().to_string()).await);
    app.world.clock.advance(REFUSAL_LIFE - Duration::from_secs(1));
    assert_eq!(app.get(&url).await.status, StatusCode::UNAUTHORIZED);
    app.world.clock.advance(Duration::from_secs(1));
    let late = app.get(&url).await;
    assert_eq!((late.status, late.error_key().as_str()), (StatusCode::GONE, "polling.id.expired"));
}

#[tokio::test]
async fn a_replaced_key_verifies_for_30_days_and_a_revoked_one_not_at_all() {
    let app = App::new().await;
    let old = format!("Bearer {}", good_token());
    app.upload_key(&OTHER_KEY).await;
    let new =
        format!("Bearer {}", sign_compact(&OTHER_KEY, &ProtectedHeader::jwt(), br#"{"exp":4102444800}"#).unwrap());
    assert_eq!((poll(&app, UPDATES, Some(&old)).await.0, poll(&app, UPDATES, Some(&new)).await.0), (200, 200));
    app.world.clock.advance(AUTHORIZATION_KEY_GRACE);
    assert_eq!(poll(&app, UPDATES, Some(&old)).await, (401, "auth.token.signature".to_owned()));
    assert_eq!(poll(&app, UPDATES, Some(&new)).await.0, 200);

    let asked = accepted(
        UPDATES,
        &app.send(Request::post(UPDATES).header("authorization", &new).body(question().to_string().into()).unwrap())
            .await,
    );
    assert_eq!(app.get(&asked).await.status, StatusCode::OK);
    let current = keys::list_authorization_keys(app.ctx(), app.site).await.unwrap()[0].id;
    keys::revoke(app.ctx(), app.site, current).await.unwrap();
    let answer = app.get(&asked).await;
    assert_eq!(
        (answer.status, answer.error_key().as_str()),
        (StatusCode::UNAUTHORIZED, "auth.token.signature"),
        "a polling ID outlived its key"
    );
    assert_eq!(poll(&app, UPDATES, Some(&new)).await, (401, "auth.key.missing".to_owned()));
}

#[tokio::test]
async fn two_authorization_headers_are_no_token() {
    let app = App::new().await;
    let good = format!("Bearer {}", good_token());
    let request = Request::post(UPDATES).header("authorization", &good).header("authorization", &good);
    let answer = app.send(request.body(question().to_string().into()).unwrap()).await;
    let answer = app.get(&accepted(UPDATES, &answer)).await;
    assert_eq!((answer.status, answer.error_key().as_str()), (StatusCode::UNAUTHORIZED, "auth.token.missing"));
}

#[tokio::test]
async fn a_key_that_was_uploaded_twice_is_revoked_once() {
    let app = App::new().await;
    app.upload_key(&OTHER_KEY).await;
    app.upload_key(&PRODUCER_KEY).await;
    let keys = keys::list_authorization_keys(app.ctx(), app.site).await.unwrap();
    assert_eq!(keys.len(), 3);
    keys::revoke(app.ctx(), app.site, keys[0].id).await.unwrap();
    let header = format!("Bearer {}", good_token());
    assert_eq!(poll(&app, UPDATES, Some(&header)).await, (401, "auth.token.signature".to_owned()));
}

#[tokio::test]
async fn only_so_many_keys_verify_at_a_time() {
    let app = App::new().await;
    for _ in 0..3 {
        app.upload_key(&OTHER_KEY).await;
        app.upload_key(&PRODUCER_KEY).await;
    }
    let now = app.ctx().now();
    let keys = keys::list_authorization_keys(app.ctx(), app.site).await.unwrap();
    assert_eq!(keys.iter().filter(|key| key.is_active(now)).count(), 2, "each key verifies under one number only");
}
