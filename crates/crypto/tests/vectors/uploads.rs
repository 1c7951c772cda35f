//! Keys as producers send them: every shape of one key gives one canonical key, and every refusal says which it is.

use countersign_crypto::encoding::base64_decode_ignoring_whitespace;
use countersign_crypto::{DerError, KeyParseError, PemError, RsaBits, RsaPrivateKey, RsaPublicKey, VerifyingKey};
use countersign_crypto::{RsaPolicy, encoding::base64_encode};

use crate::support::fixture;

const SHAPES: [&str; 4] = ["rsa2048.spki.pem", "rsa2048.pkcs1.pem", "rsa2048.cert.pem", "rsa2048.cert-v1.pem"];

/// The base64 between the lines of a PEM text.
fn body(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>().join("\n")
}

fn refusal(text: &str) -> KeyParseError {
    RsaPublicKey::parse_upload(text).unwrap_err()
}

#[test]
fn every_shape_of_a_key_gives_the_same_key() {
    let canonical = body(&fixture("rsa2048.spki.pem")).replace('\n', "");
    for name in SHAPES {
        let pem = fixture(name);
        let base64 = body(&pem);
        let variants = [
            pem.clone(),
            pem.replace('\n', "\r\n"),
            pem.replace('\n', " "),
            pem.replace(['\n', ' '], ""),
            format!("\u{20}\t\n{pem}\n\n"),
            format!("subject=CN = x\n{pem}"),
            base64.clone(),
            base64.replace('\n', ""),
            base64.replace('\n', " \t\r\n "),
        ];
        for variant in variants {
            let key = RsaPublicKey::parse_upload(&variant).unwrap_or_else(|error| panic!("{error}: {variant}"));
            assert_eq!(key.spki_base64(), canonical, "{name}");
            assert_eq!((key.bits(), key.exponent()), (2048, &[1, 0, 1][..]));
        }
    }
    assert_eq!(RsaPublicKey::parse_upload(&fixture("rsa2048-e3.spki.pem")).unwrap().exponent(), [3]);
}

#[test]
fn small_keys_are_read_and_used_only_where_that_is_chosen() {
    let key = RsaPublicKey::parse_upload(&fixture("rsa1024.spki.pem")).unwrap();
    assert_eq!(key.bits(), 1024);
    assert!(VerifyingKey::from_rsa(&key).is_err());
    assert!(VerifyingKey::from_rsa_with(&key, RsaPolicy::AtLeast2048).is_err());
    assert_eq!(VerifyingKey::from_rsa_with(&key, RsaPolicy::AtLeast1024).unwrap().modulus_bits(), Some(1024));
    assert_eq!(refusal(&fixture("rsa768.spki.pem")), KeyParseError::Size { bits: 768 });
}

#[test]
fn keys_of_other_kinds_are_told_apart() {
    for name in ["p256.spki.pem", "p256.cert.pem", "ed25519.spki.pem", "rsa-pss.spki.pem"] {
        let pem = fixture(name);
        assert_eq!(refusal(&pem), KeyParseError::NotRsa, "{name}");
        assert_eq!(refusal(&body(&pem)), KeyParseError::NotRsa, "{name}");
    }
    let private = RsaPrivateKey::generate(RsaBits::B2048).unwrap();
    let pem = private.to_pkcs8_pem();
    for text in [
        pem.expose().clone(),
        body(pem.expose()),
        pem.expose().replace([' ', '\n'], ""),
        format!("{}{}", fixture("rsa2048.spki.pem"), pem.expose()),
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----".to_owned(),
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----".to_owned(),
        "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----".to_owned(),
    ] {
        assert_eq!(refusal(&text), KeyParseError::PrivateKey);
    }
}

#[test]
fn what_is_no_key_says_what_it_is_instead() {
    let pem = fixture("rsa2048.spki.pem");
    assert_eq!(refusal(""), KeyParseError::Empty);
    assert_eq!(refusal(" \r\n\t"), KeyParseError::Empty);
    assert_eq!(refusal("not a key"), KeyParseError::NotBase64);
    assert_eq!(refusal(&body(&pem).replace('/', "_").replace('+', "-")), KeyParseError::NotBase64);
    assert_eq!(refusal(&"A".repeat(70_000)), KeyParseError::TooLong);
    assert_eq!(refusal("-----BEGIN PUBLIC KEY-----"), KeyParseError::Pem(PemError::NoBlock));
    assert_eq!(refusal(&format!("{pem}{pem}")), KeyParseError::Pem(PemError::TextAfterBlock));
    assert_eq!(refusal(&pem.replace("PUBLIC KEY", "CERTIFICATE REQUEST")), KeyParseError::UnknownPemLabel);
    assert!(matches!(refusal(&pem.replace("PUBLIC KEY", "RSA PUBLIC KEY")), KeyParseError::BadDer(_)));
    assert!(matches!(refusal(&pem.replace("PUBLIC KEY", "CERTIFICATE")), KeyParseError::BadDer(_)));
    assert!(matches!(refusal("AAAA"), KeyParseError::BadDer(_)));
}

#[test]
fn damaged_der_is_refused_and_never_panics() {
    for name in SHAPES {
        let der = base64_decode_ignoring_whitespace(&body(&fixture(name))).unwrap();
        for end in 0..der.len() {
            assert!(RsaPublicKey::parse_upload(&base64_encode(&der[..end])).is_err(), "{name} cut at {end}");
        }
        let longer = [der.as_slice(), &[0]].concat();
        assert_eq!(refusal(&base64_encode(&longer)), KeyParseError::BadDer(DerError::TrailingBytes), "{name}");
        for position in 0..der.len() {
            for value in [0x00, 0x01, 0x7f, 0x80, 0xff, der[position] ^ 1] {
                let mut changed = der.clone();
                changed[position] = value;
                // A change inside the modulus may give another key; it must only not panic.
                if let Ok(key) = RsaPublicKey::parse_upload(&base64_encode(&changed)) {
                    assert_eq!(RsaPublicKey::from_spki_der(&key.spki_der()), Ok(key));
                }
            }
        }
    }
}

#[test]
fn unsound_numbers_are_refused() {
    let key = RsaPublicKey::parse_upload(&fixture("rsa2048.spki.pem")).unwrap();
    let with = |modulus: &[u8], exponent: &[u8]| RsaPublicKey::from_components(modulus, exponent).map(|_| ());
    let modulus = key.modulus();
    let even = [&modulus[..255], &[0xfe]].concat();
    assert_eq!(with(modulus, &[1, 0, 1]), Ok(()));
    assert_eq!(with(modulus, &[3]), Ok(()));
    for exponent in [&[][..], &[0], &[1], &[2], &[1, 0, 0], &[0, 3], &[1, 0, 0, 0, 1]] {
        assert_eq!(with(modulus, exponent), Err(KeyParseError::BadExponent), "{exponent:?}");
    }
    assert_eq!(with(&even, &[3]), Err(KeyParseError::BadModulus));
    assert_eq!(with(&[], &[3]), Err(KeyParseError::BadModulus));
    assert_eq!(with(&[0, 1], &[3]), Err(KeyParseError::BadModulus));
    assert_eq!(with(&[1; 127], &[3]), Err(KeyParseError::Size { bits: 1009 }));
    assert_eq!(with(&[1; 1026], &[3]), Err(KeyParseError::Size { bits: 8201 }));
}
