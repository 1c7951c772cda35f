//! The JOSE cookbook (RFC 7520 §4, RFC 7797 §4, RFC 8037 appendix A): 4.1 and 4.4 verify and are reproduced byte for
//! byte, the Ed25519 example verifies, and the forms that our protocols do not allow are refused.

use countersign_crypto::encoding::{base64url_decode, base64url_encode};
use countersign_crypto::jose::sign_compact;
use countersign_crypto::{Algorithm, Compact, Flattened, HmacKey, Jwk, ProtectedHeader};
use serde_json::Value;

use crate::private_keys::private_key_of_jwk;
use crate::support::{SPOKEN, accepted_under, contract, text, verify_with_jwk};

fn example(path: &str) -> Value {
    contract(&format!("vectors/jose-cookbook/{path}.json"))
}

#[test]
fn rs256_4_1_verifies_and_is_reproduced() {
    let example = example("jws/4_1.rsa_v15_signature");
    let public = contract("vectors/jose-cookbook/jwk/3_3.rsa_public_key.json");
    let payload = text(&example["input"], "payload").as_bytes();
    let compact = text(&example["output"], "compact");
    assert_eq!(verify_with_jwk(&public, Algorithm::RS256, compact).unwrap(), payload);

    let key = private_key_of_jwk(&example["input"]["key"]);
    let header = ProtectedHeader::rs256().with_kid(text(&example["input"]["key"], "kid"));
    assert_eq!(sign_compact(&key, &header, payload).unwrap(), compact);
    let flattened = Flattened::sign(&key, &header, payload).unwrap();
    assert_eq!(flattened.to_json().parse::<Value>().unwrap(), example["output"]["json_flat"]);

    let received = Flattened::parse(example["output"]["json_flat"].to_string().as_bytes()).unwrap();
    assert_eq!(received, flattened);
    let verifying = Jwk::parse(public.to_string().as_bytes()).unwrap().verifying_key(Algorithm::RS256).unwrap();
    assert_eq!(received.verify(Algorithm::RS256, &verifying).unwrap(), payload);
    assert!(Jwk::parse(example["input"]["key"].to_string().as_bytes()).is_err(), "the private key is no public key");
}

#[test]
fn hs256_4_4_verifies_and_is_reproduced() {
    let example = example("jws/4_4.hmac-sha2_integrity_protection");
    let jwk = &example["input"]["key"];
    let payload = text(&example["input"], "payload").as_bytes();
    let compact = text(&example["output"], "compact");
    assert_eq!(verify_with_jwk(jwk, Algorithm::HS256, compact).unwrap(), payload);

    // The product makes no HS256 tokens, so the token is put together here from its parts.
    let header = example["signing"]["protected_b64u"].as_str().unwrap();
    let input = [header, ".", &base64url_encode(payload)].concat();
    let tag = HmacKey::new(&base64url_decode(text(jwk, "k")).unwrap()).sign(input.as_bytes());
    assert_eq!([&input, ".", &base64url_encode(&tag)].concat(), compact);
}

#[test]
fn eddsa_verifies() {
    let example = example("curve25519/jws");
    let mut jwk = example["input"]["key"].clone();
    jwk.as_object_mut().unwrap().remove("d");
    assert_eq!(accepted_under(&jwk, text(&example["output"], "compact")), [Algorithm::EdDSA]);
}

#[test]
fn forms_that_are_not_ours_are_refused() {
    let refused = [
        "jws/4_2.rsa-pss_signature",
        "jws/4_3.ecdsa_signature",
        "jws/4_5.signature_with_detached_content",
        "jws/4_6.protecting_specific_header_fields",
        "jws/4_7.protecting_content_only",
        "jws/4_8.multiple_signatures",
        "rfc7797/4.2.hmac-sha2_b64_false",
        "rfc7797/hmac-sha2_b64_false",
    ];
    let (mut compact, mut flat, mut general) = (0, 0, 0);
    for name in refused {
        let example = example(name);
        let given = &example["input"]["key"];
        let keys = given.as_array().cloned().unwrap_or_else(|| vec![given.clone()]);
        let output = &example["output"];
        for mut key in keys {
            for private in ["d", "p", "q", "dp", "dq", "qi"] {
                key.as_object_mut().unwrap().remove(private);
            }
            if let Some(token) = output["compact"].as_str() {
                assert_eq!(accepted_under(&key, token), [], "{name}");
                compact += 1;
            }
            if output["json_flat"].is_object() {
                assert!(!flattened_is_accepted(&key, &output["json_flat"]), "{name}");
                flat += 1;
            }
            assert!(Flattened::parse(output["json"].to_string().as_bytes()).is_err(), "{name}");
            general += 1;
        }
    }
    assert_eq!((compact, flat, general), (4, 7, 10));
    // The general form of the example whose flattened form we accept.
    let example = example("jws/4_1.rsa_v15_signature");
    assert!(Flattened::parse(example["output"]["json"].to_string().as_bytes()).is_err());
}

#[test]
fn a_token_inside_encryption_is_refused() {
    let example = example("6.nesting_signatures_and_encryption");
    let inner = example["sign"]["output"]["compact"].as_str().unwrap();
    let outer = example["encrypt"]["output"]["compact"].as_str().unwrap();
    assert!(Compact::parse(outer).is_err());
    let mut key = example["sign"]["input"]["key"].clone();
    for private in ["d", "p", "q", "dp", "dq", "qi"] {
        key.as_object_mut().unwrap().remove(private);
    }
    // The inner token is signed with PS256.
    assert_eq!(accepted_under(&key, inner), []);
}

fn flattened_is_accepted(jwk: &Value, flattened: &Value) -> bool {
    let Ok(flattened) = Flattened::parse(flattened.to_string().as_bytes()) else { return false };
    let Ok(jwk) = Jwk::parse(jwk.to_string().as_bytes()) else { return false };
    SPOKEN
        .into_iter()
        .any(|algorithm| jwk.verifying_key(algorithm).is_ok_and(|key| flattened.verify(algorithm, &key).is_ok()))
}
