//! A file host that answers a request for the rest of a file with something else.

use std::fs;

use countersign_client::ClientError;

use crate::support::{Answer, Heard, Server, client, download, file_at, names_in, sample, step};

const FILE: &str = "GET /f/fw.bin ";

/// Resumes at 12,000 of 30,000 bytes, gets `answer`, and demands that no file is left.
fn resumed_with(answer: Answer) -> ClientError {
    let folder = tempfile::tempdir().unwrap();
    let bytes = sample(30_000);
    fs::write(folder.path().join("fw.bin.part"), &bytes[..12_000]).unwrap();
    fs::write(folder.path().join("fw.bin.part.etag"), "\"v1\"").unwrap();
    let (outcome, requests) = download(&bytes, folder.path(), vec![step(FILE, answer)]);
    assert_eq!(requests[0].header("range"), Some("bytes=12000-"));
    assert_eq!(names_in(folder.path()), [] as [&str; 0], "nothing is left behind");
    outcome.unwrap_err()
}

#[test]
fn another_range_than_the_one_asked_for_is_refused() {
    let bytes = sample(30_000);
    let rest = &bytes[12_000..];
    for headers in [
        vec!["Content-Range: bytes 0-17999/30000"],
        vec!["Content-Range: bytes 11999-29998/30000"],
        vec!["Content-Range: bytes 12000-29999/40000"],
        vec!["Content-Range: bytes 12000-29999/*"],
        vec!["Content-Range: bytes 12000-39999/30000"],
        vec!["Content-Range: bytes 99999999999999999999-29999/30000"],
        vec!["Content-Range: nonsense"],
        vec![],
        vec!["Content-Type: multipart/byteranges; boundary=x"],
        vec!["Content-Range: bytes 12000-29999/30000", "ETag: \"v2\""],
    ] {
        let error = resumed_with(Answer::new(206, &headers, rest));
        assert!(matches!(error, ClientError::RangeMismatch { .. }), "{headers:?}: {error}");
    }
}

#[test]
fn a_part_of_the_wrong_length_is_refused() {
    let bytes = sample(30_000);
    let right = "Content-Range: bytes 12000-29999/30000";
    let error = resumed_with(Answer::new(206, &[right], &bytes[13_000..]));
    assert!(matches!(error, ClientError::FileTooShort { received: 29_000, .. }), "{error}");
    let error = resumed_with(Answer::chunked(206, &[right], &bytes[11_000..]));
    assert!(matches!(error, ClientError::FileTooLong { .. }), "{error}");
}

#[test]
fn a_partial_answer_that_nobody_asked_for_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = sample(30_000);
    let answer = Answer::new(206, &["Content-Range: bytes 0-29999/30000"], &bytes);
    let (outcome, _) = download(&bytes, folder.path(), vec![step(FILE, answer)]);
    assert!(matches!(outcome, Err(ClientError::RangeMismatch { .. })));
    assert_eq!(names_in(folder.path()), [] as [&str; 0]);
}

#[test]
fn an_endless_file_never_takes_more_than_its_declared_size() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::bind();
    let (client, _) = client("http://127.0.0.1:9");
    let file = file_at(&server.url("/f/fw.bin"), &sample(1000));
    let running = server.serve(vec![step(FILE, Answer::raw(200, &[], &vec![0; 5_000_000]))]);
    let mut heard = Heard::default();
    let outcome = client.download(&file, folder.path(), &mut heard);
    running.finish();
    assert!(matches!(outcome, Err(ClientError::FileTooLong { declared: 1000, .. })));
    let taken = heard.0.iter().filter_map(|word| word.strip_prefix("advanced ")).map(|n| n.parse::<u64>().unwrap());
    assert!(taken.sum::<u64>() <= 1000, "{:?}", heard.0);
    assert_eq!(names_in(folder.path()), [] as [&str; 0]);
}
