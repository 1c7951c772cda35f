//! The configuration file.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{ConfigError, LogFormat};

/// Reads the file that is named, or the usual one if it is there.
pub(super) fn read_file(named: Option<&Path>) -> Result<File, ConfigError> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    match std::fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text)
            .map_err(|source| ConfigError::Syntax { path: path.to_owned(), source: Box::new(source) }),
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(File::default()),
        Err(source) => Err(ConfigError::Read { path: path.to_owned(), source }),
    }
}

/// What `countersign.toml` says.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) base_url: Option<String>,
    pub(super) data: Option<PathBuf>,
    pub(super) database: Option<String>,
    pub(super) database_file: Option<PathBuf>,
    pub(super) default_site: Option<String>,
    pub(super) events_token_name: Option<String>,
    pub(super) header_timeout: Option<u64>,
    pub(super) idle_timeout: Option<u64>,
    pub(super) listen: Option<String>,
    pub(super) log: Option<LogFormat>,
    pub(super) log_level: Option<String>,
    pub(super) master_key_command: Option<Vec<String>>,
    pub(super) master_key_file: Option<PathBuf>,
    pub(super) max_connections: Option<u64>,
    pub(super) max_connections_per_address: Option<u64>,
    pub(super) max_device_events: Option<u64>,
    pub(super) max_failed_logins: Option<u64>,
    pub(super) max_header_bytes: Option<u64>,
    pub(super) max_refused_tokens: Option<u64>,
    pub(super) max_upload_bytes: Option<u64>,
    pub(super) metrics_listen: Option<String>,
    pub(super) stall_timeout: Option<u64>,
    pub(super) tls_certificate: Option<PathBuf>,
    pub(super) tls_key: Option<PathBuf>,
    pub(super) trusted_proxies: Option<Vec<String>>,
    pub(super) webhook_allow: Option<Vec<String>>,
    pub(super) webhook_plain_http: Option<bool>,
    pub(super) webhook_ports: Option<Vec<u16>>,
    pub(super) webhook_proxy: Option<String>,
    pub(super) webhook_proxy_file: Option<PathBuf>,
}

/// Name of the file that is read when none is named and it exists.
const DEFAULT_FILE: &str = "countersign.toml";
