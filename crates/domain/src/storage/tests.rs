//! What names and paths may be.

use super::*;

fn path(text: &str) -> StoragePath {
    StoragePath::new(text).unwrap()
}

#[test]
fn a_path_has_one_spelling() {
    for (text, expected) in [
        ("", ""),
        ("/", ""),
        ("//./", ""),
        ("a", "a"),
        ("/a//b/./c/", "a/b/c"),
        ("a b+c (1).bin", "a b+c (1).bin"),
        ("caf\u{65}\u{301}", "caf\u{e9}"),
        ("K\u{212a}", "KK"),
        ("A/a", "A/a"),
        ("...", "..."),
        ("a%2Fb", "a%2Fb"),
        ("..%2f", "..%2f"),
        ("a\\..\\b", "a\\..\\b"),
        (" / ", " / "),
        ("\u{202e}txt.exe", "\u{202e}txt.exe"),
    ] {
        let path = path(text);
        assert_eq!(path.as_str(), expected, "{text:?}");
        assert_eq!(StoragePath::new(path.as_str()), Ok(path), "{text:?} is not stable");
    }
}

#[test]
fn what_could_leave_or_break_a_storage_is_refused() {
    let long = "x".repeat(256);
    let deep = "abc/".repeat(257);
    let huge = "/".repeat(5000);
    for (text, expected) in [
        ("..", StoragePathError::Parent),
        ("a/../b", StoragePathError::Parent),
        ("a/..", StoragePathError::Parent),
        ("a\0b", StoragePathError::Control('\0')),
        ("a\nb", StoragePathError::Control('\n')),
        ("\u{7f}", StoragePathError::Control('\u{7f}')),
        ("\u{85}", StoragePathError::Control('\u{85}')),
        (&long, StoragePathError::SegmentTooLong),
        (&deep, StoragePathError::TooLong),
        (&huge, StoragePathError::TooLong),
    ] {
        assert_eq!(StoragePath::new(text), Err(expected), "{text:?}");
    }
    assert!(StoragePath::new(&"x".repeat(255)).is_ok());
    assert!(StoragePath::new(&"abc/".repeat(256)).is_ok());
    // Too long before it is composed, and not after.
    assert_eq!(path(&"e\u{301}".repeat(120)).as_str().len(), 240);
}

#[test]
fn folders_hold_what_begins_with_their_segments() {
    let file = path("in/march/bill.docx");
    for folder in ["", "in", "in/march", "in/march/bill.docx"] {
        assert!(file.is_within(&path(folder)), "{folder}");
    }
    for other in ["i", "in/mar", "march", "in/march/bill.docx/x", "IN"] {
        assert!(!file.is_within(&path(other)), "{other}");
    }
    assert_eq!(file.split(), Some((path("in/march"), "bill.docx")));
    assert_eq!(path("x").split(), Some((StoragePath::root(), "x")));
    assert_eq!(StoragePath::root().split(), None);
    assert_eq!(file.to_string(), "/in/march/bill.docx");
    assert_eq!(file.segments().collect::<Vec<_>>(), ["in", "march", "bill.docx"]);
}

#[test]
fn storages_are_not_called_like_fixed_words() {
    for good in ["First Storage", "main", "files", "\u{e9}t\u{e9}"] {
        assert!(StorageName::new(good).is_ok(), "{good}");
    }
    for bad in ["", " ", "file", "Folder", "EXIST", "disc", "version", "a/b", "a:b", "a\\b", "..", "x\ny"] {
        assert!(StorageName::new(bad).is_err(), "{bad:?}");
    }
    assert!(StorageName::new("x".repeat(129)).is_err());
}

#[test]
fn grants_cover_their_path_and_below() {
    let name = |text: &str| StorageName::new(text).unwrap();
    let grants = [
        StorageGrant { storage: name("one"), path: path("in"), access: StorageAccess::Write },
        StorageGrant { storage: name("one"), path: path("out"), access: StorageAccess::Read },
    ];
    let may = |storage: &str, at: &str, access| allows(&grants, &name(storage), &path(at), access);
    assert!(may("one", "in/a", StorageAccess::Write));
    assert!(may("one", "in", StorageAccess::Read));
    assert!(may("one", "out/a", StorageAccess::Read));
    assert!(!may("one", "out/a", StorageAccess::Write));
    assert!(!may("one", "", StorageAccess::Read));
    assert!(!may("one", "inner", StorageAccess::Read));
    assert!(!may("two", "in/a", StorageAccess::Read));
    assert_eq!(StorageAccess::parse("write"), Some(StorageAccess::Write));
}

#[test]
fn version_ids_and_places_in_lists_come_back() {
    let id = VersionId(0x1f);
    assert_eq!(id.to_string(), "000000000000001f");
    assert_eq!("000000000000001f".parse(), Ok(id));
    for bad in ["", "1f", "000000000000001F", "+00000000000001f", "ffffffffffffffff", "000000000000001f0"] {
        assert_eq!(bad.parse::<VersionId>(), Err(()), "{bad}");
    }
    for text in ["a", "a/", "", "/"] {
        assert_eq!(ListAfter::parse(text).to_string(), text);
    }
}
