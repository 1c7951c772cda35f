//! What a device does when somebody on the way changes one byte: it refuses, says why, and keeps nothing.

use std::path::PathBuf;

use crate::proxy::{Part, Proxy};
use crate::support::{Place, Run, Running, files_below, program, run, text};

/// A demonstration server with a release of two files.
struct World {
    place: Place,
    _serving: Running,
}

impl World {
    fn start() -> Self {
        let place = Place::new();
        let release = place.write("release", &[("a.txt", b"a small file"), ("b.bin", &[5; 50_000])]);
        let mut serving = place.serve(&["demo", "--release", text(&release)]);
        serving.read_until("Serving until");
        Self { place, _serving: serving }
    }

    fn downloads(&self) -> PathBuf {
        self.place.path("downloads")
    }

    /// Runs a device command through a proxy.
    fn device(&self, proxy: &Proxy, words: &[&str]) -> Run {
        let mut command = program(&self.place.path(""));
        command.env("ALL_PROXY", proxy.url()).arg("device").args(words);
        run(command.arg("--credentials").arg(self.place.path("data/credentials.json")), "")
    }

    fn update(&self, proxy: &Proxy) -> Run {
        self.device(proxy, &["update", "--into", text(&self.downloads())])
    }

    /// An update with one altered byte: refused with an exit status and a reason, and no file is left.
    fn assert_refused(&self, part: Part, position: usize, codes: &[i32]) -> String {
        let proxy = Proxy::start(part, position);
        let run = self.update(&proxy);
        let what = format!("{part:?} at {position}/1000\nstdout: {}\nstderr: {}", run.stdout, run.stderr);
        assert_eq!(proxy.changed(), 1, "no byte was changed: {what}");
        assert!(run.code.is_some_and(|code| codes.contains(&code)), "exit status {:?}: {what}", run.code);
        assert!(run.stderr.starts_with("error: "), "no reason was given: {what}");
        self.assert_reported(&proxy, &run.stderr);
        assert_eq!(files_below(&self.downloads()), Vec::<PathBuf>::new(), "a file was left: {what}");
        run.stderr
    }

    /// The producer hears of a refused update what the user hears, as far as a report holds it.
    fn assert_reported(&self, proxy: &Proxy, error: &str) {
        let reports = proxy.reports();
        let Some(((last, reason), before)) = reports.split_last() else {
            return assert!(
                error.contains("the update list"),
                "an update has begun, and nothing was reported: {error}"
            );
        };
        assert_eq!((*last, before), (2, &[(0, String::new())][..]));
        assert!(!reason.is_empty() && reason.chars().count() <= 100, "{reason}");
        assert!(error.contains(reason.as_str()), "{reason} was reported, and this was shown: {error}");
    }
}

#[test]
fn must_hold_1_an_untouched_answer_is_verified_and_downloaded() {
    let world = World::start();
    let proxy = Proxy::start(Part::Nothing, 0);
    let update = world.update(&proxy).ok();
    assert!(update.stdout.contains("✓ b.bin: 50,000 bytes, SHA-256 verified"), "{}", update.stdout);
    assert_eq!(std::fs::read(world.downloads().join("b.bin")).unwrap(), vec![5; 50_000]);
    assert_eq!(std::fs::read(world.downloads().join("a.txt")).unwrap(), b"a small file");
    let through = proxy.requests();
    assert_eq!(proxy.reports(), [(0, String::new()), (1, String::new())], "start and end of the download");
    assert_eq!(through.len(), 10, "two questions, two answers, two files, two reports, two outcomes: {through:?}");
    world.device(&proxy, &["check"]).ok();
}

#[test]
fn must_hold_1_an_altered_list_is_refused() {
    let world = World::start();
    for position in (0..=1000).step_by(50) {
        let reason = world.assert_refused(Part::List, position, &[3]);
        assert!(reason.contains("Refused: "), "{reason}");
    }
    let proxy = Proxy::start(Part::List, 500);
    let check = world.device(&proxy, &["check"]);
    assert_eq!(check.stdout, "", "something of a refused answer was shown");
    assert!(check.fails(3).contains("signature of the update list does not verify"));
}

#[test]
fn must_hold_1_an_altered_manifest_is_refused() {
    let world = World::start();
    for position in (0..=1000).step_by(50) {
        let reason = world.assert_refused(Part::Manifest, position, &[3]);
        assert!(reason.contains("Refused: "), "{reason}");
    }
}

#[test]
fn must_hold_1_an_altered_file_is_refused_and_nothing_of_the_update_is_left() {
    let world = World::start();
    for (file, name) in [(0, "a.txt"), (1, "b.bin")] {
        for position in [0, 250, 500, 1000] {
            let reason = world.assert_refused(Part::File(file), position, &[3]);
            assert!(reason.contains(&format!("{name} has the wrong SHA-256 digest")), "{reason}");
        }
    }
    assert!(!world.downloads().exists(), "the folder was made for nothing");
}

#[test]
fn must_hold_1_an_altered_polling_id_gets_no_answer() {
    let world = World::start();
    for part in [Part::ListPollingId, Part::ManifestPollingId] {
        for position in [0, 100, 350, 500, 750, 1000] {
            // The server does not know the ID (5), or the device refuses it as an address (3).
            world.assert_refused(part, position, &[3, 5]);
        }
    }
}

#[test]
fn a_refused_update_leaves_what_was_there_before() {
    let world = World::start();
    world.place.write("downloads", &[("notes.txt", b"mine")]);
    let proxy = Proxy::start(Part::File(1), 500);
    world.update(&proxy).fails(3);
    assert_eq!(files_below(&world.downloads()), [world.downloads().join("notes.txt")]);
}

#[test]
fn the_status_tells_a_refused_token_from_an_unreachable_server() {
    let world = World::start();
    let proxy = Proxy::start(Part::Nothing, 0);
    world.device(&proxy, &["check", "--token", "e30.e30.AAAA"]).fails(4);
    let nobody = world.device(&proxy, &["check", "--url", "http://127.0.0.1:1"]).fails(5);
    assert!(nobody.contains("check the address"), "{nobody}");
    let unknown = world.device(&proxy, &["check", "--from", "nothing", "--json"]).ok().json();
    assert_eq!(unknown["notice"]["key"], "package.unknown");
    assert_eq!(unknown["updates"].as_array().unwrap().len(), 0);
    let key = world.device(&proxy, &["check", "--key", "AAAA"]).fails(1);
    assert!(key.contains("signing key 1 cannot be used"), "{key}");
    let token = world.device(&proxy, &["check", "--token", "@missing.jwt"]).fails(1);
    assert!(token.contains("missing.jwt cannot be read"), "{token}");
}
