//! How updates go on devices.

use async_trait::async_trait;
use countersign_domain::device::{DeviceClass, Language};
use countersign_domain::ids::{DeviceId, SiteId, StatusReportId};
use countersign_domain::report::{KeptStatusReport, StatusReport};
use countersign_domain::text::UpdateId;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{NewStatusReport, Page, StatusReportFilter, StatusReports};
use rusqlite::{Row, params};

use super::devices::identity;
use crate::rows::{Place, all, changed, column, removed, time};
use crate::transaction::SqliteTx;

/// A statement that reads status reports `r` with who reported; the rest is its condition. A device that the site knows
/// tells its identity itself.
macro_rules! select_reports {
    ($rest:literal) => {
        concat!(
            "select r.id, r.device, r.class, coalesce(d.host_id, r.host_id), coalesce(d.id_type, r.id_type),
            coalesce(d.publisher, r.publisher), r.update_id, r.update_name, r.package_id, r.platform, r.language,
            r.code, r.reason, r.reported_at, r.received_at from status_reports r left join devices d on d.id = r.device ",
            $rest
        )
    };
}

const INSERT: &str =
    "insert into status_reports (site, device, class, host_id, id_type, publisher, update_id, update_name,
    package_id, platform, language, code, reason, reported_at, received_at, fold)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
    on conflict (site, fold) do update set device = excluded.device, host_id = null, id_type = null, publisher = null
    where status_reports.device is null and excluded.device is not null";
const LIST: &str = select_reports!("where r.site = ?1 and r.id > ?2 order by r.id limit ?3");
// The plus keeps the index on the site, whose reports are many, out of the choice.
const LIST_OF_DEVICE: &str =
    select_reports!("where +r.site = ?1 and r.device = ?4 and r.id > ?2 order by r.id limit ?3");
const LIST_UNREGISTERED: &str =
    select_reports!("where r.site = ?1 and r.device is null and r.id > ?2 order by r.id limit ?3");
const DELETE_BEFORE: &str = "delete from status_reports where received_at < ?2 and id in
    (select id from status_reports where site = ?1 order by id limit ?3)";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, LIST, LIST_OF_DEVICE, LIST_UNREGISTERED, DELETE_BEFORE];

#[async_trait]
impl StatusReports for SqliteTx<'_> {
    async fn insert(&mut self, site: SiteId, report: &NewStatusReport, now: Timestamp) -> Result<bool, StoreError> {
        let NewStatusReport { device, report, fold } = report;
        let identity = report.identity.as_ref().filter(|_| device.is_none());
        let values = params![
            site.0,
            device.map(|device| device.0),
            report.class.as_str(),
            identity.map(|identity| &identity.id),
            identity.map(|identity| &identity.id_type),
            identity.map(|identity| &identity.publisher_name),
            report.update.as_str(),
            report.update_name,
            report.package,
            report.platform,
            report.language.0,
            report.code,
            report.reason,
            report.reported_at.unwrap_or(now).as_millis(),
            now.as_millis(),
            fold,
        ];
        self.attempt(|c| Ok(changed(c, INSERT, values)? == 1))
    }

    async fn list(
        &mut self,
        site: SiteId,
        filter: StatusReportFilter,
        page: Page,
    ) -> Result<Vec<KeptStatusReport>, StoreError> {
        let values = (site.0, page.after, page.limit);
        self.attempt(|c| match filter {
            StatusReportFilter::All => all(c, LIST, values, kept),
            StatusReportFilter::Of(device) => all(c, LIST_OF_DEVICE, (values.0, values.1, values.2, device.0), kept),
            StatusReportFilter::Unregistered => all(c, LIST_UNREGISTERED, values, kept),
        })
    }

    async fn delete_before(&mut self, site: SiteId, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.attempt(|c| removed(c, DELETE_BEFORE, (site.0, before.as_millis(), limit)))
    }
}

fn kept(row: &Row<'_>) -> Result<KeptStatusReport, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "status_reports", row: id };
    let is_named = column::<Option<String>>(row, 3)?.is_some();
    let report = StatusReport {
        class: place.present("class", DeviceClass::parse(&column::<String>(row, 2)?))?,
        identity: is_named.then(|| identity(row, 3)).transpose()?,
        update: place.check("update_id", UpdateId::new(column::<String>(row, 6)?))?,
        update_name: column(row, 7)?,
        package: column(row, 8)?,
        platform: column(row, 9)?,
        language: Language(column(row, 10)?),
        code: column(row, 11)?,
        reason: column(row, 12)?,
        reported_at: Some(time(column(row, 13)?)),
    };
    Ok(KeptStatusReport {
        id: StatusReportId(id),
        device: column::<Option<i64>>(row, 1)?.map(DeviceId),
        report,
        received_at: time(column(row, 14)?),
    })
}
