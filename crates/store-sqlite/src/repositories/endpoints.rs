//! Receivers of webhooks, and the secrets that they are signed for with.

use async_trait::async_trait;
use countersign_domain::ids::{DeliveryId, EndpointId, SiteId, WebhookSecretId};
use countersign_domain::text::EndpointName;
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{
    Endpoint, EndpointSettings, EndpointState, NewEndpoint, NewWebhookSecret, Notice, SignatureKind, Trouble,
    WebhookSecret,
};
use countersign_store::StoreError;
use countersign_store::repositories::Endpoints;
use rusqlite::{Row, params};

use crate::rows::{Place, all, changed, column, first, inserted, new_row, removed, text, time};
use crate::transaction::SqliteTx;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select id, site, name, url, settings, sealed_authorization, state, failing_since, failing_first, failures,
            failing_lasts, told, paused_until, after_number, revision, created_at, changed_at from webhook_endpoints ",
            $rest
        )
    };
}

const INSERT: &str =
    "insert into webhook_endpoints (site, name, url, settings, sealed_authorization, state, after_number,
    revision, created_at, changed_at) values (?1, ?2, ?3, ?4, ?5, ?6,
    coalesce((select last from event_numbers where site = ?1), 0), 1, ?7, ?7)
    on conflict do nothing returning id";
const FIND: &str = select!("where id = ?2 and site = ?1");
const LIST: &str = select!("where site = ?1 order by id");
const REPLACE: &str = "update webhook_endpoints set name = ?3, url = ?4, settings = ?5, sealed_authorization = ?6,
    state = ?7, revision = revision + 1, changed_at = ?8 where id = ?1 and site = ?2";
const SET_STANDING: &str = "update webhook_endpoints set state = ?2, failing_since = ?3, failing_first = ?4,
    failures = ?5, failing_lasts = ?6, told = ?7, paused_until = ?8 where id = ?1";
const START_ANEW: &str = "update webhook_endpoints set
    after_number = coalesce((select last from event_numbers n where n.site = webhook_endpoints.site), 0) where id = ?1";
const DELETE_SECRETS: &str = "delete from webhook_secrets where endpoint = ?1";
const DELETE_RECOVERIES: &str = "delete from recoveries where endpoint = ?1";
const HAS_DELIVERIES: &str = "select 1 from deliveries where endpoint = ?2 and
    exists (select 1 from webhook_endpoints where id = ?2 and site = ?1) limit 1";
const DELETE: &str = "delete from webhook_endpoints where id = ?2 and site = ?1";
const SET_SERVICE: &str = "insert into event_services (site, sealed) values (?1, ?2)
    on conflict (site) do update set sealed = excluded.sealed";
const DELETE_SERVICE: &str = "delete from event_services where site = ?1";
const SERVICE: &str = "select sealed from event_services where site = ?1";
const INSERT_SECRET: &str = "insert into webhook_secrets (endpoint, kind, sealed, created_at) values (?1, ?2, ?3, ?4)";
const SECRETS: &str = "select id, endpoint, kind, sealed, created_at, ends_at from webhook_secrets
    where endpoint = ?1 order by id desc";
const END_SECRETS: &str = "update webhook_secrets set ends_at = ?2
    where endpoint = ?1 and (ends_at is null or ends_at > ?2)";
const DELETE_ENDED: &str = "delete from webhook_secrets where endpoint = ?1 and ends_at < ?2";
const RESEAL: &str = "update webhook_secrets set sealed = ?3 where id = ?2 and endpoint = ?1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT,
    FIND,
    LIST,
    REPLACE,
    SET_STANDING,
    START_ANEW,
    DELETE_SECRETS,
    DELETE_RECOVERIES,
    HAS_DELIVERIES,
    DELETE,
    SET_SERVICE,
    DELETE_SERVICE,
    SERVICE,
    INSERT_SECRET,
    SECRETS,
    END_SECRETS,
    DELETE_ENDED,
    RESEAL,
];

