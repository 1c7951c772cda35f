//! `countersign config check`: which settings are in force, and where each comes from.

use anyhow::Result;
use clap::{Args, Subcommand};
use countersign_server::Overrides;
use countersign_server::maintenance::{Origin, SettingInForce, check_config};
use serde_json::{Value, json};

use crate::options::Options;
use crate::table::table;

/// Look at the configuration.
#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every setting with its value and where that comes from; fail when something is wrong.
    Check(CheckConfig),
}

/// Nothing more to say.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign config check
  countersign config check --config /etc/countersign.toml --json

Secrets are not shown. Exit status: 0 the configuration can be used; 1 a key or a variable is unknown, a value cannot be \
used, a file cannot be read, or settings contradict each other: the message says which.

What the flags of `serve` say is not seen here.")]
pub(crate) struct CheckConfig {}

impl ConfigCommand {
    pub(crate) fn run(self, options: &Options) -> Result<()> {
        let Self::Check(CheckConfig {}) = self;
        let config = options.configuration(Overrides::default())?;
        let all = check_config(&config, options.config.as_deref(), options.data.as_deref())?;
        let document = Value::Array(all.iter().map(document).collect());
        options.output().result(&document, || {
            let row = |found: &SettingInForce| {
                [name(found).to_owned(), found.value.clone().unwrap_or_else(|| "-".to_owned()), origin(&found.origin)]
            };
            table(["SETTING", "VALUE", "FROM"], &all.iter().map(row).collect::<Vec<_>>(), "")
        });
        Ok(())
    }
}

/// The key of the file, or the variable of a setting that has no key.
fn name(found: &SettingInForce) -> &'static str {
    found.setting.key.or(found.setting.variable).unwrap_or_default()
}

fn origin(origin: &Origin) -> String {
    match origin {
        Origin::BuiltIn => "built in".to_owned(),
        Origin::File(path) => path.display().to_string(),
        Origin::Flag(flag) => (*flag).to_owned(),
        Origin::Variable(variable) => (*variable).to_owned(),
    }
}

fn document(found: &SettingInForce) -> Value {
    let kind = match &found.origin {
        Origin::BuiltIn => "built-in",
        Origin::File(_) => "file",
        Origin::Flag(_) => "flag",
        Origin::Variable(_) => "variable",
    };
    json!({ "setting": name(found), "value": found.value, "origin": kind, "from": origin(&found.origin) })
}
