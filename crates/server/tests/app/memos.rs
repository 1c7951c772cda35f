//! What is remembered changes nothing but the time that an answer takes.

use std::time::Duration;

use countersign_app::{keys, updates, users};
use countersign_crypto::Secret;
use countersign_crypto::encoding::base64_encode;
use countersign_domain::catalog::update::UpdateStatus;
use countersign_domain::licensing::{LicenseStatus, LicenseTerms};
use countersign_domain::text::{UpdateId, Username};
use countersign_domain::user::Role;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::licensing::{PLAIN_MANIFESTS, PLAIN_UPDATES, ids, question_of, terms};
use crate::support::{App, MANIFESTS, OTHER_KEY, PASSWORD, UPDATES, good_token, last_segment, question, through};

/// Questions of every kind, with the paths at which they are asked.
async fn questions(app: &App) -> Vec<(&'static str, Value)> {
    let mut all = Vec::new();
    let list = app.ask(PLAIN_UPDATES, &question()).await.json();
    let uuid = last_segment(list["updateItems"][0]["manifestURL"].as_str().unwrap()).to_owned();
    for path in [PLAIN_UPDATES, UPDATES] {
        for language in [1033, 1031, 2057] {
            let mut asked = question();
            asked["language"] = json!(language);
            all.push((path, asked));
        }
        let unknown = json!({ "updateFromPkgId": "pump-9", "platform": "LINUX64" });
        let robot = json!({ "deviceClass": "robot" });
        all.extend(
            [question_of("pump"), question_of("stranger"), unknown, robot, json!({})].map(|asked| (path, asked)),
        );
    }
    for path in [PLAIN_MANIFESTS, MANIFESTS] {
        all.extend([json!({ "uuid": uuid }), json!({ "uuid": "x" }), json!({})].map(|asked| (path, asked)));
    }
    all
}

#[tokio::test]
async fn answers_are_the_same_bytes_with_every_memo_switched_off() {
    let app = App::with_checked_updates().await;
    app.license("Nordwind", None, "ACT-1", terms(5)).await;
    assert_eq!(app.register("pump", "ACT-1").await, "");
    let forgetful = countersign_server::app(app.world.forgetful_process().await);
    for _ in 0..2 {
        for (path, asked) in questions(&app).await {
            let url = app.ask_for_url(path, &asked).await;
            let remembered = [app.get(&url).await, app.get(&url).await];
            let computed = through(&forgetful, Request::get(&url).body("".into()).unwrap()).await;
            for answer in remembered {
                assert_eq!((answer.status, &answer.body), (computed.status, &computed.body), "{path} {asked}");
            }
        }
        let file = App::path_of(&app.first_manifest().await["manifestFiles"][0]["fileUrl"]);
        let computed = through(&forgetful, Request::get(&file).body("".into()).unwrap()).await;
        for _ in 0..2 {
            let mut remembered = app.get(&file).await;
            remembered.headers.insert("x-request-id", computed.headers["x-request-id"].clone());
            assert_eq!((&remembered.headers, &remembered.body), (&computed.headers, &computed.body), "{file}");
        }
        // Another day, and other URLs in the manifest.
        app.world.clock.advance(Duration::from_secs(25 * 3600));
    }
}

#[tokio::test]
async fn a_change_is_in_force_at_once_whatever_is_remembered() {
    let app = App::with_checked_updates().await;
    app.license("Nordwind", None, "ACT-1", terms(5)).await;
    assert_eq!(app.register("pump", "ACT-1").await, "");
    let list = async || {
        let url = app.ask_for_url(PLAIN_UPDATES, &question_of("pump")).await;
        app.get(&url).await;
        app.get(&url).await.json()
    };
    assert_eq!(ids(&list().await).len(), 3);
    let id = || UpdateId::new("UPD-1").unwrap();
    updates::set_status(app.ctx(), app.site, id(), UpdateStatus::Inactive).await.unwrap();
    assert_eq!(ids(&list().await), ["UPD-ACCOUNT", "UPD-LINE"]);
    updates::set_status(app.ctx(), app.site, id(), UpdateStatus::Active).await.unwrap();
    app.set_terms("ACT-1", LicenseTerms { status: LicenseStatus::Disabled, ..terms(5) }).await;
    assert_eq!(ids(&list().await), ["UPD-1"]);
}

#[tokio::test]
async fn a_remembered_token_ends_with_its_key_and_with_its_time() {
    let app = App::new().await;
    let status = async |token: &str| {
        let url = crate::support::accepted(UPDATES, &app.post(UPDATES, Some(token), question().to_string()).await);
        app.get(&url).await.status
    };
    let soon = crate::support::token(&json!({ "exp": app.ctx().now().as_seconds() + 60 }));
    let late =
        crate::support::token(&json!({ "exp": crate::support::FAR_FUTURE, "nbf": app.ctx().now().as_seconds() }));
    for token in [&soon, &late] {
        assert_eq!((status(token).await, status(token).await), (StatusCode::OK, StatusCode::OK));
    }
    app.world.clock.advance(Duration::from_secs(120));
    assert_eq!((status(&soon).await, status(&late).await), (StatusCode::UNAUTHORIZED, StatusCode::OK));
    app.upload_key(&OTHER_KEY).await;
    assert_eq!(status(&late).await, StatusCode::OK, "the old key verifies for 30 days more");
    let old = keys::list_authorization_keys(app.ctx(), app.site).await.unwrap()[1].id;
    keys::revoke(app.ctx(), app.site, old).await.unwrap();
    assert_eq!(
        (status(&late).await, status(&good_token()).await),
        (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED)
    );
}

#[tokio::test]
async fn a_remembered_password_ends_when_it_is_changed() {
    let app = App::new().await;
    app.add_user("ada", Role::Publisher).await;
    let status = async |password: &str| {
        let login = format!("Basic {}", base64_encode(format!("ada:{password}").as_bytes()));
        let request = Request::get("/flexnet/operations/api/updates/update-signing-key").header("authorization", login);
        app.send(request.body("".into()).unwrap()).await.status
    };
    let new = "another horse battery";
    assert_eq!(
        (status(PASSWORD).await, status(PASSWORD).await, status(new).await),
        (StatusCode::OK, StatusCode::OK, StatusCode::UNAUTHORIZED)
    );
    let name = Username::new("ada").unwrap();
    users::set_password(app.ctx(), app.site, name, Secret::new(new.to_owned())).await.unwrap();
    assert_eq!((status(PASSWORD).await, status(new).await), (StatusCode::UNAUTHORIZED, StatusCode::OK));
}
