//! `countersign device reports` and `countersign device events`: what devices have told.

use anyhow::{Context as _, Result};
use clap::{Args, value_parser};
use countersign_app::devices::{list_events, list_reports};
use countersign_app::licensing::devices;
use countersign_app::{Ctx, StatusReportFilter};
use countersign_domain::device::DeviceIdentity;
use countersign_domain::ids::{DeviceId, SiteId};
use countersign_domain::report::{KeptDeviceEvent, KeptStatusReport, status_meaning};
use serde_json::{Value, json};

use crate::listing::{self, Extent, Listed};
use crate::options::Options;

/// Which part of a history to list.
#[derive(Args)]
struct Part {
    /// Only of this device, as `countersign device list` shows it.
    device: Option<String>,
    /// Kind of the host ID.
    #[arg(long, default_value = "STRING", requires = "device", value_name = "TYPE")]
    id_type: String,
    /// Publisher that the host ID belongs to.
    #[arg(long, default_value = "", hide_default_value = true, requires = "device", value_name = "NAME")]
    publisher: String,
    /// Row after which the list begins: the last one that you have read.
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "ROW", value_parser = value_parser!(i64).range(0..))]
    after: i64,
    /// Most rows [default: all].
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

/// Which status reports to list.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign device reports PUMP-0077 --publisher acme
  countersign device reports --unregistered")]
pub(crate) struct ListReports {
    #[command(flatten)]
    part: Part,
    /// Only those of devices that were not registered, anonymous ones included.
    #[arg(long, conflicts_with = "device")]
    unregistered: bool,
}

/// Which events to list.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign device events PUMP-0077 --publisher acme")]
pub(crate) struct ListEvents {
    #[command(flatten)]
    part: Part,
}

impl Part {
    fn extent(&self) -> Extent {
        Extent { after: self.after, limit: self.limit }
    }

    /// The device that is named, if one is.
    async fn device(&self, ctx: &Ctx, site: SiteId) -> Result<Option<DeviceId>> {
        let Some(id) = &self.device else { return Ok(None) };
        let (id_type, publisher_name) = (self.id_type.clone(), self.publisher.clone());
        let found = devices::find(ctx, site, DeviceIdentity { id: id.clone(), id_type, publisher_name }).await?;
        let found = found.with_context(|| {
            let Self { id_type, publisher, .. } = self;
            format!("this site has no device {id} of type {id_type} and publisher {publisher:?}; see: countersign device list")
        })?;
        Ok(Some(found.known.device.id))
    }
}

impl ListReports {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        options
            .on_site(async |ctx, site| {
                let filter = match self.part.device(ctx, site.id).await? {
                    Some(device) => StatusReportFilter::Of(device),
                    None if self.unregistered => StatusReportFilter::Unregistered,
                    None => StatusReportFilter::All,
                };
                let read = async |page| Ok(list_reports(ctx, site.id, filter, page).await?);
                listing::print(options.output(), self.part.extent(), read).await
            })
            .await
    }
}

impl ListEvents {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        options
            .on_site(async |ctx, site| {
                let device = self.part.device(ctx, site.id).await?;
                let read = async |page| Ok(list_events(ctx, site.id, device, page).await?);
                listing::print(options.output(), self.part.extent(), read).await
            })
            .await
    }
}

impl Listed<7> for KeptStatusReport {
    const TITLES: [&'static str; 7] = ["ROW", "TIME", "DEVICE", "PUBLISHER", "UPDATE", "STATUS", "REASON"];
    const EMPTY: &'static str = "There is no status report.";

    fn position(&self) -> i64 {
        self.id.0
    }

    fn document(&self) -> Value {
        let said = &self.report;
        json!({
            "row": self.id.0,
            "registered": self.device.is_some(),
            "class": said.class.as_str(),
            "id": said.identity.as_ref().map(|identity| &identity.id),
            "id_type": said.identity.as_ref().map(|identity| &identity.id_type),
            "publisher": said.identity.as_ref().map(|identity| &identity.publisher_name),
            "update": said.update.as_str(),
            "update_name": said.update_name,
            "package": said.package,
            "platform": said.platform,
            "language": said.language.0,
            "status": said.code,
            "meaning": status_meaning(said.code),
            "reason": said.reason,
            "reported_at": said.reported_at.map(|time| time.to_string()),
            "received_at": self.received_at.to_string(),
        })
    }

    fn row(&self) -> [String; 7] {
        let said = &self.report;
        let (id, publisher) = match &said.identity {
            Some(identity) => (identity.id.clone(), identity.publisher_name.clone()),
            None => ("anonymous".to_owned(), String::new()),
        };
        let status = status_meaning(said.code).map_or_else(|| format!("status {}", said.code), str::to_owned);
        let time = said.reported_at.unwrap_or(self.received_at).to_string();
        [self.id.to_string(), time, id, publisher, said.update.to_string(), status, said.reason.clone()]
    }
}

impl Listed<7> for KeptDeviceEvent {
    const TITLES: [&'static str; 7] = ["ROW", "TIME", "DEVICE", "PUBLISHER", "GROUP", "EVENT", "VALUE"];
    const EMPTY: &'static str = "There is no event.";

    fn position(&self) -> i64 {
        self.id.0
    }

    fn document(&self) -> Value {
        let said = &self.event;
        json!({
            "row": self.id.0,
            "id": self.identity.id,
            "id_type": self.identity.id_type,
            "publisher": self.identity.publisher_name,
            "name": said.name,
            "group": said.group,
            "value": said.value,
            "package": said.package,
            "update": said.update,
            "update_name": said.update_name,
            "platform": said.platform,
            "language": said.language.0,
            "reported_at": said.reported_at.map(|time| time.to_string()),
            "received_at": self.received_at.to_string(),
        })
    }

    fn row(&self) -> [String; 7] {
        let said = &self.event;
        let time = said.reported_at.unwrap_or(self.received_at).to_string();
        let DeviceIdentity { id, publisher_name, .. } = self.identity.clone();
        [self.id.to_string(), time, id, publisher_name, said.group.clone(), said.name.clone(), said.value.clone()]
    }
}
