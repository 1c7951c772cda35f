//! Files of storages by commands.

use std::fs;
use std::path::Path;

use crate::support::Place;

/// A site with the storage `main`, in which `in/a.bin` has a kibibyte.
fn with_a_file() -> Place {
    let place = Place::new();
    place.run(&["site", "create", "acme"]).ok();
    place.run(&["storage", "create", "main"]).ok();
    let local = place.write("local", &[("a.bin", &[7; 1024])]).join("a.bin");
    place.run(&["storage", "put", local.to_str().unwrap(), "main:in/"]).ok();
    place
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The one object in a directory.
fn object(folder: &Path) -> Option<std::path::PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.into_iter().find_map(|path| if path.is_dir() { object(&path) } else { Some(path) })
}

#[test]
fn a_file_is_fetched_whole_into_a_folder_and_beside_everything_else() {
    let place = with_a_file();
    let folder = place.write("got", &[("a.bin", b"old"), ("a.bin.part", b"somebody's")]);
    place.run(&["storage", "get", "main:in/a.bin", folder.to_str().unwrap()]).ok();
    assert_eq!(fs::read(folder.join("a.bin")).unwrap(), [7; 1024]);
    assert_eq!(fs::read(folder.join("a.bin.part")).unwrap(), b"somebody's", "another's file was written");
    let named = folder.join("b.bin");
    place.run(&["storage", "get", "main:in/a.bin", named.to_str().unwrap()]).ok();
    assert_eq!(names(&folder), ["a.bin", "a.bin.part", "b.bin"]);
}

#[test]
fn bytes_that_are_not_those_that_were_stored_do_not_become_a_file() {
    let place = with_a_file();
    let stored = object(&place.path("data").join("storages/1")).unwrap();
    fs::write(stored, [8; 1024]).unwrap();
    let folder = place.write("got", &[("a.bin", b"old")]);
    let error = place.run(&["storage", "get", "main:in/a.bin", folder.to_str().unwrap()]).fails(1);
    assert!(error.contains("not those that were stored"), "{error}");
    assert_eq!((names(&folder), fs::read(folder.join("a.bin")).unwrap()), (vec!["a.bin".to_owned()], b"old".to_vec()));
}

#[test]
fn an_access_key_is_refused_where_there_is_no_bucket() {
    let place = with_a_file();
    let words = ["storage", "set", "main", "--quota", "5K", "--access-key-id", "id", "--secret-key-file", "-"];
    let error = place.run_with_input(&words, "secret").fails(1);
    assert!(error.contains("in no bucket"), "{error}");
    assert_eq!(place.json(&["storage", "show", "main"])["quota"], serde_json::Value::Null, "a half of it was done");
}

#[test]
fn a_storage_that_cannot_be_read_is_no_damage_and_fails_the_scrub() {
    let place = with_a_file();
    let (data, away) = (place.path("data").join("storages/1"), place.path("away"));
    fs::rename(&data, &away).unwrap();
    let run = place.run(&["scrub", "--json"]);
    let found = run.json();
    assert_eq!(found["storages"]["damaged"], serde_json::json!([]));
    assert_eq!(found["storages"]["unavailable"][0]["storage"], "main", "{found}");
    assert!(run.fails(1).contains("not all storages could be read"));
    assert!(!data.exists(), "a look made a directory");
    fs::rename(&away, &data).unwrap();
    place.run(&["scrub"]).ok();
}
