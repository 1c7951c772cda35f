//! What a provider publishes: its configuration (OpenID Connect Discovery 1.0 section 3) and its keys (RFC 7517 section 5).
//! Bytes of somebody else's.

use countersign_crypto::json::{self, JsonError, JsonLimits, JsonObject};
use countersign_crypto::{Algorithm, Jwk, VerifyingKey};
use countersign_domain::licensing::{IdTokenAlgorithm, SsoProvider};

/// Longest document that is read of a provider, in bytes.
pub(super) const DOCUMENT_LIMIT: usize = 256 * 1024;
/// Longest configuration: it is kept, and handed on to applications.
const CONFIGURATION_LIMIT: usize = 64 * 1024;
/// Limits of all documents.
const LIMITS: JsonLimits = JsonLimits { max_bytes: DOCUMENT_LIMIT, max_depth: 16 };
/// Most keys of a provider that are tried.
const KEYS: usize = 50;
/// Longest URL in a configuration, in bytes.
const URL_LIMIT: usize = 2000;

/// Why a document is not believed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfit {
    /// An endpoint that people are sent to.
    #[error("its authorization endpoint is no secure URL")]
    Endpoint,
    /// Discovery section 4.3.
    #[error("its configuration is of another issuer")]
    Issuer,
    /// It is no JSON object.
    #[error("its document is no JSON object that can be trusted to mean one thing")]
    Json(#[from] JsonError),
    /// A member is missing.
    #[error("its document lacks {0:?}")]
    Lacks(&'static str),
    /// It is not what keeps within bounds.
    #[error("its configuration has more than {CONFIGURATION_LIMIT} bytes")]
    TooLong,
}

/// Where a client secret goes (OpenID Connect Core 1.0 section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecretPlace {
    /// `client_secret_post`.
    Form,
    /// `client_secret_basic`, which holds for a provider that says nothing.
    Header,
}

/// What is needed of a configuration.
#[derive(Debug)]
pub(super) struct Metadata {
    /// The whole document.
    pub(super) configuration: String,
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: Option<String>,
    pub(super) userinfo_endpoint: Option<String>,
    pub(super) jwks_uri: String,
    /// Whether it takes challenges by S256 (RFC 8414 section 2, RFC 7636).
    pub(super) takes_challenges: bool,
    pub(super) secret_place: SecretPlace,
}

impl Metadata {
    /// Reads a configuration.
    pub(super) fn read(bytes: &[u8], settings: &SsoProvider) -> Result<Self, Unfit> {
        if bytes.len() > CONFIGURATION_LIMIT {
            return Err(Unfit::TooLong);
        }
        let document = json::parse_object(bytes, LIMITS)?;
        let text = |name| document.get(name).and_then(|text| text.as_str()).map(str::to_owned);
        if text("issuer").as_ref() != Some(&settings.issuer) {
            return Err(Unfit::Issuer);
        }
        let authorization_endpoint = text("authorization_endpoint").ok_or(Unfit::Lacks("authorization_endpoint"))?;
        if !is_for_people(&authorization_endpoint, settings) {
            return Err(Unfit::Endpoint);
        }
        let by_header = lists(&document, "token_endpoint_auth_methods_supported", "client_secret_basic");
        let by_form = lists(&document, "token_endpoint_auth_methods_supported", "client_secret_post");
        Ok(Self {
            configuration: String::from_utf8_lossy(bytes).into_owned(),
            authorization_endpoint,
            token_endpoint: text("token_endpoint"),
            userinfo_endpoint: text("userinfo_endpoint"),
            jwks_uri: text("jwks_uri").ok_or(Unfit::Lacks("jwks_uri"))?,
            takes_challenges: lists(&document, "code_challenge_methods_supported", "S256"),
            secret_place: if by_form && !by_header { SecretPlace::Form } else { SecretPlace::Header },
        })
    }
}

/// A key and its name.
pub(super) type NamedKey = (Option<String>, VerifyingKey);

/// Reads a key set. Keys of other kinds, and for other purposes, stand beside those that sign, and are passed over.
pub(super) fn read_keys(bytes: &[u8], algorithm: Algorithm) -> Result<Vec<NamedKey>, Unfit> {
    let document = json::parse_object(bytes, LIMITS)?;
    let list = document.get("keys").and_then(|keys| keys.as_array()).ok_or(Unfit::Lacks("keys"))?;
    let usable = list.iter().filter_map(|key| {
        let key = Jwk::parse(key.to_string().as_bytes()).ok()?;
        Some((key.kid().map(str::to_owned), key.verifying_key(algorithm).ok()?))
    });
    Ok(usable.take(KEYS).collect())
}

