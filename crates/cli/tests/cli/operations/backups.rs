//! Backup beside a server that is written to, and restore elsewhere.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use ureq::http::Method;

use super::{flip, objects, run_with};
use crate::beside_a_server::{check, published};
use crate::http::Caller;
use crate::support::{Place, files_below, text};

const UPDATES: &str = "/uai/2.0/signed-updates";
const PUBLIC_KEY: &str = "/flexnet/operations/api/updates/update-signing-key";

fn back_up(place: &Place) -> std::path::PathBuf {
    let folder = place.path("backup");
    place.run(&["backup", text(&folder)]).ok();
    folder
}

/// Restores into the data directory of another place.
fn restore(from: &Place, into: &Place) -> Value {
    let (backup, key) = (from.path("backup"), from.path("data/master.key"));
    into.json(&["restore", text(&backup), "--master-key-file", text(&key)])
}

fn ask(caller: &mut Caller, place: &Place) -> String {
    let token = fs::read_to_string(place.path("device.jwt")).unwrap();
    let question = json!({ "updateFromPkgId": "pump-1", "platform": "LINUX64", "language": 1033 });
    let answer = caller.send(Method::POST, UPDATES, &format!("Bearer {}", token.trim()), &question).expect(202);
    answer.json()["url"].as_str().unwrap().to_owned()
}

/// Products that commands have said to be kept.
struct Acknowledged {
    before: usize,
    at_all: usize,
}

/// Makes a backup while commands write beside the server, and devices through it. All of them are served.
fn back_up_under_writes(place: &Place, base_url: &str) -> (Value, Acknowledged) {
    let (stop, products) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let producing = scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                place.run(&["product", "create", &format!("Product {}", products.load(Ordering::SeqCst))]).ok();
                products.fetch_add(1, Ordering::SeqCst);
            }
        });
        let reporting = scope.spawn(|| {
            let token = format!("Bearer {}", fs::read_to_string(place.path("device.jwt")).unwrap().trim());
            let mut caller = Caller::new(base_url);
            for number in 0.. {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let report = json!({ "updateId": "UPD-1", "statusCode": number, "platform": "LINUX64" });
                caller.send(Method::POST, "/uai/2.0/updates/statusLog", &token, &report).expect(202);
            }
        });
        while products.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        let before = products.load(Ordering::SeqCst);
        let manifest = place.json(&["backup", text(&place.path("backup"))]);
        // At least one that was begun while the backup was made.
        let during = products.load(Ordering::SeqCst);
        while products.load(Ordering::SeqCst) == during {
            std::thread::yield_now();
        }
        stop.store(true, Ordering::SeqCst);
        producing.join().unwrap();
        reporting.join().unwrap();
        (manifest, Acknowledged { before, at_all: products.load(Ordering::SeqCst) })
    })
}

#[test]
fn a_backup_made_under_writes_is_restored_and_devices_accept_it() {
    let (place, other) = (published(), Place::new());
    place.run(&["user", "add", "ada"]).ok();
    let token = place.json(&["access-token", "create", "ada"])["access_token"].as_str().unwrap().to_owned();
    let proof = format!("Bearer {token}");
    let serving = place.serve(&["serve", "--default-site", "acme", "-q"]);
    let mut caller = Caller::new(&serving.base_url);
    let polled = ask(&mut caller, &place);
    caller.fetch(&polled, "").expect(200);
    caller.fetch(PUBLIC_KEY, &proof).expect(200);

    let (manifest, acknowledged) = back_up_under_writes(&place, &serving.base_url);
    assert_eq!((manifest["files"]["count"].as_i64(), manifest["epoch"].as_i64()), (Some(1), Some(1)));
    assert!(serving.terminate().success());

    let report = restore(&place, &other);
    assert_eq!(report["epoch"], 2);
    assert_eq!(report["missing_from"], manifest["taken_at"]);
    assert!(report["missing_from"].as_str() <= report["missing_to"].as_str());
    assert_eq!(report["revoked_access_tokens"][0]["username"], "ada");
    let products = other.json(&["product", "list"]).to_string();
    let kept = (0..).take_while(|number| products.contains(&format!("\"name\":\"Product {number}\""))).count();
    assert!(kept >= acknowledged.before, "{kept} products of {} are there", acknowledged.before);
    assert_eq!(
        products.matches("\"name\":\"Product ").count(),
        kept,
        "a later product is there without one before it: {products}"
    );
    assert!(kept <= acknowledged.at_all && acknowledged.before < acknowledged.at_all, "nothing was written meanwhile");

    // The device knows nothing of all this.
    for name in ["device.jwt", "signing-key.txt"] {
        fs::copy(place.path(name), other.path(name)).unwrap();
    }
    let serving = other.serve(&["serve", "--default-site", "acme", "-q"]);
    assert_eq!(check(&other, &serving.base_url).ok().json()["updates"][0]["to"], "pump-2");
    let mut caller = Caller::new(&serving.base_url);
    caller.fetch(&polled, "").expect(410);
    caller.fetch(PUBLIC_KEY, &proof).expect(401);
    let again = ask(&mut caller, &other);
    caller.fetch(&again, "").expect(200);
    assert!(serving.terminate().success());

    other.run(&["access-token", "create", "ada"]).ok();
    let id = other.json(&["access-token", "list"])[0]["id"].as_i64().unwrap();
    assert!(id > 1_000_000_000, "token {id} may have been given out after the backup");
    assert_eq!(other.run(&["doctor"]).code, Some(0));
}

