//! Names and what is said about them, and the table that the server follows, too.

use std::collections::BTreeMap;

use super::{FileName, NameFault};

/// The lines of the table, by their words.
fn table() -> BTreeMap<String, Vec<Vec<String>>> {
    let mut lines = BTreeMap::<String, Vec<Vec<String>>>::new();
    for line in include_str!("../../../../contract/file-names/names.txt").lines() {
        let (word, names) = line.split_once('\t').unwrap();
        lines.entry(word.to_owned()).or_default().push(names.split('\t').map(unescaped).collect());
    }
    lines
}

/// A name of the table: `\u{…}` is a character, `\*N` repeats the one before it.
fn unescaped(text: &str) -> String {
    if let Some((letter, count)) = text.split_once("\\*") {
        return letter.repeat(count.parse().unwrap());
    }
    let mut parts = text.split("\\u{");
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('}').unwrap();
        name.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        name.push_str(rest);
    }
    name
}

#[test]
fn ordinary_names_are_accepted_as_they_are() {
    for (segment, expected) in [
        ("pump-fw-4.2.1.bin", "pump-fw-4.2.1.bin"),
        ("Setup%20%281%29.exe", "Setup (1).exe"),
        ("%E6%9B%B4%E6%96%B0.zip", "更新.zip"),
        ("r%C3%A9sum%C3%A9-%ED%95%9C-%E3%81%8C", "résumé-한-が"),
        (".config", ".config"),
        ("100%25", "100%"),
        ("50%zz", "50%zz"),
        ("company.txt", "company.txt"),
        ("com10", "com10"),
        ("a.part1.rar", "a.part1.rar"),
        ("a..b", "a..b"),
    ] {
        assert_eq!(FileName::from_path_segment(segment).as_ref().map(FileName::as_str), Ok(expected));
    }
}

#[test]
fn every_dangerous_name_is_refused_with_its_reason() {
    for (segment, fault) in [
        ("", NameFault::Empty),
        (".", NameFault::Traversal),
        ("..", NameFault::Traversal),
        ("%2e%2E", NameFault::Traversal),
        ("..%2f..%2fetc%2fpasswd", NameFault::Separator),
        ("a%2Fb", NameFault::Separator),
        ("a%5Cb", NameFault::Separator),
        ("C:x", NameFault::Separator),
        ("a%3astream", NameFault::Separator),
        ("a%00.txt", NameFault::Control),
        ("a%0d%0ab", NameFault::Control),
        ("a%7f", NameFault::Control),
        ("a%C2%85b", NameFault::Control),
        ("gpj%E2%80%AEexe.jpg", NameFault::Control),
        ("re%CC%81sume%CC%81", NameFault::Combining),
        ("%E1%84%92%E1%85%A1%E1%86%AB", NameFault::Combining),
        ("%E3%81%8B%E3%82%99", NameFault::Combining),
        ("a%20", NameFault::Edge),
        ("%20a", NameFault::Edge),
        ("a.", NameFault::Edge),
        ("...", NameFault::Edge),
        ("%ff", NameFault::Encoding),
        ("nul", NameFault::Reserved),
        ("NuL.tar.gz", NameFault::Reserved),
        ("nul%20.txt", NameFault::Reserved),
        ("com1", NameFault::Reserved),
        ("LPT%C2%B9", NameFault::Reserved),
        ("conin$", NameFault::Reserved),
        ("a.PART", NameFault::Reserved),
        ("a.part.etag", NameFault::Reserved),
    ] {
        assert_eq!(FileName::from_path_segment(segment), Err(fault), "{segment}");
    }
    assert_eq!(FileName::parse(&"a".repeat(246)), Err(NameFault::TooLong));
    assert_eq!(FileName::parse(&"a".repeat(245)).map(|name| name.part_etag().len()), Ok(255));
}

#[test]
fn names_are_judged_as_the_server_judges_them() {
    let table = table();
    assert_eq!(table.keys().map(String::as_str).collect::<Vec<_>>(), ["other", "plain", "refused", "same"]);
    assert!(table.values().all(|lines| lines.len() >= 5));
    for names in &table["plain"] {
        assert!(FileName::parse(&names[0]).is_ok(), "{names:?} was refused");
    }
    for names in &table["refused"] {
        assert!(FileName::parse(&names[0]).is_err(), "{names:?} was accepted");
    }
}

#[test]
fn names_are_told_apart_as_the_server_tells_them_apart() {
    let table = table();
    let is_same = |names: &[String]| {
        let [one, other] = [&names[0], &names[1]].map(|name| FileName::parse(name).unwrap().folded());
        one == other
    };
    for names in &table["same"] {
        assert!(is_same(names), "{names:?} could stand in one manifest");
    }
    for names in &table["other"] {
        assert!(!is_same(names), "{names:?} could not stand in one manifest");
    }
}
