//! What ends with a new epoch, with new secrets and with another master key, and what goes on.

use std::time::Duration;

use countersign_app::{Fault, installation, keys, users};
use countersign_crypto::Secret;
use countersign_domain::text::Username;
use countersign_domain::user::Role;
use countersign_vault::{MasterKey, MasterKeySource, Vault};
use http::{Request, StatusCode};
use serde_json::json;

use crate::support::{App, MANIFESTS, UPDATES, good_token, question, through};

fn vault(digits: &str) -> Vault {
    let text = MasterKeySource::Text(Secret::new(digits.repeat(32)));
    Vault::new(&MasterKey::load(&text).unwrap())
}

async fn first_url(app: &App) -> String {
    App::path_of(&app.first_manifest().await["manifestFiles"][0]["fileUrl"])
}

async fn access_token(app: &App) -> String {
    app.add_user("ada", Role::Admin).await;
    let issued = users::issue_token(app.ctx(), app.site, Username::new("ada").unwrap(), None).await.unwrap();
    issued.0.expose().to_owned()
}

async fn status_with(app: &App, token: &str) -> StatusCode {
    let path = "/flexnet/operations/api/updates/update-signing-key";
    let request = Request::get(path).header("authorization", format!("Bearer {token}"));
    app.send(request.body(axum::body::Body::empty()).unwrap()).await.status
}

#[tokio::test]
async fn a_new_epoch_refuses_what_was_given_out_and_keeps_what_devices_know() {
    let app = App::new().await;
    let token = access_token(&app).await;
    let polled = app.ask_for_url(UPDATES, &question()).await;
    let url = first_url(&app).await;
    assert_eq!(app.get(&polled).await.status, StatusCode::OK);
    assert_eq!(app.get(&url).await.status, StatusCode::OK);
    assert_eq!(status_with(&app, &token).await, StatusCode::OK);

    let signing = keys::list_signing_keys(app.ctx(), app.site).await.unwrap();
    let of_applications = keys_of_applications(&app).await;
    let begun = installation::begin_epoch(app.ctx()).await.unwrap();
    assert_eq!((begun.epoch, begun.sites, begun.revoked.len()), (2, 1, 1));
    assert_eq!(begun.revoked[0].username.as_str(), "ada");

    assert_eq!(app.get(&polled).await.status, StatusCode::GONE);
    assert_eq!(app.get(&url).await.status, StatusCode::NOT_FOUND);
    assert_eq!(status_with(&app, &token).await, StatusCode::UNAUTHORIZED);
    // The device asks again with the same token, and believes the same key.
    let list = app.payload(&app.ask(UPDATES, &question()).await).await;
    assert_eq!(list["updateItems"].as_array().unwrap().len(), 1);
    assert_eq!(keys::list_signing_keys(app.ctx(), app.site).await.unwrap(), signing);
    assert_eq!(keys_of_applications(&app).await, of_applications);
    let again = first_url(&app).await;
    assert_eq!(app.get(&again).await.status, StatusCode::OK);
    assert_eq!(installation::find_epoch(&app.world.store).await.unwrap(), Some(2));
}

/// The public keys that licensed applications are built with: of answers, and of codes across an air gap.
async fn keys_of_applications(app: &App) -> (Vec<u8>, Vec<u8>) {
    let answers = keys::find_or_create_license_key(app.ctx(), &app.record().await).await.unwrap();
    let codes = keys::find_or_create_air_gap_key(app.ctx(), app.site).await.unwrap();
    (answers.spki, codes.coordinates().to_vec())
}

