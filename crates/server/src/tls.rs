//! TLS: certificate and key from files, for HTTP/2 and HTTP/1.1.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Where certificate and key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those between it and the root, in this order, as PEM.
    pub certificate: PathBuf,
    /// The private key of the certificate, as PEM.
    pub key: PathBuf,
}

/// Certificate and key as they were read, ready for handshakes.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is not PEM.
    #[error("the file {path} cannot be used as a {what}")]
    File {
        /// What it should be.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: pem::Error,
    },
    /// There is no certificate in the file.
    #[error("the file {0} has no certificate")]
    Empty(PathBuf),
    /// Certificate and key cannot be used, or do not belong together.
    #[error("the certificate {certificate} cannot be used with the key {key}")]
    Unusable {
        /// File of the certificate.
        certificate: PathBuf,
        /// File of the key.
        key: PathBuf,
        /// The reason.
        #[source]
        source: rustls::Error,
    },
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`] names the file.
    pub fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        let TlsFiles { certificate, key } = files;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
        let chain = chain.map_err(|source| file("certificate", certificate, source))?;
        if chain.is_empty() {
            return Err(TlsError::Empty(certificate.clone()));
        }
        let private = PrivateKeyDer::from_pem_file(key).map_err(|source| file("private key", key, source))?;
        let unusable = |source| TlsError::Unusable { certificate: certificate.clone(), key: key.clone(), source };
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .map_err(unusable)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // Devices come back hourly; a ticket spares both sides the handshake's signature, and costs us no memory.
        config.ticketer = aws_lc_rs::Ticketer::new().map_err(unusable)?;
        Ok(Self { config: Arc::new(config) })
    }

    pub(crate) fn server_config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }
}

fn file(what: &'static str, path: &Path, source: pem::Error) -> TlsError {
    TlsError::File { what, path: path.to_owned(), source }
}
