//! A large upload takes a constant amount of memory, into a directory and into a bucket.
//!
//! 256 MiB in `cargo xtask test`, 5 GiB, the most that a file may have unless the operator says otherwise, in `cargo xtask soak` (`COUNTERSIGN_UPLOAD_MIB`).

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use countersign_interop::{Installation, S3Server};

/// MiB that are sent when the environment says nothing else.
const MIB: u64 = 256;
/// Most MiB that the program may ever have had in memory: far less than is sent.
const MOST: u64 = 120;

#[test]
fn an_upload_into_a_directory_takes_little_memory() -> Result<()> {
    let installation = Installation::new(None)?;
    installation.run(&["site", "create", "acme"])?;
    installation.run(&["storage", "create", "main"])?;
    upload(&installation)
}

#[test]
fn an_upload_into_a_bucket_takes_little_memory() -> Result<()> {
    let server = S3Server::start()?;
    let secret = server.secret_file()?;
    let secret = secret.to_str().context("the path is text")?;
    let installation = Installation::new(None)?;
    installation.run(&["site", "create", "acme"])?;
    let endpoint = server.endpoint();
    let place = ["--s3-bucket", S3Server::BUCKET, "--endpoint", &endpoint];
    let key = ["--access-key-id", S3Server::KEY_ID, "--secret-key-file", secret];
    installation.run(&[&["storage", "create", "main"][..], &place, &key].concat())?;
    upload(&installation)
}

fn upload(installation: &Installation) -> Result<()> {
    let mib: u64 = std::env::var("COUNTERSIGN_UPLOAD_MIB").map_or(Ok(MIB), |text| text.parse())?;
    let program = std::env::var_os("COUNTERSIGN_PROGRAM").context("COUNTERSIGN_PROGRAM is not set")?;
    let mut child = Command::new(program)
        .args(["storage", "put", "-", "main:large.bin", "--data"])
        .arg(installation.data())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let mut input = child.stdin.take().context("the program was started without an input pipe")?;
    let piece = vec![0x5a; 1024 * 1024];
    for number in 0..mib {
        // No two pieces are equal.
        input.write_all(&number.to_be_bytes())?;
        input.write_all(piece.get(8..).unwrap_or_default())?;
    }
    // It has taken all but what is left in the pipe, and waits for more.
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak")?;
    let peak: u64 = peak.trim().trim_end_matches("kB").trim().parse()?;
    drop(input);
    ensure!(child.wait()?.success(), "the upload failed");
    ensure!(peak / 1024 <= MOST, "{} MiB were in memory while {mib} MiB were sent", peak / 1024);
    let usage = installation.json(&["storage", "usage", "main"])?;
    ensure!(usage["used"] == mib << 20, "{usage}");
    Ok(())
}
