//! The limit of uploads: a file that is written and made durable, and nothing else.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use super::bare::{json, serve};

/// Writes the body of each request into a file of its own, synchronizes it, and removes the one before.
///
/// # Errors
/// When there is no address to listen on.
pub(super) fn run(folder: &Path) -> Result<()> {
    let (folder, files) = (Arc::new(folder.to_owned()), Arc::new(AtomicU64::new(0)));
    serve(move |request| exchange(request, folder.clone(), files.clone()))
}

async fn exchange(request: Request<Incoming>, folder: Arc<PathBuf>, files: Arc<AtomicU64>) -> Response<Full<Bytes>> {
    let number = files.fetch_add(1, Ordering::Relaxed);
    match write(request.into_body(), &folder.join(number.to_string())).await {
        Ok(()) => {
            // As many stay as there are names to which the other side uploads.
            let _ = tokio::fs::remove_file(folder.join(number.wrapping_sub(KEPT).to_string())).await;
            json(StatusCode::OK, Bytes::new())
        }
        Err(_) => json(StatusCode::INTERNAL_SERVER_ERROR, Bytes::new()),
    }
}

async fn write(mut body: Incoming, path: &Path) -> Result<()> {
    let mut file = File::create(path).await?;
    while let Some(frame) = body.frame().await {
        if let Some(bytes) = frame?.data_ref() {
            file.write_all(bytes).await?;
        }
    }
    file.sync_all().await?;
    Ok(())
}

/// Files that are there at once.
const KEPT: u64 = 64;
