//! Names in a genuine manifest that must not become paths: the signature says who wrote them, not that they are safe.

use countersign_client::{ClientError, NameFault};

use crate::support::{manifest_answered_with, manifest_payload, sign};

fn refused(segments: &[&str]) -> (String, NameFault) {
    let files: Vec<(String, &[u8])> = segments
        .iter()
        .zip([b"a".as_slice(), b"b"])
        .map(|(segment, bytes)| (format!("http://dl.example.net/f/{segment}"), bytes))
        .collect();
    match manifest_answered_with(&sign(&manifest_payload(&files).to_string())) {
        Err(ClientError::UnsafeFileName { name, fault }) => (name, fault),
        other => panic!("{segments:?}: {other:?}"),
    }
}

#[test]
fn every_unsafe_name_refuses_the_manifest() {
    let long = "a".repeat(256);
    for (segment, fault) in [
        ("..%2f..%2fetc%2fpasswd", NameFault::Separator),
        ("a%2fb", NameFault::Separator),
        ("..%5c..%5cwindows", NameFault::Separator),
        ("C:x", NameFault::Separator),
        ("nul", NameFault::Reserved),
        ("COM1.txt", NameFault::Reserved),
        ("fw.bin.part", NameFault::Reserved),
        ("", NameFault::Empty),
        ("?name=fw.bin", NameFault::Empty),
        ("..", NameFault::Traversal),
        ("%2e%2e", NameFault::Traversal),
        ("a%00b", NameFault::Control),
        ("re%CC%81sume%CC%81", NameFault::Combining),
        (&long, NameFault::TooLong),
    ] {
        assert_eq!(refused(&[segment]).1, fault, "{segment}");
    }
}

#[test]
fn two_different_files_must_not_share_a_name() {
    assert_eq!(refused(&["fw.bin", "FW.bin"]).1, NameFault::Repeated);
}

#[test]
fn one_file_may_be_listed_twice() {
    let file = ("http://dl.example.net/f/fw.bin".to_owned(), b"same".as_slice());
    let manifest = manifest_payload(&[file.clone(), file]);
    assert_eq!(manifest_answered_with(&sign(&manifest.to_string())).unwrap().files.len(), 2);
}

#[test]
fn the_refusal_shows_the_name_in_a_way_that_cannot_hurt() {
    let (name, _) = refused(&[&format!("..%2f{}", "x".repeat(500))]);
    assert!(name.chars().count() < 100, "{name}");
    assert!(name.starts_with('"'), "{name}");
}
