//! What a device tells: registrations, status reports and events, and what the client makes of every outcome.

use countersign_client::{
    ClientError, DeviceClass, DeviceEvent, Registration, ServerMessage, StatusReport, Subject, UpdateStage,
};
use countersign_crypto::secret::Secret;
use serde_json::{Value, json};

use crate::support::{
    Answer, Recorded, Request, Server, Step, TOKEN, client, error_object, json_answer, question, step, update_item,
};

/// The three calls: what they are about, their paths, and one of each.
const CALLS: [(Subject, &str); 3] = [
    (Subject::Registration, "/uai/2.0/devices/registrations"),
    (Subject::StatusReport, "/uai/2.0/updates/statusLog"),
    (Subject::Event, "/uai/2.0/events"),
];
const NO_ERROR: &str = r#"{"arguments":"","key":"","message":""}"#;

fn registration() -> Registration {
    Registration::new(question().device.unwrap(), Some(Secret::new("ACT-9f2e-11".to_owned())))
}

fn report(stage: UpdateStage) -> StatusReport {
    StatusReport::about(&question(), &update_item(), stage)
}

fn event() -> DeviceEvent {
    DeviceEvent::new(question().device.unwrap(), "selfTest")
}

/// Tells what the subject stands for to a server that follows a script.
fn told_with(subject: Subject, steps: Vec<Step>) -> (Result<(), ClientError>, Vec<Request>, Recorded) {
    let server = Server::bind();
    let (client, pauses) = client(&server.url(""));
    let running = server.serve(steps);
    let outcome = match subject {
        Subject::Registration => client.register(&registration()),
        Subject::StatusReport => client.report(&report_without_server()),
        Subject::Event => client.log_event(&event()),
        Subject::File | Subject::Manifest | Subject::UpdateList => panic!("{subject} is asked for, not told"),
    };
    (outcome, running.finish(), pauses)
}

/// A report that needs no list to be asked for.
fn report_without_server() -> StatusReport {
    StatusReport {
        device: question().device,
        device_class: DeviceClass::Client,
        update_id: "UPD-PUMP-421".to_owned(),
        update_name: String::new(),
        package: String::new(),
        platform: String::new(),
        language: None,
        stage: UpdateStage::DownloadStarted,
        reason: String::new(),
        happened_at: None,
    }
}

fn accepted(path: &str, outcome: Answer) -> Vec<Step> {
    let url = format!("{path}/poll-1");
    vec![
        step(&format!("POST {path} "), json_answer(202, &json!({ "url": url }).to_string())),
        step(&format!("GET {url} "), outcome),
    ]
}

/// The outcome of each call when its poll is answered with `answer`.
fn each_answered(answer: impl Fn() -> Answer) -> Vec<(Subject, ClientError)> {
    let outcome = |(subject, path): (Subject, &str)| {
        (subject, told_with(subject, accepted(path, answer())).0.expect_err("the outcome is no success"))
    };
    CALLS.into_iter().map(outcome).collect()
}

/// The body that is sent with one call.
fn body_of(path: &str, tell: impl FnOnce(&countersign_client::DeviceClient) -> Result<(), ClientError>) -> Value {
    let server = Server::bind();
    let (client, _) = client(&server.url(""));
    let running = server.serve(accepted(path, json_answer(200, NO_ERROR)));
    tell(&client).unwrap();
    serde_json::from_str(&running.finish()[0].body).unwrap()
}

#[test]
fn a_registration_names_the_device_and_what_it_activates() {
    let path = CALLS[0].1;
    assert_eq!(
        body_of(path, |client| client.register(&registration())),
        json!({
            "id": "PUMP-0077", "idType": "STRING", "publisherName": "acme", "identityName": "",
            "activationId": "ACT-9f2e-11",
        })
    );
    let mut anonymous = Registration::new(question().device.unwrap(), None);
    anonymous.identity_name = "acme-id-1".to_owned();
    let body = body_of(path, |client| client.register(&anonymous));
    assert_eq!((&body["activationId"], &body["identityName"]), (&json!(""), &json!("acme-id-1")));
}

