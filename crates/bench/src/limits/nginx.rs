//! The limit of downloads: nginx with `sendfile`, if it is installed.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::placement::Placement;
use crate::process::{Running, free_address};

/// How to get it, for people.
pub(crate) const INSTALL: &str = "apt-get install -y nginx-light";

/// The program, where distributions put it. `None` when it is not installed.
pub(crate) fn find() -> Option<PathBuf> {
    let mut places: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    places.push(PathBuf::from("/usr/sbin"));
    places.into_iter().map(|place| place.join("nginx")).find(|path| path.is_file())
}

/// Starts it on the files of a folder, with one process.
///
/// # Errors
/// When its configuration cannot be written, or it does not start.
pub(crate) async fn start(program: &Path, folder: &Path, placement: Placement) -> Result<Running> {
    let address = free_address()?;
    let file = folder.join("nginx.conf");
    std::fs::write(&file, configuration(folder, address)).context("the configuration of nginx cannot be written")?;
    let mut command = placement.measured(program);
    command.arg("-p").arg(folder).arg("-c").arg(&file).arg("-e").arg(folder.join("error.log"));
    Running::start_on(command, address).await
}

/// Nothing is logged, files stay open, and no connection is ever closed.
fn configuration(folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        "daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 100000000;
    open_file_cache max=1000 inactive=60s;
    default_type application/octet-stream;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen {address}; root {folder}; }}
}}
"
    )
}
