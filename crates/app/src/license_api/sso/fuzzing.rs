//! What fuzz targets reach: readers of what providers publish.

use countersign_crypto::Algorithm;
use countersign_domain::licensing::{IdTokenAlgorithm, SsoProvider};

use super::published::{Metadata, read_keys};

/// Reads a configuration and a key set. What is believed of a configuration leads people to a page, and is handed on as it is.
pub fn documents(bytes: &[u8]) {
    let settings = SsoProvider {
        issuer: "https://id.example.test".to_owned(),
        client_id: "app".to_owned(),
        algorithm: IdTokenAlgorithm::Rs256,
        domains: vec![],
        claim: None,
        scopes: vec![],
        redirects: vec![],
        allowed: vec![],
    };
    if let Ok(metadata) = Metadata::read(bytes, &settings) {
        assert!(metadata.authorization_endpoint.starts_with("https://"));
        assert_eq!(metadata.configuration.as_bytes(), bytes);
    }
    for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        let _ = read_keys(bytes, algorithm);
    }
}
