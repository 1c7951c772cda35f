//! The commands of the page about operations, run as they stand there.

use std::path::Path;
use std::process::Command;

use crate::beside_a_server::published;
use crate::support::run;

const PAGE: &str = include_str!("../../../../../docs/operations.md");

/// The sections whose blocks are run, in the order of the page.
const SECTIONS: [&str; 5] = [
    "## Is everything in order?\n",
    "## Migrations\n",
    "## Stored bytes\n",
    "## Backup and restore\n",
    "## Replacing keys that only the server uses\n",
];

#[test]
fn the_commands_of_the_page_work_as_they_are_written() {
    let place = published();
    std::fs::rename(place.path("data"), place.path("countersign-data")).unwrap();
    let programs = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut blocks = 0;
    for section in SECTIONS {
        let (_, rest) = PAGE.split_once(section).unwrap_or_else(|| panic!("there is no section {section}"));
        let text = rest.split("\n## ").next().unwrap();
        for block in text.split("```sh\n").skip(1) {
            let script = block.split("```").next().unwrap();
            let mut shell = Command::new("sh");
            shell.env_clear().env("PATH", &path).current_dir(place.path(""));
            // Whoever runs the tests may have a server at the usual address, and a disk that is full.
            shell.env("COUNTERSIGN_LISTEN", "127.0.0.1:1").env("COUNTERSIGN_DOCTOR_ROOM", "0");
            run(shell.args(["-e", "-c", script]), "").ok();
            blocks += 1;
        }
    }
    assert_eq!(blocks, 8, "the page has other blocks than this test knows");
    // The last one has put the new master key in its place.
    let mut shell = Command::new("sh");
    shell.env_clear().env("PATH", &path).current_dir(place.path(""));
    let signing = run(shell.args(["-e", "-c", "countersign key signing; countersign key signing --data restored"]), "");
    let keys: Vec<_> = signing.ok().stdout.lines().map(str::to_owned).collect();
    assert_eq!(keys[0], keys[1], "the restored site signs with another key");
}