#[async_trait]
impl Endpoints for SqliteTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        new: &NewEndpoint,
        now: Timestamp,
    ) -> Result<Option<EndpointId>, StoreError> {
        let values = params![
            site.0,
            new.name.as_str(),
            new.settings.url,
            new.settings.to_text(),
            new.sealed_authorization,
            new.state.as_str(),
            now.as_millis(),
        ];
        self.attempt(|c| Ok(inserted(c, INSERT, values)?.map(EndpointId)))
    }

    async fn find(&mut self, site: SiteId, id: EndpointId) -> Result<Option<Endpoint>, StoreError> {
        self.attempt(|c| first(c, FIND, (site.0, id.0), endpoint))
    }

    /// The one writer is lock enough.
    async fn lock(&mut self, site: SiteId, id: EndpointId) -> Result<Option<Endpoint>, StoreError> {
        Endpoints::find(self, site, id).await
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<Endpoint>, StoreError> {
        self.attempt(|c| all(c, LIST, [site.0], endpoint))
    }

    async fn lock_all(&mut self, site: SiteId) -> Result<Vec<Endpoint>, StoreError> {
        Endpoints::list(self, site).await
    }

    async fn lock_each(&mut self, site: SiteId) -> Result<Vec<Result<Endpoint, StoreError>>, StoreError> {
        self.attempt(|c| all(c, LIST, [site.0], |row| Ok(endpoint(row))))
    }

    async fn replace(&mut self, endpoint: &Endpoint, now: Timestamp) -> Result<bool, StoreError> {
        let values = params![
            endpoint.id.0,
            endpoint.site.0,
            endpoint.name.as_str(),
            endpoint.settings.url,
            endpoint.settings.to_text(),
            endpoint.sealed_authorization,
            endpoint.state.as_str(),
            now.as_millis(),
        ];
        self.attempt(|c| Ok(changed(c, REPLACE, values)? == 1))
    }

    async fn set_standing(&mut self, endpoint: &Endpoint) -> Result<bool, StoreError> {
        let trouble = endpoint.trouble;
        let values = params![
            endpoint.id.0,
            endpoint.state.as_str(),
            trouble.map(|trouble| trouble.since.as_millis()),
            trouble.map(|trouble| trouble.first.0),
            trouble.map_or(0, |trouble| trouble.failures),
            trouble.is_some_and(|trouble| trouble.is_lasting),
            trouble.and_then(|trouble| trouble.told).map_or(0, Notice::number),
            endpoint.paused_until.map(Timestamp::as_millis),
        ];
        self.attempt(|c| Ok(changed(c, SET_STANDING, values)? == 1))
    }

    async fn start_anew(&mut self, endpoint: EndpointId) -> Result<bool, StoreError> {
        self.attempt(|c| Ok(changed(c, START_ANEW, [endpoint.0])? == 1))
    }

    async fn delete(&mut self, site: SiteId, endpoint: EndpointId) -> Result<bool, StoreError> {
        self.attempt(|c| {
            if first(c, FIND, (site.0, endpoint.0), |_| Ok(()))?.is_none()
                || first(c, HAS_DELIVERIES, (site.0, endpoint.0), |_| Ok(()))?.is_some()
            {
                return Ok(false);
            }
            changed(c, DELETE_SECRETS, [endpoint.0])?;
            changed(c, DELETE_RECOVERIES, [endpoint.0])?;
            Ok(changed(c, DELETE, (site.0, endpoint.0))? == 1)
        })
    }

    async fn set_service(&mut self, site: SiteId, sealed: Option<&[u8]>) -> Result<(), StoreError> {
        self.attempt(|c| match sealed {
            Some(sealed) => changed(c, SET_SERVICE, (site.0, sealed)).map(drop),
            None => changed(c, DELETE_SERVICE, [site.0]).map(drop),
        })
    }

    async fn service(&mut self, site: SiteId) -> Result<Option<Vec<u8>>, StoreError> {
        self.attempt(|c| first(c, SERVICE, [site.0], |row| column(row, 0)))
    }

    async fn insert_secret(
        &mut self,
        endpoint: EndpointId,
        new: &NewWebhookSecret,
        now: Timestamp,
    ) -> Result<WebhookSecretId, StoreError> {
        let values = (endpoint.0, new.kind.as_str(), &new.sealed, now.as_millis());
        self.attempt(|c| new_row(c, INSERT_SECRET, values)?.map(WebhookSecretId).ok_or(StoreError::OutcomeUnknown))
    }

    async fn secrets(&mut self, endpoint: EndpointId) -> Result<Vec<WebhookSecret>, StoreError> {
        self.attempt(|c| all(c, SECRETS, [endpoint.0], secret))
    }

    async fn end_secrets(&mut self, endpoint: EndpointId, at: Timestamp) -> Result<u64, StoreError> {
        self.attempt(|c| removed(c, END_SECRETS, (endpoint.0, at.as_millis())))
    }

    async fn delete_secrets(&mut self, endpoint: EndpointId, before: Timestamp) -> Result<u64, StoreError> {
        self.attempt(|c| removed(c, DELETE_ENDED, (endpoint.0, before.as_millis())))
    }

    async fn reseal_secret(
        &mut self,
        endpoint: EndpointId,
        secret: WebhookSecretId,
        sealed: &[u8],
    ) -> Result<bool, StoreError> {
        self.attempt(|c| Ok(changed(c, RESEAL, (endpoint.0, secret.0, sealed))? == 1))
    }
}

fn endpoint(row: &Row<'_>) -> Result<Endpoint, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "webhook_endpoints", row: id };
    let trouble = match (column::<Option<i64>>(row, 7)?, column::<Option<i64>>(row, 8)?) {
        (Some(since), Some(first)) => Some(Trouble {
            since: time(since),
            first: DeliveryId(first),
            failures: column(row, 9)?,
            is_lasting: column(row, 10)?,
            told: Notice::of_number(column(row, 11)?),
        }),
        _ => None,
    };
    Ok(Endpoint {
        id: EndpointId(id),
        site: SiteId(column(row, 1)?),
        name: place.check("name", EndpointName::new(text(row, 2)?))?,
        settings: place.present("settings", EndpointSettings::from_text(text(row, 3)?, text(row, 4)?))?,
        sealed_authorization: column(row, 5)?,
        state: place.present("state", EndpointState::parse(text(row, 6)?))?,
        trouble,
        paused_until: column::<Option<i64>>(row, 12)?.map(time),
        after_number: column(row, 13)?,
        revision: column(row, 14)?,
        created_at: time(column(row, 15)?),
        changed_at: time(column(row, 16)?),
    })
}

fn secret(row: &Row<'_>) -> Result<WebhookSecret, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "webhook_secrets", row: id };
    Ok(WebhookSecret {
        id: WebhookSecretId(id),
        endpoint: EndpointId(column(row, 1)?),
        kind: place.present("kind", SignatureKind::parse(text(row, 2)?))?,
        sealed: column(row, 3)?,
        created_at: time(column(row, 4)?),
        ends_at: column::<Option<i64>>(row, 5)?.map(time),
    })
}