#[test]
fn a_status_report_says_all_about_the_update() {
    let path = CALLS[1].1;
    let mut full = report(UpdateStage::InstallCompleted);
    (full.reason, full.happened_at) = ("self test ok".to_owned(), Some("2026-03-04T09:15:00Z".to_owned()));
    assert_eq!(
        body_of(path, |client| client.report(&full)),
        json!({
            "deviceClass": "client", "id": "PUMP-0077", "idType": "STRING", "publisherName": "acme",
            "updateId": "UPD-PUMP-421", "updateName": "pump-421-field", "packageId": "pump-fw-4.2.1",
            "platform": "LINUX32", "language": 1033,
            "statusCode": 4, "statusReason": "self test ok", "timeStamp": "2026-03-04T09:15:00Z",
        })
    );
    let mut short = report_without_server();
    (short.device, short.stage, short.reason) = (None, UpdateStage::Other(-7), "ä".repeat(150));
    let body = body_of(path, |client| client.report(&short));
    assert_eq!((&body["id"], &body["statusCode"]), (&json!(""), &json!(-7)));
    assert_eq!(body["statusReason"].as_str().unwrap(), "ä".repeat(100), "more than is ever kept was sent");
    assert!(body.get("timeStamp").is_none() && body.get("language").is_none(), "{body}");
}

#[test]
fn an_event_says_no_more_than_it_has_to() {
    let path = CALLS[2].1;
    let body = body_of(path, |client| client.log_event(&event()));
    assert_eq!((&body["eventName"], &body["id"]), (&json!("selfTest"), &json!("PUMP-0077")));
    assert!(body.get("timestamp").is_none() && body.get("language").is_none(), "{body}");

    let mut full = event();
    (full.device_class, full.language) = (DeviceClass::Served, Some(1031));
    (full.group, full.value) = ("afterUpdate".to_owned(), "x".repeat(5000));
    (full.package, full.platform) = ("pump-fw-4.2.1".to_owned(), "LINUX32".to_owned());
    (full.update_id, full.update_name) = ("UPD-PUMP-421".to_owned(), "pump-421-field".to_owned());
    full.happened_at = Some("2026-03-04T09:16:10Z".to_owned());
    assert_eq!(
        body_of(path, |client| client.log_event(&full)),
        json!({
            "deviceClass": "served", "id": "PUMP-0077", "idType": "STRING", "publisherName": "acme",
            "eventName": "selfTest", "eventGroup": "afterUpdate", "eventValue": "x".repeat(4000),
            "timestamp": "2026-03-04T09:16:10Z", "downloadPackageId": "pump-fw-4.2.1",
            "updateId": "UPD-PUMP-421", "updateName": "pump-421-field", "platform": "LINUX32", "language": 1031,
        })
    );
}

#[test]
fn the_token_goes_with_what_is_told_and_not_with_the_polls() {
    for (subject, path) in CALLS {
        let (outcome, requests, pauses) = told_with(subject, accepted(path, json_answer(200, NO_ERROR)));
        assert!(outcome.is_ok(), "{subject}");
        let bearer = format!("Bearer {TOKEN}");
        let tokens: Vec<_> = requests.iter().map(|request| request.header("authorization")).collect();
        assert_eq!(tokens, [Some(bearer.as_str()), None], "{subject}");
        assert_eq!(pauses.seconds(), [] as [u64; 0]);
    }
}

#[test]
fn polls_go_on_until_the_outcome_is_there() {
    for (subject, path) in CALLS {
        let url = format!("{path}/poll-1");
        let pending = |seconds: &str| {
            let header = format!("Retry-After: {seconds}");
            Answer::new(202, &[&header], json!({ "url": url }).to_string().as_bytes())
        };
        let polled = format!("GET {url} ");
        let steps = vec![
            step(&format!("POST {path} "), pending("3")),
            step(&polled, pending("7")),
            step(&polled, Answer::breaking(200, &[], NO_ERROR.as_bytes(), 5)),
            step(&polled, pending("86400")),
            step(&polled, json_answer(200, NO_ERROR)),
        ];
        let (outcome, _, pauses) = told_with(subject, steps);
        assert!(outcome.is_ok(), "{subject}: {outcome:?}");
        assert_eq!(pauses.seconds(), [3, 7, 1, 30], "{subject}");
    }
}

