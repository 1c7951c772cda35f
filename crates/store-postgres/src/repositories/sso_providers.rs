//! OpenID providers of accounts.

use async_trait::async_trait;
use countersign_domain::ids::{AccountId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{SsoProviderRow, SsoProviders};
use tokio_postgres::Row;

use crate::rows::column;
use crate::transaction::PgTx;

const SET: &str = "insert into sso_providers (account, settings, sealed, changed_at) values ($1, $2, $3, $4)
    on conflict (account) do update set settings = excluded.settings, sealed = excluded.sealed,
    changed_at = excluded.changed_at";
const FIND: &str = "select settings, sealed from sso_providers where account = $1";
const LIST: &str = "select s.settings, s.sealed, s.account from accounts a join sso_providers s on s.account = a.id
    where a.site = $1 order by s.account";
const RESEAL: &str = "update sso_providers set sealed = $2 where account = $1";
const DELETE: &str = "delete from sso_providers where account = $1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[SET, FIND, LIST, RESEAL, DELETE];

#[async_trait]
impl SsoProviders for PgTx<'_> {
    async fn set(&mut self, account: AccountId, row: &SsoProviderRow, now: Timestamp) -> Result<(), StoreError> {
        self.changed(SET, &[&account.0, &row.settings, &row.sealed, &now.as_millis()]).await?;
        Ok(())
    }

    async fn find(&mut self, account: AccountId) -> Result<Option<SsoProviderRow>, StoreError> {
        self.first(FIND, &[&account.0], provider).await
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<(AccountId, SsoProviderRow)>, StoreError> {
        self.all(LIST, &[&site.0], |row| Ok((AccountId(column(row, 2)?), provider(row)?))).await
    }

    async fn reseal(&mut self, account: AccountId, sealed: &[u8]) -> Result<bool, StoreError> {
        Ok(self.changed(RESEAL, &[&account.0, &sealed]).await? == 1)
    }

    async fn delete(&mut self, account: AccountId) -> Result<bool, StoreError> {
        Ok(self.changed(DELETE, &[&account.0]).await? == 1)
    }
}

fn provider(row: &Row) -> Result<SsoProviderRow, StoreError> {
    Ok(SsoProviderRow { settings: column(row, 0)?, sealed: column(row, 1)? })
}
