//! The five-minute tour of the README, block by block as it stands there.

use std::path::Path;
use std::process::Command;

use crate::support::{Place, Run, Running, run};

const README: &str = include_str!("../../../../README.md");

#[test]
fn the_tour_works_as_it_is_written() {
    let place = Place::new();
    let mut serving: Option<Running> = None;
    let mut outputs = Vec::new();
    for block in blocks("## A tour in five minutes") {
        if block.starts_with("cargo build") {
            // What it builds is what this test runs.
            continue;
        }
        if let Some(arguments) = block.trim().strip_prefix("countersign serve") {
            let words: Vec<&str> = ["serve"].into_iter().chain(arguments.split_whitespace()).collect();
            serving = Some(place.serve(&words));
            continue;
        }
        let base_url = serving.as_ref().map_or("", |running| running.base_url.as_str());
        let script = block.replace("http://127.0.0.1:8080", base_url);
        outputs.push(shell(&place, &script).ok().stdout);
    }
    assert!(serving.is_some_and(|running| running.terminate().success()));
    assert_eq!(outputs.len(), 5, "the tour has other blocks than this test knows");
    assert!(outputs[2].ends_with("the new firmware\n"), "{}", outputs[2]);
    assert!(outputs[3].contains("✓ Reported: download completed"), "{}", outputs[3]);
    let shown = outputs[3].split_once("\nDevice ").unwrap().1;
    for word in ["PUMP-0077", "Nordwind", "ACT-", "Pump firmware"] {
        assert!(shown.contains(word), "{word} is not shown: {shown}");
    }
    assert!(outputs[4].ends_with("No update applies.\n"), "a withdrawn update was offered: {}", outputs[4]);
}

/// The fenced blocks of a section.
fn blocks(heading: &str) -> Vec<String> {
    let (_, rest) = README.split_once(heading).unwrap();
    let section = rest.split("\n## ").next().unwrap_or(rest);
    section.split("```").skip(1).step_by(2).map(|block| block.trim_start_matches('\n').to_owned()).collect()
}

fn shell(place: &Place, script: &str) -> Run {
    let programs = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.env_clear().env("PATH", path).env("COUNTERSIGN_DATA", place.path("data"));
    run(command.args(["-e", "-c", script]).current_dir(place.path("")), "")
}
