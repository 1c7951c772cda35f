//! The table that devices follow, too, and what names that were published earlier may be.

use std::collections::BTreeMap;

use super::PlainFileName;

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
fn names_are_judged_as_devices_judge_them() {
    let table = table();
    assert_eq!(table.keys().map(String::as_str).collect::<Vec<_>>(), ["other", "plain", "refused", "same"]);
    assert!(table.values().all(|lines| lines.len() >= 5));
    for names in &table["plain"] {
        assert!(PlainFileName::new(&names[0]).is_ok(), "{names:?} was refused");
    }
    for names in &table["refused"] {
        assert!(PlainFileName::new(&names[0]).is_err(), "{names:?} was accepted");
    }
}

#[test]
fn names_are_told_apart_as_devices_tell_them_apart() {
    let table = table();
    let is_same = |names: &[String]| {
        let [one, other] = [&names[0], &names[1]].map(|name| PlainFileName::new(name).unwrap().folded());
        one == other
    };
    for names in &table["same"] {
        assert!(is_same(names), "{names:?} could stand in one package");
    }
    for names in &table["other"] {
        assert!(!is_same(names), "{names:?} could not stand in one package");
    }
}

#[test]
fn what_was_published_earlier_stays_readable() {
    for name in ["a.part", "re\u{301}sume\u{301}.txt", "a\u{200b}b", "COM¹", "CON"] {
        assert!(PlainFileName::new(name).is_err() && PlainFileName::of_published(name).is_ok(), "{name:?}");
    }
    for name in ["..", "a/b", "a\\b", "C:x", "a\0b", "", " a", "a."] {
        assert!(PlainFileName::of_published(name).is_err(), "{name:?} was accepted");
    }
}
