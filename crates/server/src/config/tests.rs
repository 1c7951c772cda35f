//! Where settings come from, and what is said about those that cannot be used.

use super::*;

fn load(file: &str, variables: &[(&str, &str)], flags: Overrides) -> Result<Config, ConfigError> {
    let variable =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    Config::from_sources(toml::from_str(file).unwrap(), &variable, flags)
}

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let file = "listen = \"127.0.0.1:1\"\nbase_url = \"https://file.test/\"\ndefault_site = \"file\"\nlog = \"json\"";
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

#[test]
fn metrics_are_on_loopback_unless_something_else_is_said() {
    let metrics = |file: &str| load(file, &[], Overrides::default()).unwrap().metrics_listen;
    assert_eq!(metrics(""), MetricsListen::IfFree("127.0.0.1:9464".parse().unwrap()));
    assert_eq!(metrics("metrics_listen = \"none\""), MetricsListen::Off);
    assert_eq!(metrics("metrics_listen = \"[::1]:1\""), MetricsListen::At("[::1]:1".parse().unwrap()));
}

#[test]
fn a_certificate_comes_with_its_key() {
    let config =
        load("tls_certificate = \"c.pem\"", &[("COUNTERSIGN_TLS_KEY", "k.pem")], Overrides::default()).unwrap();
    let files = TlsFiles { certificate: "c.pem".into(), key: "k.pem".into() };
    assert_eq!(config.tls, Some(files));
    assert_eq!(config.base_url_for("192.0.2.1:443".parse().unwrap()), "https://192.0.2.1:443");
    for half in ["tls_certificate = \"c.pem\"", "tls_key = \"k.pem\""] {
        assert!(load(half, &[], Overrides::default()).is_err(), "{half}");
    }
}

#[test]
fn limits_have_a_range() {
    let limits = |file: &str| load(file, &[], Overrides::default()).map(|config| config.limits);
    assert_eq!(limits("").unwrap(), ConnectionLimits::default());
    let changed = limits("max_connections = 7\nidle_timeout = 5").unwrap();
    assert_eq!((changed.connections, changed.idle_time.as_secs()), (7, 5));
    for file in ["max_connections = 0", "header_timeout = 0", "idle_timeout = 86401", "max_header_bytes = 100"] {
        assert!(limits(file).is_err(), "{file}");
    }
    let variables = [("COUNTERSIGN_STALL_TIMEOUT", "9"), ("COUNTERSIGN_MAX_CONNECTIONS", "8")];
    let flags = Overrides {
        limits: LimitOverrides { max_connections: Some(9), ..LimitOverrides::default() },
        ..Overrides::default()
    };
    let limits = load("stall_timeout = 3", &variables, flags).unwrap().limits;
    assert_eq!((limits.connections, limits.stall_time.as_secs()), (9, 9));
    assert!(load("", &[("COUNTERSIGN_IDLE_TIMEOUT", "soon")], Overrides::default()).is_err());
}

#[test]
fn the_largest_file_has_a_range() {
    let limit = |file: &str, variables: &[_], flag| {
        let flags = Overrides { max_upload_bytes: flag, ..Overrides::default() };
        load(file, variables, flags).map(|config| config.max_upload_bytes)
    };
    let variable = [("COUNTERSIGN_MAX_UPLOAD_BYTES", "2097152")];
    assert_eq!(limit("", &[], None).unwrap(), 5 << 30);
    assert_eq!(limit("max_upload_bytes = 68719476736", &[], None).unwrap(), 64 << 30);
    assert_eq!(limit("max_upload_bytes = 1048576", &variable, None).unwrap(), 2 << 20);
    assert_eq!(limit("", &variable, Some(3 << 20)).unwrap(), 3 << 20);
    for file in ["max_upload_bytes = 1048575", "max_upload_bytes = 68719476737", "max_upload_bytes = 0"] {
        assert!(limit(file, &[], None).is_err(), "{file}");
    }
}

#[test]
fn callers_are_limited_by_the_file_and_by_variables() {
    let limits = |file: &str, variables: &[_]| load(file, variables, Overrides::default()).map(|it| it.rate_limits);
    assert_eq!(limits("", &[]).unwrap(), RateLimits::default());
    let changed = limits("max_failed_logins = 3\nmax_device_events = 5", &[("COUNTERSIGN_MAX_DEVICE_EVENTS", "6")]);
    assert_eq!(changed.unwrap(), RateLimits { failed_logins: 3, device_events: 6, ..RateLimits::default() });
    assert!(limits("max_refused_tokens = 0", &[]).is_err());
}

#[test]
fn proxies_are_networks() {
    let config = load("trusted_proxies = [\"10.0.0.0/8\", \"::1\"]", &[], Overrides::default()).unwrap();
    assert!(config.trusted_proxies.contains([10, 1, 1, 1].into()));
    assert!(!config.trusted_proxies.contains([127, 0, 0, 1].into()));
    assert!(load("trusted_proxies = [\"proxy\"]", &[], Overrides::default()).is_err());
}

#[test]
fn the_token_of_the_events_door_gets_a_further_name() {
    let name = |text: &str| load(text, &[], Overrides::default()).map(|config| config.events_token_name);
    assert_eq!(name("events_token_name = \"id_token\"").unwrap().unwrap().as_str(), "id_token");
    assert_eq!(name("").unwrap(), None);
    assert!(name("events_token_name = \"expiresIn\"").is_err());
}

#[test]
fn the_table_of_settings_names_every_key_of_the_file_and_no_other() {
    // The complaint about an unknown key names all that are known.
    let complaint = toml::from_str::<File>("no_such_key = 1").err().unwrap().to_string();
    let known: Vec<&str> = complaint.split('`').skip(3).step_by(2).collect();
    let mut listed: Vec<&str> = SETTINGS.iter().filter_map(|setting| setting.key).collect();
    listed.sort_unstable();
    assert_eq!(known, listed, "{complaint}");
}

#[test]
fn the_page_about_operations_has_a_row_for_every_setting_and_no_other() {
    let page = include_str!("../../../../docs/operations.md");
    let cell = |name: Option<&str>| name.map_or(" ".to_owned(), |name| format!(" `{name}` "));
    let rows: Vec<&str> = page
        .lines()
        .skip_while(|line| !line.starts_with("| in the file |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    for Setting { key, variable, flag, .. } in SETTINGS {
        let start = format!("|{}|{}|{}|", cell(*key), cell(*variable), cell(*flag));
        assert!(rows.iter().any(|row| row.starts_with(&start)), "no row begins with {start}");
    }
    assert_eq!(rows.len(), SETTINGS.len());
}
