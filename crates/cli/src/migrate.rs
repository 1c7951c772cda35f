//! `countersign migrate`: the schema of the store, brought up to date at a time of one's own choice.

use anyhow::Result;
use clap::Args;
use countersign_server::maintenance::{migrate, migration_state};
use countersign_server::{Overrides, init_logging};
use serde_json::json;

use crate::options::Options;
use crate::verdict::{TO_DO, Verdict};

/// Apply the migrations that the store lacks, and say which they were.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign migrate --check
  countersign migrate

Every command that opens the store migrates it, too; this one says what it does. Migrations go forward only, and all of \
them or none: make a backup before.

Exit status of --check: 0 nothing is missing; 3 something is; 1 the store cannot be read, or a newer program has written it.")]
pub(crate) struct Migrate {
    /// Change nothing, and say whether something is missing.
    #[arg(long)]
    check: bool,
}

impl Migrate {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        let config = options.configuration(Overrides::default())?;
        init_logging(config.log, "warn");
        options.ensure_there(&config)?;
        let state = if self.check { migration_state(&config).await? } else { migrate(&config).await? };
        let names = state.missing.join(", ");
        let (name, sentence) = match (self.check, state.missing.is_empty()) {
            (_, true) => ("missing", format!("The store is up to date: it has all {} migrations.", state.applied)),
            (true, false) => ("missing", format!("The store lacks: {names}. Apply with: countersign migrate")),
            (false, false) => ("applied", format!("Applied: {names}.")),
        };
        let document = json!({ "had": state.applied, name: state.missing });
        if self.check && !state.missing.is_empty() {
            options.output().result(&document, || sentence);
            return Err(Verdict { sentence: "migrations are missing".to_owned(), status: TO_DO }.into());
        }
        options.output().done(&document, &sentence);
        Ok(())
    }
}
