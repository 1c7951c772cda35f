//! Request ids, panics and the access log, stacked as a server stacks them.

use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, Request};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;
use countersign_crypto::random::Rng;
use countersign_http_kit::access_log;
use countersign_http_kit::panics::{self, PanicAnswer};
use countersign_http_kit::request_id::{self, RequestId};
use countersign_http_kit::site_path::SiteLabel;
use futures_util::stream;
use http::{Method, StatusCode};
use serde_json::Value;
use tower::ServiceExt;
use tracing::instrument::WithSubscriber;
use tracing_subscriber::fmt::MakeWriter;

/// Gives the same bytes each time.
struct FixedRng;

impl Rng for FixedRng {
    fn fill(&self, out: &mut [u8]) {
        out.fill(0xab);
    }
}

fn router() -> Router {
    let rng: Arc<dyn Rng> = Arc::new(FixedRng);
    let answer = PanicAnswer::new(|id| {
        let mut response = Response::new(Body::from(format!("sorry, {}", id.unwrap())));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    });
    Router::new()
        .route("/polls/{polling_id}", get(|id: Extension<RequestId>| async move { id.0.to_string() }))
        .route("/panic", get(panicking))
        .route("/stream", get(|| async { streamed(vec![Ok("12"), Ok("345")]) }))
        .route("/broken", get(|| async { streamed(vec![Ok("12"), Err(io::Error::other("disk"))]) }))
        .layer(from_fn_with_state(answer, panics::catch))
        .layer(from_fn_with_state(None, access_log::record))
        .layer(from_fn_with_state(rng, request_id::assign))
}

async fn panicking() -> &'static str {
    panic!("the handler is defective")
}

fn streamed(pieces: Vec<io::Result<&'static str>>) -> Response {
    Response::new(Body::from_stream(stream::iter(pieces)))
}

fn request(uri: &str) -> Request {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri.parse().unwrap();
    request
}

#[tokio::test]
async fn a_good_id_is_kept_and_a_bad_one_replaced() {
    let made = "ab".repeat(16);
    let longest = "x".repeat(64);
    let too_long = "x".repeat(65);
    for (given, expected) in [
        (&["order-66_a.B"][..], "order-66_a.B"),
        (&[&longest], &*longest),
        (&[], &*made),
        (&[""], &*made),
        (&[&too_long], &*made),
        (&["two words"], &*made),
        (&["a\"b"], &*made),
        (&["\u{e9}"], &*made),
        (&["a", "b"], &*made),
    ] {
        let mut request = request("/polls/1");
        for id in given {
            request.headers_mut().append("x-request-id", http::HeaderValue::from_bytes(id.as_bytes()).unwrap());
        }
        let response = router().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["x-request-id"], expected, "{given:?}");
        assert_eq!(to_bytes(response.into_body(), 100).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn answers_that_no_handler_made_have_an_id_too() {
    let response = router().oneshot(request("/nowhere")).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(response.headers().contains_key("x-request-id"));
}

#[tokio::test]
async fn a_panic_is_answered_and_logged_once() {
    let log = Log::default();
    let asked = async {
        let mut request = request("/panic");
        request.headers_mut().insert("x-request-id", http::HeaderValue::from_static("r-1"));
        let response = router().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()["x-request-id"], "r-1");
        assert_eq!(to_bytes(response.into_body(), 100).await.unwrap(), "sorry, r-1");
    };
    asked.with_subscriber(log.subscriber()).await;

    let lines = log.lines();
    let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0]["fields"]["request.id"], "r-1");
    assert_eq!(errors[0]["fields"]["panic"], "the handler is defective");
    assert_eq!(errors[0]["span"]["request.id"], "r-1");
    let finished: Vec<_> = lines.iter().filter(|line| line["fields"]["message"] == "request finished").collect();
    assert_eq!(finished.len(), 1);
    assert_eq!(finished[0]["fields"]["status"], 500);
}

#[tokio::test]
async fn a_line_tells_the_route_and_never_the_path() {
    let log = Log::default();
    let asked = async {
        let mut asked = request("/polls/secret-polling-id?token=secret-token");
        asked.headers_mut().insert("authorization", http::HeaderValue::from_static("Bearer secret-bearer"));
        asked.extensions_mut().insert(SiteLabel::parse("acme").unwrap());
        router().oneshot(asked).await.unwrap();
        let mut unknown = request("/secret-path");
        *unknown.method_mut() = Method::from_bytes(b"SECRET-METHOD").unwrap();
        router().oneshot(unknown).await.unwrap();
    };
    asked.with_subscriber(log.subscriber()).await;

    assert!(!log.text().to_ascii_lowercase().contains("secret"), "{}", log.text());
    let lines = log.lines();
    assert_eq!(lines.len(), 2);
    let known = &lines[0]["fields"];
    assert_eq!(known["method"], "GET");
    assert_eq!(known["route"], "/polls/{polling_id}");
    assert_eq!(known["status"], 200);
    assert_eq!(known["site"], "acme");
    assert_eq!(known["request.id"], "ab".repeat(16));
    assert_eq!(known["response.bytes"], 32);
    assert_eq!(known["response.ending"], "complete");
    assert!(known["duration_ms"].as_f64().unwrap() >= 0.0);
    let unknown = &lines[1]["fields"];
    assert_eq!((&unknown["method"], &unknown["status"]), (&Value::from("other"), &Value::from(404)));
    assert_eq!(unknown.get("route"), None);
}

#[tokio::test]
async fn a_streamed_answer_is_logged_when_it_ends() {
    for (uri, ending, bytes) in [("/stream", "complete", 5), ("/broken", "failed", 2), ("/stream", "abandoned", 0)] {
        let log = Log::default();
        let asked = async {
            let response = router().oneshot(request(uri)).await.unwrap();
            assert!(log.lines().is_empty());
            if ending == "abandoned" {
                drop(response);
            } else {
                let _ = to_bytes(response.into_body(), 100).await;
            }
        };
        asked.with_subscriber(log.subscriber()).await;
        let lines = log.lines();
        assert_eq!(lines.len(), 1, "{ending}");
        assert_eq!(lines[0]["fields"]["response.ending"], ending);
        assert_eq!(lines[0]["fields"]["response.bytes"], bytes);
    }
}

/// What was logged, as text.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn subscriber(&self) -> impl tracing::Subscriber + Send + Sync + 'static {
        tracing_subscriber::fmt().json().with_writer(self.clone()).finish()
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
