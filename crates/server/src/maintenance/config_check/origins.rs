//! Where settings come from: flags, variables, the file, and what is built in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::config::{SETTINGS, Setting};

/// Where the value of a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// From this program.
    BuiltIn,
    /// From a configuration file.
    File(PathBuf),
    /// From a flag of the command.
    Flag(&'static str),
    /// From a variable of the environment.
    Variable(&'static str),
}

/// What the outside says.
pub(super) struct Sources {
    file: Option<PathBuf>,
    table: toml::Table,
    variables: BTreeMap<String, String>,
    data: Option<PathBuf>,
}

impl Sources {
    pub(super) fn read(file: Option<&Path>, data: Option<&Path>) -> Result<Self> {
        let usual = Path::new(USUAL_FILE);
        let file = file.or_else(|| usual.exists().then_some(usual)).map(Path::to_owned);
        let table = match &file {
            Some(path) => {
                let text = std::fs::read_to_string(path);
                let text = text.with_context(|| format!("the configuration file {} cannot be read", path.display()))?;
                text.parse().with_context(|| format!("the configuration file {} has a fault", path.display()))?
            }
            None => toml::Table::new(),
        };
        let ours = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            let (name, value) = (name.into_string().ok()?, value.to_string_lossy().into_owned());
            (name.starts_with(PREFIX) && !value.is_empty()).then_some((name, value))
        };
        let variables = std::env::vars_os().filter_map(ours).collect();
        Ok(Self { file, table, variables, data: data.map(Path::to_owned) })
    }

    /// Refuses a variable that looks like ours and is none: it was misspelled, and what it should say is not in force.
    pub(super) fn ensure_known(&self) -> Result<()> {
        let known = |name: &str| {
            OTHER_VARIABLES.contains(&name) || SETTINGS.iter().any(|setting| setting.variable == Some(name))
        };
        match self.variables.keys().find(|name| !known(name)) {
            Some(name) => bail!("{name} is no setting; see the table of settings in docs/operations.md"),
            None => Ok(()),
        }
    }

    /// Refuses a file that sets several keys of which one can be in force.
    pub(super) fn ensure_one_of(&self, keys: &[&str]) -> Result<()> {
        let set: Vec<&str> = keys.iter().copied().filter(|key| self.table.contains_key(*key)).collect();
        if set.len() > 1 {
            bail!("{} contradict each other; set one of them", set.join(" and "));
        }
        Ok(())
    }

    /// Where a setting comes from, and what is written there.
    pub(super) fn find(&self, setting: &Setting) -> (Origin, Option<String>) {
        if let (Some("data"), Some(flag), Some(data)) = (setting.key, setting.flag, &self.data) {
            return (Origin::Flag(flag), Some(data.display().to_string()));
        }
        if let Some((variable, value)) = setting.variable.and_then(|name| Some((name, self.variables.get(name)?))) {
            return (Origin::Variable(variable), Some(value.clone()));
        }
        if let (Some(file), Some(value)) = (&self.file, setting.key.and_then(|key| self.table.get(key))) {
            return (Origin::File(file.clone()), Some(text(value)));
        }
        (Origin::BuiltIn, None)
    }
}

/// A value as it would be written in a variable.
fn text(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(" "),
        toml::Value::Boolean(yes) => yes.to_string(),
        toml::Value::Datetime(time) => time.to_string(),
        toml::Value::Float(number) => number.to_string(),
        toml::Value::Integer(number) => number.to_string(),
        // No setting is one.
        toml::Value::Table(_) => String::new(),
    }
}

/// The file that is read when none is named and it is there.
const USUAL_FILE: &str = "countersign.toml";
/// How the names of our variables begin.
const PREFIX: &str = "COUNTERSIGN_";
/// Variables that are no settings of the server.
const OTHER_VARIABLES: [&str; 4] =
    ["COUNTERSIGN_DEVICE_TOKEN", "COUNTERSIGN_DOCTOR_ROOM", "COUNTERSIGN_TEST_MEMOS", "COUNTERSIGN_TEST_STORE"];
