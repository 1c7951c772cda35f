//! Applications, their credentials, and what is remembered of their tokens.

use countersign_domain::ids::{ApplicationId, CredentialId, SiteId};
use countersign_domain::licensing::Part;
use countersign_domain::oauth::{
    Application, Compatibility, CredentialProof, NewApplication, NewCredential, Scopes, TokenAlgorithm, TokenLife,
};
use countersign_domain::storage::{StorageAccess, StorageGrant, StorageName, StoragePath};
use countersign_domain::text::{ApplicationName, ClientId, CredentialLabel, ProductName};
use countersign_domain::time::Timestamp;

use super::purchases::{account, customer};
use super::{NOW, site};
use crate::{Store, StoreError, Tx};

fn client_id(text: &str) -> ClientId {
    ClientId::new(text).expect("a good client ID")
}

fn new(text: &str) -> NewApplication {
    NewApplication {
        client_id: client_id(text),
        name: ApplicationName::new("Build farm").expect("a good name"),
        scopes: Scopes::usual(),
        algorithm: TokenAlgorithm::Es256,
        default_storage: Some(StorageName::new("Main").expect("a good name")),
    }
}

async fn insert(tx: &mut dyn Tx, site: SiteId, text: &str) -> Result<ApplicationId, StoreError> {
    Ok(tx.applications().insert(site, &new(text), NOW).await?.expect("the client ID is free"))
}

fn secret(digit: u8, ends_at: Option<Timestamp>) -> NewCredential {
    let label = CredentialLabel::new("first").expect("a good label");
    NewCredential { label, proof: CredentialProof::Secret([digit; 32]), ends_at }
}