#[test]
fn the_master_key_is_nowhere_in_a_backup() {
    let place = published();
    let backup = back_up(&place);
    let digits = fs::read_to_string(place.path("data/master.key")).unwrap();
    let digits = digits.trim();
    let raw: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap()).collect();
    let files = files_below(&backup);
    for path in &files {
        let bytes = fs::read(path).unwrap();
        let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!has(&raw) && !has(digits.as_bytes()), "the master key is in {}", path.display());
        assert!(!has(digits.to_uppercase().as_bytes()), "the master key is in {}", path.display());
    }
    let mut names: Vec<_> = fs::read_dir(&backup).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["countersign.db", "files", "manifest.json", "manifest.json.sha256"]);
    assert_eq!(files.len(), 4, "{files:?}");
}

#[test]
fn every_flipped_byte_is_found_before_anything_is_written() {
    let (place, other) = (published(), Place::new());
    let (backup, key) = (back_up(&place), place.path("data/master.key"));
    let words = ["restore", text(&backup), "--master-key-file", text(&key)];
    for path in files_below(&backup) {
        flip(&path);
        let error = other.run(&words).fails(1);
        assert!(error.contains("damaged"), "{}: {error}", path.display());
        assert!(!other.path("data").exists(), "something was written");
        flip(&path);
    }
    let object = objects(&backup).remove(0);
    let bytes = fs::read(&object).unwrap();
    fs::remove_file(&object).unwrap();
    assert!(other.run(&words).fails(1).contains("damaged"));
    fs::write(&object, bytes).unwrap();
    other.run(&words).ok();
    assert_eq!(fs::read(other.path("data/master.key")).unwrap(), fs::read(&key).unwrap());
    assert!(other.run(&words).fails(1).contains("is not empty"));
}

#[test]
fn a_restore_needs_the_right_key() {
    let (place, other) = (published(), Place::new());
    let backup = back_up(&place);
    assert!(other.run(&["restore", text(&backup)]).fails(1).contains("needs the master key"));
    let wrong = [("COUNTERSIGN_MASTER_KEY", "ab".repeat(32))];
    let wrong = [(wrong[0].0, wrong[0].1.as_str())];
    let error = run_with(&other, &wrong, &["restore", text(&backup)]).fails(1);
    assert!(error.contains("is not the one of this backup"), "{error}");
    assert!(!other.path("data").exists(), "something was written");

    // A key from the environment is not written anywhere.
    let right = fs::read_to_string(place.path("data/master.key")).unwrap();
    let right = [("COUNTERSIGN_MASTER_KEY", right.trim())];
    run_with(&other, &right, &["restore", text(&backup)]).ok();
    assert!(!other.path("data/master.key").exists());
    run_with(&other, &right, &["site", "list"]).ok();
}

#[test]
fn a_backup_takes_no_folder_that_is_in_use_and_no_postgresql_store() {
    let place = published();
    let folder = place.write("full", &[("a", b"a")]);
    assert!(place.run(&["backup", text(&folder)]).fails(1).contains("is not empty"));
    assert_eq!(files_below(&folder).len(), 1);
    let database = [("COUNTERSIGN_DATABASE_URL", "postgres://ada:secret@db.test/countersign")];
    let error = run_with(&place, &database, &["backup", text(&place.path("new"))]).fails(1);
    assert!(error.contains("pg_dump --format=custom --file=countersign.dump 'postgres://ada@db.test/countersign'"));
    assert!(!error.contains("secret"), "{error}");
    assert!(!place.path("new").exists());
}

#[test]
fn a_new_epoch_can_be_begun_in_a_store_that_was_put_back_by_other_means() {
    let place = published();
    place.run(&["user", "add", "ada"]).ok();
    place.run(&["access-token", "create", "ada"]).ok();
    let begun = place.json(&["restore", "--new-epoch"]);
    assert_eq!((&begun["epoch"], begun["revoked_access_tokens"].as_array().unwrap().len()), (&json!(2), 1));
    assert_eq!(place.json(&["access-token", "list"]), json!([]));
    assert_eq!(place.run(&["restore"]).code, Some(2));
}
