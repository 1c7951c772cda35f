//! Settings: built-in values, then `countersign.toml`, then `COUNTERSIGN_*` variables, then flags; the later wins.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use countersign_crypto::Secret;
use countersign_domain::site::{SiteName, clean_base_url};
use countersign_vault::MasterKeySource;
use serde::Deserialize;

/// Name of the file that is read when none is named and it exists.
const DEFAULT_FILE: &str = "countersign.toml";
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
    /// Where the master key is.
    pub master_key: MasterKeySource,
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
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {path} cannot be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("the configuration file {path} has a fault")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where, and which key.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A file with a secret cannot be read.
    #[error("{key}: the file {path} cannot be read")]
    Secret {
        /// The setting or variable.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// A value cannot be used.
    #[error("{key}: {value:?} cannot be used; {hint}")]
    Value {
        /// The setting or variable.
        key: &'static str,
        /// What it says.
        value: String,
        /// What it should look like.
        hint: &'static str,
    },
}

/// The file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    data: Option<PathBuf>,
    database: Option<String>,
    database_file: Option<PathBuf>,
    listen: Option<String>,
    base_url: Option<String>,
    default_site: Option<String>,
    log: Option<LogFormat>,
    master_key_file: Option<PathBuf>,
    master_key_command: Option<Vec<String>>,
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

    fn from_sources(
        file: File,
        variable: &dyn Fn(&str) -> Option<String>,
        flags: Overrides,
    ) -> Result<Self, ConfigError> {
        let listen = match (flags.listen, variable("COUNTERSIGN_LISTEN").or(file.listen)) {
            (Some(address), _) => address,
            (None, Some(text)) => address(text)?,
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
        let database = database(variable, file.database, file.database_file)?;
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
        Ok(Self { data, listen, base_url, default_site, database, log, master_key })
    }

    /// The base URL for an address that was bound, unless one is configured.
    pub(crate) fn base_url_for(&self, bound: SocketAddr) -> String {
        self.base_url.clone().unwrap_or_else(|| {
            if bound.ip().is_unspecified() {
                format!("http://localhost:{}", bound.port())
            } else {
                format!("http://{bound}")
            }
        })
    }
}

/// The connection string: a variable wins over the file, and in both the string itself over a file that holds it.
fn database(
    variable: &dyn Fn(&str) -> Option<String>,
    text: Option<String>,
    path: Option<PathBuf>,
) -> Result<Option<Secret<String>>, ConfigError> {
    let read = |key, path: PathBuf| match std::fs::read_to_string(&path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(source) => Err(ConfigError::Secret { key, path, source }),
    };
    let found = if let Some(text) = variable("COUNTERSIGN_DATABASE_URL") {
        Some(text)
    } else if let Some(path) = variable("COUNTERSIGN_DATABASE_URL_FILE") {
        Some(read("COUNTERSIGN_DATABASE_URL_FILE", PathBuf::from(path))?)
    } else if let Some(text) = text {
        Some(text)
    } else {
        path.map(|path| read("database_file", path)).transpose()?
    };
    Ok(found.map(Secret::new))
}

fn read_file(named: Option<&Path>) -> Result<File, ConfigError> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    match std::fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text)
            .map_err(|source| ConfigError::Syntax { path: path.to_owned(), source: Box::new(source) }),
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(File::default()),
        Err(source) => Err(ConfigError::Read { path: path.to_owned(), source }),
    }
}

fn address(text: String) -> Result<SocketAddr, ConfigError> {
    text.parse().map_err(|_| ConfigError::Value {
        key: "listen",
        value: text,
        hint: "write an address and a port, like 127.0.0.1:8080",
    })
}

fn value(key: &'static str, value: &str, hint: &'static str) -> ConfigError {
    ConfigError::Value { key, value: value.to_owned(), hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, variables: &[(&str, &str)], flags: Overrides) -> Result<Config, ConfigError> {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Config::from_sources(toml::from_str(file).unwrap(), &variable, flags)
    }

    #[test]
    fn flags_win_over_variables_and_variables_over_the_file() {
        let file =
            "listen = \"127.0.0.1:1\"\nbase_url = \"https://file.test/\"\ndefault_site = \"file\"\nlog = \"json\"";
        let variables = [("COUNTERSIGN_LISTEN", "127.0.0.1:2"), ("COUNTERSIGN_DEFAULT_SITE", "variable")];
        let flags = Overrides { default_site: Some("flag".to_owned()), ..Overrides::default() };
        let config = load(file, &variables, flags).unwrap();
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.base_url.as_deref(), Some("https://file.test"));
        assert_eq!(config.default_site.as_ref().map(SiteName::as_str), Some("flag"));
        assert_eq!(config.log, LogFormat::Json);
    }

    #[test]
    fn without_settings_it_listens_on_loopback_and_keeps_its_key_beside_the_store() {
        let config = load("", &[], Overrides::default()).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert!(
            matches!(config.master_key, MasterKeySource::File(path) if path == Path::new("countersign-data/master.key"))
        );
    }

    #[test]
    fn the_database_is_embedded_unless_one_is_named() {
        let database = |file: &str, variables: &[_]| load(file, variables, Overrides::default()).unwrap().database;
        assert!(database("", &[]).is_none());
        let file = "database = \"postgres://file/\"";
        assert_eq!(database(file, &[]).unwrap().expose(), "postgres://file/");
        let variable = ("COUNTERSIGN_DATABASE_URL", "postgres://variable/");
        assert_eq!(database(file, &[variable]).unwrap().expose(), "postgres://variable/");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("database-url");
        std::fs::write(&path, "postgres://secret/\n").unwrap();
        let from_file = [("COUNTERSIGN_DATABASE_URL_FILE", path.to_str().unwrap())];
        assert_eq!(database(file, &from_file).unwrap().expose(), "postgres://secret/");
    }

    #[test]
    fn faults_name_the_setting() {
        let fault =
            |file, variables: &[_]| load(file, variables, Overrides::default()).err().map(|error| error.to_string());
        assert!(fault("", &[("COUNTERSIGN_LISTEN", "8080")]).unwrap().starts_with("listen: \"8080\""));
        assert!(fault("base_url = \"updates\"", &[]).unwrap().starts_with("base_url: \"updates\""));
        assert!(fault("", &[("COUNTERSIGN_LOG_FORMAT", "xml")]).unwrap().starts_with("COUNTERSIGN_LOG_FORMAT"));
        assert!(fault("database_file = \"/nowhere\"", &[]).unwrap().starts_with("database_file: "));
        assert!(toml::from_str::<File>("lisen = \"x\"").err().unwrap().to_string().contains("lisen"));
    }
}
