//! Settings: built-in values, then `countersign.toml`, then `COUNTERSIGN_*` variables, then flags; the later wins.

mod error;
mod file;
mod limits;
mod settings;
#[cfg(test)]
mod tests;
mod webhooks;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use countersign_app::RateLimits;
use countersign_app::users::TokenName;
use countersign_crypto::Secret;
use countersign_domain::site::{SiteName, clean_base_url};
use countersign_http_kit::client_address::TrustedProxies;
use countersign_vault::MasterKeySource;
use serde::Deserialize;

use self::error::value;
use self::file::{File, read_file};
use crate::connections::ConnectionLimits;
use crate::tls::TlsFiles;
use crate::webhooks::WebhookRules;

pub use self::error::ConfigError;
pub use self::limits::LimitOverrides;
pub use self::settings::{SETTINGS, Setting};

/// Where the page of metrics is unless something else is said.
const METRICS_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9464);

/// File in the data directory that holds the master key of an embedded store.
const MASTER_KEY_FILE: &str = "master.key";

/// What is in force.
pub struct Config {
    /// Directory of the files, the master key and the embedded store.
    pub data: PathBuf,
    /// Address to listen on.
    pub listen: SocketAddr,
    /// External base URL of sites that have none of their own; `None`: made from the address.
    pub base_url: Option<String>,
    /// The site of requests that name none.
    pub default_site: Option<SiteName>,
    /// Connection string of a PostgreSQL database; `None`: the embedded store in the data directory.
    pub database: Option<Secret<String>>,
    /// Form of log lines.
    pub log: LogFormat,
    /// What is logged, in the directives of `tracing`; `None`: what is usual for the command.
    pub log_level: Option<String>,
    /// Where the master key is.
    pub master_key: MasterKeySource,
    /// Where the page of metrics is.
    pub metrics_listen: MetricsListen,
    /// What connections may cost.
    pub limits: ConnectionLimits,
    /// Largest file of a storage, in bytes.
    pub max_upload_bytes: u64,
    /// How often callers may fail, and how much devices may tell.
    pub rate_limits: RateLimits,
    /// Certificate and key; `None`: the server speaks plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Proxies whose word about their clients is believed.
    pub trusted_proxies: TrustedProxies,
    /// A further member that holds the token of a login at the events door.
    pub events_token_name: Option<TokenName>,
    /// Where webhooks may go.
    pub webhooks: WebhookRules,
}

/// Where the page of metrics is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsListen {
    /// At an address that was configured; the server does not start without it.
    At(SocketAddr),
    /// At the built-in address, if nobody else has it.
    IfFree(SocketAddr),
    /// Nowhere.
    Off,
}

/// Form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// Lines for people.
    #[default]
    Text,
}

/// What flags say; it wins over everything else.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Directory of the embedded store.
    pub data: Option<PathBuf>,
    /// Address to listen on.
    pub listen: Option<SocketAddr>,
    /// External base URL.
    pub base_url: Option<String>,
    /// Default site.
    pub default_site: Option<String>,
    /// Limits of connections.
    pub limits: LimitOverrides,
    /// Bytes of the largest file of a storage.
    pub max_upload_bytes: Option<u64>,
    /// Address of the page of metrics, or `none`.
    pub metrics_listen: Option<String>,
    /// File of the certificate.
    pub tls_certificate: Option<PathBuf>,
    /// File of its key.
    pub tls_key: Option<PathBuf>,
    /// Trusted proxies, with commas between them.
    pub trusted_proxies: Option<String>,
}

impl Config {
    /// Reads the configuration. A file that is named must exist; `countersign.toml` is read when it exists.
    ///
    /// # Errors
    /// [`ConfigError`] names the setting and says what it should look like.
    pub fn load(file: Option<&Path>, overrides: Overrides) -> Result<Self, ConfigError> {
        Self::from_sources(
            read_file(file)?,
            &|name| std::env::var(name).ok().filter(|value| !value.is_empty()),
            overrides,
        )
    }

