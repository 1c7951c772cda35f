//! The fixed signatures of the device contract (`contract/device/vectors.json`).

use countersign_crypto::digest::{Md5, Sha256};
use countersign_crypto::encoding::hex_encode;
use countersign_crypto::{Algorithm, Compact, Flattened, JwsError, RsaPublicKey, VerifyError, VerifyingKey};
use serde_json::Value;

use crate::support::{contract, text};

#[test]
fn device_tokens_verify_with_the_uploaded_key_only() {
    let file = contract("device/vectors.json");
    let (key, other) = (key_of(&file["authorization_key"]), key_of(&file["signing_key"]));
    let tokens = file["tokens"].as_array().unwrap();
    assert_eq!(tokens.len(), 2);
    for token in tokens {
        // Whether a token has expired is not this crate's question: both signatures are good.
        let compact = text(token, "compact");
        let verified = Compact::parse(compact).unwrap().verify(Algorithm::RS256, &key).unwrap();
        assert_eq!(verified.payload(), text(token, "claims").as_bytes());
        let refused = Compact::parse(compact).unwrap().verify(Algorithm::RS256, &other);
        assert_eq!(refused.unwrap_err(), JwsError::Verify(VerifyError::BadSignature));
        let keys = [(Algorithm::RS256, &other), (Algorithm::ES256, &key), (Algorithm::RS256, &key)];
        let (index, _) = Compact::parse(compact).unwrap().verify_with_any(keys).unwrap();
        assert_eq!(index, 2);
        assert!(Compact::parse(compact).unwrap().verify_with_any([]).is_err());
    }
}

#[test]
fn the_signed_manifest_verifies_and_its_changed_copy_does_not() {
    let file = contract("device/vectors.json");
    let key = key_of(&file["signing_key"]);
    let sent = &file["signed_manifest"]["flattened"];
    let flattened = Flattened::parse(sent.to_string().as_bytes()).unwrap();
    let payload = flattened.verify(Algorithm::RS256, &key).unwrap();
    assert_eq!(payload, text(&file["signed_manifest"], "payload_decoded").as_bytes());

    let mut changed = flattened.clone();
    assert_eq!(changed.payload.pop(), Some('0'));
    changed.payload.push('1');
    assert!(changed.verify(Algorithm::RS256, &key).is_err());
    assert!(flattened.verify(Algorithm::RS256, &key_of(&file["authorization_key"])).is_err());

    // The digests in the manifest are those of a file that anyone can make.
    let manifest: Value = serde_json::from_slice(&payload).unwrap();
    let (mut sha256, mut md5) = (Sha256::new(), Md5::new());
    for _ in 0..16 {
        sha256.update(&[0; 65536]);
        md5.update(&[0; 65536]);
    }
    assert_eq!(hex_encode(&sha256.finish()), text(&manifest["manifestFiles"][0], "sha256Hash"));
    assert_eq!(hex_encode(&md5.finish()), text(&manifest["manifestFiles"][0], "md5Hash"));
}

fn key_of(entry: &Value) -> VerifyingKey {
    let uploaded = RsaPublicKey::parse_upload(text(entry, "public_key")).unwrap();
    assert_eq!(uploaded.spki_base64(), text(entry, "public_key"));
    VerifyingKey::from_rsa(&uploaded).unwrap()
}
