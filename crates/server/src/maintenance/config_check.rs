//! Which settings are in force, and where each comes from.

mod origins;

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use countersign_vault::MasterKeySource;

use self::origins::Sources;
use crate::Config;
use crate::config::{LogFormat, MetricsListen, SETTINGS, Setting};

pub use self::origins::Origin;

/// A setting, and what it is.
pub struct SettingInForce {
    /// The setting.
    pub setting: &'static Setting,
    /// What it says, without secrets. `None`: nothing is set, and nothing is built in.
    pub value: Option<String>,
    /// Where that comes from.
    pub origin: Origin,
}

/// Looks at all settings. `file` and `data` are what the options of the command say.
///
/// # Errors
/// Which setting or variable is unknown, cannot be used, or contradicts another one.
pub fn check_config(config: &Config, file: Option<&Path>, data: Option<&Path>) -> Result<Vec<SettingInForce>> {
    let sources = Sources::read(file, data)?;
    sources.ensure_known()?;
    sources.ensure_one_of(&["database", "database_file"])?;
    sources.ensure_one_of(&["webhook_proxy", "webhook_proxy_file"])?;
    sources.ensure_one_of(&["master_key_file", "master_key_command"])?;
    files_are_readable(config)?;
    let in_force = |setting: &'static Setting| {
        let (origin, raw) = sources.find(setting);
        let value = match origin {
            Origin::BuiltIn => built_in(config, setting),
            Origin::File(_) | Origin::Flag(_) | Origin::Variable(_) => raw.map(|raw| redacted(setting, raw)),
        };
        SettingInForce { setting, value, origin }
    };
    Ok(SETTINGS.iter().map(in_force).collect())
}

/// What is in force where nothing is set.
fn built_in(config: &Config, setting: &Setting) -> Option<String> {
    let limits = &config.limits;
    Some(match setting.key? {
        "base_url" => format!("made from the address: {}", config.base_url_for(config.listen)),
        "data" => config.data.display().to_string(),
        "header_timeout" => limits.header_time.as_secs().to_string(),
        "idle_timeout" => limits.idle_time.as_secs().to_string(),
        "listen" => config.listen.to_string(),
        "log" => match config.log {
            LogFormat::Json => "json",
            LogFormat::Text => "text",
        }
        .to_owned(),
        "master_key_file" => match &config.master_key {
            MasterKeySource::File(path) => path.display().to_string(),
            MasterKeySource::Command(_) | MasterKeySource::Text(_) => return None,
        },
        "max_connections" => limits.connections.to_string(),
        "max_connections_per_address" => limits.connections_per_address.to_string(),
        "max_device_events" => config.rate_limits.device_events.to_string(),
        "max_failed_logins" => config.rate_limits.failed_logins.to_string(),
        "max_header_bytes" => limits.header_bytes.to_string(),
        "max_refused_tokens" => config.rate_limits.refused_tokens.to_string(),
        "max_upload_bytes" => config.max_upload_bytes.to_string(),
        "metrics_listen" => match config.metrics_listen {
            MetricsListen::At(address) => address.to_string(),
            MetricsListen::IfFree(address) => format!("{address}, if it is free"),
            MetricsListen::Off => "none".to_owned(),
        },
        "stall_timeout" => limits.stall_time.as_secs().to_string(),
        _ => return None,
    })
}

/// Connection strings may hold a password, and programs may be told one.
fn redacted(setting: &Setting, raw: String) -> String {
    match (setting.key, setting.variable) {
        (Some("database" | "webhook_proxy") | None, _) => "(secret)".to_owned(),
        (Some("master_key_command"), _) => {
            let program = raw.split_whitespace().next().unwrap_or_default();
            format!("{program} (arguments are not shown)")
        }
        _ => raw,
    }
}

fn files_are_readable(config: &Config) -> Result<()> {
    let readable = |key: &str, path: &Path| {
        std::fs::File::open(path)
            .map(drop)
            .with_context(|| format!("{key}: the file {} cannot be read", path.display()))
    };
    if let Some(tls) = &config.tls {
        readable("tls_certificate", &tls.certificate)?;
        readable("tls_key", &tls.key)?;
    }
    match &config.master_key {
        // The key beside a new store is made when it is first used.
        MasterKeySource::File(path) if !path.starts_with(&config.data) || path.exists() => {
            readable("master_key_file", path)?;
        }
        MasterKeySource::Command(words) => {
            ensure!(!words.is_empty(), "master_key_command: write a program and its arguments");
        }
        MasterKeySource::File(_) | MasterKeySource::Text(_) => {}
    }
    if let (Some(url), Some(_)) = (&config.base_url, &config.tls)
        && url.starts_with("http://")
    {
        bail!("base_url is {url}, and the server speaks TLS: write https://");
    }
    Ok(())
}
