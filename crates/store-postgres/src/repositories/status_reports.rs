//! How updates go on devices.

use async_trait::async_trait;
use countersign_domain::device::{DeviceClass, DeviceIdentity, Language};
use countersign_domain::ids::{DeviceId, SiteId, StatusReportId};
use countersign_domain::report::{KeptStatusReport, StatusReport};
use countersign_domain::text::UpdateId;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{NewStatusReport, Page, StatusReportFilter, StatusReports};
use tokio_postgres::Row;

use crate::connection::Value;
use crate::rows::{Place, column, time};
use crate::transaction::PgTx;

/// Reports as [`status_report`] reads them.
macro_rules! select_reports {
    ($which:literal) => {
        concat!(
            "select r.id, r.device, r.class, coalesce(d.host_id, r.host_id), coalesce(d.id_type, r.id_type),
                coalesce(d.publisher, r.publisher), r.update_id, r.update_name, r.package_id, r.platform, r.language,
                r.code, r.reason, r.reported_at, r.received_at
            from status_reports r left join devices d on d.id = r.device ",
            $which
        )
    };
}

const INSERT: &str = "insert into status_reports (site, device, class, host_id, id_type, publisher, update_id,
    update_name, package_id, platform, language, code, reason, reported_at, received_at, fold)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
    on conflict (site, fold) do update set device = excluded.device, host_id = null, id_type = null, publisher = null
    where status_reports.device is null and excluded.device is not null";
const LIST: &str = select_reports!("where r.site = $1 and r.id > $2 order by r.id limit $3");
const LIST_OF_DEVICE: &str =
    select_reports!("where r.site = $1 and r.id > $2 and r.device = $4 order by r.id limit $3");
const LIST_UNREGISTERED: &str =
    select_reports!("where r.site = $1 and r.id > $2 and r.device is null order by r.id limit $3");
/// Several nodes remove at the same time. Each skips what another one has in hand, so none waits. The rows are chosen
/// once, as an array: a plain `in (select …)` may be run several times, and then chooses other rows each time.
const DELETE_BEFORE: &str = "delete from status_reports where received_at < $2 and id = any(array(
    select id from status_reports where site = $1 order by id limit $3 for update skip locked))";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[INSERT, LIST, LIST_OF_DEVICE, LIST_UNREGISTERED, DELETE_BEFORE];

#[async_trait]
impl StatusReports for PgTx<'_> {
    async fn insert(&mut self, site: SiteId, new: &NewStatusReport, now: Timestamp) -> Result<bool, StoreError> {
        let report = &new.report;
        // The identity of a known device stands in its own row.
        let identity = report.identity.as_ref().filter(|_| new.device.is_none());
        let values: [Value<'_>; 16] = [
            &site.0,
            &new.device.map(|device| device.0),
            &report.class.as_str(),
            &identity.map(|identity| &identity.id),
            &identity.map(|identity| &identity.id_type),
            &identity.map(|identity| &identity.publisher_name),
            &report.update.as_str(),
            &report.update_name,
            &report.package,
            &report.platform,
            &i64::from(report.language.0),
            &report.code,
            &report.reason,
            &report.reported_at.unwrap_or(now).as_millis(),
            &now.as_millis(),
            &new.fold.as_ref().map(|fold| &fold[..]),
        ];
        Ok(self.changed(INSERT, &values).await? == 1)
    }

    async fn list(
        &mut self,
        site: SiteId,
        filter: StatusReportFilter,
        page: Page,
    ) -> Result<Vec<KeptStatusReport>, StoreError> {
        let limit = i64::from(page.limit);
        match filter {
            StatusReportFilter::All => self.all(LIST, &[&site.0, &page.after, &limit], status_report).await,
            StatusReportFilter::Of(device) => {
                self.all(LIST_OF_DEVICE, &[&site.0, &page.after, &limit, &device.0], status_report).await
            }
            StatusReportFilter::Unregistered => {
                self.all(LIST_UNREGISTERED, &[&site.0, &page.after, &limit], status_report).await
            }
        }
    }

    async fn delete_before(&mut self, site: SiteId, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.changed(DELETE_BEFORE, &[&site.0, &before.as_millis(), &i64::from(limit)]).await
    }
}

fn status_report(row: &Row) -> Result<KeptStatusReport, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "status_reports", row: id };
    let identity = match (column(row, 3)?, column(row, 4)?, column(row, 5)?) {
        (Some(id), Some(id_type), Some(publisher_name)) => Some(DeviceIdentity { id, id_type, publisher_name }),
        (None, None, None) => None,
        _ => return place.present("host_id", None),
    };
    Ok(KeptStatusReport {
        id: StatusReportId(id),
        device: column::<Option<i64>>(row, 1)?.map(DeviceId),
        report: StatusReport {
            class: place.present("class", DeviceClass::parse(&column::<String>(row, 2)?))?,
            identity,
            update: place.check("update_id", UpdateId::new(column::<String>(row, 6)?))?,
            update_name: column(row, 7)?,
            package: column(row, 8)?,
            platform: column(row, 9)?,
            language: Language(place.check("language", u32::try_from(column::<i64>(row, 10)?))?),
            code: column(row, 11)?,
            reason: column(row, 12)?,
            reported_at: Some(time(column(row, 13)?)),
        },
        received_at: time(column(row, 14)?),
    })
}
