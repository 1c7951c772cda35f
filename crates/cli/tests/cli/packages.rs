//! Packages with files of their own, and taking packages and updates away.

use crate::support::{Place, files_below, text};

fn acme() -> Place {
    let place = Place::new();
    place.run(&["site", "create", "acme"]).ok();
    place.run(&["product", "create", "Pump firmware"]).ok();
    place.run(&["package", "create", "pump-4.1", "--product", "Pump firmware"]).ok();
    place
}

#[test]
fn a_package_holds_stored_files_and_files_elsewhere() {
    let place = acme();
    let folder = place.write("out", &[("install.sh", b"install"), ("pump.bin", b"firmware")]);
    let (script, copy) = (folder.join("install.sh"), folder.join("pump.bin"));
    let external = format!("https://files.example.com/get/pump%20fw.bin?v=4.2={}", text(&copy));
    let create = ["package", "create", "pump-4.2", "--product", "Pump firmware"];
    let sources = ["--file", text(&script), "--external", &external, "--execute", "install.sh"];
    let made = place.run(&[&create[..], &sources].concat()).ok();
    assert!(made.stdout.contains("Created package pump-4.2 of Pump firmware (2 files)"), "{}", made.stdout);

    let files = &place.json(&["package", "show", "pump-4.2"])["files"];
    assert_eq!((&files[0]["name"], &files[0]["execute"]), (&"install.sh".into(), &true.into()));
    assert!(files[0]["external_url"].is_null());
    assert_eq!((&files[1]["name"], &files[1]["size"]), (&"pump fw.bin".into(), &8.into()));
    assert_eq!(files[1]["external_url"], "https://files.example.com/get/pump%20fw.bin?v=4.2");
    // SHA-256 and MD5 of "firmware", computed with sha256sum and md5sum.
    assert_eq!(files[1]["sha256"], "c3bf47ea1f4a4a605470313cacb3a44f4a461f68c6faeab07e737610cb5ac835");
    assert_eq!(files[1]["md5"], MD5_OF_FIRMWARE);
    assert!(place.run(&["package", "show", "pump-4.2"]).ok().stdout.contains("https://files.example.com/get/"));
    let stored = files_below(&place.path("data/files"));
    assert_eq!(stored.len(), 1, "a file elsewhere is not stored: {stored:?}");

    let again = place.run(&[&create[..], &sources].concat()).fails(1);
    assert!(again.contains("exists in this site already"), "{again}");
    assert_eq!(files_below(&place.path("data/files")), stored, "the second upload left something behind");
}

#[test]
fn what_cannot_be_in_a_package_is_refused_before_anything_is_stored() {
    let place = acme();
    let folder = place.write("out", &[("pump.bin", b"firmware")]);
    let (file, missing) = (folder.join("pump.bin"), folder.join("none.bin"));
    let elsewhere = |url: &str| format!("{url}={}", text(&file));
    let create = ["package", "create", "pump-4.2", "--product", "Pump firmware", "--file", text(&file)];
    let alike = place.write("other", &[("PUMP.BIN", b"more"), ("a.part", b"")]);
    let (alike, part) = (alike.join("PUMP.BIN"), alike.join("a.part"));
    let cases: [(&[&str], Option<i32>, &str); 11] = [
        (&["--file", text(&alike)], Some(1), "is given twice"),
        (&["--file", text(&part)], Some(1), "devices refuse"),
        (&["--external", &elsewhere("https://h/PUMP.bin")], Some(1), "is given twice"),
        (&["--external", &elsewhere("https://h/")], Some(1), "does not end with a plain file name"),
        (&["--external", &elsewhere("https://h/x.part")], Some(1), "does not end with a plain file name"),
        (&["--file", text(&missing)], Some(1), "cannot be read"),
        (&["--file", text(&folder)], Some(1), "is not a regular file"),
        (&["--execute", "install.sh"], Some(1), "the package has no such file"),
        (&["--external", &elsewhere("https://h/pump.bin")], Some(1), "is given twice"),
        (&["--external", &elsewhere("https://ada:secret@h/x.bin")], Some(2), "user name or a password"),
        (&["--external", "https://h/x.bin"], Some(2), "URL=PATH"),
    ];
    for (more, code, told) in cases {
        let run = place.run(&[&create[..], more].concat());
        assert!(run.code == code && run.stderr.contains(told), "{:?}: {}", run.code, run.stderr);
    }
    assert_eq!(files_below(&place.path("data/files")), Vec::<std::path::PathBuf>::new());
    assert_eq!(place.json(&["package", "list"]).as_array().unwrap().len(), 1);
}

/// A file whose bytes cannot be read shows that nobody has tried to.
#[cfg(target_os = "linux")]
#[test]
fn what_is_known_to_be_wrong_is_told_before_bytes_are_read() {
    let place = acme();
    for (id, product, told) in [
        ("pump-4.2", "Fan", "has no product \"Fan\""),
        ("pump-4.1", "Pump firmware", "exists in this site already"),
        ("..", "Pump firmware", "in a path it means something else"),
    ] {
        let error = place.run(&["package", "create", id, "--product", product, "--file", "/proc/self/mem"]).fails(1);
        assert!(error.contains(told), "{error}");
    }
    let unreadable = ["package", "create", "pump-4.2", "--product", "Pump firmware", "--file", "/proc/self/mem"];
    assert!(place.run(&unreadable).fails(1).contains("/proc/self/mem"));
}

#[test]
fn updates_and_packages_are_deleted_in_this_order() {
    let place = acme();
    place.run(&["package", "create", "pump-4.2", "--product", "Pump firmware"]).ok();
    place.run(&["update", "create", "--id", "up", "--from", "pump-4.1", "--to", "LINUX64=pump-4.2"]).ok();
    for package in ["pump-4.1", "pump-4.2"] {
        assert!(place.run(&["package", "delete", package]).fails(1).contains("update delete up"));
    }
    assert!(place.run(&["update", "delete", "up"]).ok().stdout.contains("Deleted update up."));
    assert!(place.run(&["update", "delete", "up"]).fails(1).contains("update list"));
    assert_eq!(place.json(&["package", "delete", "pump-4.2"])["deleted"], true);
    assert!(place.run(&["package", "delete", "pump-4.2"]).fails(1).contains("package list"));
    assert_eq!(place.json(&["package", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(place.json(&["update", "list"]).as_array().unwrap().len(), 0);
}

const MD5_OF_FIRMWARE: &str = "74b5b5e9570efc5c0553bb327cd41940";
