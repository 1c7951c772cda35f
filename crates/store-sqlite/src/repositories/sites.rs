//! Sites, their hosts, and the change counter.

use async_trait::async_trait;
use countersign_domain::ids::{Generation, SiteId};
use countersign_domain::site::{Site, SiteName, SiteSettings};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::Sites;
use rusqlite::{Connection, Row};

use crate::rows::{Place, all, changed, column, first, inserted};
use crate::transaction::SqliteTx;

const INSERT: &str = "insert into sites (name, base_url, small_rsa_keys, key_id_in_answers, generation, created_at)
    values (?1, ?2, ?3, ?4, 0, ?5) on conflict do nothing returning id";
const INSERT_HOST: &str = "insert into site_hosts (host, site) values (?1, ?2) on conflict do nothing";
const DELETE_HOSTS: &str = "delete from site_hosts where site = ?1";
const DELETE: &str = "delete from sites where id = ?1";
const FIND: &str =
    "select id, name, base_url, small_rsa_keys, key_id_in_answers, generation from sites where name = ?1";
const LIST: &str = "select id, name, base_url, small_rsa_keys, key_id_in_answers, generation from sites order by name";
const HOSTS: &str = "select host from site_hosts where site = ?1 order by host";
const GENERATION: &str = "select value from change_counter where id = 1";
const COUNT: &str = "update change_counter set value = value + 1 where id = 1 returning value";
const TOUCH: &str = "update sites set generation = ?2 where id = ?1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] =
    &[INSERT, INSERT_HOST, DELETE_HOSTS, DELETE, FIND, LIST, HOSTS, GENERATION, COUNT, TOUCH];

#[async_trait]
impl Sites for SqliteTx<'_> {
    async fn insert(
        &mut self,
        name: &SiteName,
        settings: &SiteSettings,
        now: Timestamp,
    ) -> Result<Option<SiteId>, StoreError> {
        self.attempt(|c| {
            let flags = (settings.small_rsa_keys, settings.key_id_in_answers);
            let values = (name.as_str(), &settings.base_url, flags.0, flags.1, now.as_millis());
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
    };
    let name = place.check("name", SiteName::new(column::<String>(row, 1)?))?;
    Ok(Site { id: SiteId(id), name, settings, generation: Generation(column(row, 5)?) })
}
