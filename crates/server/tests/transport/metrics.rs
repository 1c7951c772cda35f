//! The page of metrics of a whole server: it has the form that collectors read, and it counts.

use std::collections::BTreeMap;

use countersign_server::{Config, Overrides, Server, Stop};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::support::to_end;

/// Samples by name with labels, after checking the form of every line.
fn samples(page: &str) -> BTreeMap<String, f64> {
    let mut families = BTreeMap::new();
    let mut samples = BTreeMap::new();
    for line in page.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let [what, name, rest] = comment.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            match what {
                "HELP" => assert!(families.insert(name.to_owned(), None).is_none(), "{name} is there twice"),
                "TYPE" => *families.get_mut(name).unwrap() = Some(rest.to_owned()),
                other => panic!("{other}"),
            }
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').unwrap();
        let name = sample.split('{').next().unwrap();
        let family = ["_bucket", "_sum", "_count"]
            .iter()
            .filter_map(|end| name.strip_suffix(end))
            .find(|family| families.get(*family) == Some(&Some("histogram".to_owned())))
            .unwrap_or(name);
        assert!(families.get(family).is_some_and(Option::is_some), "{line} belongs to no family");
        assert!(samples.insert(sample.to_owned(), value.parse().unwrap()).is_none(), "{line} is there twice");
    }
    samples
}

async fn fetch(address: &str, path: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    to_end(&mut socket).await
}

/// A configuration in a folder of its own, with further lines.
fn configuration(folder: &std::path::Path, lines: &str) -> Config {
    let file = folder.join("countersign.toml");
    let data = folder.join("installation");
    std::fs::write(&file, format!("data = {data:?}\nlisten = \"127.0.0.1:0\"\n{lines}")).unwrap();
    Config::load(Some(&file), Overrides::default()).unwrap()
}

#[tokio::test]
async fn requests_and_connections_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::bind(configuration(folder.path(), "metrics_listen = \"127.0.0.1:0\"\n")).await.unwrap();
    let address = server.base_url().strip_prefix("http://").unwrap().to_owned();
    let metrics = server.metrics_url().unwrap();
    let metrics = metrics.strip_prefix("http://").unwrap().strip_suffix("/metrics").unwrap().to_owned();
    let stop = Stop::default();
    let mut tasks = JoinSet::new();
    let asked = stop.clone();
    tasks.spawn(async move { server.run(asked).await });

    for path in ["/uai/version", "/uai/version", "/no-such-path-of-a-client"] {
        fetch(&address, path).await;
    }
    let answer = fetch(&metrics, "/metrics").await;
    let (head, page) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    let samples = samples(page);
    let version = "door=\"device\",method=\"GET\",route=\"/uai/version\",status=\"2xx\"";
    assert_eq!(samples[&format!("countersign_http_requests_total{{{version}}}")], 2.0);
    let none = "door=\"server\",method=\"GET\",route=\"none\",status=\"4xx\"";
    assert_eq!(samples[&format!("countersign_http_requests_total{{{none}}}")], 1.0);
    let duration = "countersign_http_request_duration_seconds";
    assert_eq!(samples[&format!("{duration}_count{{door=\"device\",route=\"/uai/version\"}}")], 2.0);
    assert_eq!(samples[&format!("{duration}_bucket{{door=\"device\",route=\"/uai/version\",le=\"+Inf\"}}")], 2.0);
    assert_eq!(samples["countersign_connections_accepted_total"], 3.0);
    // Making the installation has committed something.
    assert!(samples["countersign_store_commit_units_sum"] > 0.0);
    assert!(samples["countersign_store_commit_units_bucket{le=\"+Inf\"}"] > 0.0);
    assert!(samples["countersign_store_commit_duration_seconds_sum"] > 0.0);
    assert!(samples["process_resident_memory_bytes"] > 1e6);
    assert!(samples["process_open_fds"] > 3.0);
    assert!(samples["countersign_memo_misses_total{memo=\"tokens\"}"] >= 0.0);
    assert!(!page.contains("no-such-path-of-a-client"));

    assert!(fetch(&metrics, "/").await.starts_with("HTTP/1.1 404 "));
    assert!(fetch(&address, "/metrics").await.starts_with("HTTP/1.1 404 "), "metrics are not for everybody");
    stop.ask();
    tasks.join_next().await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn an_address_that_was_chosen_and_is_taken_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let line = format!("metrics_listen = \"{}\"\n", taken.local_addr().unwrap());
    let error = Server::bind(configuration(folder.path(), &line)).await.err().unwrap();
    assert!(error.to_string().contains("--metrics-listen"), "{error}");
    let server = Server::bind(configuration(folder.path(), "metrics_listen = \"none\"\n")).await.unwrap();
    assert_eq!(server.metrics_url(), None);
}
