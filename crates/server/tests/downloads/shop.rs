//! A server with files of some lengths to download.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use countersign_http_kit::access_log::Ending;
use countersign_server::Terms;

use crate::app::{App, PRODUCER_KEY};
use crate::sockets::Running;

/// A server, and what it offers.
pub(crate) struct Shop {
    pub(crate) app: App,
    pub(crate) server: Running,
    pub(crate) files: Vec<Offered>,
    told: Arc<Mutex<Vec<Told>>>,
}

/// What the log was told about a download.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) bytes: u64,
    pub(crate) ending: Ending,
}

/// One file.
pub(crate) struct Offered {
    pub(crate) path: String,
    pub(crate) bytes: &'static [u8],
}

impl Shop {
    pub(crate) async fn open(terms: Terms, lengths: &[usize]) -> Self {
        let app = App::bare(countersign_testkit::WorldOptions::default()).await;
        app.upload_key(&PRODUCER_KEY).await;
        countersign_app::keys::find_or_create_signing_key(app.ctx(), app.site).await.unwrap();
        let files: Vec<(String, &'static [u8])> =
            lengths.iter().map(|&length| (format!("{length}.bin"), bytes(length))).collect();
        let named: Vec<(&str, &'static [u8])> = files.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
        app.publish("pump-4.1", "pump-4.2", "UPD-1", &named).await;
        let manifest = app.first_manifest().await;
        let path = |name: &str| {
            let entries = manifest["manifestFiles"].as_array().unwrap();
            App::path_of(
                &entries.iter().find(|entry| entry["fileUrl"].as_str().unwrap().ends_with(name)).unwrap()["fileUrl"],
            )
        };
        let files = files.iter().map(|(name, bytes)| Offered { path: path(&format!("/{name}")), bytes }).collect();
        let told: Arc<Mutex<Vec<Told>>> = Arc::default();
        let heard = told.clone();
        let router = countersign_server::observed(app.ctx().clone(), move |request| {
            if request.route.is_some_and(|route| route.starts_with("/f/")) {
                let (status, bytes, ending) = (request.status, request.bytes, request.ending);
                heard.lock().unwrap().push(Told { status, bytes, ending });
            }
        });
        let server = Running::serving(terms, router).await;
        Self { app, server, files, told }
    }

    /// What the log was told about downloads.
    pub(crate) fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }

    pub(crate) fn first(&self) -> &Offered {
        &self.files[0]
    }

    /// Where an object rests, of as many bytes.
    pub(crate) fn object(&self, length: usize) -> PathBuf {
        let mut folders = vec![self.app.world.folder().join("files")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let (path, about) = entry.map(|entry| (entry.path(), entry.metadata().unwrap())).unwrap();
                if about.is_dir() {
                    folders.push(path);
                } else if about.len() == length as u64 {
                    return path;
                }
            }
        }
        panic!("no object has {length} bytes");
    }

    /// Waits until no connection is open.
    pub(crate) async fn is_quiet(&self) {
        while self.server.connections.open() > 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// Bytes without the zeros that nobody may get. They repeat only after an odd length, so that a shifted piece shows.
fn bytes(length: usize) -> &'static [u8] {
    let mut state = 1_u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8 | 1
    };
    let period: Vec<u8> = (0..length.min(100_003)).map(next).collect();
    let mut bytes = period.repeat(length.div_ceil(period.len().max(1)));
    bytes.truncate(length);
    bytes.leak()
}
