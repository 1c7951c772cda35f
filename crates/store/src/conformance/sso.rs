//! OpenID providers of accounts.

use countersign_domain::ids::AccountId;
use countersign_domain::text::AccountName;

use super::purchases::MISSING;
use super::{NOW, site};
use crate::repositories::SsoProviderRow;
use crate::{Store, StoreError};

/// An account has one provider, which can be replaced, sealed anew and removed; a site sees its own.
pub async fn an_account_has_one_provider(store: &Store) {
    let (one, other) = (site(store, "one").await, site(store, "other").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let name = AccountName::new("Group").expect("the test gives a good name");
                let a = tx.accounts().insert(one, &name, NOW).await?.expect("is free");
                let b = tx.accounts().insert(other, &name, NOW).await?.expect("is free");
                let row = |settings: &str, sealed: Option<&[u8]>| SsoProviderRow {
                    settings: settings.to_owned(),
                    sealed: sealed.map(<[u8]>::to_vec),
                };
                assert_eq!(tx.sso_providers().find(a).await?, None);
                tx.sso_providers().set(a, &row("first", Some(b"s")), NOW).await?;
                tx.sso_providers().set(a, &row("second", None), NOW).await?;
                tx.sso_providers().set(b, &row("other", Some(b"o")), NOW).await?;
                assert_eq!(tx.sso_providers().find(a).await?, Some(row("second", None)));
                assert_eq!(tx.sso_providers().list(other).await?, [(b, row("other", Some(b"o")))]);
                assert!(tx.sso_providers().reseal(b, b"p").await?);
                assert!(!tx.sso_providers().reseal(AccountId(MISSING), b"p").await?);
                assert_eq!(tx.sso_providers().find(b).await?, Some(row("other", Some(b"p"))));
                assert!(tx.sso_providers().delete(a).await?);
                assert!(!tx.sso_providers().delete(a).await?);
                assert_eq!(tx.sso_providers().list(one).await?, []);
                Ok(())
            })
        })
        .await
        .expect("writes");
}
