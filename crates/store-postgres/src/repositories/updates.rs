//! Updates.

use async_trait::async_trait;
use countersign_domain::catalog::release::NewUpdate;
use countersign_domain::catalog::update::{EntitlementCheck, Update, UpdateStatus};
use countersign_domain::ids::{SiteId, UpdateRow};
use countersign_domain::text::{PackageId, UpdateId};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{NewRelease, Updates};
use tokio_postgres::Row;

use super::update_parts::Parts;
use crate::connection::Value;
use crate::rows::{Place, column};
use crate::transaction::PgTx;

const INSERT: &str = "insert into updates (site, update_id, name, description, status, entitlement_check, start_date,
    end_date, command_line, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing returning id";
const FIND: &str =
    "select id, update_id, name, description, status, entitlement_check, start_date, end_date, command_line
    from updates where site = $1 and update_id = $2";
const FIND_WITH_PACKAGE: &str = "select update_id from updates where id = coalesce(
    (select min(\"update\") from update_sources where package = (select id from packages where site = $1 and package_id = $2)),
    (select min(\"update\") from update_targets where package = (select id from packages where site = $1 and package_id = $2)))";
const LIST: &str =
    "select id, update_id, name, description, status, entitlement_check, start_date, end_date, command_line
    from updates where site = $1 order by update_id";
const REPLACE: &str = "update updates set name = $3, description = $4, status = $5, entitlement_check = $6,
    start_date = $7, end_date = $8, command_line = $9 where site = $1 and update_id = $2 returning id";
const LOCK: &str = "select id from updates where site = $1 and update_id = $2 for update";
const DELETE: &str = "delete from updates where id = $1";
const SET_STATUS: &str = "update updates set status = $3 where site = $1 and update_id = $2";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, FIND, FIND_WITH_PACKAGE, LIST, REPLACE, LOCK, DELETE, SET_STATUS];

#[async_trait]
impl Updates for PgTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        release: &NewRelease,
        now: Timestamp,
    ) -> Result<Option<UpdateRow>, StoreError> {
        let Some(id) = self.insert_update(site, &release.update, now).await? else { return Ok(None) };
        self.insert_parts(site, id, release).await?;
        Ok(Some(UpdateRow(id)))
    }

    async fn find(&mut self, site: SiteId, id: &UpdateId) -> Result<Option<Update>, StoreError> {
        let Some(row) = self.rows(FIND, &[&site.0, &id.as_str()]).await?.pop() else { return Ok(None) };
        let id = self.check(column(&row, 0))?;
        let mut parts = self.parts_of(id).await?;
        self.check(update(&row, &mut parts).map(Some))
    }

    async fn find_with_package(&mut self, site: SiteId, package: &PackageId) -> Result<Option<UpdateId>, StoreError> {
        self.first(FIND_WITH_PACKAGE, &[&site.0, &package.as_str()], id).await
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<Update>, StoreError> {
        let mut parts = self.parts_in(site).await?;
        self.all(LIST, &[&site.0], |row| update(row, &mut parts)).await
    }

    async fn replace(&mut self, site: SiteId, release: &NewRelease) -> Result<bool, StoreError> {
        let Some(id) = self.replace_update(site, &release.update).await? else { return Ok(false) };
        self.delete_parts(id).await?;
        self.insert_parts(site, id, release).await?;
        Ok(true)
    }

    async fn delete(&mut self, site: SiteId, id: &UpdateId) -> Result<bool, StoreError> {
        // Locked first, so that two units cannot both have the parts in hand.
        let locked = self.first(LOCK, &[&site.0, &id.as_str()], |row| column::<i64>(row, 0)).await?;
        let Some(id) = locked else { return Ok(false) };
        self.delete_parts(id).await?;
        Ok(self.changed(DELETE, &[&id]).await? == 1)
    }

    async fn set_status(&mut self, site: SiteId, id: &UpdateId, status: UpdateStatus) -> Result<bool, StoreError> {
        Ok(self.changed(SET_STATUS, &[&site.0, &id.as_str(), &status.as_str()]).await? == 1)
    }
}

impl PgTx<'_> {
    /// Writes the row of the update itself.
    async fn insert_update(
        &mut self,
        site: SiteId,
        update: &NewUpdate,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let values: [Value<'_>; 10] = [
            &site.0,
            &update.id.as_str(),
            &update.name,
            &update.description,
            &update.status.as_str(),
            &update.entitlement_check.as_str(),
            &update.start_date.to_string(),
            &update.end_date.map(|end| end.to_string()),
            &update.command_line,
            &now.as_millis(),
        ];
        self.inserted(INSERT, &values).await
    }

    /// Writes the row of an update that exists; its parts stay. `None`: there is none.
    async fn replace_update(&mut self, site: SiteId, update: &NewUpdate) -> Result<Option<i64>, StoreError> {
        let values: [Value<'_>; 9] = [
            &site.0,
            &update.id.as_str(),
            &update.name,
            &update.description,
            &update.status.as_str(),
            &update.entitlement_check.as_str(),
            &update.start_date.to_string(),
            &update.end_date.map(|end| end.to_string()),
            &update.command_line,
        ];
        self.first(REPLACE, &values, |row| column(row, 0)).await
    }
}

fn id(row: &Row) -> Result<UpdateId, StoreError> {
    Place { table: "updates", row: 0 }.check("update_id", UpdateId::new(column::<String>(row, 0)?))
}

/// An update, with its parts taken out of `parts`.
fn update(row: &Row, parts: &mut Parts) -> Result<Update, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "updates", row: id };
    let end_date = column::<Option<String>>(row, 7)?;
    Ok(Update {
        row: UpdateRow(id),
        id: place.check("update_id", UpdateId::new(column::<String>(row, 1)?))?,
        name: column(row, 2)?,
        description: column(row, 3)?,
        status: place.present("status", UpdateStatus::parse(&column::<String>(row, 4)?))?,
        entitlement_check: place.present("entitlement_check", EntitlementCheck::parse(&column::<String>(row, 5)?))?,
        start_date: place.date("start_date", &column::<String>(row, 6)?)?,
        end_date: end_date.map(|text| place.date("end_date", &text)).transpose()?,
        command_line: column(row, 8)?,
        release_from: parts.sources.remove(&id).unwrap_or_default(),
        release_to: parts.targets.remove(&id).unwrap_or_default(),
        languages: parts.languages.remove(&id).unwrap_or_default(),
    })
}
