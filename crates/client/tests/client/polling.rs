//! How long the client asks, how patiently, and where.

use std::{io::Write, net::TcpListener, thread};

use countersign_client::{ClientError, Subject};
use serde_json::json;

use crate::support::{
    Answer, LIST_PATH, Recorded, Server, Step, asked_and_answered, check_answered_with, client, json_answer,
    list_payload, question, sign, step,
};

const POLL: &str = "/uai/2.0/signed-updates/poll-1";
const POLLED: &str = "GET /uai/2.0/signed-updates/poll-1 ";

fn pending(retry_after: Option<&str>) -> Answer {
    let header = retry_after.map(|value| format!("Retry-After: {value}"));
    let headers: Vec<&str> = header.iter().map(String::as_str).collect();
    Answer::new(202, &headers, json!({ "url": POLL }).to_string().as_bytes())
}

fn ready() -> Answer {
    json_answer(200, &sign(&list_payload().to_string()))
}

fn check(steps: Vec<Step>) -> (Result<usize, ClientError>, Recorded) {
    let server = Server::bind();
    let (client, pauses) = client(&server.url(""));
    let running = server.serve(steps);
    let outcome = client.check(&question()).map(|list| list.items.len());
    running.finish();
    (outcome, pauses)
}

#[test]
fn polls_go_on_until_the_answer_is_ready() {
    let (outcome, pauses) = check(vec![
        step(LIST_PATH, pending(None)),
        step(POLLED, pending(Some("5"))),
        step(POLLED, pending(None)),
        step(POLLED, pending(Some("Wed, 21 Oct 2026 07:28:00 GMT"))),
        step(POLLED, ready()),
    ]);
    assert_eq!(outcome.unwrap(), 1);
    assert_eq!(pauses.seconds(), [5, 1, 1]);
}

#[test]
fn the_post_may_ask_for_patience_too() {
    let (outcome, pauses) = check(vec![step(LIST_PATH, pending(Some("2"))), step(POLLED, ready())]);
    assert_eq!(outcome.unwrap(), 1);
    assert_eq!(pauses.seconds(), [2]);
}

#[test]
fn an_absurd_wait_is_cut_and_the_whole_wait_has_an_end() {
    let absurd = || pending(Some("99999999999999999999999999"));
    let mut steps = vec![step(LIST_PATH, absurd())];
    steps.extend((0..10).map(|_| step(POLLED, absurd())));
    let (outcome, pauses) = check(steps);
    let error = outcome.unwrap_err();
    assert!(matches!(error, ClientError::TooManyPolls { polls: 10, .. }), "{error}");
    assert_eq!(error.to_string(), "the update list was not ready after 10 polls and 300 s of waiting; try again later");
    assert_eq!(pauses.seconds(), [30; 10]);
}

#[test]
fn the_number_of_polls_has_an_end() {
    let mut steps = vec![step(LIST_PATH, pending(Some("0")))];
    steps.extend((0..60).map(|_| step(POLLED, pending(Some("0")))));
    let (outcome, _) = check(steps);
    assert!(matches!(outcome, Err(ClientError::TooManyPolls { polls: 60, .. })));
}

#[test]
fn a_poll_that_breaks_is_repeated_but_not_for_ever() {
    let broken = || Answer::breaking(200, &[], sign(&list_payload().to_string()).as_bytes(), 100);
    let (outcome, _) = check(vec![
        step(LIST_PATH, pending(None)),
        step(POLLED, broken()),
        step(POLLED, broken()),
        step(POLLED, ready()),
    ]);
    assert_eq!(outcome.unwrap(), 1);
    let (outcome, _) = check(vec![
        step(LIST_PATH, pending(None)),
        step(POLLED, broken()),
        step(POLLED, broken()),
        step(POLLED, broken()),
    ]);
    assert!(matches!(outcome, Err(ClientError::Network { subject: Subject::UpdateList, .. })));
}

#[test]
fn a_prefix_of_the_base_url_is_kept_and_not_doubled() {
    for url in ["/uai/2.0/signed-updates/poll-1", "/t/acme/uai/2.0/signed-updates/poll-1"] {
        let server = Server::bind();
        let (client, _) = client(&server.url("/t/acme"));
        let running = server.serve(vec![
            step("POST /t/acme/uai/2.0/signed-updates ", json_answer(202, &json!({ "url": url }).to_string())),
            step("GET /t/acme/uai/2.0/signed-updates/poll-1 ", ready()),
        ]);
        assert_eq!(client.check(&question()).unwrap().items.len(), 1);
        running.finish();
    }
}

