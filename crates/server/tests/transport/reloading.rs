//! What changes while the server runs.

use std::path::{Path, PathBuf};

use countersign_app::RateLimits;
use countersign_server::{Config, Connections, FixedSettings, Overrides, Reload, Terms, init_logging};
use tokio::io::AsyncWriteExt;

use crate::support::{CLOSING, REQUEST, Running, certificate, tls_connect, tls_files, tls_terms, to_end, up_to};

/// A folder with a configuration and the certificate of that name.
struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    fn new(name: &str) -> Self {
        let folder = Self { folder: tempfile::tempdir().unwrap() };
        folder.put(name);
        folder.write("");
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str) {
        let files = tls_files(name);
        std::fs::copy(files.certificate, self.path("chain.pem")).unwrap();
        std::fs::copy(files.key, self.path("key.pem")).unwrap();
    }

    fn write(&self, lines: &str) {
        let (chain, key) = (self.path("chain.pem"), self.path("key.pem"));
        let text = format!("tls_certificate = {chain:?}\ntls_key = {key:?}\n{lines}");
        std::fs::write(self.path("countersign.toml"), text).unwrap();
    }

    fn reload(&self) -> Reload {
        let file = self.path("countersign.toml");
        let read = |file: &Path| Config::load(Some(file), Overrides::default());
        let config = read(&file).unwrap();
        Reload {
            log_level: init_logging(config.log, "warn"),
            usual_log_level: "warn",
            fixed: FixedSettings::of(&config),
            read: Box::new(move || read(&file)),
        }
    }
}

async fn shown(server: &Running) -> rustls::pki_types::CertificateDer<'static> {
    let socket = tls_connect(server.address, &[]).await;
    socket.get_ref().1.peer_certificates().unwrap()[0].clone()
}

#[tokio::test]
async fn a_new_certificate_is_shown_from_then_on_and_open_connections_stay() {
    let folder = Folder::new("first");
    let server = Running::start(tls_terms("first")).await;
    let reload = folder.reload();
    let mut open = tls_connect(server.address, &[]).await;
    assert_eq!(shown(&server).await, certificate("first"));

    folder.put("second");
    reload.apply(&server.connections).unwrap();
    assert_eq!(shown(&server).await, certificate("second"));
    open.write_all(REQUEST.as_bytes()).await.unwrap();
    up_to(&mut open, "\r\n\r\nOK").await;
    open.write_all(CLOSING.as_bytes()).await.unwrap();
    assert!(to_end(&mut open).await.ends_with("OK"));
}

#[tokio::test]
async fn what_cannot_be_used_changes_nothing() {
    let folder = Folder::new("first");
    let server = Running::start(tls_terms("first")).await;
    let reload = folder.reload();
    // The key of another certificate, no certificate, a setting that does not exist.
    std::fs::copy(tls_files("second").key, folder.path("key.pem")).unwrap();
    assert!(reload.apply(&server.connections).unwrap_err().to_string().contains("certificate"));
    folder.put("second");
    std::fs::write(folder.path("chain.pem"), "").unwrap();
    assert!(reload.apply(&server.connections).is_err());
    folder.put("second");
    folder.write("max_conections = 1\n");
    assert!(reload.apply(&server.connections).unwrap_err().to_string().contains("configuration"));
    assert_eq!(shown(&server).await, certificate("first"));
}

#[tokio::test]
async fn limits_change_and_what_is_fixed_does_not() {
    let folder = Folder::new("first");
    let connections = Connections::new(Terms::default());
    let reload = folder.reload();
    folder.write("max_connections = 7\nlisten = \"127.0.0.1:1\"\n");
    reload.apply(&connections).unwrap();
    assert_eq!(connections.terms().limits.connections, 7);
    folder.write("max_failed_logins = 3\nmax_upload_bytes = 1048577\n");
    let limits = reload.apply(&connections).unwrap();
    assert_eq!(limits.rates, RateLimits { failed_logins: 3, ..RateLimits::default() });
    assert_eq!(limits.upload_bytes, 1_048_577);
    assert!(connections.terms().tls.is_some());
    // A server that speaks TLS does not begin to speak without.
    std::fs::write(folder.path("countersign.toml"), "max_connections = 8\n").unwrap();
    reload.apply(&connections).unwrap();
    assert_eq!(connections.terms().limits.connections, 8);
    assert!(connections.terms().tls.is_some());
}
