//! Producer logins and their tokens.

use async_trait::async_trait;
use countersign_domain::ids::{AccessTokenId, SiteId, UserId};
use countersign_domain::text::Username;
use countersign_domain::time::Timestamp;
use countersign_domain::user::{AccessToken, Role, User};
use countersign_store::StoreError;
use countersign_store::repositories::{AccessTokens, NewUser, Users};
use tokio_postgres::Row;

use crate::connection::Value;
use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

const INSERT: &str = "insert into users (site, username, role, password_hash, created_at) values ($1, $2, $3, $4, $5)
    on conflict do nothing returning id";
const FIND: &str = "select id, site, username, role, password_hash from users where site = $1 and username = $2";
const LIST: &str = "select id, site, username, role from users where site = $1 order by username";
const SET_PASSWORD: &str = "update users set password_hash = $2 where id = $1";
const INSERT_TOKEN: &str = "insert into access_tokens (\"user\", digest, ends_at, created_at) values ($1, $2, $3, $4)";
const FIND_TOKEN: &str =
    "select u.id, u.site, u.username, u.role from access_tokens t join users u on u.id = t.\"user\"
    where t.digest = $2 and u.site = $1 and (t.ends_at is null or t.ends_at > $3)";
const LIST_TOKENS: &str =
    "select t.id, u.username, t.created_at, t.ends_at from access_tokens t join users u on u.id = t.\"user\"
    where u.site = $1 order by t.id desc";
const DELETE_TOKEN: &str = "delete from access_tokens where id = $2 and \"user\" in
    (select id from users where site = $1)";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] =
    &[INSERT, FIND, LIST, SET_PASSWORD, INSERT_TOKEN, FIND_TOKEN, LIST_TOKENS, DELETE_TOKEN];

#[async_trait]
impl Users for PgTx<'_> {
    async fn insert(&mut self, site: SiteId, user: &NewUser, now: Timestamp) -> Result<Option<UserId>, StoreError> {
        let (name, role) = (user.username.as_str(), user.role.as_str());
        let values: [Value<'_>; 5] = [&site.0, &name, &role, &user.password_hash, &now.as_millis()];
        let inserted = self.inserted(INSERT, &values).await?;
        Ok(inserted.map(UserId))
    }

    async fn find(&mut self, site: SiteId, username: &Username) -> Result<Option<(User, String)>, StoreError> {
        self.first(FIND, &[&site.0, &username.as_str()], |row| Ok((user(row)?, column(row, 4)?))).await
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<User>, StoreError> {
        self.all(LIST, &[&site.0], user).await
    }

    async fn set_password(&mut self, user: UserId, password_hash: &str) -> Result<bool, StoreError> {
        Ok(self.changed(SET_PASSWORD, &[&user.0, &password_hash]).await? == 1)
    }
}

#[async_trait]
impl AccessTokens for PgTx<'_> {
    async fn insert(
        &mut self,
        user: UserId,
        digest: &[u8; 32],
        ends_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let ends_at = ends_at.map(Timestamp::as_millis);
        self.changed(INSERT_TOKEN, &[&user.0, &&digest[..], &ends_at, &now.as_millis()]).await?;
        Ok(())
    }

    async fn find_user(&mut self, site: SiteId, digest: &[u8; 32], now: Timestamp) -> Result<Option<User>, StoreError> {
        self.first(FIND_TOKEN, &[&site.0, &&digest[..], &now.as_millis()], user).await
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<AccessToken>, StoreError> {
        self.all(LIST_TOKENS, &[&site.0], access_token).await
    }

    async fn revoke(&mut self, site: SiteId, token: AccessTokenId) -> Result<bool, StoreError> {
        Ok(self.changed(DELETE_TOKEN, &[&site.0, &token.0]).await? == 1)
    }
}

fn access_token(row: &Row) -> Result<AccessToken, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "access_tokens", row: id };
    Ok(AccessToken {
        id: AccessTokenId(id),
        username: place.check("username", Username::new(column::<String>(row, 1)?))?,
        created_at: time(column(row, 2)?),
        ends_at: column::<Option<i64>>(row, 3)?.map(time),
    })
}

fn user(row: &Row) -> Result<User, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "users", row: id };
    Ok(User {
        id: UserId(id),
        site: SiteId(column(row, 1)?),
        username: place.check("username", Username::new(column::<String>(row, 2)?))?,
        role: place.present("role", Role::parse(&column::<String>(row, 3)?))?,
    })
}
