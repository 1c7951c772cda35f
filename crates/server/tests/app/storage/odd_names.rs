//! Random names full of what has led other servers out of their folders: each is refused, or what is stored is listed and
//! comes back from inside; and nothing is ever written anywhere else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use axum::body::Body;
use http::StatusCode;

use super::support::{Storages, WORDS, text};

/// Names that are tried.
const NAMES: u32 = 300;
/// Most pieces of a name.
const PIECES: u64 = 6;

/// A name that nobody else gives to a file.
const RARE: &str = "countersign-odd-name-7d1f";

/// Parts of a request target: each is legal in one, whatever it stands for.
const ODD: &[&str] = &[
    RARE,
    RARE,
    "a",
    "B",
    ".",
    "..",
    "...",
    "/",
    "//",
    "%2e",
    "%2E%2e",
    "%2f",
    "%2F..%2f",
    "%5c",
    "..%5c",
    "%00",
    "%0a",
    "%7f",
    "%252e",
    "%252f",
    "%c0%ae",
    "%c0%af",
    "%e0%80%af",
    "%ff",
    "%ed%a0%80",
    "e%cc%81",
    "%c3%a9",
    "%e2%80%ae",
    "%e2%80%8f",
    "%ef%bb%bf",
    "%e2%80%8b",
    "a.",
    "a%20",
    "%20",
    "C:",
    "~",
    "con",
    "%ef%bc%8f",
    "%ef%bc%8e",
    "%e2%88%95",
    "etc/passwd",
    "%25",
    "%3f",
    "%23",
    "%26",
    "+",
    ";x",
    "aux.txt",
    "copy",
    "move",
    "%f0%9f%92%be",
    "%f3%a0%81%81",
];

#[tokio::test]
async fn odd_names_stay_inside() {
    let storages = Storages::new().await;
    let mut random = Random(0x5eed);
    // The first upload makes the directory of the storage.
    storages.put("first", "first").await;
    let (mut stored, mut refused) = (BTreeMap::new(), 0);
    for number in 0..NAMES {
        let mut name: String = (0..=random.below(PIECES)).map(|_| ODD[random.index(ODD.len())]).collect();
        if random.below(20) == 0 {
            name.push_str(&"%cc%81x".repeat(90));
        }
        let content = format!("content {number}");
        let answer = storages.send("PUT", &format!("{WORDS}/file/{name}"), Body::from(content.clone())).await;
        if answer.status == StatusCode::OK {
            let uploaded = answer.json()["Uploaded"][0].as_str().unwrap().to_owned();
            assert!(!uploaded.contains(['/', '\0']) && !matches!(&*uploaded, "" | "." | ".."), "{name}: {uploaded:?}");
            let again = storages.get(&format!("{WORDS}/file/{name}")).await;
            assert_eq!((again.status, &*again.body), (StatusCode::OK, content.as_bytes()), "{name}");
            stored.insert(name, content);
        } else {
            assert!(answer.status.is_client_error(), "{name}: {} {}", answer.status, text(&answer));
            refused += 1;
        }
    }
    assert!(stored.len() > 50 && refused > 50, "{} stored, {refused} refused", stored.len());

    let listed = walk(&storages).await;
    for content in stored.values() {
        // A later name may mean the same file.
        let held = listed.values().filter(|listed| *listed == content).count();
        assert!(held <= 1, "{content} is there {held} times");
    }
    for (path, content) in &listed {
        assert!(path.split('/').all(|segment| !matches!(segment, "" | "." | "..")), "{path:?}");
        assert!(!path.chars().any(char::is_control), "{path:?}");
        assert!(content == "first" || stored.values().any(|stored| stored == content), "{path:?} holds {content}");
    }
    for (name, content) in &stored {
        // What is found under a name is what is listed.
        let held = storages.get(&format!("{WORDS}/file/{name}")).await;
        let held = text(&held);
        assert!(listed.values().any(|listed| *listed == held), "{name}: {content} became {held}");
    }

    let folder = storages.app.world.folder().to_owned();
    for path in files(&folder) {
        let inside = path.strip_prefix(&folder).unwrap();
        let is_ours =
            inside.to_str().is_some_and(|path| path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b)));
        assert!(is_ours, "{} was named by a client", path.display());
    }
    for above in folder.ancestors().skip(1) {
        assert!(!above.join(RARE).exists(), "{} is outside", above.join(RARE).display());
    }
}

/// All files that are listed, by path, with what they hold.
async fn walk(storages: &Storages) -> BTreeMap<String, String> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![String::new()]);
    while let Some(folder) = folders.pop() {
        for name in storages.names(&escaped(&folder)).await {
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            match path.strip_suffix('/') {
                Some(folder) => folders.push(folder.to_owned()),
                None => {
                    let held = storages.bytes(&escaped(&path)).await;
                    found.insert(path.clone(), String::from_utf8(held).unwrap());
                }
            }
        }
    }
    found
}

/// A path as a client writes it into a request target.
fn escaped(path: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02x}")
        }
    };
    path.bytes().map(byte).collect()
}

/// All files below a directory.
fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

/// The same numbers in every run.
struct Random(u64);

impl Random {
    /// A number below a bound, by a step of the generator `SplitMix64`.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }
}
