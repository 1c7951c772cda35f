//! SIGHUP: a running server takes over what can change, names what cannot, and goes on when the file is broken.

use std::fs;

use crate::http::Caller;
use crate::support::{Place, Running, text};

/// Sends requests until the log of the server has a line with `text`.
fn wait_for(place: &Place, server: &Running, text: &str) -> String {
    let mut caller = Caller::new(&server.base_url);
    for _ in 0..20_000 {
        let log = fs::read_to_string(place.path("program.log")).unwrap();
        if log.contains(text) {
            return log;
        }
        assert_eq!(caller.fetch("/healthz", "").status, 200);
    }
    panic!("the log has no {text:?}: {}", fs::read_to_string(place.path("program.log")).unwrap());
}

#[test]
fn a_hang_up_changes_what_can_change() {
    let place = Place::new();
    let file = place.path("settings.toml");
    let write = |lines: &str| fs::write(&file, format!("metrics_listen = \"none\"\n{lines}")).unwrap();
    write("log_level = \"warn\"\n");
    let server = place.serve(&["serve", "--config", text(&file)]);
    assert_eq!(Caller::new(&server.base_url).fetch("/uai/version", "").status, 200);

    write("log_level = \"info\"\nbase_url = \"https://elsewhere.test\"\n");
    server.hang_up();
    let log = wait_for(&place, &server, "the configuration was read anew");
    assert!(!log.contains("request finished"), "the level was warn until then: {log}");
    assert!(log.contains("base_url"), "{log}");
    assert_eq!(Caller::new(&server.base_url).fetch("/uai/version", "").status, 200);
    wait_for(&place, &server, "request finished");

    write("log_level = \"info\"\nmax_connections = 0\n");
    server.hang_up();
    wait_for(&place, &server, "the configuration stays as it was");
    assert!(server.terminate().success());
}

#[test]
fn a_certificate_without_its_key_stops_the_start() {
    let place = Place::new();
    let error = place.run(&["serve", "--tls-certificate", "chain.pem"]).fails(1);
    assert!(error.contains("tls_key"), "{error}");
    let error = place.run(&["serve", "--tls-certificate", "chain.pem", "--tls-key", "key.pem"]).fails(1);
    assert!(error.contains("chain.pem"), "{error}");
}
