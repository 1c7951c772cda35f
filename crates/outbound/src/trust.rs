//! Whom TLS believes: the roots of the operating system, and those that came with a receiver.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_crypto::sha256;
use rustls::ClientConfig;
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
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
#[error("TLS cannot be set up")]
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
    usual: Arc<ClientConfig>,
    extended: Mutex<HashMap<[u8; 32], Arc<ClientConfig>>>,
}

impl Trust {
    pub(crate) fn new() -> Result<Self, TrustError> {
        Ok(Self { usual: config(&[]).map_err(TrustError)?, extended: Mutex::default() })
    }

    /// The configuration that trusts a bundle as well.
    pub(crate) fn config(&self, ca: Option<&CaBundle>) -> Result<Arc<ClientConfig>, rustls::Error> {
        let Some(ca) = ca else { return Ok(self.usual.clone()) };
        let mut extended = self.extended.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = extended.get(&ca.digest) {
            return Ok(known.clone());
        }
        let made = config(&ca.certificates)?;
        if extended.len() >= KEPT {
            extended.clear();
        }
        extended.insert(ca.digest, made.clone());
        Ok(made)
    }
}

fn config(extra: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Verifier::new_with_extra_roots(extra.iter().cloned(), provider.clone())?;
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
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
