//! Wycheproof's ECDSA signatures on P-256 in the fixed-length form that JOSE uses, and Ed25519.

use countersign_crypto::{Algorithm, Jwk, VerifyingKey};
use serde_json::Value;

use crate::support::{bytes, cases, text, wycheproof};

#[test]
fn ecdsa_p256() {
    let counts = run("ecdsa_secp256r1_sha256_p1363", Algorithm::ES256, |group| {
        let point = bytes(&group["publicKey"], "uncompressed");
        let (x, y) = (point[1..33].try_into().unwrap(), point[33..].try_into().unwrap());
        VerifyingKey::from_p256(x, y).unwrap()
    });
    assert_eq!(counts, Counts { valid: 173, invalid: 89, jwk: 103 });
}

#[test]
fn ed25519() {
    let counts = run("ed25519", Algorithm::EdDSA, |group| {
        VerifyingKey::from_ed25519(bytes(&group["publicKey"], "pk").as_slice().try_into().unwrap()).unwrap()
    });
    assert_eq!(counts, Counts { valid: 88, invalid: 63, jwk: 78 });
}

#[derive(Debug, Default, Eq, PartialEq)]
struct Counts {
    valid: usize,
    invalid: usize,
    /// Groups whose key was read from its JWK as well.
    jwk: usize,
}

fn run(file: &str, algorithm: Algorithm, key_of: impl Fn(&Value) -> VerifyingKey) -> Counts {
    let mut counts = Counts::default();
    for group in wycheproof(file) {
        let mut keys = vec![key_of(&group)];
        if let Some(jwk) = group.get("publicKeyJwk") {
            keys.push(Jwk::parse(jwk.to_string().as_bytes()).unwrap().verifying_key(algorithm).unwrap());
            counts.jwk += 1;
        }
        for case in cases(&group) {
            let expected = match text(case, "result") {
                "valid" => true,
                "invalid" => false,
                other => panic!("{other} is not decided: {file} {case}"),
            };
            *(if expected { &mut counts.valid } else { &mut counts.invalid }) += 1;
            for key in &keys {
                let fits = key.verify(algorithm, &bytes(case, "msg"), &bytes(case, "sig")).is_ok();
                assert_eq!(fits, expected, "{file} {case}");
            }
        }
    }
    counts
}
