//! Downloads that were cut off: what is asked for afterwards, and what the outcome must be.

use std::fs;

use countersign_client::{ClientError, NoProgress};

use crate::support::{Answer, Heard, Server, client, download, file_at, names_in, sample, step};

const FILE: &str = "GET /f/fw.bin ";

#[test]
fn a_break_is_followed_by_a_request_for_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = sample(200_000);
    let (outcome, requests) = download(
        &bytes,
        folder.path(),
        vec![
            step(FILE, Answer::breaking(200, &["ETag: \"v1\""], &bytes, 70_000)),
            step(
                FILE,
                Answer::new(206, &["ETag: \"v1\"", "Content-Range: bytes 70000-199999/200000"], &bytes[70_000..]),
            ),
        ],
    );
    assert_eq!(fs::read(outcome.unwrap()).unwrap(), bytes);
    assert_eq!(names_in(folder.path()), ["fw.bin"]);
    assert_eq!((requests[0].header("range"), requests[0].header("if-range")), (None, None));
    assert_eq!(requests[1].header("range"), Some("bytes=70000-"));
    assert_eq!(requests[1].header("if-range"), Some("\"v1\""));
}

#[test]
fn a_later_run_goes_on_where_an_earlier_one_gave_up() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = sample(50_000);
    let nothing_more = "Content-Range: bytes 20000-49999/50000";
    let mut steps = vec![step(FILE, Answer::breaking(200, &["ETag: \"v1\""], &bytes, 20_000))];
    steps.extend((0..4).map(|_| step(FILE, Answer::breaking(206, &[nothing_more], &bytes[20_000..], 0))));
    let (outcome, _) = download(&bytes, folder.path(), steps);
    assert!(matches!(outcome, Err(ClientError::Network { .. })));
    assert_eq!(names_in(folder.path()), ["fw.bin.part", "fw.bin.part.etag"], "kept for the next run");

    let server = Server::bind();
    let (client, pauses) = client("http://127.0.0.1:9");
    let file = file_at(&server.url("/f/fw.bin"), &bytes);
    let running = server.serve(vec![step(FILE, Answer::new(206, &[nothing_more], &bytes[20_000..]))]);
    let mut heard = Heard::default();
    let path = client.download(&file, folder.path(), &mut heard).unwrap();
    assert_eq!(running.finish()[0].header("range"), Some("bytes=20000-"));
    assert_eq!(fs::read(path).unwrap(), bytes);
    assert_eq!(heard.0[..2], ["started 50000", "advanced 20000"]);
    assert_eq!(heard.0.iter().filter(|word| word.starts_with("started")).count(), 1);
    assert_eq!(names_in(folder.path()), ["fw.bin"]);
    assert_eq!(pauses.seconds(), [] as [u64; 0]);
}

#[test]
fn breaks_are_retried_with_growing_pauses_and_not_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = sample(1000);
    let server = Server::bind();
    let (client, pauses) = client("http://127.0.0.1:9");
    let file = file_at(&server.url("/f/fw.bin"), &bytes);
    let steps = (0..5).map(|_| step(FILE, Answer(Vec::new()))).collect();
    let running = server.serve(steps);
    let error = client.download(&file, folder.path(), &mut NoProgress).unwrap_err();
    running.finish();
    assert!(matches!(error, ClientError::Network { .. }), "{error}");
    assert_eq!(pauses.seconds(), [1, 2, 4, 8]);
    assert_eq!(names_in(folder.path()), [] as [&str; 0], "an empty unfinished file is of no use");
}

#[test]
fn a_long_download_that_moves_may_break_more_often() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = sample(9 * 1024 * 1024);
    let step_size = 1024 * 1024;
    let size = bytes.len();
    let mut steps = vec![step(FILE, Answer::breaking(200, &["ETag: \"v1\""], &bytes, step_size))];
    for from in (step_size..size).step_by(step_size) {
        let range = format!("Content-Range: bytes {from}-{}/{size}", size - 1);
        steps.push(step(FILE, Answer::breaking(206, &[&range], &bytes[from..], step_size)));
    }
    let (outcome, _) = download(&bytes, folder.path(), steps);
    assert_eq!(fs::read(outcome.unwrap()).unwrap(), bytes);
}

#[test]
fn a_file_that_changed_meanwhile_is_taken_from_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = sample(30_000);
    fs::write(folder.path().join("fw.bin.part"), [9; 12_000]).unwrap();
    fs::write(folder.path().join("fw.bin.part.etag"), "\"old\"").unwrap();
    let server = Server::bind();
    let (client, _) = client("http://127.0.0.1:9");
    let file = file_at(&server.url("/f/fw.bin"), &bytes);
    let running = server.serve(vec![step(FILE, Answer::new(200, &["ETag: \"new\""], &bytes))]);
    let mut heard = Heard::default();
    let path = client.download(&file, folder.path(), &mut heard).unwrap();
    assert_eq!(running.finish()[0].header("if-range"), Some("\"old\""));
    assert_eq!(fs::read(path).unwrap(), bytes);
    assert_eq!(heard.0[..3], ["started 30000", "advanced 12000", "started 30000"], "counting begins anew");
}

