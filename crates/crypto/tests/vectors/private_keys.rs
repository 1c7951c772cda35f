//! Private keys: round trips, refusals, and the PKCS#8 form of a JWK for the tests that need one.

use std::thread;

use countersign_crypto::encoding::{base64_encode, base64url_decode};
use countersign_crypto::rsa::PrivateKeyError;
use countersign_crypto::{Algorithm, RsaBits, RsaPrivateKey, VerifyError, VerifyingKey};
use serde_json::Value;

use crate::support::{contract, text, wycheproof};

/// The private key of a JWK, by way of PKCS#1 PEM. The DER is written here, independently of the crate's writer.
pub(crate) fn private_key_of_jwk(jwk: &Value) -> RsaPrivateKey {
    RsaPrivateKey::from_pem(&pkcs1_pem(jwk)).unwrap()
}

fn pkcs1_pem(jwk: &Value) -> String {
    let mut members = integer(&[0]);
    for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        members.extend(integer(&base64url_decode(text(jwk, name)).unwrap()));
    }
    let body = base64_encode(&tlv(0x30, &members));
    format!("-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\n")
}

fn integer(number: &[u8]) -> Vec<u8> {
    let number: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
    let sign = if number.first().is_none_or(|byte| *byte > 127) { &[0][..] } else { &[] };
    tlv(2, &[sign, &number].concat())
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let header = match content.len() {
        0..128 => vec![tag, length[1]],
        128..256 => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    [&header, content].concat()
}

#[test]
fn a_generated_key_survives_every_form() {
    let key = RsaPrivateKey::generate(RsaBits::B2048).unwrap();
    assert_eq!(key.public_key().bits(), 2048);
    let signature = key.sign_pkcs1_sha256(b"message").unwrap();
    assert_eq!(signature.len(), 256);
    let verifying = VerifyingKey::from_rsa(key.public_key()).unwrap();
    verifying.verify(Algorithm::RS256, b"message", &signature).unwrap();
    assert_eq!(verifying.verify(Algorithm::RS256, b"messagf", &signature), Err(VerifyError::BadSignature));

    for copy in [
        RsaPrivateKey::from_pkcs8_der(key.to_pkcs8_der().expose()).unwrap(),
        RsaPrivateKey::from_pem(key.to_pkcs8_pem().expose()).unwrap(),
    ] {
        assert_eq!(copy.public_key_spki(), key.public_key_spki());
        assert_eq!(copy.sign_pkcs1_sha256(b"message").unwrap(), signature);
    }
    assert_eq!(format!("{key:?} {:?}", key.to_pkcs8_pem()), "RsaPrivateKey(..) Secret(..)");
}

#[test]
fn one_key_signs_on_several_threads() {
    let key = RsaPrivateKey::generate(RsaBits::B3072).unwrap();
    assert_eq!(key.public_key().bits(), 3072);
    let expected = key.sign_pkcs1_sha256(b"message").unwrap();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| key.sign_pkcs1_sha256(b"message").unwrap())).collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), expected);
        }
    });
}

#[test]
fn small_damaged_and_foreign_keys_are_refused() {
    let groups = wycheproof("json_web_key");
    let small = groups.iter().find(|group| text(group, "comment") == "keysize_too_small").unwrap();
    let pem = pkcs1_pem(&small["private"]["keys"][0]);
    assert_eq!(RsaPrivateKey::from_pem(&pem).unwrap_err(), PrivateKeyError::Rejected);

    let example = contract("vectors/jose-cookbook/jws/4_1.rsa_v15_signature.json");
    let mut jwk = example["input"]["key"].clone();
    jwk["dp"] = jwk["dq"].clone();
    assert_eq!(RsaPrivateKey::from_pem(&pkcs1_pem(&jwk)).unwrap_err(), PrivateKeyError::Rejected);

    let pkcs8 = RsaPrivateKey::generate(RsaBits::B2048).unwrap().to_pkcs8_der();
    for end in [0, 1, 26, pkcs8.expose().len() - 1] {
        assert!(RsaPrivateKey::from_pkcs8_der(&pkcs8.expose()[..end]).is_err());
    }
    for pem in ["", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"] {
        assert!(RsaPrivateKey::from_pem(pem).is_err());
    }
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----";
    assert_eq!(RsaPrivateKey::from_pem(encrypted).unwrap_err(), PrivateKeyError::Label);
}
