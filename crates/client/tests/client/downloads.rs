//! One file that comes or does not come: sizes, digests, statuses, and what is on the disk afterwards.

use std::{fs, path::Path};

use countersign_client::{ClientError, FileDigest, NoProgress, Subject};

use crate::support::{Answer, Server, client, download, error_object, file_at, md5_hex, names_in, sample, step};

const FILE: &str = "GET /f/fw.bin ";

/// Downloads from a server that gives one answer, and demands that no file is left.
fn refused(bytes: &[u8], answer: Answer) -> ClientError {
    let folder = tempfile::tempdir().unwrap();
    let (outcome, _) = download(bytes, folder.path(), vec![step(FILE, answer)]);
    assert_eq!(names_in(folder.path()), [] as [&str; 0], "nothing is left behind");
    outcome.unwrap_err()
}

#[test]
fn one_flipped_byte_is_a_digest_mismatch() {
    let bytes = sample(100_000);
    for position in [0, 50_000, 99_999] {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        for answer in [Answer::new(200, &["ETag: \"1\""], &changed), Answer::chunked(200, &[], &changed)] {
            let error = refused(&bytes, answer);
            assert!(matches!(error, ClientError::DigestMismatch { algorithm: "SHA-256", .. }), "{error}");
            assert!(error.to_string().starts_with("Refused: fw.bin has the wrong SHA-256 digest"), "{error}");
        }
    }
}

#[test]
fn md5_is_checked_when_it_is_all_there_is() {
    let bytes = sample(1000);
    for (sent, good) in [(bytes.clone(), true), (sample(999).into_iter().chain([7]).collect(), false)] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::bind();
        let (client, _) = client("http://127.0.0.1:9");
        let mut file = file_at(&server.url("/f/fw.bin"), &bytes);
        let digest: Vec<u8> = countersign_crypto::encoding::hex_decode(&md5_hex(&bytes)).unwrap();
        file.digest = FileDigest::Md5(digest.try_into().unwrap());
        let running = server.serve(vec![step(FILE, Answer::new(200, &[], &sent))]);
        let outcome = client.download(&file, folder.path(), &mut NoProgress);
        running.finish();
        if good {
            assert_eq!(fs::read(outcome.unwrap()).unwrap(), bytes);
        } else {
            assert!(matches!(outcome, Err(ClientError::DigestMismatch { algorithm: "MD5", .. })));
            assert_eq!(names_in(folder.path()), [] as [&str; 0]);
        }
    }
}

#[test]
fn a_file_that_is_too_short_is_refused_announced_or_not() {
    let bytes = sample(10_000);
    let short = &bytes[..9_000];
    for answer in [
        Answer::new(200, &[], short),
        Answer::chunked(200, &[], short),
        Answer::raw(200, &[], short),
        Answer::new(200, &[], b""),
    ] {
        let error = refused(&bytes, answer);
        assert!(matches!(error, ClientError::FileTooShort { declared: 10_000, .. }), "{error}");
    }
}

#[test]
fn a_file_that_is_too_long_is_refused_announced_or_not() {
    let bytes = sample(10_000);
    let long = [&bytes[..], b"!"].concat();
    for answer in [Answer::new(200, &[], &long), Answer::chunked(200, &[], &long), Answer::raw(200, &[], &long)] {
        let error = refused(&bytes, answer);
        assert!(matches!(error, ClientError::FileTooLong { declared: 10_000, .. }), "{error}");
    }
}

#[test]
fn an_old_file_of_that_name_survives_a_refused_download_and_is_replaced_by_a_good_one() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = sample(5000);
    fs::write(folder.path().join("fw.bin"), b"the old one").unwrap();
    let mut wrong = bytes.clone();
    wrong[17] ^= 0x80;
    let (outcome, _) = download(&bytes, folder.path(), vec![step(FILE, Answer::new(200, &[], &wrong))]);
    assert!(matches!(outcome, Err(ClientError::DigestMismatch { .. })));
    assert_eq!(fs::read(folder.path().join("fw.bin")).unwrap(), b"the old one");
    let (outcome, _) = download(&bytes, folder.path(), vec![step(FILE, Answer::new(200, &[], &bytes))]);
    assert_eq!(fs::read(outcome.unwrap()).unwrap(), bytes);
    assert_eq!(names_in(folder.path()), ["fw.bin"]);
}

#[test]
fn statuses_of_the_file_host_are_told_apart() {
    let bytes = sample(10);
    assert!(matches!(
        refused(&bytes, error_object(410, "link.expired")),
        ClientError::Gone { subject: Subject::File, message: Some(_) }
    ));
    assert!(matches!(refused(&bytes, Answer::new(404, &[], b"")), ClientError::NotFound { .. }));
    assert!(matches!(refused(&bytes, Answer::new(401, &[], b"")), ClientError::Unauthorized { .. }));
    assert!(matches!(refused(&bytes, Answer::new(403, &[], b"")), ClientError::UnexpectedStatus { status: 403, .. }));
    assert!(matches!(refused(&bytes, Answer::new(503, &[], b"")), ClientError::Busy { .. }));
    assert!(matches!(refused(&bytes, Answer::new(416, &[], b"")), ClientError::UnexpectedStatus { .. }));
}

#[test]
fn a_redirected_download_is_refused() {
    let other = Server::bind();
    let location = format!("Location: {}", other.url("/f/fw.bin"));
    let error = refused(&sample(10), Answer::new(302, &[&location], b""));
    assert!(matches!(error, ClientError::Redirected { subject: Subject::File, status: 302 }), "{error}");
    other.serve(vec![]).finish();
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let (client, _) = client("http://127.0.0.1:9");
    let file = file_at("http://127.0.0.1:9/f/fw.bin", b"x");
    let error = client.download(&file, Path::new("/nowhere/at/all"), &mut NoProgress).unwrap_err();
    assert!(matches!(error, ClientError::Io { .. }), "{error}");
    assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
}

#[test]
fn two_downloads_of_one_file_do_not_mix() {
    let folder = tempfile::tempdir().unwrap();
    let other = fs::File::create(folder.path().join("fw.bin.part")).unwrap();
    other.lock().unwrap();
    let (outcome, _) = download(&sample(10), folder.path(), vec![]);
    assert!(matches!(outcome, Err(ClientError::InUse { .. })));
    drop(other);
    let (outcome, _) = download(&sample(10), folder.path(), vec![step(FILE, Answer::new(200, &[], &sample(10)))]);
    assert!(outcome.is_ok());
}

#[cfg(unix)]
#[test]
fn a_link_in_the_way_is_not_written_through() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let victim = elsewhere.path().join("victim");
    fs::write(&victim, b"precious").unwrap();
    std::os::unix::fs::symlink(&victim, folder.path().join("fw.bin.part")).unwrap();
    std::os::unix::fs::symlink(&victim, folder.path().join("fw.bin.part.etag")).unwrap();
    std::os::unix::fs::symlink(&victim, folder.path().join("fw.bin")).unwrap();
    let bytes = sample(10);
    let (outcome, _) = download(&bytes, folder.path(), vec![step(FILE, Answer::new(200, &["ETag: \"1\""], &bytes))]);
    assert_eq!(fs::read(outcome.unwrap()).unwrap(), bytes);
    assert_eq!(fs::read(victim).unwrap(), b"precious");
    assert!(fs::symlink_metadata(folder.path().join("fw.bin")).unwrap().is_file());
}
