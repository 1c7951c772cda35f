//! Commands for those who run a server: backup and restore, keys, and the search for what is wrong.

mod backups;
mod configuration;
mod damage;
mod doctor;
mod documents;
mod keys;

use std::path::{Path, PathBuf};

use crate::support::{Place, Run, files_below, program, run};

/// Runs a command in a place with variables of the environment.
fn run_with(place: &Place, variables: &[(&str, &str)], words: &[&str]) -> Run {
    let mut command = program(&place.path(""));
    run(command.envs(variables.iter().copied()).args(words).arg("--data").arg(place.path("data")), "")
}

/// The stored objects of a data directory.
fn objects(data: &Path) -> Vec<PathBuf> {
    files_below(&data.join("files"))
}

/// Changes one byte in the middle of a file; twice is as if never.
fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x01;
    std::fs::write(path, bytes).unwrap();
}