/// Everything about an application comes back as it was written, alone and in a list, and only for its site.
pub async fn applications_keep_all_their_parts(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let name = ProductName::new("Pump").expect("a good name");
                let product = tx.products().insert(one, &name, NOW).await?.expect("free");
                let id = insert(tx, one, "app-1").await?;
                assert_eq!(tx.applications().insert(one, &new("app-1"), NOW).await?, None, "the client ID is taken");
                insert(tx, two, "app-1").await?;
                let fresh = tx.applications().find(one, &client_id("app-1")).await?.expect("it is there");
                let expected = Application {
                    id,
                    site: one,
                    client_id: client_id("app-1"),
                    name: new("app-1").name,
                    scopes: Scopes::usual(),
                    algorithm: TokenAlgorithm::Es256,
                    token_life: TokenLife::default(),
                    audience: None,
                    default_storage: new("app-1").default_storage,
                    grants: Vec::new(),
                    products: Vec::new(),
                    part: None,
                    compatibility: Compatibility::default(),
                    disabled: false,
                    token_generation: 1,
                    created_at: NOW,
                };
                assert_eq!(fresh, expected);
                let grant = |path: &str, access| StorageGrant {
                    storage: StorageName::new("Main").expect("a good name"),
                    path: StoragePath::new(path).expect("a good path"),
                    access,
                };
                let changed = Application {
                    name: ApplicationName::new("Other").expect("a good name"),
                    scopes: Scopes::parse("storage.read tokens.introspect").expect("good scopes"),
                    algorithm: TokenAlgorithm::EdDsa,
                    token_life: TokenLife::from_seconds(60).expect("a good life"),
                    audience: Some("https://api.example".to_owned()),
                    default_storage: None,
                    grants: vec![grant("b", StorageAccess::Write), grant("", StorageAccess::Read)],
                    products: vec![product],
                    compatibility: Compatibility { oauth2_path: false, scope_array: true, endpoint_audience: true },
                    disabled: true,
                    token_generation: 7,
                    ..expected
                };
                let account = account(tx, one, "Nordwind").await?;
                let customer = customer(tx, one, "Nordwind", Some(account)).await?;
                for part in [Part::Account(account), Part::Customer(customer)] {
                    let limited = Application { part: Some(part), ..changed.clone() };
                    assert!(tx.applications().replace(&limited).await?);
                    assert_eq!(tx.applications().find(one, &client_id("app-1")).await?, Some(limited));
                }
                for _ in 0..2 {
                    assert!(tx.applications().replace(&changed).await?);
                    assert_eq!(tx.applications().find(one, &client_id("app-1")).await?.as_ref(), Some(&changed));
                }
                assert!(!tx.applications().replace(&Application { site: two, ..changed.clone() }).await?);
                let second = insert(tx, one, "app-2").await?;
                let all = tx.applications().list(one).await?;
                assert_eq!(all.first(), Some(&changed));
                assert_eq!(all.iter().map(|found| found.id).collect::<Vec<_>>(), [id, second]);
                tx.applications().advance_generations(one, 100).await?;
                let generations: Vec<_> =
                    tx.applications().list(one).await?.iter().map(|found| found.token_generation).collect();
                assert_eq!(generations, [107, 101]);
                assert_eq!(tx.applications().list(two).await?[0].token_generation, 1);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Credentials belong to their application; their end, their use and their proof come back.
pub async fn credentials_belong_to_their_application(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let (first, other) = (insert(tx, one, "app-1").await?, insert(tx, one, "app-2").await?);
                let end = Timestamp::from_seconds(900);
                let secret_id = tx.credentials().insert(first, &secret(3, Some(end)), NOW).await?;
                let key = NewCredential { proof: CredentialProof::PublicKey("{}".to_owned()), ..secret(0, None) };
                let key_id = tx.credentials().insert(other, &key, NOW).await?;
                assert!(!tx.credentials().set_end(other, secret_id, None, true).await?, "of another application");
                assert!(tx.credentials().set_end(other, key_id, Some(end), true).await?);
                let at = Timestamp::from_seconds;
                tx.credentials().note_use(secret_id, at(500)).await?;
                tx.credentials().note_use(secret_id, at(400)).await?;
                let all = tx.credentials().list(one).await?;
                assert_eq!(tx.credentials().list_of(first).await?, all[..1]);
                assert_eq!(tx.credentials().list_of(other).await?, all[1..]);
                assert_eq!((tx.applications().count(one).await?, tx.applications().count(two).await?), (2, 0));
                let [found, found_key] = &all[..] else { panic!("two credentials, not {all:?}") };
                assert_eq!((found.id, found.application, &found.proof), (secret_id, first, &secret(3, None).proof));
                assert_eq!(
                    (found.ends_at, found.tokens_revoked, found.last_used_at),
                    (Some(end), false, Some(at(500)))
                );
                assert_eq!((found_key.id, &found_key.proof), (key_id, &key.proof));
                assert_eq!((found_key.ends_at, found_key.tokens_revoked), (Some(end), true));
                assert!(!tx.credentials().delete(first, key_id).await?, "of another application");
                assert!(tx.credentials().delete(other, key_id).await?);
                assert!(!tx.credentials().set_end(other, CredentialId(i64::MAX), None, false).await?);
                assert_eq!(tx.credentials().list(one).await?.len(), 1);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// An application goes with all that belongs to it, and only by its own site.
pub async fn a_deleted_application_leaves_nothing(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let (gone, stays) = (insert(tx, one, "app-1").await?, insert(tx, one, "app-2").await?);
                let end = Timestamp::from_seconds(900);
                for id in [gone, stays] {
                    tx.credentials().insert(id, &secret(1, None), NOW).await?;
                    tx.spent_tokens().revoke(one, id, "jti", end).await?;
                    assert!(tx.spent_tokens().use_assertion(one, id, &[1; 32], end).await?);
                }
                assert!(!tx.applications().delete(two, gone).await?, "a foreign site removed an application");
                assert!(tx.applications().delete(one, gone).await?);
                assert!(!tx.applications().delete(one, gone).await?);
                assert_eq!(tx.applications().find(one, &client_id("app-1")).await?, None);
                let left: Vec<_> = tx.credentials().list(one).await?.iter().map(|found| found.application).collect();
                assert_eq!(left, [stays]);
                assert_eq!(tx.spent_tokens().list_revoked(one, NOW).await?, [(stays, "jti".to_owned())]);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// A token is revoked once and an assertion used once; both are forgotten when they have ended, a few at a time.
pub async fn spent_tokens_are_remembered_until_they_end(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    let at = Timestamp::from_seconds;
    let application = store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let id = insert(tx, one, "app-1").await?;
                for (jti, end) in [("a", 100), ("b", 200), ("c", 300)] {
                    assert!(tx.spent_tokens().revoke(one, id, jti, at(end)).await?);
                    assert!(!tx.spent_tokens().revoke(one, id, jti, at(end)).await?);
                    assert!(tx.spent_tokens().use_assertion(one, id, &[jti.as_bytes()[0]; 32], at(end)).await?);
                }
                assert_eq!(tx.spent_tokens().list_revoked(one, at(200)).await?, [(id, "c".to_owned())]);
                assert!(tx.spent_tokens().list_revoked(two, at(0)).await?.is_empty());
                assert_eq!(tx.spent_tokens().count_revoked(id, at(150)).await?, 2);
                assert_eq!(tx.spent_tokens().delete_before(two, at(999), 9).await?, 0);
                assert_eq!(tx.spent_tokens().delete_before(one, at(250), 1).await?, 2, "one of each kind");
                assert_eq!(tx.spent_tokens().delete_before(one, at(250), 9).await?, 2);
                assert_eq!(tx.spent_tokens().delete_before(one, at(250), 9).await?, 0);
                assert_eq!(tx.spent_tokens().list_revoked(one, at(0)).await?, [(id, "c".to_owned())]);
                Ok(id)
            })
        })
        .await
        .expect("writes");
    let uses = (0..8).map(|_| {
        store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move { tx.spent_tokens().use_assertion(one, application, &[9; 32], at(100)).await })
        })
    });
    let first: Vec<_> =
        futures_util::future::join_all(uses).await.into_iter().map(|used| used.expect("writes")).collect();
    assert_eq!(first.iter().filter(|first| **first).count(), 1, "of many at once one is the first");
}

/// Token keys come newest first, and are replaced and removed by their own site only.
pub async fn token_keys_come_newest_first(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let old = tx.token_keys().insert(one, TokenAlgorithm::Rs256, "{\"a\":1}", b"old", NOW).await?;
                let young = tx.token_keys().insert(one, TokenAlgorithm::EdDsa, "{}", b"new", NOW).await?;
                assert!(!tx.token_keys().reseal(two, old, b"x").await?, "a foreign site replaced a key");
                assert!(tx.token_keys().reseal(one, old, b"sealed").await?);
                let keys = tx.token_keys().list(one).await?;
                assert_eq!(keys.iter().map(|key| key.id).collect::<Vec<_>>(), [young, old]);
                assert_eq!((keys[0].algorithm, keys[1].algorithm), (TokenAlgorithm::EdDsa, TokenAlgorithm::Rs256));
                assert_eq!(
                    (keys[1].public_jwk.as_str(), &keys[1].sealed_private_key[..]),
                    ("{\"a\":1}", &b"sealed"[..])
                );
                assert!(!tx.token_keys().delete(two, old).await?, "a foreign site removed a key");
                assert!(tx.token_keys().delete(one, old).await?);
                assert_eq!(tx.token_keys().list(one).await?.len(), 1);
                assert!(tx.token_keys().list(two).await?.is_empty());
                Ok(())
            })
        })
        .await
        .expect("writes");
}
