//! The machine: settings, rights of files, room on the disk, and who answers.

use std::fs::{self, Metadata};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use countersign_vault::MasterKeySource;

use super::Findings;
use crate::Config;
use crate::maintenance::{DATABASE, FILES};

const MIB: u64 = 1024 * 1024;
/// Less room than this, in MiB, and every write may fail.
const NO_ROOM: u64 = 64;
/// Longest wait for a server that may run here.
const PATIENCE: Duration = Duration::from_millis(500);

/// Settings that work and are hardly meant.
pub(super) fn configuration(config: &Config, findings: &mut Findings) {
    let loopback = config.listen.ip().is_loopback();
    match &config.base_url {
        None if !loopback => findings.warning(
            "base-url",
            "no base URL is configured, so download URLs are made from the address to listen on",
            "set base_url to the URL under which devices reach the server",
        ),
        Some(url) if url.starts_with("http://") && !is_local(url) => findings.warning(
            "base-url",
            format!("downloads are not encrypted: the base URL is {url}"),
            "set base_url to an https URL, and put a proxy that ends TLS in front of the server, or configure a certificate",
        ),
        _ => {}
    }
}

/// Whether there is a data directory; and who may read what is in it.
pub(super) fn data_directory(config: &Config, findings: &mut Findings) -> bool {
    let data = &config.data;
    let Ok(directory) = fs::metadata(data) else {
        let todo = "name yours with --data, or begin with: countersign site create NAME";
        findings.error("data-directory", format!("{} is not there", data.display()), todo);
        return false;
    };
    let mut private = vec![(data.clone(), directory.clone())];
    let names = [DATABASE, "countersign.db-wal", "countersign.db-shm", FILES].map(|name| data.join(name));
    let key = match &config.master_key {
        MasterKeySource::File(path) => Some(path.clone()),
        MasterKeySource::Command(_) | MasterKeySource::Text(_) => None,
    };
    for path in names.into_iter().chain(key) {
        if let Ok(metadata) = fs::metadata(&path) {
            private.push((path, metadata));
        }
    }
    for (path, metadata) in &private {
        rights(path, metadata, findings);
        owner(path, metadata, &directory, data, findings);
    }
    true
}

/// How much room is left: less than `wanted`, in MiB, stops uploads, and then the store, soon.
pub(super) fn disk_space(config: &Config, wanted: u64, findings: &mut Findings) {
    let Ok(disk) = rustix::fs::statvfs(&config.data) else { return };
    let room = disk.f_bavail.saturating_mul(disk.f_frsize) / MIB;
    let what = format!("{room} MiB are left on the disk of {}", config.data.display());
    if room < NO_ROOM {
        findings.error("disk-space", what, "make room at once: the store cannot be written on a full disk");
    } else if room < wanted {
        findings.warning("disk-space", what, "make room, or remove what nothing names: countersign scrub --collect");
    }
}

/// Whether something answers where the server listens.
pub(super) fn running_server(config: &Config, findings: &mut Findings) {
    if let Some(address) = answering_server(config) {
        findings.note("server", format!("a server answers at {address}"));
    }
}

/// Where a server answers, if one does.
pub(in crate::maintenance) fn answering_server(config: &Config) -> Option<SocketAddr> {
    let mut address: SocketAddr = config.listen;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    (address.port() != 0 && TcpStream::connect_timeout(&address, PATIENCE).is_ok()).then_some(address)
}

/// A base URL that leads to this machine only.
fn is_local(url: &str) -> bool {
    let host = url.trim_start_matches("http://");
    ["localhost", "127.", "[::1]"].iter().any(|local| host.starts_with(local))
}

fn rights(path: &Path, metadata: &Metadata, findings: &mut Findings) {
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 == 0 {
        return;
    }
    let wanted = if metadata.is_dir() { "700" } else { "600" };
    let what = format!("{} can be used by others than its owner (mode {mode:o})", path.display());
    findings.error("file-modes", what, format!("chmod {wanted} {}", path.display()));
}

/// Files of another user lock the server out, or let somebody else in.
fn owner(path: &Path, metadata: &Metadata, directory: &Metadata, data: &Path, findings: &mut Findings) {
    if metadata.uid() == directory.uid() || !path.starts_with(data) {
        return;
    }
    let what =
        format!("{} belongs to user {}, and its directory to {}", path.display(), metadata.uid(), directory.uid());
    findings.error("file-owners", what, format!("chown {} {}", directory.uid(), path.display()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_urls_need_no_encryption() {
        for (url, local) in [
            ("http://localhost:8080", true),
            ("http://127.0.0.1:1", true),
            ("http://[::1]:8080", true),
            ("http://updates.example.com", false),
        ] {
            assert_eq!(is_local(url), local, "{url}");
        }
    }
}