/// Reads any other document of a provider.
pub(super) fn read_object(bytes: &[u8]) -> Result<JsonObject, Unfit> {
    Ok(json::parse_object(bytes, LIMITS)?)
}

/// The algorithm that was laid down.
pub(super) fn algorithm_of(settings: &SsoProvider) -> Algorithm {
    match settings.algorithm {
        IdTokenAlgorithm::Rs256 => Algorithm::RS256,
        IdTokenAlgorithm::Es256 => Algorithm::ES256,
        IdTokenAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}

/// People open it in their browsers: nothing but a page comes into question, without TLS only of a provider whose address the
/// producer has named.
fn is_for_people(url: &str, settings: &SsoProvider) -> bool {
    let is_page = url.starts_with("https://") || (url.starts_with("http://") && !settings.allowed.is_empty());
    is_page && url.len() <= URL_LIMIT && url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

fn lists(document: &JsonObject, name: &str, value: &str) -> bool {
    let list = document.get(name).and_then(|list| list.as_array());
    list.is_some_and(|list| list.iter().any(|one| one.as_str() == Some(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> SsoProvider {
        SsoProvider {
            issuer: "https://id.example.test".to_owned(),
            client_id: "app".to_owned(),
            algorithm: IdTokenAlgorithm::Es256,
            domains: vec![],
            claim: None,
            scopes: vec![],
            redirects: vec![],
            allowed: vec![],
        }
    }

    /// A configuration in which one member is another text of JSON.
    fn with(name: &str, value: &str) -> Result<Metadata, Unfit> {
        let members = [
            ("issuer", r#""https://id.example.test""#),
            ("authorization_endpoint", r#""https://id.example.test/authorize""#),
            ("jwks_uri", r#""https://id.example.test/keys""#),
        ];
        let others = members.into_iter().filter(|(other, _)| *other != name);
        let written = others.chain([(name, value)]).map(|(name, value)| format!("\"{name}\":{value}"));
        Metadata::read(format!("{{{}}}", written.collect::<Vec<_>>().join(",")).as_bytes(), &settings())
    }

    #[test]
    fn a_configuration_is_of_its_issuer_and_leads_people_to_a_page() {
        let long = format!("\"{}\"", "x".repeat(CONFIGURATION_LIMIT));
        for (name, value) in [
            ("issuer", r#""https://id.example.test/""#),
            ("issuer", "null"),
            ("jwks_uri", "null"),
            ("authorization_endpoint", r#"["https://id.example.test/authorize"]"#),
            ("authorization_endpoint", r#""http://id.example.test/authorize""#),
            ("authorization_endpoint", r#""javascript:alert(1)""#),
            ("authorization_endpoint", r##""https://id.example.test/#/authorize""##),
            ("authorization_endpoint", r#""https://id.example.test/a b""#),
            ("more", &long),
        ] {
            assert!(with(name, value).is_err(), "{name}: {value}");
        }
        let near = SsoProvider { allowed: vec!["127.0.0.1:1".parse().unwrap()], ..settings() };
        assert!(is_for_people("http://127.0.0.1:1/authorize", &near));
        assert!(!is_for_people("javascript:alert(1)", &near));
        for bytes in [&b""[..], b"[]", br#"{"issuer":1,"issuer":2}"#, b"\xff"] {
            assert!(Metadata::read(bytes, &settings()).is_err());
        }
    }

    #[test]
    fn what_a_provider_takes_is_what_it_says() {
        let least = with("more", "1").unwrap();
        assert_eq!((least.takes_challenges, least.secret_place), (false, SecretPlace::Header));
        for (methods, takes) in [(r#"["plain"]"#, false), (r#""S256""#, false), (r#"["plain","S256"]"#, true)] {
            assert_eq!(with("code_challenge_methods_supported", methods).unwrap().takes_challenges, takes);
        }
        for (methods, place) in [
            (r#"["client_secret_post"]"#, SecretPlace::Form),
            (r#"["client_secret_post","client_secret_basic"]"#, SecretPlace::Header),
            (r#"["private_key_jwt"]"#, SecretPlace::Header),
        ] {
            assert_eq!(with("token_endpoint_auth_methods_supported", methods).unwrap().secret_place, place);
        }
    }

    #[test]
    fn keys_that_do_not_fit_are_passed_over() {
        let odd = br#"{ "keys": [7, {}, { "kty": "RSA" }, { "kty": "oct", "k": "AAAA" }] }"#;
        assert_eq!(read_keys(odd, Algorithm::ES256).unwrap().len(), 0);
        assert!(read_keys(b"{}", Algorithm::ES256).is_err());
    }
}
