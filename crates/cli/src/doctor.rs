//! `countersign doctor`: what is wrong with an installation, and what to do about it.

use anyhow::Result;
use clap::Args;
use countersign_app::installation::LoweredTime;
use countersign_server::maintenance::{self, Finding, Level, Look};
use countersign_server::{Config, Overrides, init_logging};
use serde_json::{Value, json};

use crate::options::Options;
use crate::verdict::{BROKEN, TO_DO, Verdict};

/// Look for what is wrong with configuration, files, store, keys and sites, and say what to do.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign doctor
  countersign doctor --deep --json

It looks at: settings that are hardly meant; rights and owners of data directory, store and master key; room on the disk; \
migrations; whether the master key fits; damage in the store; the clock; whether every stored file is there with its size \
(--deep: with its digest); objects and uploads that nothing names; keys of each site; the default site. It changes nothing, \
and works beside a running server.

With --repair-clock it looks at nothing. A store whose machine once had a clock that was ahead never goes back by itself: \
with a clock that is right again, its time stands still until that moment. Stop the server, set the clock, and run it; the \
audit trail says so.

Exit status: 0 nothing is wrong; 3 something should be looked at; 4 something is broken; 1 the configuration cannot be read.")]
pub(crate) struct Doctor {
    /// Read all stored bytes and all of the database.
    #[arg(long)]
    deep: bool,
    /// Warn when less than this is left on the disk of the data directory.
    #[arg(long, value_name = "MIB", default_value_t = 1024, env = "COUNTERSIGN_DOCTOR_ROOM")]
    room: u64,
    /// Look at nothing, and take the time of the embedded store back to what the clock shows, if it is ahead of it.
    #[arg(long, conflicts_with = "deep")]
    repair_clock: bool,
}

impl Doctor {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        let config = options.configuration(Overrides::default())?;
        init_logging(config.log, "error");
        if self.repair_clock {
            return repair_clock(&config, options).await;
        }
        let findings = maintenance::doctor(&config, Look { is_deep: self.deep, room: self.room }).await;
        let document = Value::Array(findings.iter().map(document).collect());
        options.output().result(&document, || text(&findings));
        let count = |level: Level| findings.iter().filter(|finding| finding.level == level).count();
        let (errors, warnings) = (count(Level::Error), count(Level::Warning));
        let status = match (errors, warnings) {
            (0, 0) => return Ok(()),
            (0, _) => TO_DO,
            _ => BROKEN,
        };
        Err(Verdict { sentence: format!("{errors} errors, {warnings} warnings"), status }.into())
    }
}

async fn repair_clock(config: &Config, options: &Options) -> Result<()> {
    let lowered = maintenance::repair_clock(config).await?;
    let document = match &lowered {
        Some(LoweredTime { from, to }) => json!({ "from": from.to_string(), "to": to.to_string() }),
        None => Value::Null,
    };
    options.output().result(&document, || match &lowered {
        Some(LoweredTime { from, to }) => {
            format!("The time of the store was {from}; now it is {to}, as the clock shows.")
        }
        None => "The time of the store is not ahead of the clock. Nothing was changed.".to_owned(),
    });
    Ok(())
}

fn text(findings: &[Finding]) -> String {
    let mut text: Vec<String> = findings.iter().map(line).collect();
    if findings.iter().all(|finding| finding.level == Level::Note) {
        text.push("Nothing is wrong.".to_owned());
    }
    text.join("\n")
}

fn line(Finding { level, check, what, todo }: &Finding) -> String {
    let todo = if todo.is_empty() { String::new() } else { format!("\n  → {todo}") };
    format!("{}: {what} ({check}){todo}", level.as_str())
}

fn document(Finding { level, check, what, todo }: &Finding) -> Value {
    json!({ "level": level.as_str(), "check": check, "what": what, "todo": todo })
}
