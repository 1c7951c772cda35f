//! Sites, their hosts, and the change counter.

use std::collections::BTreeSet;

use async_trait::async_trait;
use countersign_domain::ids::{Generation, SiteId};
use countersign_domain::site::{AuthFailure, Retention, Site, SiteName, SiteSettings};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{SettingsOutcome, Sites};
use tokio_postgres::Row;

use crate::connection::Value;
use crate::rows::{Place, column};
use crate::transaction::PgTx;

const INSERT: &str = "insert into sites (name, base_url, small_rsa_keys, key_id_in_answers, auth_failure,
    status_report_days, device_event_days, event_days, generation, created_at, oauth_only, expiry_notices)
    values ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11) on conflict do nothing returning id";
const INSERT_HOST: &str = "insert into site_hosts (host, site) values ($1, $2) on conflict do nothing";
const DELETE_HOSTS: &str = "delete from site_hosts where site = $1";
const DELETE: &str = "delete from sites where id = $1";
const FIND: &str = "select id, name, base_url, small_rsa_keys, key_id_in_answers, auth_failure, status_report_days,
    device_event_days, event_days, generation,
    array(select host from site_hosts h where h.site = s.id order by host), oauth_only, expiry_notices from sites s where name = $1";
const LIST: &str = "select id, name, base_url, small_rsa_keys, key_id_in_answers, auth_failure, status_report_days,
    device_event_days, event_days, generation,
    array(select host from site_hosts h where h.site = s.id order by host), oauth_only, expiry_notices from sites s order by name";
const LOCK: &str = "select id from sites where id = $1 for no key update";
const HOSTS: &str = "select host from site_hosts where site = $1";
const DELETE_HOST: &str = "delete from site_hosts where host = $1 and site = $2";
const SET_SETTINGS: &str = "update sites set base_url = $2, small_rsa_keys = $3, key_id_in_answers = $4,
    auth_failure = $5, status_report_days = $6, device_event_days = $7, event_days = $8,
    oauth_only = $9, expiry_notices = $10 where id = $1";
const GENERATION: &str = "select value from change_counter where id = 1";
const LOCK_COUNTER: &str = "select value from change_counter where id = 1 for update";
const COUNT: &str = "update change_counter set value = value + 1 where id = 1 returning value";
const TOUCH: &str = "update sites set generation = $2 where id = $1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT,
    INSERT_HOST,
    DELETE_HOSTS,
    DELETE,
    FIND,
    LIST,
    LOCK,
    HOSTS,
    DELETE_HOST,
    SET_SETTINGS,
    GENERATION,
    LOCK_COUNTER,
    COUNT,
    TOUCH,
];