#[test]
fn what_cannot_be_resumed_is_not_asked_for_in_part() {
    let bytes = sample(30_000);
    for etag in [None, Some(""), Some("W/\"weak\""), Some("\"a\r\nX-Evil: 1\""), Some("no quotes")] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("fw.bin.part"), &bytes[..12_000]).unwrap();
        if let Some(etag) = etag {
            fs::write(folder.path().join("fw.bin.part.etag"), etag).unwrap();
        }
        let (outcome, requests) =
            download(&bytes, folder.path(), vec![step(FILE, Answer::new(200, &["ETag: W/\"weak\""], &bytes))]);
        assert_eq!(fs::read(outcome.unwrap()).unwrap(), bytes);
        assert_eq!(requests[0].header("range"), None, "{etag:?}");
    }
}

#[test]
fn a_break_without_a_strong_entity_tag_starts_again() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = sample(30_000);
    let (outcome, requests) = download(
        &bytes,
        folder.path(),
        vec![
            step(FILE, Answer::breaking(200, &["ETag: W/\"1\""], &bytes, 10_000)),
            step(FILE, Answer::new(200, &[], &bytes)),
        ],
    );
    assert_eq!(fs::read(outcome.unwrap()).unwrap(), bytes);
    assert_eq!(requests[1].header("range"), None);
}

#[test]
fn a_left_over_that_proves_damaged_gets_one_fresh_start() {
    let bytes = sample(30_000);
    let mut damaged = bytes[..12_000].to_vec();
    damaged[77] ^= 1;
    let rest = || Answer::new(206, &["Content-Range: bytes 12000-29999/30000"], &bytes[12_000..]);
    let folder = tempfile::tempdir().unwrap();
    let prepare = |part: &[u8]| {
        fs::write(folder.path().join("fw.bin.part"), part).unwrap();
        fs::write(folder.path().join("fw.bin.part.etag"), "\"v1\"").unwrap();
    };

    prepare(&damaged);
    let steps = vec![step(FILE, rest()), step(FILE, Answer::new(200, &[], &bytes))];
    let (outcome, requests) = download(&bytes, folder.path(), steps);
    assert_eq!(fs::read(outcome.unwrap()).unwrap(), bytes);
    assert_eq!(requests[1].header("range"), None);

    fs::remove_file(folder.path().join("fw.bin")).unwrap();
    prepare(&damaged);
    let mut wrong = bytes.clone();
    wrong[29_999] ^= 1;
    let steps = vec![step(FILE, rest()), step(FILE, Answer::new(200, &[], &wrong))];
    let (outcome, _) = download(&bytes, folder.path(), steps);
    assert!(matches!(outcome, Err(ClientError::DigestMismatch { .. })));
    assert_eq!(names_in(folder.path()), [] as [&str; 0]);
}

#[test]
fn a_left_over_that_is_whole_costs_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = sample(30_000);
    fs::write(folder.path().join("fw.bin.part"), &bytes).unwrap();
    fs::write(folder.path().join("fw.bin.part.etag"), "\"v1\"").unwrap();
    let (outcome, _) = download(&bytes, folder.path(), vec![]);
    assert_eq!(fs::read(outcome.unwrap()).unwrap(), bytes);
    assert_eq!(names_in(folder.path()), ["fw.bin"]);
}

#[test]
fn a_left_over_that_is_too_long_is_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = sample(30_000);
    fs::write(folder.path().join("fw.bin.part"), sample(30_001)).unwrap();
    fs::write(folder.path().join("fw.bin.part.etag"), "\"v1\"").unwrap();
    let (outcome, requests) = download(&bytes, folder.path(), vec![step(FILE, Answer::new(200, &[], &bytes))]);
    assert_eq!(fs::read(outcome.unwrap()).unwrap(), bytes);
    assert_eq!(requests[0].header("range"), None);
}

#[test]
fn a_server_that_cannot_satisfy_the_range_is_asked_for_the_whole_once() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = sample(30_000);
    fs::write(folder.path().join("fw.bin.part"), &bytes[..12_000]).unwrap();
    fs::write(folder.path().join("fw.bin.part.etag"), "\"v1\"").unwrap();
    let steps = vec![
        step(FILE, Answer::new(416, &["Content-Range: bytes */10"], b"")),
        step(FILE, Answer::new(200, &[], &bytes)),
    ];
    let (outcome, _) = download(&bytes, folder.path(), steps);
    assert_eq!(fs::read(outcome.unwrap()).unwrap(), bytes);
}
