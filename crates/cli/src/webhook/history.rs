//! What was sent, what waits, and sending it again.

use anyhow::{Context as _, Result, bail};
use clap::Args;
use countersign_app::webhooks::log;
use countersign_app::webhooks::recovery::{self, Recover};
use countersign_domain::ids::EventId;
use countersign_domain::text::EndpointName;
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{Delivery, DeliveryState, EventFacts};
use serde_json::{Value, json};

use super::find;
use crate::listing::{self, Extent, Listed};
use crate::options::Options;

/// Whose deliveries to list.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign webhook deliveries crm --limit 20")]
pub(crate) struct Deliveries {
    /// Name of the receiver.
    name: EndpointName,
    /// ID of the delivery after which the list begins.
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "ID")]
    after: i64,
    /// Most deliveries to list.
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
}

/// Which events to list.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign webhook events --after 100")]
pub(crate) struct Events {
    /// Number after which the list begins.
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "NUMBER")]
    after: i64,
    /// Most events to list.
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
}

/// What to send again.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign webhook replay crm --event 4711
  countersign webhook replay crm --since 2026-03-01T00:00:00Z --state dead --dry-run")]
pub(crate) struct Replay {
    /// Name of the receiver.
    name: EndpointName,
    /// Only this event, by its ID.
    #[arg(long, value_name = "ID", conflicts_with_all = ["since", "until", "state", "dry_run"])]
    event: Option<i64>,
    /// What was queued from this time on.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// What was queued before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only what has ended so: dead, delivered or cancelled.
    #[arg(long, default_value = "dead", value_name = "STATE")]
    state: DeliveryState,
    /// Only say how many there are.
    #[arg(long)]
    dry_run: bool,
}

impl Deliveries {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let Self { name, after, limit } = self;
        options
            .on_site(async |ctx, site| {
                let endpoint = find(ctx, site.id, &name).await?;
                let read = async |page| Ok(log::list_deliveries(ctx, site.id, endpoint.id, page).await?);
                listing::print(options.output(), Extent { after, limit }, read).await
            })
            .await
    }
}

impl Events {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let Self { after, limit } = self;
        options
            .on_site(async |ctx, site| {
                let read = async |page: countersign_app::Page| {
                    let most = usize::try_from(page.limit).unwrap_or(usize::MAX);
                    Ok(log::list_all(ctx, site.id, page.after, most).await?)
                };
                listing::print(options.output(), Extent { after, limit }, read).await
            })
            .await
    }
}

impl Replay {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let Self { name, event, since, until, state, dry_run } = self;
        if let Some(event) = event {
            let queued = options.on_site(async |ctx, site| {
                let endpoint = find(ctx, site.id, &name).await?;
                let queued = recovery::redeliver(ctx, site.id, EventId(event), endpoint.id).await;
                queued.with_context(|| format!("event {event} is not sent again; see: countersign webhook events"))
            });
            let delivery = queued.await?;
            let document = json!({"event": event, "delivery": delivery.0});
            options.output().done(&document, &format!("Event {event} is queued for {name}; the server sends it."));
            return Ok(());
        }
        let since = moment(since.as_deref())?.unwrap_or(Timestamp::EPOCH);
        let until = moment(until.as_deref())?.unwrap_or(Timestamp::from_millis(i64::MAX));
        let found = options.on_site(async |ctx, site| {
            let endpoint = find(ctx, site.id, &name).await?;
            let recover = Recover { endpoint: endpoint.id, since, until, from: state };
            let count = recovery::count(ctx, site.id, recover).await?;
            let task = if dry_run { None } else { Some(recovery::start(ctx, site.id, recover).await?) };
            Ok((count, task))
        });
        let (count, task) = found.await?;
        let document = json!({"deliveries": count, "task": task.as_ref().map(|task| task.id.0), "dry_run": dry_run});
        let sentence = match task {
            Some(task) => format!("{count} deliveries are sent again (task {}); the server goes on with it.", task.id),
            None => format!("{count} deliveries would be sent again."),
        };
        options.output().done(&document, &sentence);
        Ok(())
    }
}

fn moment(text: Option<&str>) -> Result<Option<Timestamp>> {
    let Some(text) = text else { return Ok(None) };
    match Timestamp::read_tolerantly(text) {
        Some(time) => Ok(Some(time)),
        None => bail!("{text} is no time; write it like 2026-03-01T12:00:00Z"),
    }
}

impl Listed<7> for Delivery {
    const TITLES: [&'static str; 7] = ["ID", "EVENT", "TYPE", "ENTITY", "STATE", "ATTEMPTS", "QUEUED"];
    const EMPTY: &'static str = "Nothing was sent to this receiver yet.";

    fn position(&self) -> i64 {
        self.id.0
    }

    fn document(&self) -> Value {
        json!({
            "id": self.id.0,
            "message_id": self.message_id(),
            "event": self.event.0,
            "sequence": self.sequence,
            "type": self.event_type,
            "entity": self.entity,
            "state": self.state.as_str(),
            "attempts": self.attempts,
            "due_at": (!self.state.is_final()).then(|| self.due_at.to_string()),
            "created_at": self.created_at.to_string(),
            "ended_at": self.ended_at.map(|at| at.to_string()),
        })
    }

    fn row(&self) -> [String; 7] {
        [
            self.id.to_string(),
            self.event.to_string(),
            self.event_type.clone(),
            self.entity.clone(),
            self.state.to_string(),
            self.attempts.to_string(),
            self.created_at.to_string(),
        ]
    }
}

impl Listed<6> for EventFacts {
    const TITLES: [&'static str; 6] = ["NUMBER", "ID", "TYPE", "ENTITY", "BY", "AT"];
    const EMPTY: &'static str = "There is no event yet.";

    fn position(&self) -> i64 {
        self.sequence
    }

    fn document(&self) -> Value {
        json!({
            "sequence": self.sequence,
            "id": self.id.0,
            "type": self.event.type_name(),
            "entity": self.entity().to_string(),
            "channel": self.actor.channel.as_str(),
            "actor": self.actor.name,
            "at": self.at.to_string(),
        })
    }

    fn row(&self) -> [String; 6] {
        let by = if self.actor.name.is_empty() { self.actor.channel.as_str() } else { &self.actor.name };
        [
            self.sequence.to_string(),
            self.id.to_string(),
            self.event.type_name().to_owned(),
            self.entity().to_string(),
            by.to_owned(),
            self.at.to_string(),
        ]
    }
}
