//! `countersign doctor`: what is wrong with an installation, and what to do about it.

use anyhow::Result;
use clap::Args;
use countersign_server::maintenance::{self, Finding, Level};
use countersign_server::{Overrides, init_logging};
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

Exit status: 0 nothing is wrong; 3 something should be looked at; 4 something is broken; 1 the configuration cannot be read.")]
pub(crate) struct Doctor {
    /// Read all stored bytes and all of the database.
    #[arg(long)]
    deep: bool,
}

impl Doctor {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        let config = options.configuration(Overrides::default())?;
        init_logging(config.log, "error");
        let findings = maintenance::doctor(&config, self.deep).await;
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
