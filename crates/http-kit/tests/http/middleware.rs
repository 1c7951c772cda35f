//! Request ids, panics and the access log, stacked as a server stacks them.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use countersign_crypto::random::{Rng, SystemRng};
use countersign_http_kit::access_log::{self, AccessLog, Ending};
use countersign_http_kit::current_request::CurrentRequest;
use countersign_http_kit::panics::CatchPanics;
use countersign_http_kit::request_id::RequestIds;
use countersign_http_kit::site_path::SiteLabel;
use futures_util::stream;
use http::{HeaderMap, Method, StatusCode};
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

fn router(finished: &Finished) -> Router {
    let answer = CatchPanics::new(|| {
        let mut response = Response::new(Body::from(format!("sorry, {}", current_id())));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    });
    Router::new()
        .route("/polls/{polling_id}", get(|| async { current_id() }))
        .route("/panic", get(panicking))
        .route("/stream", get(|| async { streamed(vec![Ok("12"), Ok("345")]) }))
        .route("/broken", get(|| async { streamed(vec![Ok("12"), Err(io::Error::other("disk"))]) }))
        .layer(answer)
        .layer(AccessLog::new(finished.clone().observe()))
}

/// What stands in front of the routes: an id, and a site.
async fn ask(mut request: Request, site: Option<&str>, finished: &Finished) -> Response {
    let id = RequestIds::new(Arc::new(FixedRng)).assign(request.headers());
    request.extensions_mut().insert(CurrentRequest::new(id.clone(), site.and_then(SiteLabel::parse)));
    let mut response = router(finished).oneshot(request).await.unwrap();
    id.write_to(response.headers_mut());
    response
}

fn current_id() -> String {
    CurrentRequest::get().unwrap().id().to_owned()
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
        let response = ask(request, None, &Finished::default()).await;
        assert_eq!(response.headers()["x-request-id"], expected, "{given:?}");
        assert_eq!(to_bytes(response.into_body(), 100).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn no_two_requests_get_the_same_id() {
    let ids = RequestIds::new(Arc::new(SystemRng));
    let made: HashSet<String> = (0..1000).map(|_| ids.assign(&HeaderMap::new()).to_string()).collect();
    assert_eq!(made.len(), 1000);
    assert!(made.iter().all(|id| id.len() == 32));
}

#[tokio::test]
async fn answers_that_no_handler_made_have_an_id_too() {
    let response = ask(request("/nowhere"), None, &Finished::default()).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(response.headers().contains_key("x-request-id"));
}

#[tokio::test]
async fn a_panic_is_answered_and_logged_once() {
    let (log, finished) = (Log::default(), Finished::default());
    let asked = async {
        let mut request = request("/panic");
        request.headers_mut().insert("x-request-id", http::HeaderValue::from_static("r-1"));
        let response = ask(request, None, &finished).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()["x-request-id"], "r-1");
        assert_eq!(to_bytes(response.into_body(), 100).await.unwrap(), "sorry, r-1");
    };
    asked.with_subscriber(log.subscriber()).await;

    let lines = log.lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (&lines[0]["level"], &lines[0]["fields"]["panic"]),
        (&"ERROR".into(), &"the handler is defective".into())
    );
    assert_eq!(finished.all().iter().map(|seen| seen.status).collect::<Vec<_>>(), [500]);
}

#[tokio::test]
async fn the_log_is_told_the_route_and_never_the_path() {
    let finished = Finished::default();
    let mut asked = request("/polls/secret-polling-id?token=secret-token");
    asked.headers_mut().insert("authorization", http::HeaderValue::from_static("Bearer secret-bearer"));
    ask(asked, Some("acme"), &finished).await;
    let mut unknown = request("/secret-path");
    *unknown.method_mut() = Method::from_bytes(b"SECRET-METHOD").unwrap();
    ask(unknown, None, &finished).await;

    let [known, unknown] = &finished.all()[..] else { panic!("two requests were made") };
    assert!(!known.words.to_ascii_lowercase().contains("secret"), "{}", known.words);
    let id = "ab".repeat(16);
    assert_eq!(known.words, format!("GET /polls/{{polling_id}} acme {id}"));
    assert_eq!((known.status, known.bytes, known.ending), (200, 32, Ending::Complete));
    assert_eq!(unknown.words, format!("other - - {id}"));
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn a_streamed_answer_is_finished_when_it_ends() {
    for (uri, ending, bytes) in
        [("/stream", Ending::Complete, 5), ("/broken", Ending::Failed, 2), ("/stream", Ending::Abandoned, 0)]
    {
        let finished = Finished::default();
        let response = ask(request(uri), None, &finished).await;
        assert!(finished.all().is_empty());
        if ending == Ending::Abandoned {
            drop(response);
        } else {
            let _ = to_bytes(response.into_body(), 100).await;
        }
        let [seen] = &finished.all()[..] else { panic!("{ending:?}") };
        assert_eq!((seen.ending, seen.bytes), (ending, bytes));
    }
}

/// What the log was told.
#[derive(Clone, Default)]
struct Finished(Arc<Mutex<Vec<Seen>>>);

#[derive(Clone)]
struct Seen {
    words: String,
    status: u16,
    bytes: u64,
    ending: Ending,
}

impl Finished {
    fn observe(self) -> impl Fn(&access_log::Finished<'_>) + Send + Sync + 'static {
        move |request| {
            let words = [Some(request.method), request.route, request.site, request.id];
            let words = words.map(|word| word.unwrap_or("-")).join(" ");
            let (status, bytes, ending) = (request.status, request.bytes, request.ending);
            self.0.lock().unwrap().push(Seen { words, status, bytes, ending });
        }
    }

    fn all(&self) -> Vec<Seen> {
        self.0.lock().unwrap().clone()
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
