//! The list of all settings: what checks, documentation and tests of them go by.

/// A setting and its names.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Key in `countersign.toml`.
    pub key: Option<&'static str>,
    /// Variable of the environment.
    pub variable: Option<&'static str>,
    /// Flag of `countersign serve`, or of every command.
    pub flag: Option<&'static str>,
    /// Whether SIGHUP brings a change into force; else the server must be started again.
    pub reloads: bool,
}

/// All settings.
pub const SETTINGS: &[Setting] = &[
    Setting { key: Some("base_url"), variable: Some("COUNTERSIGN_BASE_URL"), flag: Some("--base-url"), reloads: false },
    Setting { key: Some("data"), variable: Some("COUNTERSIGN_DATA"), flag: Some("--data"), reloads: false },
    Setting { key: Some("database"), variable: Some("COUNTERSIGN_DATABASE_URL"), flag: None, reloads: false },
    Setting { key: Some("database_file"), variable: Some("COUNTERSIGN_DATABASE_URL_FILE"), flag: None, reloads: false },
    Setting {
        key: Some("default_site"),
        variable: Some("COUNTERSIGN_DEFAULT_SITE"),
        flag: Some("--default-site"),
        reloads: false,
    },
    Setting {
        key: Some("events_token_name"),
        variable: Some("COUNTERSIGN_EVENTS_TOKEN_NAME"),
        flag: None,
        reloads: false,
    },
    Setting {
        key: Some("header_timeout"),
        variable: Some("COUNTERSIGN_HEADER_TIMEOUT"),
        flag: Some("--header-timeout"),
        reloads: true,
    },
    Setting {
        key: Some("idle_timeout"),
        variable: Some("COUNTERSIGN_IDLE_TIMEOUT"),
        flag: Some("--idle-timeout"),
        reloads: true,
    },
    Setting { key: Some("listen"), variable: Some("COUNTERSIGN_LISTEN"), flag: Some("--listen"), reloads: false },
    Setting { key: Some("log"), variable: Some("COUNTERSIGN_LOG_FORMAT"), flag: None, reloads: false },
    Setting { key: Some("log_level"), variable: Some("COUNTERSIGN_LOG"), flag: None, reloads: true },
    Setting { key: Some("master_key_command"), variable: None, flag: None, reloads: false },
    Setting { key: Some("master_key_file"), variable: Some("COUNTERSIGN_MASTER_KEY_FILE"), flag: None, reloads: false },
    Setting { key: None, variable: Some("COUNTERSIGN_MASTER_KEY"), flag: None, reloads: false },
    Setting {
        key: Some("max_connections"),
        variable: Some("COUNTERSIGN_MAX_CONNECTIONS"),
        flag: Some("--max-connections"),
        reloads: true,
    },
    Setting {
        key: Some("max_connections_per_address"),
        variable: Some("COUNTERSIGN_MAX_CONNECTIONS_PER_ADDRESS"),
        flag: Some("--max-connections-per-address"),
        reloads: true,
    },
    Setting {
        key: Some("max_device_events"),
        variable: Some("COUNTERSIGN_MAX_DEVICE_EVENTS"),
        flag: None,
        reloads: true,
    },
    Setting {
        key: Some("max_failed_logins"),
        variable: Some("COUNTERSIGN_MAX_FAILED_LOGINS"),
        flag: None,
        reloads: true,
    },
    Setting {
        key: Some("max_header_bytes"),
        variable: Some("COUNTERSIGN_MAX_HEADER_BYTES"),
        flag: Some("--max-header-bytes"),
        reloads: true,
    },
    Setting {
        key: Some("max_refused_tokens"),
        variable: Some("COUNTERSIGN_MAX_REFUSED_TOKENS"),
        flag: None,
        reloads: true,
    },
    Setting {
        key: Some("max_upload_bytes"),
        variable: Some("COUNTERSIGN_MAX_UPLOAD_BYTES"),
        flag: Some("--max-upload-bytes"),
        reloads: true,
    },
    Setting {
        key: Some("metrics_listen"),
        variable: Some("COUNTERSIGN_METRICS_LISTEN"),
        flag: Some("--metrics-listen"),
        reloads: false,
    },
    Setting {
        key: Some("stall_timeout"),
        variable: Some("COUNTERSIGN_STALL_TIMEOUT"),
        flag: Some("--stall-timeout"),
        reloads: true,
    },
    Setting {
        key: Some("tls_certificate"),
        variable: Some("COUNTERSIGN_TLS_CERTIFICATE"),
        flag: Some("--tls-certificate"),
        reloads: true,
    },
    Setting { key: Some("tls_key"), variable: Some("COUNTERSIGN_TLS_KEY"), flag: Some("--tls-key"), reloads: true },
    Setting {
        key: Some("trusted_proxies"),
        variable: Some("COUNTERSIGN_TRUSTED_PROXIES"),
        flag: Some("--trusted-proxies"),
        reloads: true,
    },
    Setting { key: Some("webhook_allow"), variable: Some("COUNTERSIGN_WEBHOOK_ALLOW"), flag: None, reloads: false },
    Setting {
        key: Some("webhook_plain_http"),
        variable: Some("COUNTERSIGN_WEBHOOK_PLAIN_HTTP"),
        flag: None,
        reloads: false,
    },
    Setting { key: Some("webhook_ports"), variable: Some("COUNTERSIGN_WEBHOOK_PORTS"), flag: None, reloads: false },
    Setting { key: Some("webhook_proxy"), variable: Some("COUNTERSIGN_WEBHOOK_PROXY"), flag: None, reloads: false },
    Setting {
        key: Some("webhook_proxy_file"),
        variable: Some("COUNTERSIGN_WEBHOOK_PROXY_FILE"),
        flag: None,
        reloads: false,
    },
];
