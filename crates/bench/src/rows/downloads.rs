//! Files, beside nginx with `sendfile`.

use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};

use super::compare::{business, rates};
use super::door::{self, manifest_question, manifest_uuid, request, sample};
use crate::bench::{Bench, Log};
use crate::installation::{FILES, pieces};
use crate::limits::nginx;
use crate::load::{Load, Plan, get, repeat};
use crate::process::Running;
use crate::report::{Bound, Figure, Outcome};

/// A download that is measured.
pub(super) struct Download {
    file: &'static str,
    bytes: u64,
    range: Option<&'static str>,
    connections: usize,
    bound: Bound,
}

/// A whole small file.
pub(super) const SMALL_FILE: Download = whole(FILES[0], 32, 0.70);
/// A whole file of middle size.
pub(super) const MIDDLE_FILE: Download = whole(FILES[1], 16, 0.95);
/// A whole large file.
pub(super) const LARGE_FILE: Download = whole(FILES[2], 8, 0.95);
/// A small part of a large file.
pub(super) const RANGE: Download =
    Download { bytes: 64 << 10, range: Some("33554432-33619967"), ..whole(FILES[2], 32, 0.70) };

/// Downloads again and again.
pub(super) async fn measure(bench: &mut Bench, name: &str, download: Download) -> Result<Outcome> {
    let Some(program) = nginx::find() else {
        return Ok(Outcome::Skipped(format!("nginx is not installed: {}", nginx::INSTALL)));
    };
    let installation = bench.small().await?;
    let server = bench.serve(&installation, Log::Usual)?;
    let path = path_of(server.address(), &installation.token(0)?, download.file).await?;
    let folder = bench.path("nginx");
    write_files(&folder)?;
    let limit = nginx::start(&program, &folder, bench.placement).await?;

    let load = |program: &Running, path: &str| {
        let mut ask = Vec::new();
        get(&mut ask, path.as_bytes());
        if let Some(range) = download.range {
            ask.truncate(ask.len() - 2);
            ask.extend_from_slice(format!("range: bytes={range}\r\n\r\n").as_bytes());
        }
        let status = if download.range.is_some() { 206 } else { 200 };
        let mut load = Load::new(program.address(), Plan::Fetch(status), repeat(ask));
        (load.connections, load.buffer, load.length) = (download.connections, BUFFER, Some(download.bytes));
        Arc::new(load)
    };
    let sides = [(&server, load(&server, &path)), (&limit, load(&limit, &format!("/{}", download.file)))];
    let rounds = bench.in_turn(&sides).await?;
    let [ours, theirs] = &rounds[..] else { bail!("two programs were to be measured") };
    server.stop()?;
    let of_nginx = ("of nginx", rates(theirs)?);
    let figure = Figure::against(name, "downloads/s", rates(ours)?, of_nginx, download.bound);
    let amount = |rate: f64| rate * download.bytes as f64 / 1e9;
    let speeds = format!("{:.2} GB/s, nginx {:.2} GB/s", amount(figure.ours.median), amount(of_nginx.1.median));
    Ok(Outcome::Measured(vec![figure.note(speeds).note(business(ours, theirs))]))
}

const fn whole((file, bytes): (&'static str, usize), connections: usize, part: f64) -> Download {
    Download { file, bytes: bytes as u64, range: None, connections, bound: Bound::AtLeast(part) }
}

/// The path of a file of the open update, as devices learn it.
async fn path_of(address: SocketAddr, token: &str, file: &str) -> Result<String> {
    let uuid = manifest_uuid(address, token).await?;
    let manifest = sample(address, &request(door::MANIFESTS, token, &manifest_question(&uuid))).await?.json()?;
    let urls = manifest["manifestFiles"].as_array().context("the manifest lists no files")?;
    let url = urls.iter().filter_map(|entry| entry["fileUrl"].as_str()).find(|url| url.ends_with(file));
    let url = url.with_context(|| format!("the manifest does not list {file}"))?;
    let (_, path) = url.split_once("//").and_then(|(_, rest)| rest.split_once('/')).context("a URL has no path")?;
    Ok(format!("/{path}"))
}

/// Writes the same bytes once more, for nginx.
pub(super) fn write_files(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    for (name, length) in FILES {
        let mut file = File::create(folder.join(name)).with_context(|| format!("{name} cannot be written"))?;
        for piece in pieces(length) {
            file.write_all(&piece)?;
        }
    }
    Ok(())
}

/// Large enough that a load on large files is mostly spent on their bytes.
pub(super) const BUFFER: usize = 256 << 10;