#[test]
fn an_absolute_url_is_followed_only_to_the_same_origin() {
    let server = Server::bind();
    let (client, _) = client(&server.url(""));
    let absolute = json!({ "url": server.url(POLL) }).to_string();
    let running = server.serve(vec![step(LIST_PATH, json_answer(202, &absolute)), step(POLLED, ready())]);
    assert_eq!(client.check(&question()).unwrap().items.len(), 1);
    running.finish();
}

#[test]
fn a_url_at_another_origin_is_refused_without_a_request() {
    let other = Server::bind();
    for url in [other.url(POLL), format!("//{}", other.url(POLL).trim_start_matches("http://"))] {
        let (outcome, _) = check(vec![step(LIST_PATH, json_answer(202, &json!({ "url": url }).to_string()))]);
        let error = outcome.unwrap_err();
        assert!(matches!(error, ClientError::ForeignUrl { .. }), "{error}");
        assert!(!error.to_string().contains("poll-1"), "{error}");
    }
    other.serve(vec![]).finish();
}

#[test]
fn a_pending_answer_without_a_usable_url_is_malformed() {
    for body in ["", "{}", "[]", r#"{"url":""}"#, r#"{"url":7}"#, r#"{"url":"poll-1"}"#, r#"{"url":"/a b"}"#] {
        let (outcome, _) = check(vec![step(LIST_PATH, json_answer(202, body))]);
        assert!(matches!(outcome, Err(ClientError::Malformed { .. })), "{body}");
    }
}

#[test]
fn an_answer_above_the_limit_is_not_read_to_its_end() {
    let huge = vec![b' '; 4 * 1024 * 1024 + 1];
    for answer in [Answer::new(200, &[], &huge), Answer::chunked(200, &[], &huge)] {
        let (outcome, _) = check(vec![step(LIST_PATH, pending(None)), step(POLLED, answer)]);
        assert!(matches!(outcome, Err(ClientError::AnswerTooLarge { limit: 4_194_304, .. })));
    }
    let (outcome, _) = check(vec![step(LIST_PATH, Answer::chunked(202, &[], &huge))]);
    assert!(matches!(outcome, Err(ClientError::AnswerTooLarge { .. })));
}

#[test]
fn a_large_answer_below_the_limit_is_read() {
    let mut payload = list_payload();
    let item = payload["updateItems"][0].clone();
    payload["updateItems"] = json!(vec![item; 3000]);
    assert_eq!(check_answered_with(&sign(&payload.to_string())).unwrap().items.len(), 3000);
}

#[test]
fn nobody_listening_is_a_network_error() {
    let (client, _) = client("http://127.0.0.1:9/t/acme");
    let error = client.check(&question()).unwrap_err();
    assert!(matches!(error, ClientError::Network { .. }), "{error}");
    assert!(error.to_string().contains("no answer from http://127.0.0.1:9 for the update list"), "{error}");
}

#[test]
fn a_server_without_tls_behind_https_is_a_network_error() {
    // This also shows that TLS finds its cryptography without a process-wide default.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (client, _) = client(&format!("https://{}", listener.local_addr().unwrap()));
    let answer = move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    };
    let server = thread::Builder::new().name("not-tls".to_owned()).spawn(answer).unwrap();
    let error = client.check(&question()).unwrap_err();
    assert!(matches!(error, ClientError::Network { .. }), "{error}");
    server.join().unwrap();
}

#[test]
fn a_client_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&client("http://127.0.0.1:9").0);
}

#[test]
fn one_client_serves_many_questions() {
    let server = Server::bind();
    let (client, _) = client(&server.url(""));
    let body = sign(&list_payload().to_string());
    let mut steps = asked_and_answered(LIST_PATH, &body);
    steps.extend(asked_and_answered(LIST_PATH, &body));
    let running = server.serve(steps);
    assert_eq!(client.check(&question()).unwrap(), client.check(&question()).unwrap());
    running.finish();
}
