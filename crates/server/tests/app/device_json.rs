//! Bodies that are not what they should be: a clear refusal in the protocol's own shape, never a 5xx.

use std::path::Path;

use axum::body::Body;
use http::{Method, StatusCode};

use crate::support::{App, MANIFESTS, UPDATES, accepted, good_token, request};

/// Name and content of every file of a folder of the suite.
pub(crate) fn suite(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contract/vectors/jsontestsuite").join(folder);
    let read = |path: &Path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap());
    std::fs::read_dir(folder).unwrap().map(|entry| read(&entry.unwrap().path())).collect()
}

/// Sends every file of a folder to every POST of the device door and gives the number of files.
async fn send_all(app: &App, folder: &str) -> usize {
    let posts = crate::documents::posts_with_token("device");
    assert!(posts.len() >= 4, "{posts:?}");
    let mut count = 0;
    for (name, body) in suite(folder) {
        for target in &posts {
            let answer = app.post(target, Some(&good_token()), body.clone()).await;
            let too_large = body.len() > 64 * 1024;
            match answer.status {
                StatusCode::ACCEPTED => {
                    assert!(!name.starts_with("n_"), "{name} is not JSON and was accepted");
                    let poll = app.get(&accepted(target, &answer)).await;
                    assert!(poll.status.as_u16() < 500, "{name}: the poll answered {}", poll.status);
                }
                StatusCode::PAYLOAD_TOO_LARGE => assert!(too_large, "{name} is small"),
                StatusCode::BAD_REQUEST => {
                    assert_eq!(answer.error_key(), "request.malformed", "{name}");
                    let object = name.starts_with("y_") && body.trim_ascii_start().starts_with(b"{");
                    assert!(!object, "{name} is a JSON object and was refused");
                }
                other => panic!("{name}: {other}"),
            }
        }
        count += 1;
    }
    count
}

#[tokio::test]
async fn json_test_suite_at_the_posts() {
    let app = App::new().await;
    assert_eq!((send_all(&app, "test_parsing").await, send_all(&app, "test_transform").await), (PARSING, TRANSFORM));
}

#[tokio::test]
async fn objects_are_accepted_and_everything_else_is_400() {
    let app = App::new().await;
    for (body, status) in [
        ("{}", 202),
        (" \n {} ", 202),
        ("{\"other\": [1, {\"a\": null}]}", 202),
        ("", 400),
        ("[]", 400),
        ("[[], [], []]", 400),
        ("null", 400),
        ("\"text\"", 400),
        ("7", 400),
        ("{} {}", 400),
        ("{\"platform\": \"a\", \"platform\": \"b\"}", 400),
        ("\u{feff}{}", 400),
    ] {
        let answer = app.post(UPDATES, Some(&good_token()), body).await;
        assert_eq!(answer.status.as_u16(), status, "{body:?}");
    }
}

#[tokio::test]
async fn bodies_over_64_kib_are_413_and_a_missing_content_type_is_fine() {
    let app = App::new().await;
    let body = |length: usize| format!("{{\"x\":\"{}\"}}", "y".repeat(length - 8));
    assert_eq!(app.post(UPDATES, None, body(64 * 1024)).await.status, StatusCode::ACCEPTED);
    let answer = app.post(UPDATES, None, body(64 * 1024 + 1)).await;
    assert_eq!((answer.status, answer.error_key().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "request.tooLarge"));
    for content_type in [None, Some("text/plain"), Some("application/json; charset=iso-8859-1")] {
        let mut post = request(&Method::POST, UPDATES);
        if let Some(value) = content_type {
            post = post.header("content-type", value);
        }
        assert_eq!(
            app.send(post.body(Body::from("{}")).unwrap()).await.status,
            StatusCode::ACCEPTED,
            "{content_type:?}"
        );
    }
}

#[tokio::test]
async fn wrong_methods_and_paths_answer_in_the_same_shape() {
    let app = App::new().await;
    for (method, path, status, key) in [
        (Method::GET, UPDATES, 405, "request.method"),
        (Method::DELETE, "/uai/2.0/signed-updates/x", 405, "request.method"),
        (Method::PUT, MANIFESTS, 405, "request.method"),
        (Method::POST, "/ping", 405, "request.method"),
        (Method::GET, "/uai/3.0/updates/x", 404, "request.path"),
        (Method::GET, "/nothing", 404, "request.path"),
        (Method::GET, "/t/demo/t/other/ping", 404, "request.path"),
    ] {
        let answer = app.send(request(&method, path).body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.error_key().as_str()), (status, key), "{method} {path}");
    }
}

/// Files of each folder of the suite, so that the test cannot run nothing.
const PARSING: usize = 318;
const TRANSFORM: usize = 22;
