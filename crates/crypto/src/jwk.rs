//! JSON Web Keys (RFC 7517, RFC 7518 §6, RFC 8037): reading one key to verify with, naming a key by its thumbprint, and
//! writing our own public keys. Key sets are read by whoever fetches them, one key at a time.

use serde_json::{Map, Value};
use thiserror::Error;

use crate::digest::sha256;
use crate::encoding::{base64url_decode, base64url_encode};
use crate::json::{self, JsonError, JsonLimits};
use crate::pem::PemBlock;
use crate::public_key::{KeyParseError, RsaPublicKey};
use crate::secret::Secret;
use crate::verifying_key::{Algorithm, RsaPolicy, VerifyingKey, VerifyingKeyError};

/// Why a JWK is refused.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum JwkError {
    /// The key's `alg` names another algorithm than the one that is required.
    #[error("the key is meant for another algorithm")]
    Algorithm,
    /// The text is not one strict JSON object.
    #[error("the key is not a JSON object that can be trusted to mean one thing")]
    Json(#[from] JsonError),
    /// The numbers do not make a usable key.
    #[error("the key cannot be used")]
    Key(#[from] VerifyingKeyError),
    /// A member is missing, has the wrong type, or is not in its one canonical form.
    #[error("the member {name:?} is missing or malformed")]
    Member {
        /// The member's name.
        name: &'static str,
    },
    /// The key holds its private half, which must not be handed to those who verify.
    #[error("this is a private key; only the public part belongs here")]
    Private,
    /// The RSA numbers are not sound.
    #[error("the RSA key is not sound")]
    Rsa(#[from] KeyParseError),
    /// The key's type or curve is none of those we speak.
    #[error("the type or curve of the key is not supported")]
    Unsupported,
    /// The key's `use` or `key_ops` does not allow verification.
    #[error("the key is not meant for verifying signatures")]
    Use,
}

/// A key read from a JWK. It does not verify anything yet: [`Jwk::verifying_key`] asks which algorithm is required.
#[derive(Debug)]
pub struct Jwk {
    kid: Option<String>,
    alg: Option<String>,
    material: Material,
}

#[derive(Debug)]
enum Material {
    Rsa(RsaPublicKey),
    P256 { x: [u8; 32], y: [u8; 32] },
    Ed25519([u8; 32]),
    Secret(Secret<Vec<u8>>),
}

impl Jwk {
    /// Reads one JWK: `RSA`, `EC` on P-256, `OKP` with Ed25519, or `oct`. Unknown members are ignored (RFC 7517 §4);
    /// the known ones must be exact, and `use` and `key_ops` must allow verification where they are present.
    ///
    /// # Errors
    ///
    /// [`JwkError`] for the first fault that is found.
    pub fn parse(text: &[u8]) -> Result<Self, JwkError> {
        let members = json::parse_object(text, LIMITS)?;
        check_use(&members)?;
        let material = match required_text(&members, "kty")? {
            "EC" => parse_ec(&members)?,
            "OKP" => parse_okp(&members)?,
            "RSA" => parse_rsa(&members)?,
            "oct" => Material::Secret(Secret::new(required_bytes(&members, "k")?)),
            _ => return Err(JwkError::Unsupported),
        };
        Ok(Self {
            kid: optional_text(&members, "kid")?.map(str::to_owned),
            alg: optional_text(&members, "alg")?.map(str::to_owned),
            material,
        })
    }

    /// Reads a public key in the shapes in which people send one: a JWK, or PEM (`PUBLIC KEY` of RSA, P-256 or Ed25519, and
    /// for RSA all that [`RsaPublicKey::parse_upload`] takes).
    ///
    /// # Errors
    ///
    /// [`JwkError`] if it is none of these, or a private key.
    pub fn parse_upload(text: &str) -> Result<Self, JwkError> {
        if text.trim_start().starts_with('{') {
            let key = Self::parse(text.trim().as_bytes())?;
            return match key.material {
                Material::Secret(_) => Err(JwkError::Unsupported),
                Material::Rsa(_) | Material::P256 { .. } | Material::Ed25519(_) => Ok(key),
            };
        }
        if let Ok(block) = PemBlock::parse(text)
            && block.label == "PUBLICKEY"
        {
            if let Some(point) = block.der.strip_prefix(P256_SPKI) {
                return Self::from_p256_point(point).ok_or(JwkError::Key(VerifyingKeyError::Rejected));
            }
            if let Some(Ok(point)) = block.der.strip_prefix(ED25519_SPKI).map(<[u8; 32]>::try_from) {
                return Ok(Self::from_ed25519(point));
            }
        }
        Ok(Self::from_rsa(RsaPublicKey::parse_upload(text)?))
    }

    /// The JWK of an RSA key.
    #[must_use]
    pub fn from_rsa(key: RsaPublicKey) -> Self {
        Self { kid: None, alg: None, material: Material::Rsa(key) }
    }

    /// The JWK of an Ed25519 point (RFC 8032 §5.1.5).
    #[must_use]
    pub fn from_ed25519(point: [u8; 32]) -> Self {
        Self { kid: None, alg: None, material: Material::Ed25519(point) }
    }

    /// The JWK of a point of P-256 in the uncompressed form of SEC 1 §2.3.3; `None` if it is not one.
    #[must_use]
    pub fn from_p256_point(point: &[u8]) -> Option<Self> {
        let coordinates = point.strip_prefix(&[4])?;
        let (x, y) = coordinates.split_at_checked(32)?;
        let (x, y) = (x.try_into().ok()?, y.try_into().ok()?);
        VerifyingKey::from_p256(&x, &y).ok()?;
        Some(Self { kid: None, alg: None, material: Material::P256 { x, y } })
    }

    /// The algorithm that a public key verifies: its kind has just one.
    pub fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Rsa(_) => Algorithm::RS256,
            Material::P256 { .. } => Algorithm::ES256,
            Material::Ed25519(_) => Algorithm::EdDSA,
            Material::Secret(_) => Algorithm::HS256,
        }
    }

    /// The thumbprint in base64url, which makes a good `kid`.
    pub fn kid_by_thumbprint(&self) -> String {
        base64url_encode(&self.thumbprint())
    }

    /// The members of a public JWK as a published key set holds it, named by its thumbprint. `None` for a shared secret, and
    /// when the algorithm is not that of the key.
    pub fn to_public(&self, algorithm: Algorithm) -> Option<Map<String, Value>> {
        if algorithm != self.algorithm() {
            return None;
        }
        let own = match &self.material {
            Material::Rsa(key) => {
                vec![
                    ("e", base64url_encode(key.exponent())),
                    ("kty", "RSA".into()),
                    ("n", base64url_encode(key.modulus())),
                ]
            }
            Material::P256 { x, y } => {
                let (x, y) = (base64url_encode(x), base64url_encode(y));
                vec![("crv", "P-256".into()), ("kty", "EC".into()), ("x", x), ("y", y)]
            }
            Material::Ed25519(x) => {
                vec![("crv", "Ed25519".into()), ("kty", "OKP".into()), ("x", base64url_encode(x))]
            }
            Material::Secret(_) => return None,
        };
        let common = [("alg", algorithm.name().into()), ("kid", self.kid_by_thumbprint()), ("use", "sig".into())];
        Some(own.into_iter().chain(common).map(|(name, value)| (name.to_owned(), Value::String(value))).collect())
    }

    /// The same as JSON text.
    pub fn to_public_json(&self, algorithm: Algorithm) -> Option<String> {
        self.to_public(algorithm).map(|members| Value::Object(members).to_string())
    }

    /// The name that the key was given.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The key, ready to verify with `algorithm`; RSA keys need at least 2048 bits.
    ///
    /// # Errors
    ///
    /// [`JwkError::Algorithm`] if the key says that it is meant for another algorithm, [`JwkError::Key`] if it is too
    /// small, not on its curve, or of a kind that `algorithm` cannot use.
    pub fn verifying_key(&self, algorithm: Algorithm) -> Result<VerifyingKey, JwkError> {
        self.verifying_key_with(algorithm, RsaPolicy::default())
    }

    /// As [`Jwk::verifying_key`], with a size of RSA keys that the caller allows.
    ///
    /// # Errors
    ///
    /// As [`Jwk::verifying_key`].
    pub fn verifying_key_with(&self, algorithm: Algorithm, policy: RsaPolicy) -> Result<VerifyingKey, JwkError> {
        if self.alg.as_deref().is_some_and(|alg| alg != algorithm.name()) {
            return Err(JwkError::Algorithm);
        }
        match (algorithm, &self.material) {
            (Algorithm::RS256, Material::Rsa(key)) => Ok(VerifyingKey::from_rsa_with(key, policy)?),
            (Algorithm::HS256, Material::Secret(secret)) => Ok(VerifyingKey::from_hmac_secret(secret.expose())?),
            (Algorithm::ES256, Material::P256 { x, y }) => Ok(VerifyingKey::from_p256(x, y)?),
            (Algorithm::EdDSA, Material::Ed25519(point)) => Ok(VerifyingKey::from_ed25519(point)?),
            (Algorithm::RS256 | Algorithm::HS256 | Algorithm::ES256 | Algorithm::EdDSA, _) => Err(JwkError::Algorithm),
        }
    }

    /// The SHA-256 thumbprint (RFC 7638 §3): equal keys have equal thumbprints, however their JWKs are written.
    pub fn thumbprint(&self) -> [u8; 32] {
        // RFC 7638 §3.2: the required members only, in lexicographic order, without white space.
        let canonical = match &self.material {
            Material::Rsa(key) => return rsa_thumbprint(key),
            Material::P256 { x, y } => {
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, base64url_encode(x), base64url_encode(y))
            }
            Material::Ed25519(x) => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, base64url_encode(x)),
            Material::Secret(k) => format!(r#"{{"k":"{}","kty":"oct"}}"#, base64url_encode(k.expose())),
        };
        sha256(canonical.as_bytes())
    }
}

