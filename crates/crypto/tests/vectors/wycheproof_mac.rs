//! Wycheproof's HMAC-SHA256, including the groups with tags that were shortened to 16 bytes: we compute those, and do
//! not accept them.

use countersign_crypto::{Algorithm, HmacKey, VerifyingKey};

use crate::support::{bytes, cases, text, wycheproof};

#[test]
fn hmac_sha256() {
    let (mut valid, mut invalid, mut shortened) = (0, 0, 0);
    for group in wycheproof("hmac_sha256") {
        let whole = group["tagSize"] == 256;
        for case in cases(&group) {
            let (secret, message, tag) = (bytes(case, "key"), bytes(case, "msg"), bytes(case, "tag"));
            let key = HmacKey::new(&secret);
            let expected = text(case, "result") == "valid";
            *(if expected { &mut valid } else { &mut invalid }) += 1;
            assert_eq!(key.sign(&message).starts_with(&tag), expected, "{case}");
            assert_eq!(key.verify(&message, &tag), expected && whole, "{case}");
            shortened += usize::from(expected && !whole);
            match VerifyingKey::from_hmac_secret(&secret) {
                Ok(key) => {
                    assert!(secret.len() >= 32);
                    assert_eq!(key.verify(Algorithm::HS256, &message, &tag).is_ok(), expected && whole, "{case}");
                }
                Err(_) => assert!(secret.len() < 32),
            }
        }
    }
    assert_eq!((valid, invalid, shortened), (66, 108, 33));
}
