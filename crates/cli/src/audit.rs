//! `countersign audit`: who did what.

use anyhow::Result;
use clap::{Args, Subcommand, value_parser};
use countersign_app::trails;
use countersign_domain::audit::AuditEntry;
use serde_json::{Value, json};

use crate::listing::{self, Extent, Listed};
use crate::options::Options;

/// Read the audit trail.
#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// List the entries of the site's audit trail, the newest last.
    List(ListEntries),
}

/// Which entries to list.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign audit list
  countersign audit list --after 1200 --json

Every administrative change makes one entry, in the same step. A license stands there with its ID, never with its key.")]
pub(crate) struct ListEntries {
    /// ID after which the list begins: the last one that you have read.
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "ID", value_parser = value_parser!(i64).range(0..))]
    after: i64,
    /// Most entries [default: all].
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

impl AuditCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        let Self::List(ListEntries { after, limit }) = self;
        options
            .on_site(async |ctx, site| {
                let read = async |page| Ok(trails::list_audit(ctx, site.id, page).await?);
                listing::print(options.output(), Extent { after, limit }, read).await
            })
            .await
    }
}

impl Listed<6> for AuditEntry {
    const TITLES: [&'static str; 6] = ["ID", "TIME", "CHANNEL", "USER", "ACTION", "SUBJECT"];
    const EMPTY: &'static str = "There is no entry.";

    fn position(&self) -> i64 {
        self.id.0
    }

    fn document(&self) -> Value {
        json!({
            "id": self.id.0,
            "at": self.at.to_string(),
            "channel": self.actor.channel.as_str(),
            "user": self.actor.name,
            "action": self.verb,
            "subject": self.subject,
        })
    }

    fn row(&self) -> [String; 6] {
        let channel = self.actor.channel.as_str().to_owned();
        let who = self.actor.name.clone();
        [self.id.to_string(), self.at.to_string(), channel, who, self.verb.clone(), self.subject.clone()]
    }
}
