//! Why there is no configuration.

use std::path::PathBuf;

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

/// A value that cannot be used.
pub(super) fn value(key: &'static str, value: &str, hint: &'static str) -> ConfigError {
    ConfigError::Value { key, value: value.to_owned(), hint }
}
