//! Sites, their hosts, and the change counter.

use async_trait::async_trait;
use countersign_domain::ids::{Generation, SiteId};
use countersign_domain::site::{Site, SiteName, SiteSettings};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::Sites;
use tokio_postgres::Row;

use crate::connection::Value;
use crate::rows::{Place, column};
use crate::transaction::PgTx;

const INSERT: &str = "insert into sites (name, base_url, small_rsa_keys, key_id_in_answers, generation, created_at)
    values ($1, $2, $3, $4, 0, $5) on conflict do nothing returning id";
const INSERT_HOST: &str = "insert into site_hosts (host, site) values ($1, $2) on conflict do nothing";
const DELETE_HOSTS: &str = "delete from site_hosts where site = $1";
const DELETE: &str = "delete from sites where id = $1";
const FIND: &str = "select id, name, base_url, small_rsa_keys, key_id_in_answers, generation,
    array(select host from site_hosts h where h.site = s.id order by host) from sites s where name = $1";
const LIST: &str = "select id, name, base_url, small_rsa_keys, key_id_in_answers, generation,
    array(select host from site_hosts h where h.site = s.id order by host) from sites s order by name";
const GENERATION: &str = "select value from change_counter where id = 1";
const COUNT: &str = "update change_counter set value = value + 1 where id = 1 returning value";
const TOUCH: &str = "update sites set generation = $2 where id = $1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, INSERT_HOST, DELETE_HOSTS, DELETE, FIND, LIST, GENERATION, COUNT, TOUCH];

#[async_trait]
impl Sites for PgTx<'_> {
    async fn insert(
        &mut self,
        name: &SiteName,
        settings: &SiteSettings,
        now: Timestamp,
    ) -> Result<Option<SiteId>, StoreError> {
        let flags = (settings.small_rsa_keys, settings.key_id_in_answers);
        let values: [Value<'_>; 5] = [&name.as_str(), &settings.base_url, &flags.0, &flags.1, &now.as_millis()];
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
    fn counted(&mut self, value: Option<i64>) -> Result<Generation, StoreError> {
        self.check(Place { table: "change_counter", row: 1 }.present("value", value).map(Generation))
    }
}

fn site(row: &Row) -> Result<Site, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "sites", row: id };
    let settings = SiteSettings {
        base_url: column(row, 2)?,
        hosts: column(row, 6)?,
        small_rsa_keys: column(row, 3)?,
        key_id_in_answers: column(row, 4)?,
    };
    let name = place.check("name", SiteName::new(column::<String>(row, 1)?))?;
    Ok(Site { id: SiteId(id), name, settings, generation: Generation(column(row, 5)?) })
}
