//! A disk without room: the command says so, nothing half is there, and the next upload with room succeeds.
//!
//! The file system is made small by a limit of the process (`RLIMIT_FSIZE`), with the signal for it ignored: a write beyond it
//! is refused like one on a full disk.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use countersign_interop::Installation;

/// In blocks of 512 or 1024 bytes, depending on the shell: more than the store needs, less than the file.
const LIMIT: &str = "4096";

#[test]
fn a_full_disk_is_said_and_survived() -> Result<()> {
    let installation = Installation::new(None)?;
    installation.run(&["site", "create", "acme"])?;
    installation.run(&["storage", "create", "main"])?;
    let file = installation.path("large.bin");
    std::fs::write(&file, vec![7; 12 << 20])?;
    let file = file.to_str().context("the path is text")?;
    let arguments = ["storage", "put", file, "main:large.bin"];
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"", LIMIT])
        .arg(std::env::var_os("COUNTERSIGN_PROGRAM").context("COUNTERSIGN_PROGRAM is not set")?)
        .args(arguments)
        .arg("--data")
        .arg(installation.data())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(1) && said.contains("storage main is full"), "{said}");
    ensure!(installation.json(&["storage", "ls", "main:"])?.as_array().is_some_and(Vec::is_empty));
    let left = std::fs::read_dir(installation.data().join("storages/1/incoming"))?.count();
    ensure!(left == 0, "{left} files were left behind");
    installation.run(&arguments)?;
    ensure!(installation.json(&["storage", "usage", "main"])?["used"] == 12 << 20);
    Ok(())
}
