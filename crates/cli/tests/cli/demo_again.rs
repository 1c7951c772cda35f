//! The demonstration on a store that has been changed meanwhile, or that is not its own.

use crate::support::{Place, program, run, text};

const EXIT: [&str; 4] = ["demo", "--exit", "--listen", "127.0.0.1:0"];

fn delete_all_updates(place: &Place) {
    for update in place.json(&["update", "list"]).as_array().unwrap() {
        place.run(&["update", "delete", update["id"].as_str().unwrap()]).ok();
    }
}

#[test]
fn deleted_updates_are_made_again() {
    let place = Place::new();
    place.run(&EXIT).ok();
    delete_all_updates(&place);
    place.run(&EXIT).ok();
    assert_eq!(place.json(&["update", "list"]).as_array().unwrap().len(), 3);
}

#[test]
fn deleted_updates_to_the_files_of_a_folder_are_made_again() {
    let place = Place::new();
    let demo = |text_of_app: &[u8]| {
        let release = place.write("release", &[("app.bin", text_of_app)]);
        place.run(&[&EXIT[..], &["--release", text(&release)]].concat()).ok();
    };
    demo(b"one");
    demo(b"two");
    delete_all_updates(&place);
    demo(b"two");
    // The update of the version before is gone, and nobody misses it.
    assert_eq!(place.json(&["update", "list"]).as_array().unwrap().len(), 2);
    demo(b"one");
    // The number of a version that is gone is taken by the next one.
    place.run(&["update", "delete", "update-demo-2.0"]).ok();
    place.run(&["package", "delete", "demo-2.0"]).ok();
    demo(b"three");
    demo(b"four");
    assert_eq!(std::fs::read(place.path("data/device-downloads/app.bin")).unwrap(), b"four");
}

#[test]
fn a_key_that_was_just_made_is_waited_for() {
    let place = Place::new();
    let release = place.write("release", &[("app.bin", b"app")]);
    let words = [&EXIT[..], &["--release", text(&release)]].concat();
    place.run(&words).ok();
    place.run(&["key", "rotate-signing"]).ok();
    place.run(&words).ok();
}

#[test]
fn the_step_says_which_answer_has_refused() {
    let place = Place::new();
    let release = place.write("release", &[("app.bin", b"app")]);
    let words = [&EXIT[..], &["--release", text(&release)]].concat();
    let shown = place.run(&words).ok().stdout;
    assert!(shown.contains("Device without token: accepted for polling, refused with 401 on the poll"), "{shown}");
    place.run(&["site", "set", "demo", "--auth-failure", "immediate"]).ok();
    let shown = place.run(&words).ok().stdout;
    assert!(shown.contains("Device without token: refused with 401 in the answer to the question"), "{shown}");
}

#[test]
fn a_database_of_others_is_left_alone() {
    let place = Place::new();
    let refused = |run: crate::support::Run| {
        let error = run.fails(1);
        assert!(
            error.contains("a PostgreSQL database is configured here") && error.contains("another directory"),
            "{error}"
        );
    };
    let mut command = program(&place.path(""));
    refused(run(command.env("COUNTERSIGN_DATABASE_URL", "host=/nowhere").args(EXIT), ""));
    place.write("", &[("countersign.toml", b"database = \"host=/nowhere\"\n")]);
    refused(run(program(&place.path("")).args(EXIT), ""));
    assert!(!place.path("countersign-demo").exists());
}
