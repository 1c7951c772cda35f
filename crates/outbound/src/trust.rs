//! Whom TLS believes: the roots of the operating system, and those that came with a receiver.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_crypto::sha256;
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ConfigBuilder, WantsVerifier};
use rustls_platform_verifier::Verifier;

/// Root certificates in PEM that were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaBundle {
    digest: [u8; 32],
    certificates: Arc<[CertificateDer<'static>]>,
}

/// Why a text is no bundle of root certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaError {
    /// A certificate cannot be read, or cannot be a root.
    #[error("a certificate cannot be read")]
    Malformed,
    /// There is none.
    #[error("there is no certificate in PEM")]
    None,
    /// Too many, or too long a text.
    #[error("at most {CERTIFICATES} certificates in {CA_BYTES} bytes are taken")]
    TooLarge,
}

/// TLS cannot be set up on this machine.
#[derive(Debug, thiserror::Error)]
#[error("TLS cannot be set up; are the CA certificates of the operating system installed?")]
pub struct TrustError(#[source] rustls::Error);

impl CaBundle {
    /// Reads PEM.
    ///
    /// # Errors
    /// [`CaError`] says what is wrong with it.
    pub fn from_pem(pem: &str) -> Result<Self, CaError> {
        if pem.len() > CA_BYTES {
            return Err(CaError::TooLarge);
        }
        let certificates = CertificateDer::pem_slice_iter(pem.as_bytes()).take(CERTIFICATES + 1);
        let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(|_| CaError::Malformed)?;
        match certificates.len() {
            0 => return Err(CaError::None),
            1..=CERTIFICATES => {}
            _ => return Err(CaError::TooLarge),
        }
        let mut roots = rustls::RootCertStore::empty();
        for certificate in &certificates {
            roots.add(certificate.clone()).map_err(|_| CaError::Malformed)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|_| CaError::Malformed)?;
        Ok(Self { digest: sha256(pem.as_bytes()), certificates: certificates.into() })
    }

    /// What it is known by.
    pub(crate) fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

/// Configurations of TLS, made once for each bundle.
pub(crate) struct Trust {
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    /// By the digest of the bundle, if there is one.
    made: Mutex<HashMap<Option<[u8; 32]>, Arc<ClientConfig>>>,
}

impl Trust {
    pub(crate) fn new() -> Result<Self, TrustError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        Ok(Self { builder: builder.map_err(TrustError)?, made: Mutex::default() })
    }

    /// The configuration that trusts a bundle beside the roots of the operating system. Where it has none, the bundle is
    /// enough.
    pub(crate) fn config(&self, ca: Option<&CaBundle>) -> Result<Arc<ClientConfig>, TrustError> {
        let key = ca.map(|ca| ca.digest);
        if let Some(known) = self.made().get(&key) {
            return Ok(known.clone());
        }
        // Outside the lock: this reads the roots from the disk.
        let config = self.make(ca.map_or(&[], |ca| &ca.certificates)).map_err(TrustError)?;
        let mut made = self.made();
        if made.len() >= KEPT
            && let Some(other) = made.keys().find(|key| key.is_some()).copied()
        {
            made.remove(&other);
        }
        Ok(made.entry(key).or_insert(config).clone())
    }

    fn make(&self, extra: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, rustls::Error> {
        let provider = self.builder.crypto_provider().clone();
        let verifier = Verifier::new_with_extra_roots(extra.iter().cloned(), provider)?;
        let builder = self.builder.clone().dangerous().with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = builder.with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn made(&self) -> MutexGuard<'_, HashMap<Option<[u8; 32]>, Arc<ClientConfig>>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Configurations that are kept: each has the roots of the system parsed.
const KEPT: usize = 64;
/// Certificates of a bundle: an authority and the ones that replace it.
const CERTIFICATES: usize = 16;
/// Bytes of a bundle.
const CA_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_certificates_are_a_bundle() {
        let pem = include_str!("../../../contract/tls/ca.pem");
        let bundle = CaBundle::from_pem(pem).unwrap();
        assert_eq!(bundle.certificates.len(), 1);
        assert_eq!(CaBundle::from_pem(""), Err(CaError::None));
        assert_eq!(CaBundle::from_pem("hello"), Err(CaError::None));
        assert_eq!(CaBundle::from_pem(include_str!("../../../contract/tls/first.key")), Err(CaError::None));
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(CaBundle::from_pem(broken), Err(CaError::Malformed));
        assert_eq!(CaBundle::from_pem(&pem.repeat(CERTIFICATES + 1)), Err(CaError::TooLarge));
        assert_eq!(CaBundle::from_pem(&" ".repeat(CA_BYTES + 1)), Err(CaError::TooLarge));
    }

    #[test]
    fn a_configuration_is_made_once_for_each_bundle() {
        let trust = Trust::new().unwrap();
        let bundle = CaBundle::from_pem(include_str!("../../../contract/tls/ca.pem")).unwrap();
        let first = trust.config(Some(&bundle)).unwrap();
        assert!(Arc::ptr_eq(&first, &trust.config(Some(&bundle)).unwrap()));
        assert!(!Arc::ptr_eq(&first, &trust.config(None).unwrap()));
    }
}