#[async_trait]
impl Sites for PgTx<'_> {
    async fn insert(
        &mut self,
        name: &SiteName,
        settings: &SiteSettings,
        now: Timestamp,
    ) -> Result<Option<SiteId>, StoreError> {
        // The counter first, as in every unit that changes something: hosts are waited for after it.
        self.rows(LOCK_COUNTER, &[]).await?;
        let retention = settings.retention;
        let values: [Value<'_>; 11] = [
            &name.as_str(),
            &settings.base_url,
            &settings.small_rsa_keys,
            &settings.key_id_in_answers,
            &settings.auth_failure.as_str(),
            &i64::from(retention.status_reports),
            &i64::from(retention.device_events),
            &i64::from(retention.events),
            &now.as_millis(),
            &settings.oauth_only,
            &settings.expiry_notices.to_string(),
        ];
        let inserted = self.inserted(INSERT, &values).await?;
        let Some(id) = inserted else { return Ok(None) };
        // In one order in every unit, so that two that want the same hosts cannot wait for each other.
        let mut hosts: Vec<&String> = settings.hosts.iter().collect();
        hosts.sort_unstable();
        for host in hosts {
            if self.changed(INSERT_HOST, &[host, &id]).await? == 0 {
                // Leave nothing behind: the caller may go on with the transaction.
                self.changed(DELETE_HOSTS, &[&id]).await?;
                self.changed(DELETE, &[&id]).await?;
                return Ok(None);
            }
        }
        Ok(Some(SiteId(id)))
    }

    async fn find(&mut self, name: &SiteName) -> Result<Option<Site>, StoreError> {
        self.first(FIND, &[&name.as_str()], site).await
    }

    async fn list(&mut self) -> Result<Vec<Site>, StoreError> {
        self.all(LIST, &[], site).await
    }

    async fn set_settings(&mut self, site: SiteId, settings: &SiteSettings) -> Result<SettingsOutcome, StoreError> {
        if self.rows(LOCK, &[&site.0]).await?.is_empty() {
            return Ok(SettingsOutcome::UnknownSite);
        }
        let wanted: BTreeSet<String> = settings.hosts.iter().cloned().collect();
        let Some(unwanted) = self.take_hosts(site, &wanted).await? else { return Ok(SettingsOutcome::HostTaken) };
        for host in &unwanted {
            self.changed(DELETE_HOST, &[host, &site.0]).await?;
        }
        let retention = settings.retention;
        let values: [Value<'_>; 10] = [
            &site.0,
            &settings.base_url,
            &settings.small_rsa_keys,
            &settings.key_id_in_answers,
            &settings.auth_failure.as_str(),
            &i64::from(retention.status_reports),
            &i64::from(retention.device_events),
            &i64::from(retention.events),
            &settings.oauth_only,
            &settings.expiry_notices.to_string(),
        ];
        self.changed(SET_SETTINGS, &values).await?;
        Ok(SettingsOutcome::Replaced)
    }

    async fn generation(&mut self) -> Result<Generation, StoreError> {
        let value = self.first(GENERATION, &[], |row| column(row, 0)).await?;
        self.counted(value)
    }

    /// The counter's row stays locked until the unit ends, and with it every other unit that changes something, of
    /// whichever site. That is what makes the counter tell the truth: with a lock for each site, a unit could commit
    /// number 8 while number 7 is still under way, and whoever has read 8 would take 7 for known. Changes are made by
    /// people and pipelines; thousands in a second would ask for another way.
    async fn touch(&mut self, site: SiteId) -> Result<Generation, StoreError> {
        let value = self.first(COUNT, &[], |row| column(row, 0)).await?;
        let value = self.counted(value)?;
        self.changed(TOUCH, &[&site.0, &value.0]).await?;
        Ok(value)
    }
}

impl PgTx<'_> {
    /// Gives a site the hosts that it lacks, and tells which of its own are not wanted any more. `None`: one belongs to
    /// another site; nothing was changed.
    async fn take_hosts(&mut self, site: SiteId, wanted: &BTreeSet<String>) -> Result<Option<Vec<String>>, StoreError> {
        let had: BTreeSet<String> = self.all(HOSTS, &[&site.0], |row| column(row, 0)).await?.into_iter().collect();
        let mut taken: Vec<&String> = Vec::new();
        // In one order in every unit, as in `insert`.
        for host in wanted.difference(&had) {
            if self.changed(INSERT_HOST, &[host, &site.0]).await? == 0 {
                for host in taken {
                    self.changed(DELETE_HOST, &[host, &site.0]).await?;
                }
                return Ok(None);
            }
            taken.push(host);
        }
        Ok(Some(had.difference(wanted).cloned().collect()))
    }

    fn counted(&mut self, value: Option<i64>) -> Result<Generation, StoreError> {
        self.check(Place { table: "change_counter", row: 1 }.present("value", value).map(Generation))
    }
}

fn site(row: &Row) -> Result<Site, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "sites", row: id };
    let settings = SiteSettings {
        base_url: column(row, 2)?,
        hosts: column(row, 10)?,
        small_rsa_keys: column(row, 3)?,
        key_id_in_answers: column(row, 4)?,
        auth_failure: place.present("auth_failure", AuthFailure::parse(&column::<String>(row, 5)?))?,
        retention: Retention {
            status_reports: days(row, 6, place, "status_report_days")?,
            device_events: days(row, 7, place, "device_event_days")?,
            events: days(row, 8, place, "event_days")?,
        },
        oauth_only: column(row, 11)?,
        expiry_notices: place.present("expiry_notices", column::<String>(row, 12)?.parse().ok())?,
    };
    let name = place.check("name", SiteName::new(column::<String>(row, 1)?))?;
    Ok(Site { id: SiteId(id), name, settings, generation: Generation(column(row, 9)?) })
}

fn days(row: &Row, index: usize, place: Place, name: &'static str) -> Result<u32, StoreError> {
    place.check(name, u32::try_from(column::<i64>(row, index)?))
}
