//! Downloads behind the URLs of a manifest.

use std::time::Duration;

use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::Value;

use crate::support::{Answer, App, FIRST_FILE, request};

async fn first_url(app: &App) -> String {
    App::path_of(&app.first_manifest().await["manifestFiles"][0]["fileUrl"])
}

async fn fetch(app: &App, path: &str, headers: &[(&str, &str)]) -> Answer {
    let builder =
        headers.iter().fold(request(&Method::GET, path), |builder, (name, value)| builder.header(*name, *value));
    app.send(builder.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn the_bytes_come_whole_in_ranges_and_as_head() {
    let app = App::new().await;
    let url = first_url(&app).await;
    let whole = app.get(&url).await;
    assert_eq!((whole.status, &whole.body[..]), (StatusCode::OK, FIRST_FILE));
    assert_eq!(whole.headers["content-length"], "30");
    assert!(whole.headers["content-disposition"].to_str().unwrap().contains("pump.bin"));
    let etag = whole.headers["etag"].to_str().unwrap();
    assert!(etag.starts_with('"'), "a strong entity tag");

    let head = app.send(request(&Method::HEAD, &url).body(Body::empty()).unwrap()).await;
    assert_eq!(
        (head.status, head.body.len(), &head.headers["content-length"]),
        (StatusCode::OK, 0, &"30".parse().unwrap())
    );

    let first = fetch(&app, &url, &[("range", "bytes=0-9")]).await;
    let rest = fetch(&app, &url, &[("range", "bytes=10-"), ("if-range", etag)]).await;
    assert_eq!((first.status, rest.status), (StatusCode::PARTIAL_CONTENT, StatusCode::PARTIAL_CONTENT));
    assert_eq!(rest.headers["content-range"], "bytes 10-29/30");
    assert_eq!([first.body, rest.body].concat(), FIRST_FILE);

    let changed = fetch(&app, &url, &[("range", "bytes=10-"), ("if-range", "\"other\"")]).await;
    assert_eq!((changed.status, changed.body.len()), (StatusCode::OK, 30));
    let several = fetch(&app, &url, &[("range", "bytes=0-1,-2")]).await;
    assert!(several.headers["content-type"].to_str().unwrap().starts_with("multipart/byteranges"));
    assert_eq!(fetch(&app, &url, &[("range", "bytes=30-")]).await.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(fetch(&app, &url, &[("if-none-match", etag)]).await.status, StatusCode::NOT_MODIFIED);
}

/// The cases of `http-range` that speak of ranges alone, at the real route; all cases run in the tests of `http-kit`.
#[tokio::test]
async fn http_range_cases_at_the_route() {
    static BYTES: std::sync::LazyLock<Vec<u8>> =
        std::sync::LazyLock::new(|| (0..1000_u32).map(|n| (n % 251) as u8).collect());
    let app = App::new().await;
    app.publish("r-1", "r-2", "UPD-R", &[("range.bin", &BYTES)]).await;
    let question = serde_json::json!({ "updateFromPkgId": "r-1", "platform": "LINUX64" });
    let list = app.payload(&app.ask(crate::support::UPDATES, &question).await).await;
    let uuid = crate::support::last_segment(list["updateItems"][0]["manifestURL"].as_str().unwrap()).to_owned();
    let manifest = app.payload(&app.ask(crate::support::MANIFESTS, &serde_json::json!({ "uuid": uuid })).await).await;
    let url = App::path_of(&manifest["manifestFiles"][0]["fileUrl"]);
    let etag = app.get(&url).await.headers["etag"].to_str().unwrap().to_owned();

    let suite: Value =
        serde_json::from_str(include_str!("../../../../contract/vectors/http-range/cases.json")).unwrap();
    let mut run = 0;
    for case in suite["cases"].as_array().unwrap() {
        // Cases that speak of validators use placeholders, which the kit's own tests fill in; here the plain ones run.
        let Some(status) = case["status"].as_u64() else { continue };
        let headers: Vec<(&str, &str)> = case["request_headers"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(n, v)| Some((n.as_str(), v.as_str()?)))
            .collect();
        if headers.iter().any(|(name, _)| !name.eq_ignore_ascii_case("range")) || case.get("method").is_some() {
            continue;
        }
        let answer = fetch(&app, &url, &headers).await;
        assert_eq!(u64::from(answer.status.as_u16()), status, "{case}");
        if let Some(expected) = case["content_range"].as_str() {
            assert_eq!(answer.headers["content-range"], expected, "{case}");
        }
        let content_type = answer.headers.get("content-type").map(|value| value.to_str().unwrap().to_owned());
        let multipart = content_type.is_some_and(|value| value.starts_with("multipart/"));
        if let (Some(length), false) = (case["length"].as_u64(), multipart) {
            assert_eq!(answer.body.len() as u64, length, "{case}");
        }
        assert_eq!(answer.headers["etag"], etag.as_str(), "{case}");
        run += 1;
    }
    assert!(run >= 10, "only {run} cases were run");
}

#[tokio::test]
async fn altered_urls_are_404_and_old_ones_410() {
    let app = App::new().await;
    let url = first_url(&app).await;
    let (rest, name) = url.rsplit_once('/').unwrap();
    let (rest, proof) = rest.rsplit_once('/').unwrap();
    let (expiry, mac) = proof.split_once('-').unwrap();
    let later = expiry.parse::<i64>().unwrap() + 3600;
    let (site_part, digest) = rest.rsplit_once('/').unwrap();
    let other_digest = "0".repeat(64);
    for altered in [
        format!("{rest}/{later}-{mac}/{name}"),
        format!("{rest}/{expiry}-{}/{name}", "A".repeat(22)),
        format!("{rest}/{proof}/other.bin"),
        format!("{rest}/{proof}/..%2fpump.bin"),
        format!("{site_part}/{other_digest}/{proof}/{name}"),
        format!("/f/other/{digest}/{proof}/{name}"),
        format!("/f/demo/{digest}/{expiry}/{name}"),
        format!("/f/demo/{digest}/%ff/{name}"),
        format!("{url}/more"),
        rest.to_owned(),
    ] {
        let answer = app.get(&altered).await;
        assert_eq!(
            (answer.status, answer.error_key().as_str()),
            (StatusCode::NOT_FOUND, "download.unknown"),
            "{altered}"
        );
    }
    app.world.clock.advance(Duration::from_secs(24 * 3600 - 1));
    for time in ["first", "second"] {
        assert_eq!(app.get(&url).await.status, StatusCode::OK, "a URL lives 24 hours at least ({time} time)");
    }
    app.world.clock.advance(Duration::from_secs(3601));
    let late = app.get(&url).await;
    assert_eq!((late.status, late.error_key().as_str()), (StatusCode::GONE, "download.expired"));
}

#[tokio::test]
async fn a_file_that_is_missing_on_disk_is_a_5xx_and_never_an_empty_200() {
    let app = App::new().await;
    let url = first_url(&app).await;
    std::fs::remove_dir_all(app.world.folder().join("files")).unwrap();
    let answer = app.get(&url).await;
    assert_eq!((answer.status, answer.error_key().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "internal.error"));
}
