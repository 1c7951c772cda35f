//! Wycheproof's RSA signatures with PKCS#1 v1.5: verification at three key sizes, and signing byte for byte.

use countersign_crypto::{Algorithm, Jwk, RsaPrivateKey, RsaPublicKey, VerifyingKey};
use serde_json::Value;

use crate::decided::{Ours, count, decision};
use crate::support::{bytes, case_id, cases, text, wycheproof};

#[test]
fn verification_2048() {
    assert_eq!(verify("rsa_signature_2048_sha256"), (9, 249));
}

#[test]
fn verification_3072() {
    assert_eq!(verify("rsa_signature_3072_sha256"), (8, 250));
}

#[test]
fn verification_4096() {
    assert_eq!(verify("rsa_signature_4096_sha256"), (7, 250));
}

#[test]
fn signing_gives_the_published_bytes() {
    let file = "rsa_pkcs1_2048_sig_gen";
    let (mut reproduced, mut decided, mut not_spoken) = (0, 0, 0);
    for group in wycheproof(file) {
        let key = private_key(&group);
        for case in cases(&group) {
            let ours = decision(file, case_id(case));
            assert_eq!(ours.is_some(), text(case, "result") == "acceptable", "{case}");
            decided += usize::from(ours.is_some());
            let same = key.sign_pkcs1_sha256(&bytes(case, "msg")).unwrap() == bytes(case, "sig");
            let spoken = text(&group, "sha") == "SHA-256";
            assert_eq!(same, spoken, "{case}");
            assert_eq!(ours == Some(Ours::Accepted), ours.is_some() && spoken, "{case}");
            reproduced += usize::from(same);
            not_spoken += usize::from(!spoken && ours.is_none());
        }
    }
    // Not spoken: SHA-224, SHA-384 and SHA-512, eight cases each.
    assert_eq!((reproduced, decided, not_spoken), (10, count(file), 24));
}

/// The numbers of accepted and refused cases, without the decided ones.
fn verify(file: &str) -> (usize, usize) {
    let (mut accepted, mut refused, mut decided) = (0, 0, 0);
    for group in wycheproof(file) {
        let key = VerifyingKey::from_rsa(&public_key(&group)).unwrap();
        assert_eq!(key.modulus_bits().map(u64::from), group["keySize"].as_u64());
        for case in cases(&group) {
            let fits = key.verify(Algorithm::RS256, &bytes(case, "msg"), &bytes(case, "sig")).is_ok();
            match (text(case, "result"), decision(file, case_id(case))) {
                ("valid", None) => {
                    assert!(fits, "{file} {case}");
                    accepted += 1;
                }
                ("invalid", None) => {
                    assert!(!fits, "{file} {case}");
                    refused += 1;
                }
                ("acceptable", Some(ours)) => {
                    assert_eq!(fits, ours == Ours::Accepted, "{file} {case}");
                    decided += 1;
                }
                _ => panic!("not decided: {file} {case}"),
            }
        }
    }
    assert_eq!(decided, count(file));
    (accepted, refused)
}

/// The group's key, read from every form in which the file has it.
fn public_key(group: &Value) -> RsaPublicKey {
    let spki = bytes(group, "publicKeyDer");
    let key = RsaPublicKey::from_spki_der(&spki).unwrap();
    assert_eq!(key.spki_der(), spki);
    assert_eq!(RsaPublicKey::from_pkcs1_der(&bytes(group, "publicKeyAsn")).unwrap(), key);
    assert_eq!(RsaPublicKey::parse_upload(text(group, "publicKeyPem")).unwrap(), key);
    if let Some(jwk) = group.get("keyJwk") {
        let jwk = Jwk::parse(jwk.to_string().as_bytes()).unwrap();
        assert_eq!(jwk.thumbprint(), countersign_crypto::jwk::rsa_thumbprint(&key));
    }
    key
}

fn private_key(group: &Value) -> RsaPrivateKey {
    let key = RsaPrivateKey::from_pkcs8_der(&bytes(group, "privateKeyPkcs8")).unwrap();
    let same = RsaPrivateKey::from_pem(text(group, "privateKeyPem")).unwrap();
    assert_eq!(key.public_key(), same.public_key());
    key
}