/// The SHA-256 thumbprint of an RSA key (RFC 7638 §3). In base64url it makes a good `kid`.
pub fn rsa_thumbprint(key: &RsaPublicKey) -> [u8; 32] {
    let (e, n) = (base64url_encode(key.exponent()), base64url_encode(key.modulus()));
    sha256(format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#).as_bytes())
}

/// An RSA key as a public JWK for RS256, as a published key set holds it.
pub fn rsa_public_jwk(key: &RsaPublicKey, kid: &str) -> Map<String, Value> {
    let members = [
        ("alg", Algorithm::RS256.name().to_owned()),
        ("e", base64url_encode(key.exponent())),
        ("kid", kid.to_owned()),
        ("kty", "RSA".to_owned()),
        ("n", base64url_encode(key.modulus())),
        ("use", "sig".to_owned()),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect()
}

fn check_use(members: &Map<String, Value>) -> Result<(), JwkError> {
    if optional_text(members, "use")?.is_some_and(|purpose| purpose != "sig") {
        return Err(JwkError::Use);
    }
    let Some(operations) = members.get("key_ops") else { return Ok(()) };
    let malformed = JwkError::Member { name: "key_ops" };
    let operations = operations.as_array().ok_or(malformed.clone())?;
    let mut may_verify = false;
    for (position, operation) in operations.iter().enumerate() {
        // RFC 7517 §4.3: duplicate operations must not be present.
        if !operation.is_string() || operations.iter().take(position).any(|earlier| earlier == operation) {
            return Err(malformed);
        }
        may_verify |= operation == "verify";
    }
    if may_verify { Ok(()) } else { Err(JwkError::Use) }
}

fn parse_rsa(members: &Map<String, Value>) -> Result<Material, JwkError> {
    // RFC 7518 §6.3.2: any of these is private material; `oth` cannot occur without them.
    refuse_private(members, &["d", "p", "q", "dp", "dq", "qi"])?;
    let (n, e) = (required_bytes(members, "n")?, required_bytes(members, "e")?);
    // RFC 7518 §2, Base64urlUInt: no leading zero bytes.
    for (name, number) in [("n", &n), ("e", &e)] {
        if matches!(number.as_slice(), [] | [0, ..]) {
            return Err(JwkError::Member { name });
        }
    }
    Ok(Material::Rsa(RsaPublicKey::from_components(&n, &e)?))
}

fn parse_ec(members: &Map<String, Value>) -> Result<Material, JwkError> {
    if required_text(members, "crv")? != "P-256" {
        return Err(JwkError::Unsupported);
    }
    refuse_private(members, &["d"])?;
    let (x, y) = (required_array(members, "x")?, required_array(members, "y")?);
    // Asked here as well, so that a JWK that was read is always a point of its curve.
    VerifyingKey::from_p256(&x, &y)?;
    Ok(Material::P256 { x, y })
}

fn parse_okp(members: &Map<String, Value>) -> Result<Material, JwkError> {
    if required_text(members, "crv")? != "Ed25519" {
        return Err(JwkError::Unsupported);
    }
    refuse_private(members, &["d"])?;
    Ok(Material::Ed25519(required_array(members, "x")?))
}

fn refuse_private(members: &Map<String, Value>, names: &[&str]) -> Result<(), JwkError> {
    if names.iter().any(|name| members.contains_key(*name)) { Err(JwkError::Private) } else { Ok(()) }
}

fn optional_text<'a>(members: &'a Map<String, Value>, name: &'static str) -> Result<Option<&'a str>, JwkError> {
    members.get(name).map(|value| value.as_str().ok_or(JwkError::Member { name })).transpose()
}

fn required_text<'a>(members: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, JwkError> {
    optional_text(members, name)?.ok_or(JwkError::Member { name })
}

fn required_bytes(members: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, JwkError> {
    base64url_decode(required_text(members, name)?).map_err(|_| JwkError::Member { name })
}

fn required_array(members: &Map<String, Value>, name: &'static str) -> Result<[u8; 32], JwkError> {
    // RFC 7518 §6.2.1.2, RFC 8037 §2: coordinates always have their full length.
    required_bytes(members, name)?.try_into().map_err(|_| JwkError::Member { name })
}

/// An RSA key of 8192 bits with a certificate chain beside it stays below this.
const LIMITS: JsonLimits = JsonLimits { max_bytes: 16 * 1024, max_depth: 4 };

/// What stands before the point in a SubjectPublicKeyInfo of P-256 (RFC 5480 §2.1.1, uncompressed): there is just one way.
const P256_SPKI: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";

/// What stands before the point in a SubjectPublicKeyInfo of Ed25519 (RFC 8410 §4).
const ED25519_SPKI: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
