//! One valid token in every spelling but its own: cut at every place, and changed in every character.

use countersign_crypto::encoding::base64url_encode;
use countersign_crypto::jose::{MAX_COMPACT_LEN, sign_compact};
use countersign_crypto::json::JsonError;
use countersign_crypto::{
    Algorithm, Compact, JwsError, ProtectedHeader, RsaBits, RsaPrivateKey, VerifyError, VerifyingKey,
};

struct Signer {
    key: RsaPrivateKey,
    verifying: VerifyingKey,
}

impl Signer {
    fn new() -> Self {
        let key = RsaPrivateKey::generate(RsaBits::B2048).unwrap();
        let verifying = VerifyingKey::from_rsa(key.public_key()).unwrap();
        Self { key, verifying }
    }

    fn verify(&self, token: &str) -> Result<Vec<u8>, JwsError> {
        Ok(Compact::parse(token)?.verify(Algorithm::RS256, &self.verifying)?.into_payload())
    }

    /// A token with a good signature over a header of the test's choosing.
    fn with_header(&self, header: &str) -> String {
        let input = [&base64url_encode(header.as_bytes()), ".", &base64url_encode(b"{}")].concat();
        [&input, ".", &base64url_encode(&self.key.sign_pkcs1_sha256(input.as_bytes()).unwrap())].concat()
    }
}

#[test]
fn every_truncation_and_every_changed_character_is_refused() {
    let signer = Signer::new();
    let token = sign_compact(&signer.key, &ProtectedHeader::jwt(), br#"{"exp":4102444800}"#).unwrap();
    assert!(token.starts_with("eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9."));
    assert_eq!(signer.verify(&token).unwrap(), br#"{"exp":4102444800}"#);
    for position in 0..token.len() {
        assert!(signer.verify(&token[..position]).is_err(), "cut at {position}");
        assert!(signer.verify(&token[position + 1..]).is_err(), "cut before {position}");
        for foreign in ['A', 'B', 'g', 'z', '0', '-', '_', '.', '=', '+', '/', ' ', '\n', '\0', 'é'] {
            let (before, after) = (&token[..position], &token[position + 1..]);
            if token[position..].starts_with(foreign) {
                continue;
            }
            assert!(signer.verify(&format!("{before}{foreign}{after}")).is_err(), "{foreign:?} at {position}");
            assert!(
                signer.verify(&format!("{before}{foreign}{}", &token[position..])).is_err(),
                "{foreign:?} before {position}"
            );
        }
    }
    for appended in ["=", ".", " ", "A", "AA", "AAA", "AAAA"] {
        assert!(signer.verify(&format!("{token}{appended}")).is_err(), "{appended:?}");
    }
}

#[test]
fn headers_that_could_mean_two_things_are_refused_in_spite_of_a_good_signature() {
    let signer = Signer::new();
    let mismatch = JwsError::AlgorithmMismatch;
    let refused = [
        (r#"{"alg":"none"}"#, mismatch),
        (r#"{"alg":"rs256"}"#, mismatch),
        (r#"{"alg":"RS256 "}"#, mismatch),
        (r#"{"alg":"RS384"}"#, mismatch),
        (r#"{"alg":"HS256"}"#, mismatch),
        (r#"{}"#, JwsError::HeaderMember { name: "alg" }),
        (r#"{"alg":null}"#, JwsError::HeaderMember { name: "alg" }),
        (r#"{"alg":["RS256"]}"#, JwsError::HeaderMember { name: "alg" }),
        (r#"{"alg":"RS256","kid":1}"#, JwsError::HeaderMember { name: "kid" }),
        (r#"{"alg":"RS256","crit":["exp"],"exp":1}"#, JwsError::Extension),
        (r#"{"alg":"RS256","crit":[]}"#, JwsError::Extension),
        (r#"{"alg":"RS256","b64":true}"#, JwsError::Extension),
        (r#"{"alg":"RS256","alg":"RS256"}"#, JwsError::Header(JsonError::DuplicateMember)),
        (r#"{"alg":"none","\u0061lg":"RS256"}"#, JwsError::Header(JsonError::DuplicateMember)),
        (r#"["RS256"]"#, JwsError::Header(JsonError::NotAnObject)),
        (r#"{"alg":"RS256"}x"#, JwsError::Header(JsonError::Syntax { line: 1, column: 16 })),
    ];
    for (header, error) in refused {
        assert_eq!(signer.verify(&signer.with_header(header)), Err(error), "{header}");
    }
    let ignored = r#" {"typ":"at+jwt","jku":"https://example.net","jwk":{"kty":"RSA"},"kid":"a\"b","alg":"RS256"} "#;
    let token = signer.with_header(ignored);
    assert_eq!(Compact::parse(&token).unwrap().kid(), Some("a\"b"));
    signer.verify(&token).unwrap();
}

#[test]
fn a_public_key_is_never_a_shared_secret() {
    let signer = Signer::new();
    let input = [base64url_encode(br#"{"alg":"HS256"}"#), base64url_encode(b"{}")].join(".");
    for secret in [signer.key.public_key_spki(), signer.key.public_key().spki_base64().into_bytes()] {
        let tag = countersign_crypto::HmacKey::new(&secret).sign(input.as_bytes());
        let token = [&input, ".", &base64url_encode(&tag)].concat();
        for algorithm in crate::support::SPOKEN {
            assert!(Compact::parse(&token).unwrap().verify(algorithm, &signer.verifying).is_err());
        }
        let refused = Compact::parse(&token).unwrap().verify(Algorithm::HS256, &signer.verifying);
        assert_eq!(refused.unwrap_err(), JwsError::Verify(VerifyError::WrongKeyKind));
    }
}

#[test]
fn the_longest_token_is_exact() {
    let dots = format!("{}..", "A".repeat(MAX_COMPACT_LEN - 2));
    assert_ne!(Compact::parse(&dots).map(|_| ()), Err(JwsError::TooLong));
    assert_eq!(Compact::parse(&format!("{dots}A")).map(|_| ()), Err(JwsError::TooLong));
    for shape in ["", ".", "a.b", "a.b.c.d", "a.b.c.d.e", "...."] {
        assert_eq!(Compact::parse(shape).map(|_| ()), Err(JwsError::PartCount), "{shape:?}");
    }
}

#[test]
fn a_header_with_a_kid_stays_json() {
    for kid in ["", "2026-01", "a\"b\\c", "é\u{0}"] {
        for header in [ProtectedHeader::rs256(), ProtectedHeader::jwt()] {
            let json: serde_json::Value = header.with_kid(kid).to_json().parse().unwrap();
            assert_eq!(json["kid"], kid);
            assert_eq!(json["alg"], "RS256");
        }
    }
    assert_eq!(ProtectedHeader::default().to_json(), r#"{"alg":"RS256"}"#);
}
