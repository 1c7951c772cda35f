//! JWKs beyond what Wycheproof asks: exactness of members, thumbprints, and our own output.

use countersign_crypto::encoding::{base64url_decode, base64url_encode};
use countersign_crypto::jwk::{rsa_public_jwk, rsa_thumbprint};
use countersign_crypto::{Algorithm, Jwk, JwkError, KeyParseError, RsaPublicKey};
use serde_json::{Value, json};

use crate::support::{contract, text};

fn rsa() -> Value {
    contract("vectors/jose-cookbook/jwk/3_3.rsa_public_key.json")
}

fn parse(jwk: &Value) -> Result<Jwk, JwkError> {
    Jwk::parse(jwk.to_string().as_bytes())
}

/// The error for a copy of the key with one member set, or removed by null.
fn refusal(mut jwk: Value, name: &str, value: Value) -> JwkError {
    if value.is_null() {
        jwk.as_object_mut().unwrap().remove(name);
    } else {
        jwk[name] = value;
    }
    parse(&jwk).and_then(|jwk| jwk.verifying_key(Algorithm::RS256).map(|_| jwk)).unwrap_err()
}

#[test]
fn thumbprints_match_the_published_ones() {
    // RFC 7638 §3.1.
    let rsa = json!({
        "kty": "RSA", "alg": "RS256", "kid": "2011-04-29", "e": "AQAB",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj\
              hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ\
              vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK\
              nqDKgw",
    });
    let thumbprint = parse(&rsa).unwrap().thumbprint();
    assert_eq!(base64url_encode(&thumbprint), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    // RFC 8037 appendix A.3.
    let okp = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    let thumbprint = parse(&okp).unwrap().thumbprint();
    assert_eq!(base64url_encode(&thumbprint), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn our_own_jwk_is_read_back() {
    let jwk = rsa();
    let number = |name| base64url_decode(text(&jwk, name)).unwrap();
    let key = RsaPublicKey::from_components(&number("n"), &number("e")).unwrap();
    let written = Value::Object(rsa_public_jwk(&key, "2026-01"));
    let read = parse(&written).unwrap();
    assert_eq!(read.kid(), Some("2026-01"));
    assert_eq!(read.thumbprint(), rsa_thumbprint(&key));
    assert_eq!(read.thumbprint(), parse(&jwk).unwrap().thumbprint());
    read.verifying_key(Algorithm::RS256).unwrap();
    for other in [Algorithm::HS256, Algorithm::ES256, Algorithm::EdDSA] {
        assert_eq!(read.verifying_key(other).unwrap_err(), JwkError::Algorithm);
        assert_eq!(parse(&jwk).unwrap().verifying_key(other).unwrap_err(), JwkError::Algorithm);
    }
}

#[test]
fn members_are_exact() {
    let zero_first = [&[0], base64url_decode(text(&rsa(), "n")).unwrap().as_slice()].concat();
    let n = JwkError::Member { name: "n" };
    let refused = [
        ("n", Value::Null, n.clone()),
        ("n", json!(1), n.clone()),
        ("n", json!(""), n.clone()),
        ("n", json!(format!("{}=", text(&rsa(), "n"))), n.clone()),
        ("n", json!(base64url_encode(&zero_first)), n),
        ("e", json!("AAEAAQ"), JwkError::Member { name: "e" }),
        ("e", json!("AQAA"), JwkError::Rsa(KeyParseError::BadExponent)),
        ("e", json!("AQ"), JwkError::Rsa(KeyParseError::BadExponent)),
        ("e", json!("AQAAAAE"), JwkError::Rsa(KeyParseError::BadExponent)),
        ("kty", Value::Null, JwkError::Member { name: "kty" }),
        ("kty", json!("rsa"), JwkError::Unsupported),
        ("kid", json!(7), JwkError::Member { name: "kid" }),
        ("alg", json!("PS256"), JwkError::Algorithm),
        ("alg", json!(false), JwkError::Member { name: "alg" }),
        ("use", json!("enc"), JwkError::Use),
        ("use", json!(["sig"]), JwkError::Member { name: "use" }),
        ("key_ops", json!([]), JwkError::Use),
        ("key_ops", json!(["sign"]), JwkError::Use),
        ("key_ops", json!("verify"), JwkError::Member { name: "key_ops" }),
        ("key_ops", json!(["verify", 1]), JwkError::Member { name: "key_ops" }),
        ("key_ops", json!(["verify", "verify"]), JwkError::Member { name: "key_ops" }),
        ("d", json!("AQ"), JwkError::Private),
        ("qi", json!("AQ"), JwkError::Private),
    ];
    for (name, value, error) in refused {
        assert_eq!(refusal(rsa(), name, value.clone()), error, "{name} {value}");
    }
    let twice = r#"{"kty":"oct","k":"AAAA","kty":"RSA"}"#;
    assert!(matches!(Jwk::parse(twice.as_bytes()), Err(JwkError::Json(_))));
}

#[test]
fn points_and_secrets_are_exact() {
    let p256 = json!({
        "kty": "EC", "crv": "P-256",
        "x": "KSexBRK64-3c_kZ4KBKLrSkDJpkZ9whgacjE32xzKDg", "y": "x3h5ZOqsAOWSH7FJimD0YGdms9loUAFVjRqXTnNBUT4",
    });
    parse(&p256).unwrap().verifying_key(Algorithm::ES256).unwrap();
    assert_eq!(refusal(p256.clone(), "crv", json!("P-384")), JwkError::Unsupported);
    assert_eq!(refusal(p256.clone(), "x", json!("AQ")), JwkError::Member { name: "x" });
    assert_eq!(refusal(p256.clone(), "y", Value::Null), JwkError::Member { name: "y" });
    assert_eq!(refusal(p256.clone(), "d", json!("AQ")), JwkError::Private);
    assert!(matches!(refusal(p256.clone(), "y", p256["x"].clone()), JwkError::Key(_)));

    let secret = |bytes: usize| json!({ "kty": "oct", "k": base64url_encode(&vec![7; bytes]) });
    assert!(matches!(parse(&secret(31)).unwrap().verifying_key(Algorithm::HS256), Err(JwkError::Key(_))));
    let jwk = parse(&secret(32)).unwrap();
    jwk.verifying_key(Algorithm::HS256).unwrap();
    assert!(!format!("{jwk:?}").contains('7'), "the secret is not printed");
}