#[tokio::test]
async fn replaced_secrets_accept_what_they_have_made_until_it_ends() {
    let app = App::new().await;
    let polled = app.ask_for_url(UPDATES, &question()).await;
    let manifest = app.ask_for_url(MANIFESTS, &json!({ "uuid": uuid(&app).await })).await;
    let url = first_url(&app).await;
    let rotated = keys::rotate_secrets(app.ctx(), app.site).await.unwrap();
    assert_eq!((rotated.made, rotated.kept, rotated.removed), (2, 2, 0));
    let meanwhile = app.ask_for_url(UPDATES, &question()).await;
    let before = app.get(&manifest).await;

    app.world.clock.advance(Duration::from_secs(3));
    let later = app.ask_for_url(UPDATES, &question()).await;
    for made in [&polled, &meanwhile, &later] {
        assert_eq!(app.get(made).await.status, StatusCode::OK);
    }
    // What was asked before gives the same URLs as before, because it was asked before.
    assert_eq!(app.get(&manifest).await.body, before.body);
    let newer = first_url(&app).await;
    assert_ne!(newer, url, "the new secret is not used");
    app.world.clock.advance(Duration::from_secs(24 * 3600 - 10));
    assert_eq!(app.get(&url).await.status, StatusCode::OK, "a URL did not live for 24 hours");

    // When everything that they have made has ended, old secrets go.
    app.world.clock.advance(Duration::from_secs(2 * 3600));
    let rotated = keys::rotate_secrets(app.ctx(), app.site).await.unwrap();
    assert_eq!((rotated.kept, rotated.removed), (2, 2));
    assert!(rotated.kept_until.is_some_and(|end| end > app.ctx().now()));
    assert_ne!(app.get(&newer).await.status, StatusCode::SERVICE_UNAVAILABLE);
}

async fn uuid(app: &App) -> String {
    let list = app.payload(&app.ask(UPDATES, &question()).await).await;
    crate::support::last_segment(list["updateItems"][0]["manifestURL"].as_str().unwrap()).to_owned()
}

#[tokio::test]
async fn a_process_with_a_replaced_master_key_seals_nothing_and_stops_to_answer() {
    let app = App::new().await;
    let running = app.world.second_process().await;
    let router = countersign_server::app(running.clone());
    let get = |path: &'static str| Request::get(path).body(axum::body::Body::empty()).unwrap();
    assert_eq!(through(&router, get("/readyz")).await.status, StatusCode::OK);

    let signing = keys::list_signing_keys(app.ctx(), app.site).await.unwrap();
    let resealed = installation::rotate_master_key(app.ctx(), vault("6d")).await.unwrap();
    assert_eq!((resealed.sites, resealed.signing_keys, resealed.site_secrets), (1, 1, 2));
    let (old, new) = (vault("5c"), vault("6d"));
    assert_eq!(installation::fits(&app.world.store, &old).await.unwrap(), Some(false));
    assert_eq!(installation::fits(&app.world.store, &new).await.unwrap(), Some(true));
    let after = keys::list_signing_keys(app.ctx(), app.site).await.unwrap();
    assert_eq!((after.len(), &after[0].spki), (1, &signing[0].spki));
    assert_ne!(after[0].sealed_private_key, signing[0].sealed_private_key);

    for outcome in [keys::rotate_secrets(&running, app.site).await.err(), running.refresh().await.err()] {
        assert!(matches!(outcome, Some(Fault::MasterKeyReplaced)), "{outcome:?}");
    }
    let made = keys::rotate_signing_key(&running, app.site).await;
    assert!(matches!(made, Err(keys::SigningKeyError::Fault(Fault::MasterKeyReplaced))), "{:?}", made.err());
    assert!(installation::rotate_master_key(&running, vault("7e")).await.is_err(), "two keys at once");
    assert_eq!(through(&router, get("/readyz")).await.status, StatusCode::SERVICE_UNAVAILABLE);
    app.world.clock.advance(Duration::from_secs(6));
    let asked = Request::post(UPDATES).header("authorization", format!("Bearer {}", good_token()));
    let asked = asked.body(question().to_string().into()).unwrap();
    assert_eq!(through(&router, asked).await.status, StatusCode::SERVICE_UNAVAILABLE);
}
