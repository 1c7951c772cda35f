//! A large file goes in and comes back out through the door of a running server, whose memory does not grow with it.
//!
//! 64 MiB in `cargo xtask test`, 10 GiB in `cargo xtask soak` (`COUNTERSIGN_LARGE_MIB`): twice what a file may have unless the
//! operator says otherwise.

use std::io::Read;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use countersign_interop::{Application, Installation, Serving};
use ureq::{Agent, SendBody};

/// MiB that are stored when the environment says nothing else.
const MIB: u64 = 64;
/// Most MiB that the server may ever have had in memory.
const MOST: u64 = 120;
/// Bytes of a piece.
const PIECE: usize = 1024 * 1024;

#[test]
#[expect(clippy::disallowed_methods, reason = "how long it took is shown, and decides nothing")]
fn a_large_file_goes_in_and_comes_back() -> Result<()> {
    let mib: u64 = std::env::var("COUNTERSIGN_LARGE_MIB").map_or(Ok(MIB), |text| text.parse())?;
    let installation = Installation::new(None)?;
    installation.run(&["site", "create", "acme"])?;
    installation.run(&["storage", "create", "main"])?;
    let application = Application::create(&installation, "main")?;
    let limit = (mib << 20).to_string();
    let arguments = ["--default-site", "acme", "--metrics-listen", "none", "--max-upload-bytes", &limit];
    let server = installation.serve(&arguments)?;
    let agent: Agent = Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let url = format!("{}/v4.0/words/storage/file/in/large.bin", server.base_url());

    let begun = Instant::now();
    let authorization = format!("Bearer {}", application.token(&server)?);
    let sent = agent.put(&url).header("Authorization", &authorization).header("Content-Type", "application/x-large");
    // Nothing is announced, so it comes in chunks.
    let mut stored = sent.send(SendBody::from_owned_reader(Pieces::new(mib)))?;
    let text = stored.body_mut().read_to_string()?;
    ensure!(stored.status() == 200, "{text}\n{}", installation.log());
    println!("large files: {mib} MiB stored after {:?}, {} MiB in memory", begun.elapsed(), peak(&server)?);

    let begun = Instant::now();
    let authorization = format!("Bearer {}", application.token(&server)?);
    let found = agent.get(&url).header("Authorization", &authorization).call()?;
    ensure!(found.status() == 200, "{}", found.status());
    let length = found.headers().get("Content-Length").and_then(|value| value.to_str().ok()?.parse().ok());
    ensure!(length == Some(mib << 20), "{length:?}");
    compare(found.into_body().into_reader(), mib)?;
    let peak = peak(&server)?;
    println!("large files: {mib} MiB came back after {:?}, {peak} MiB in memory", begun.elapsed());
    ensure!(peak <= MOST, "{peak} MiB were in memory for a file of {mib} MiB");

    // One byte more than the operator allows.
    let authorization = format!("Bearer {}", application.token(&server)?);
    let over = agent.put(&url).header("Authorization", &authorization).header("Content-Length", (mib << 20) + 1);
    let over = over.header("Expect", "100-continue").send(SendBody::from_owned_reader(Pieces::new(mib + 1)))?;
    ensure!(over.status() == 413, "{}", over.status());
    Ok(())
}

/// The most MiB that a server has ever had in memory.
fn peak(server: &Serving) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process_id()))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak")?;
    Ok(peak.trim().trim_end_matches("kB").trim().parse::<u64>()? / 1024)
}

/// Reads everything, and sees that it is what was sent.
fn compare(mut source: impl Read, mib: u64) -> Result<()> {
    let mut expected = Pieces::new(mib);
    let (mut here, mut there) = (vec![0; PIECE], vec![0; PIECE]);
    for number in 0..mib {
        source.read_exact(&mut there).with_context(|| format!("in MiB {number}"))?;
        expected.read_exact(&mut here)?;
        ensure!(here == there, "MiB {number} is not what was sent");
    }
    ensure!(source.read(&mut there)? == 0, "more came back than was sent");
    Ok(())
}

/// So many MiB, of which no two are equal, made while they are read.
struct Pieces {
    next: u64,
    end: u64,
    piece: Vec<u8>,
    taken: usize,
}

impl Pieces {
    fn new(mib: u64) -> Self {
        Self { next: 0, end: mib, piece: vec![0x5a; PIECE], taken: PIECE }
    }
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.taken == PIECE {
            if self.next == self.end {
                return Ok(0);
            }
            for (place, byte) in self.piece.iter_mut().zip(self.next.to_be_bytes()) {
                *place = byte;
            }
            self.next += 1;
            self.taken = 0;
        }
        let count = (&self.piece[self.taken..]).read(into)?;
        self.taken += count;
        Ok(count)
    }
}
