//! Storages: downloads beside nginx, uploads beside a bare program that writes a file and synchronizes it.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};

use super::compare::{business, rates};
use super::downloads::{BUFFER, write_files};
use super::token::access_token;
use crate::bench::{Bench, Log};
use crate::installation::{FILES, pieces};
use crate::limits::nginx;
use crate::load::{Load, Plan, Requests, repeat};
use crate::process::Running;
use crate::report::{Bound, Figure, Outcome};

/// A file that is sent in one direction or the other.
pub(super) struct Transfer {
    file: &'static str,
    bytes: usize,
    connections: usize,
    bound: Bound,
}

/// Small files from a storage.
pub(super) const GET_SMALL: Transfer = transfer(FILES[0], 32, 0.70);
/// Files of middle size from a storage.
pub(super) const GET_MIDDLE: Transfer = transfer(FILES[1], 16, 0.95);
/// Large files from a storage.
pub(super) const GET_LARGE: Transfer = transfer(FILES[2], 8, 0.95);
/// Small files into a storage.
pub(super) const PUT_SMALL: Transfer = transfer(FILES[0], 32, 0.50);
/// Files of middle size into a storage.
pub(super) const PUT_MIDDLE: Transfer = transfer(FILES[1], 16, 0.50);
/// Large files into a storage.
pub(super) const PUT_LARGE: Transfer = transfer(FILES[2], 4, 0.50);

/// Downloads again and again, with a bearer token.
pub(super) async fn download(bench: &mut Bench, name: &str, transfer: Transfer) -> Result<Outcome> {
    let Some(program) = nginx::find() else {
        return Ok(Outcome::Skipped(format!("nginx is not installed: {}", nginx::INSTALL)));
    };
    let installation = bench.small().await?;
    let client = installation.storage_client().await?;
    let server = bench.serve(&installation, Log::Usual)?;
    let token = access_token(server.address(), &client).await?;
    let folder = bench.path("nginx");
    write_files(&folder)?;
    let limit = nginx::start(&program, &folder, bench.placement).await?;
    let load = |program: &Running, path: &str| {
        let ask = format!("GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\r\n");
        let mut load = Load::new(program.address(), Plan::Fetch(200), repeat(ask.into_bytes()));
        (load.connections, load.buffer, load.length) = (transfer.connections, BUFFER, Some(transfer.bytes as u64));
        Arc::new(load)
    };
    let ours = load(&server, &format!("{ROUTE}/{}", transfer.file));
    let sides = [(&server, ours), (&limit, load(&limit, &format!("/{}", transfer.file)))];
    let rounds = bench.in_turn(&sides).await?;
    let [ours, theirs] = &rounds[..] else { bail!("two programs were to be measured") };
    server.stop()?;
    let of_nginx = ("of nginx", rates(theirs)?);
    let figure = Figure::against(name, "downloads/s", rates(ours)?, of_nginx, transfer.bound);
    Ok(Outcome::Measured(vec![figure.note(business(ours, theirs))]))
}

/// Uploads files of different bytes, again and again to a few paths.
pub(super) async fn upload(bench: &mut Bench, name: &str, transfer: Transfer) -> Result<Outcome> {
    let installation = bench.small().await?;
    let client = installation.storage_client().await?;
    let server = bench.serve(&installation, Log::Usual)?;
    let token = access_token(server.address(), &client).await?;
    let folder = bench.path("uploads");
    std::fs::create_dir_all(&folder)?;
    let limit = bench.limit(&["writer", "--folder", folder.to_str().context("the folder's name is no text")?])?;
    let load = |program: &Running| {
        let mut load = Load::new(program.address(), Plan::Fetch(200), uploads(&token, transfer.bytes));
        load.connections = transfer.connections;
        Arc::new(load)
    };
    let rounds = bench.in_turn(&[(&server, load(&server)), (&limit, load(&limit))]).await?;
    let [ours, theirs] = &rounds[..] else { bail!("two programs were to be measured") };
    server.stop()?;
    let of_writer = ("of a bare writer", rates(theirs)?);
    let figure = Figure::against(name, "uploads/s", rates(ours)?, of_writer, transfer.bound);
    Ok(Outcome::Measured(vec![figure.note(business(ours, theirs))]))
}

/// Bodies that differ in their first bytes, so that nothing is there already.
fn uploads(token: &str, bytes: usize) -> Requests {
    let (token, body) = (token.to_owned(), pieces(bytes).collect::<Vec<_>>().concat());
    let mut number = 0_u64;
    Box::new(move |out| {
        let mut head =
            format!("PUT {ROUTE}/put/{} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n", number % 64);
        let _ = write!(head, "content-type: application/octet-stream\r\ncontent-length: {bytes}\r\n\r\n");
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(&number.to_le_bytes());
        out.extend_from_slice(body.get(size_of::<u64>()..).unwrap_or_default());
        number += 1;
    })
}

const fn transfer((file, bytes): (&'static str, usize), connections: usize, part: f64) -> Transfer {
    Transfer { file, bytes, connections, bound: Bound::AtLeast(part) }
}

const ROUTE: &str = "/v4.0/words/storage/file";
