//! Calls that were done once, and their answers.

use async_trait::async_trait;
use countersign_domain::ids::SiteId;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{AnsweredCall, AnsweredCalls};
use tokio_postgres::Row;

use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

const INSERT: &str = "insert into answered_calls (site, scope, body, answer, done_at) values ($1, $2, $3, $4, $5)
    on conflict do nothing";
const FIND: &str = "select body, answer, done_at from answered_calls where site = $1 and scope = $2";
const DELETE: &str = "delete from answered_calls where site = $1 and scope = $2 and done_at = $3";
const DELETE_BEFORE: &str = "delete from answered_calls where site = $1 and scope in
    (select scope from answered_calls where site = $1 and done_at < $2 order by done_at limit $3)";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, FIND, DELETE, DELETE_BEFORE];

#[async_trait]
impl AnsweredCalls for PgTx<'_> {
    async fn insert(&mut self, site: SiteId, scope: &[u8; 32], call: &AnsweredCall) -> Result<bool, StoreError> {
        Ok(self
            .changed(
                INSERT,
                &[&site.0, &scope.as_slice(), &call.body.as_slice(), &call.answer.as_slice(), &call.at.as_millis()],
            )
            .await?
            == 1)
    }

    async fn find(&mut self, site: SiteId, scope: &[u8; 32]) -> Result<Option<AnsweredCall>, StoreError> {
        self.first(FIND, &[&site.0, &scope.as_slice()], call).await
    }

    async fn delete(&mut self, site: SiteId, scope: &[u8; 32], at: Timestamp) -> Result<bool, StoreError> {
        Ok(self.changed(DELETE, &[&site.0, &scope.as_slice(), &at.as_millis()]).await? == 1)
    }

    async fn delete_before(&mut self, site: SiteId, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let deleted = self.changed(DELETE_BEFORE, &[&site.0, &before.as_millis(), &i64::from(limit)]).await?;
        Ok(deleted)
    }
}

fn call(row: &Row) -> Result<AnsweredCall, StoreError> {
    let body = column::<Vec<u8>>(row, 0)?.try_into();
    Ok(AnsweredCall {
        body: Place { table: "answered_calls", row: 0 }.check("body", body)?,
        answer: column(row, 1)?,
        at: time(column(row, 2)?),
    })
}
