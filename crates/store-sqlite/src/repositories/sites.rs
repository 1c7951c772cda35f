//! Sites, their hosts, and the change counter.

use async_trait::async_trait;
use countersign_domain::ids::{Generation, SiteId};
use countersign_domain::site::{AuthFailure, Retention, Site, SiteName, SiteSettings};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{SettingsOutcome, Sites};
use rusqlite::{Connection, Row, params};

use crate::rows::{Place, all, changed, column, exists, first, inserted, text};
use crate::transaction::SqliteTx;

const INSERT: &str = "insert into sites (name, base_url, small_rsa_keys, key_id_in_answers, auth_failure,
    status_report_days, device_event_days, event_days, generation, created_at, oauth_only, expiry_notices)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10, ?11) on conflict do nothing returning id";
const INSERT_HOST: &str = "insert into site_hosts (host, site) values (?1, ?2) on conflict do nothing";
const DELETE_HOSTS: &str = "delete from site_hosts where site = ?1";
const DELETE: &str = "delete from sites where id = ?1";
const FIND: &str = "select id, name, base_url, small_rsa_keys, key_id_in_answers, generation, auth_failure,
    status_report_days, device_event_days, event_days, oauth_only, expiry_notices from sites where name = ?1";
const LIST: &str = "select id, name, base_url, small_rsa_keys, key_id_in_answers, generation, auth_failure,
    status_report_days, device_event_days, event_days, oauth_only, expiry_notices from sites order by name";
const EXISTS: &str = "select exists (select 1 from sites where id = ?1)";
const HOST_TAKEN: &str = "select exists (select 1 from site_hosts where host = ?1 and site <> ?2)";
const SET_SETTINGS: &str =
    "update sites set base_url = ?2, small_rsa_keys = ?3, key_id_in_answers = ?4, auth_failure = ?5,
    status_report_days = ?6, device_event_days = ?7, event_days = ?8,
    oauth_only = ?9, expiry_notices = ?10 where id = ?1";
const HOSTS: &str = "select host from site_hosts where site = ?1 order by host";
const GENERATION: &str = "select value from change_counter where id = 1";
const COUNT: &str = "update change_counter set value = value + 1 where id = 1 returning value";
const TOUCH: &str = "update sites set generation = ?2 where id = ?1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT,
    INSERT_HOST,
    DELETE_HOSTS,
    DELETE,
    FIND,
    LIST,
    EXISTS,
    HOST_TAKEN,
    SET_SETTINGS,
    HOSTS,
    GENERATION,
    COUNT,
    TOUCH,
];

#[async_trait]
impl Sites for SqliteTx<'_> {
    async fn insert(
        &mut self,
        name: &SiteName,
        settings: &SiteSettings,
        now: Timestamp,
    ) -> Result<Option<SiteId>, StoreError> {
        self.attempt(|c| {
            let values = params![
                name.as_str(),
                settings.base_url,
                settings.small_rsa_keys,
                settings.key_id_in_answers,
                settings.auth_failure.as_str(),
                settings.retention.status_reports,
                settings.retention.device_events,
                settings.retention.events,
                now.as_millis(),
                settings.oauth_only,
                settings.expiry_notices.to_string(),
            ];
            let Some(id) = inserted(c, INSERT, values)? else { return Ok(None) };
            for host in &settings.hosts {
                if changed(c, INSERT_HOST, (host, id))? == 0 {
                    // Leave nothing behind: the caller may go on with the transaction.
                    changed(c, DELETE_HOSTS, [id])?;
                    changed(c, DELETE, [id])?;
                    return Ok(None);
                }
            }
            Ok(Some(SiteId(id)))
        })
    }

    async fn find(&mut self, name: &SiteName) -> Result<Option<Site>, StoreError> {
        self.attempt(|c| first(c, FIND, [name.as_str()], |row| site(c, row)))
    }

    async fn list(&mut self) -> Result<Vec<Site>, StoreError> {
        self.attempt(|c| all(c, LIST, [], |row| site(c, row)))
    }

    async fn set_settings(&mut self, site: SiteId, settings: &SiteSettings) -> Result<SettingsOutcome, StoreError> {
        self.attempt(|c| set_settings(c, site, settings))
    }

    async fn generation(&mut self) -> Result<Generation, StoreError> {
        self.attempt(|c| counter(c, GENERATION)).map(Generation)
    }

    async fn touch(&mut self, site: SiteId) -> Result<Generation, StoreError> {
        self.attempt(|c| {
            let value = counter(c, COUNT)?;
            changed(c, TOUCH, (site.0, value))?;
            Ok(Generation(value))
        })
    }
}

fn set_settings(c: &Connection, site: SiteId, settings: &SiteSettings) -> Result<SettingsOutcome, StoreError> {
    if !exists(c, EXISTS, [site.0])? {
        return Ok(SettingsOutcome::UnknownSite);
    }
    for host in &settings.hosts {
        if exists(c, HOST_TAKEN, (host, site.0))? {
            return Ok(SettingsOutcome::HostTaken);
        }
    }
    let values = params![
        site.0,
        settings.base_url,
        settings.small_rsa_keys,
        settings.key_id_in_answers,
        settings.auth_failure.as_str(),
        settings.retention.status_reports,
        settings.retention.device_events,
        settings.retention.events,
        settings.oauth_only,
        settings.expiry_notices.to_string(),
    ];
    changed(c, SET_SETTINGS, values)?;
    changed(c, DELETE_HOSTS, [site.0])?;
    for host in &settings.hosts {
        // A host that is named twice is kept once.
        changed(c, INSERT_HOST, (host, site.0))?;
    }
    Ok(SettingsOutcome::Replaced)
}

fn counter(connection: &Connection, sql: &str) -> Result<i64, StoreError> {
    let value = first(connection, sql, [], |row| column(row, 0))?;
    Place { table: "change_counter", row: 1 }.present("value", value)
}

fn site(connection: &Connection, row: &Row<'_>) -> Result<Site, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "sites", row: id };
    let settings = SiteSettings {
        base_url: column(row, 2)?,
        hosts: all(connection, HOSTS, [id], |row| column(row, 0))?,
        small_rsa_keys: column(row, 3)?,
        key_id_in_answers: column(row, 4)?,
        auth_failure: place.present("auth_failure", AuthFailure::parse(&column::<String>(row, 6)?))?,
        retention: Retention {
            status_reports: place.check("status_report_days", u32::try_from(column::<i64>(row, 7)?))?,
            device_events: place.check("device_event_days", u32::try_from(column::<i64>(row, 8)?))?,
            events: place.check("event_days", u32::try_from(column::<i64>(row, 9)?))?,
        },
        oauth_only: column(row, 10)?,
        expiry_notices: place.present("expiry_notices", text(row, 11)?.parse().ok())?,
    };
    let name = place.check("name", SiteName::new(column::<String>(row, 1)?))?;
    Ok(Site { id: SiteId(id), name, settings, generation: Generation(column(row, 5)?) })
}
