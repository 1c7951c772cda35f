//! The flattened form: what is written, and how little else is read.

use countersign_crypto::jose::{MAX_FLATTENED_LEN, signing_input};
use countersign_crypto::json::JsonError;
use countersign_crypto::{
    Algorithm, Flattened, JwsError, ProtectedHeader, RsaBits, RsaPrivateKey, VerifyingKey, sha256,
};

#[test]
fn what_is_signed_verifies_and_can_be_signed_elsewhere() {
    let key = RsaPrivateKey::generate(RsaBits::B2048).unwrap();
    let verifying = VerifyingKey::from_rsa(key.public_key()).unwrap();
    for payload in [&b""[..], b"{}", &[0xff; 3000]] {
        let header = ProtectedHeader::rs256();
        let flattened = Flattened::sign(&key, &header, payload).unwrap();
        assert_eq!(flattened.protected, "eyJhbGciOiJSUzI1NiJ9");
        assert_eq!(flattened.verify(Algorithm::RS256, &verifying).unwrap(), payload);
        assert_eq!(Flattened::parse(flattened.to_json().as_bytes()).unwrap(), flattened);

        let input = signing_input(&header, payload);
        assert_eq!(input.digest(), sha256([&flattened.protected, ".", &flattened.payload].concat().as_bytes()));
        let signature = key.sign_pkcs1_sha256(input.as_bytes()).unwrap();
        assert_eq!(input.into_flattened(&signature), flattened);
    }
}

#[test]
fn a_change_in_any_member_is_refused() {
    let key = RsaPrivateKey::generate(RsaBits::B2048).unwrap();
    let verifying = VerifyingKey::from_rsa(key.public_key()).unwrap();
    let good = Flattened::sign(&key, &ProtectedHeader::rs256(), b"{\"manifestFiles\":[]}").unwrap();
    let members: [fn(&mut Flattened) -> &mut String; 3] =
        [|f| &mut f.payload, |f| &mut f.protected, |f| &mut f.signature];
    for choose in members {
        let length = choose(&mut good.clone()).len();
        for position in 0..length {
            for replacement in ["", "A", "9", "=", " ", "."] {
                let mut changed = good.clone();
                choose(&mut changed).replace_range(position..=position, replacement);
                assert_eq!(changed.verify(Algorithm::RS256, &verifying).is_ok(), changed == good);
            }
        }
    }
    for algorithm in [Algorithm::HS256, Algorithm::ES256, Algorithm::EdDSA] {
        assert_eq!(good.verify(algorithm, &verifying), Err(JwsError::AlgorithmMismatch));
    }
}

#[test]
fn only_the_three_members_are_read() {
    let accepted = r#" {"signature":"c","payload":"a","protected":"b"} "#;
    assert_eq!(Flattened::parse(accepted.as_bytes()).unwrap().payload, "a");
    for refused in [
        r#"{}"#,
        r#"{"payload":"a","protected":"b"}"#,
        r#"{"payload":"a","signature":"c"}"#,
        r#"{"protected":"b","signature":"c"}"#,
        r#"{"payload":"a","protected":"b","signature":null}"#,
        r#"{"payload":{},"protected":"b","signature":"c"}"#,
        r#"{"payload":"a","protected":"b","signature":"c","header":{"kid":"x"}}"#,
        r#"{"payload":"a","protected":"b","signature":"c","header":{}}"#,
        r#"{"payload":"a","protected":"b","signature":"c","extra":1}"#,
        r#"{"payload":"a","signatures":[{"protected":"b","signature":"c"}]}"#,
    ] {
        assert_eq!(Flattened::parse(refused.as_bytes()), Err(JwsError::Members), "{refused}");
    }
    let twice = r#"{"payload":"a","protected":"b","signature":"c","payload":"a"}"#;
    assert_eq!(Flattened::parse(twice.as_bytes()), Err(JwsError::Json(JsonError::DuplicateMember)));
    let long = vec![b' '; MAX_FLATTENED_LEN + 1];
    assert_eq!(Flattened::parse(&long), Err(JwsError::Json(JsonError::TooLong)));
    for end in 0..accepted.trim_end().len() {
        assert!(Flattened::parse(&accepted.as_bytes()[..end]).is_err());
    }
}
