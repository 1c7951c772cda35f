//! Keys, secrets, users and tokens.

use countersign_domain::keys::SecretPurpose;
use countersign_domain::text::Username;
use countersign_domain::time::Timestamp;
use countersign_domain::user::Role;

use super::{NOW, site};
use crate::repositories::NewUser;
use crate::{Store, StoreError};

/// A key's end is kept, and only the owning site can set it.
pub async fn authorization_keys_end(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    let end = Timestamp::from_seconds(500);
    let keys = store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let first = tx.authorization_keys().insert(one, b"first", NOW).await?;
                let second = tx.authorization_keys().insert(one, b"second", NOW).await?;
                assert!(!tx.authorization_keys().set_end(two, first, Some(end)).await?, "a foreign site ended a key");
                assert!(tx.authorization_keys().set_end(one, first, Some(end)).await?);
                assert!(second > first);
                tx.authorization_keys().list(one).await
            })
        })
        .await
        .expect("writes");
    let rows: Vec<_> = keys.iter().map(|key| (key.spki.as_slice(), key.ends_at)).collect();
    assert_eq!(rows, [(&b"second"[..], None), (&b"first"[..], Some(end))]);
}

/// Key pairs and secrets come back byte for byte, newest first, and only for their site.
pub async fn signing_keys_and_secrets_come_newest_first(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                tx.signing_keys().insert(one, b"old", b"sealed old", NOW).await?;
                tx.signing_keys().insert(one, b"new", b"sealed new", NOW).await?;
                tx.site_secrets().insert(one, SecretPurpose::PollingIds, b"p1", NOW).await?;
                tx.site_secrets().insert(one, SecretPurpose::DownloadUrls, b"d1", NOW).await?;
                tx.site_secrets().insert(one, SecretPurpose::PollingIds, b"p2", NOW).await
            })
        })
        .await
        .expect("writes");
    let (keys, secrets, foreign) = store
        .read::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let keys = tx.signing_keys().list(one).await?;
                let foreign = tx.signing_keys().list(two).await?.len() + tx.site_secrets().list(two).await?.len();
                Ok((keys, tx.site_secrets().list(one).await?, foreign))
            })
        })
        .await
        .expect("reads");
    assert_eq!(
        keys.iter().map(|key| key.sealed_private_key.as_slice()).collect::<Vec<_>>(),
        [b"sealed new", b"sealed old"]
    );
    let polling = secrets.iter().filter(|secret| secret.purpose == SecretPurpose::PollingIds);
    assert_eq!(polling.map(|secret| secret.sealed.as_slice()).collect::<Vec<_>>(), [b"p2", b"p1"]);
    assert_eq!(foreign, 0);
}

/// Logins are unique in a site, and neither login nor token is found from another site or after its end.
pub async fn users_and_tokens_belong_to_their_site(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    let name = || Username::new("ada").expect("good name");
    let user = move |role| NewUser { username: name(), role, password_hash: "$argon2id$".to_owned() };
    let (before, end) = (Timestamp::from_seconds(99), Timestamp::from_seconds(100));
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let ada = tx.users().insert(one, &user(Role::Publisher), NOW).await?.expect("free");
                assert!(tx.users().insert(one, &user(Role::Admin), NOW).await?.is_none(), "a login was given twice");
                assert!(tx.users().insert(two, &user(Role::Viewer), NOW).await?.is_some());
                tx.access_tokens().insert(ada, &[7; 32], Some(end), NOW).await?;
                assert!(tx.users().set_password(ada, "$new$").await?);
                let (found, hash) = tx.users().find(one, &name()).await?.expect("is there");
                assert_eq!((found.id, found.role, hash.as_str()), (ada, Role::Publisher, "$new$"));
                assert_eq!(tx.users().list(one).await?.len(), 1);
                assert_eq!(tx.access_tokens().find_user(one, &[7; 32], before).await?, Some(found));
                assert_eq!(tx.access_tokens().find_user(one, &[7; 32], end).await?, None, "an ended token was found");
                assert_eq!(
                    tx.access_tokens().find_user(two, &[7; 32], before).await?,
                    None,
                    "a foreign token was found"
                );
                assert_eq!(tx.access_tokens().find_user(one, &[8; 32], before).await?, None);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Tokens are listed and revoked by their own site only, and a revoked one is gone.
pub async fn a_revoked_token_is_never_found_again(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    let name = |name: &str| Username::new(name).expect("good name");
    let (before, end) = (Timestamp::from_seconds(99), Timestamp::from_seconds(100));
    let (listed, rest) = store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                for (site, login, digest, ends_at) in
                    [(one, "ada", 1, None), (two, "ada", 2, None), (one, "bob", 3, Some(end))]
                {
                    let user = NewUser {
                        username: name(login),
                        role: Role::Publisher,
                        password_hash: "$argon2id$".to_owned(),
                    };
                    let user = tx.users().insert(site, &user, NOW).await?.expect("free");
                    tx.access_tokens().insert(user, &[digest; 32], ends_at, before).await?;
                }
                let listed = tx.access_tokens().list(one).await?;
                let adas = listed.last().expect("two tokens").id;
                assert!(!tx.access_tokens().revoke(two, adas).await?, "a foreign site revoked a token");
                assert!(tx.access_tokens().find_user(one, &[1; 32], before).await?.is_some());
                assert!(tx.access_tokens().revoke(one, adas).await?);
                assert!(!tx.access_tokens().revoke(one, adas).await?, "a token was revoked twice");
                assert_eq!(
                    tx.access_tokens().find_user(one, &[1; 32], before).await?,
                    None,
                    "a revoked token was found"
                );
                assert!(tx.access_tokens().find_user(two, &[2; 32], before).await?.is_some());
                assert!(tx.access_tokens().find_user(one, &[3; 32], before).await?.is_some());
                Ok((listed, tx.access_tokens().list(one).await?))
            })
        })
        .await
        .expect("writes");
    let rows: Vec<_> = listed.iter().map(|token| (token.username.as_str(), token.created_at, token.ends_at)).collect();
    assert_eq!(rows, [("bob", before, Some(end)), ("ada", before, None)]);
    assert_eq!(rest, listed[..1]);
}
