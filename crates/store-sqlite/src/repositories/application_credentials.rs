//! Secrets and public keys of applications.

use async_trait::async_trait;
use countersign_domain::ids::{ApplicationId, CredentialId, SiteId};
use countersign_domain::oauth::{Credential, CredentialProof, NewCredential};
use countersign_domain::text::CredentialLabel;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::Credentials;
use rusqlite::Row;

use crate::rows::{Place, all, changed, column, inserted, time};
use crate::transaction::SqliteTx;

const INSERT: &str = "insert into application_credentials (application, label, digest, public_jwk, created_at, ends_at,
    tokens_revoked) values (?1, ?2, ?3, ?4, ?5, ?6, 0) returning id";
const LIST: &str = "select c.id, c.application, c.label, c.digest, c.public_jwk, c.created_at, c.ends_at,
    c.tokens_revoked, c.last_used_at from applications a
    cross join application_credentials c on c.application = a.id where a.site = ?1 order by c.id";
const LIST_OF: &str =
    "select id, application, label, digest, public_jwk, created_at, ends_at, tokens_revoked, last_used_at
    from application_credentials where application = ?1 order by id";
const SET_END: &str =
    "update application_credentials set ends_at = ?3, tokens_revoked = ?4 where id = ?2 and application = ?1";
const NOTE_USE: &str = "update application_credentials set last_used_at = ?2
    where id = ?1 and (last_used_at is null or last_used_at < ?2)";
const DELETE: &str = "delete from application_credentials where id = ?2 and application = ?1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, LIST, LIST_OF, SET_END, NOTE_USE, DELETE];

#[async_trait]
impl Credentials for SqliteTx<'_> {
    async fn insert(
        &mut self,
        application: ApplicationId,
        credential: &NewCredential,
        now: Timestamp,
    ) -> Result<CredentialId, StoreError> {
        let (digest, jwk) = match &credential.proof {
            CredentialProof::Secret(digest) => (Some(&digest[..]), None),
            CredentialProof::PublicKey(jwk) => (None, Some(jwk)),
        };
        let ends_at = credential.ends_at.map(Timestamp::as_millis);
        let values = (application.0, credential.label.as_str(), digest, jwk, now.as_millis(), ends_at);
        self.attempt(|c| {
            let id = inserted(c, INSERT, values)?;
            Place { table: "application_credentials", row: 0 }.present("id", id).map(CredentialId)
        })
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<Credential>, StoreError> {
        self.attempt(|c| all(c, LIST, [site.0], credential))
    }

    async fn list_of(&mut self, application: ApplicationId) -> Result<Vec<Credential>, StoreError> {
        self.attempt(|c| all(c, LIST_OF, [application.0], credential))
    }

    async fn set_end(
        &mut self,
        application: ApplicationId,
        credential: CredentialId,
        ends_at: Option<Timestamp>,
        tokens_revoked: bool,
    ) -> Result<bool, StoreError> {
        let values = (application.0, credential.0, ends_at.map(Timestamp::as_millis), tokens_revoked);
        self.attempt(|c| Ok(changed(c, SET_END, values)? == 1))
    }

    async fn note_use(&mut self, credential: CredentialId, at: Timestamp) -> Result<(), StoreError> {
        self.attempt(|c| changed(c, NOTE_USE, (credential.0, at.as_millis())).map(|_| ()))
    }

    async fn delete(&mut self, application: ApplicationId, credential: CredentialId) -> Result<bool, StoreError> {
        self.attempt(|c| Ok(changed(c, DELETE, (application.0, credential.0))? == 1))
    }
}

fn credential(row: &Row<'_>) -> Result<Credential, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "application_credentials", row: id };
    let proof = match (column::<Option<Vec<u8>>>(row, 3)?, column(row, 4)?) {
        (Some(digest), None) => CredentialProof::Secret(place.check("digest", digest.try_into())?),
        (_, jwk) => CredentialProof::PublicKey(place.present("public_jwk", jwk)?),
    };
    Ok(Credential {
        id: CredentialId(id),
        application: ApplicationId(column(row, 1)?),
        label: place.check("label", CredentialLabel::new(column::<String>(row, 2)?))?,
        proof,
        created_at: time(column(row, 5)?),
        ends_at: column::<Option<i64>>(row, 6)?.map(time),
        tokens_revoked: column(row, 7)?,
        last_used_at: column::<Option<i64>>(row, 8)?.map(time),
    })
}