    /// What a file alone says; files that it names are not read. For fuzzing.
    #[cfg(fuzzing)]
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        let file = File { database_file: None, ..toml::from_str(text).ok()? };
        Self::from_sources(file, &|_| None, Overrides::default()).ok()
    }

    fn from_sources(
        file: File,
        variable: &dyn Fn(&str) -> Option<String>,
        flags: Overrides,
    ) -> Result<Self, ConfigError> {
        let limits = limits::limits(variable, &flags.limits, &file)?;
        let max_upload_bytes = limits::max_upload_bytes(variable, flags.max_upload_bytes, &file)?;
        let rate_limits = limits::rate_limits(variable, &file)?;
        let webhooks = webhooks::webhook_rules(variable, &file)?;
        let events_token_name = variable("COUNTERSIGN_EVENTS_TOKEN_NAME").or(file.events_token_name);
        let hint = "write a name of letters, digits, _, - and ., such as id_token";
        let events_token_name = events_token_name
            .map(|name| TokenName::new(&name).ok_or_else(|| value("events_token_name", &name, hint)))
            .transpose()?;
        let listen = match (flags.listen, variable("COUNTERSIGN_LISTEN").or(file.listen)) {
            (Some(address), _) => address,
            (None, Some(text)) => address("listen", &text)?,
            (None, None) => SocketAddr::from(([127, 0, 0, 1], 8080)),
        };
        let log = match variable("COUNTERSIGN_LOG_FORMAT").as_deref() {
            Some("json") => LogFormat::Json,
            Some("text") => LogFormat::Text,
            Some(other) => return Err(value("COUNTERSIGN_LOG_FORMAT", other, "write text or json")),
            None => file.log.unwrap_or_default(),
        };
        let base_url = flags.base_url.or_else(|| variable("COUNTERSIGN_BASE_URL")).or(file.base_url);
        let hint = "write a URL like https://updates.example.com";
        let base_url =
            base_url.map(|url| clean_base_url(&url).ok_or_else(|| value("base_url", &url, hint))).transpose()?;
        let data = flags.data.or_else(|| variable("COUNTERSIGN_DATA").map(PathBuf::from)).or(file.data);
        let data = data.unwrap_or_else(|| PathBuf::from("countersign-data"));
        let names = ["COUNTERSIGN_DATABASE_URL", "COUNTERSIGN_DATABASE_URL_FILE", "database_file"];
        let database = secret_text(variable, names, file.database, file.database_file)?;
        let master_key = if let Some(text) = variable("COUNTERSIGN_MASTER_KEY") {
            MasterKeySource::Text(Secret::new(text))
        } else if let Some(path) = variable("COUNTERSIGN_MASTER_KEY_FILE").map(PathBuf::from).or(file.master_key_file) {
            MasterKeySource::File(path)
        } else if let Some(words) = file.master_key_command {
            MasterKeySource::Command(words)
        } else {
            MasterKeySource::File(data.join(MASTER_KEY_FILE))
        };
        let default_site = flags.default_site.or_else(|| variable("COUNTERSIGN_DEFAULT_SITE")).or(file.default_site);
        let hint = "write the name of a site, as `countersign site list` shows it";
        let default_site =
            default_site.map(|name| SiteName::new(&*name).map_err(|_| value("default_site", &name, hint)));
        let default_site = default_site.transpose()?;
        let metrics = flags.metrics_listen.or_else(|| variable("COUNTERSIGN_METRICS_LISTEN")).or(file.metrics_listen);
        Ok(Self {
            limits,
            max_upload_bytes,
            rate_limits,
            metrics_listen: metrics_listen(metrics.as_deref())?,
            tls: tls(
                flags
                    .tls_certificate
                    .or_else(|| variable("COUNTERSIGN_TLS_CERTIFICATE").map(PathBuf::from))
                    .or(file.tls_certificate),
                flags.tls_key.or_else(|| variable("COUNTERSIGN_TLS_KEY").map(PathBuf::from)).or(file.tls_key),
            )?,
            trusted_proxies: trusted_proxies(
                flags
                    .trusted_proxies
                    .or_else(|| variable("COUNTERSIGN_TRUSTED_PROXIES"))
                    .or_else(|| file.trusted_proxies.map(|networks| networks.join(","))),
            )?,
            data,
            listen,
            base_url,
            default_site,
            database,
            log,
            log_level: file.log_level,
            master_key,
            events_token_name,
            webhooks,
        })
    }

    /// The base URL for an address that was bound, unless one is configured.
    pub(crate) fn base_url_for(&self, bound: SocketAddr) -> String {
        self.base_url.clone().unwrap_or_else(|| {
            let scheme = if self.tls.is_some() { "https" } else { "http" };
            if bound.ip().is_unspecified() {
                format!("{scheme}://localhost:{}", bound.port())
            } else {
                format!("{scheme}://{bound}")
            }
        })
    }
}

/// A text that may hold a secret: a variable wins over the file, and in both the text itself over a file that holds it. The
/// names are those of the two variables, and of the key for the file.
fn secret_text(
    variable: &dyn Fn(&str) -> Option<String>,
    [name, name_of_file, key_of_file]: [&'static str; 3],
    text: Option<String>,
    path: Option<PathBuf>,
) -> Result<Option<Secret<String>>, ConfigError> {
    let read = |key, path: PathBuf| match std::fs::read_to_string(&path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(source) => Err(ConfigError::Secret { key, path, source }),
    };
    let found = if let Some(text) = variable(name) {
        Some(text)
    } else if let Some(path) = variable(name_of_file) {
        Some(read(name_of_file, PathBuf::from(path))?)
    } else if let Some(text) = text {
        Some(text)
    } else {
        path.map(|path| read(key_of_file, path)).transpose()?
    };
    Ok(found.map(Secret::new))
}

fn address(key: &'static str, text: &str) -> Result<SocketAddr, ConfigError> {
    text.parse().map_err(|_| value(key, text, "write an address and a port, like 127.0.0.1:8080"))
}

fn metrics_listen(text: Option<&str>) -> Result<MetricsListen, ConfigError> {
    match text {
        None => Ok(MetricsListen::IfFree(METRICS_LISTEN)),
        Some("none") => Ok(MetricsListen::Off),
        Some(text) => Ok(MetricsListen::At(address("metrics_listen", text)?)),
    }
}

/// Certificate and key come together or not at all: half of them is a mistake, and plain HTTP the wrong answer to it.
fn tls(certificate: Option<PathBuf>, key: Option<PathBuf>) -> Result<Option<TlsFiles>, ConfigError> {
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        (Some(path), None) => Err(value("tls_certificate", &path.to_string_lossy(), "name its key with tls_key")),
        (None, Some(path)) => {
            Err(value("tls_key", &path.to_string_lossy(), "name its certificate with tls_certificate"))
        }
    }
}

fn trusted_proxies(text: Option<String>) -> Result<TrustedProxies, ConfigError> {
    let text = text.unwrap_or_default();
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    let hint = "write addresses or networks, like 10.0.0.0/8";
    words.map(|word| word.parse().map_err(|_| value("trusted_proxies", word, hint))).collect()
}