#[test]
fn what_the_server_does_not_accept_has_its_key_message_and_arguments() {
    let body = r#"{"arguments":"PUMP-0077","key":"device.unknown","message":"The device is not\u001b[2J known."}"#;
    for (subject, error) in each_answered(|| json_answer(200, body)) {
        let ClientError::Declined { subject: about, message } = &error else { panic!("{error}") };
        let expected = ServerMessage {
            key: "device.unknown".to_owned(),
            message: "The device is not [2J known.".to_owned(),
            arguments: "PUMP-0077".to_owned(),
        };
        assert_eq!((about, message), (&subject, &expected));
        let text =
            format!("the server does not accept {subject} (device.unknown: The device is not [2J known. [PUMP-0077])");
        assert_eq!(error.to_string(), text);
    }
    let (_, error) = each_answered(|| json_answer(200, r#"{"arguments":"","key":"","message":"No."}"#)).remove(0);
    assert_eq!(error.to_string(), "the server does not accept the registration (No.)");
}

#[test]
fn an_outcome_that_is_no_error_object_is_neither_success_nor_refusal() {
    for body in ["", "OK", "{}", "[]", "null", r#"{"message":""}"#, r#"{"key":1}"#, r#"{"updateItems":[]}"#] {
        for (subject, error) in each_answered(|| json_answer(200, body)) {
            assert!(matches!(error, ClientError::Malformed { subject: about, .. } if about == subject), "{body}");
        }
    }
    let huge = vec![b' '; 4 * 1024 * 1024 + 1];
    for (_, error) in each_answered(|| Answer::chunked(200, &[], &huge)) {
        assert!(matches!(error, ClientError::AnswerTooLarge { .. }), "{error}");
    }
}

#[test]
fn statuses_mean_the_same_as_for_questions() {
    for (subject, error) in each_answered(|| error_object(401, "auth.token.expired")) {
        assert!(matches!(error, ClientError::Unauthorized { subject: about, .. } if about == subject), "{error}");
    }
    for (_, error) in each_answered(|| error_object(410, "polling.id.expired")) {
        assert!(matches!(error, ClientError::Gone { message: Some(_), .. }), "{error}");
    }
    for (_, error) in each_answered(|| Answer::new(429, &["Retry-After: 60"], b"")) {
        assert!(matches!(error, ClientError::Busy { retry_after: Some(wait), .. } if wait.as_secs() == 60));
    }
    for (_, error) in each_answered(|| Answer::new(302, &["Location: http://127.0.0.1:9/"], b"")) {
        assert!(matches!(error, ClientError::Redirected { .. }), "{error}");
    }
    for (subject, error) in each_answered(|| Answer::new(402, &[], b"")) {
        let expected = format!("the server answered the request for {subject} with status 402");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_server_without_the_call_is_told_from_a_missing_update() {
    for (subject, path) in CALLS {
        let (outcome, _, _) =
            told_with(subject, vec![step(&format!("POST {path} "), error_object(404, "request.path"))]);
        let text = outcome.unwrap_err().to_string();
        assert!(text.ends_with("check the base URL, and whether this server knows the call"), "{text}");
    }
}

#[test]
fn an_outcome_at_another_origin_is_not_asked_for() {
    let other = Server::bind();
    for (subject, path) in CALLS {
        let url = json!({ "url": other.url("/poll-1") }).to_string();
        let (outcome, _, _) = told_with(subject, vec![step(&format!("POST {path} "), json_answer(202, &url))]);
        assert!(matches!(outcome, Err(ClientError::ForeignUrl { .. })), "{subject}: {outcome:?}");
    }
    other.serve(vec![]).finish();
}

#[test]
fn no_output_shows_an_activation_id() {
    assert!(!format!("{:?}", registration()).contains("ACT-9f2e-11"));
    let echo = r#"{"arguments":"ACT-9f2e-11","key":"activation.unknown","message":"ACT-9f2e-11 is not known."}"#;
    let (outcome, _, _) = told_with(Subject::Registration, accepted(CALLS[0].1, json_answer(200, echo)));
    let error = outcome.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains("activation.unknown") && !text.contains("ACT-9f2e-11"), "{text}");
}
