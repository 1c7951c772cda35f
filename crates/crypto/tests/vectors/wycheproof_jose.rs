//! Wycheproof's JSON Web Signatures and Keys. Each group's key is the only one that is trusted, and the algorithm that
//! its `alg` names stands for the configuration of the site.

use countersign_crypto::verifying_key::VerifyingKeyError;
use countersign_crypto::{Algorithm, Compact, Flattened, Jwk, JwkError, KeyParseError};
use serde_json::Value;

use crate::decided::{Ours, count, decision};
use crate::support::{accepted_under, algorithm, case_id, cases, text, wycheproof};

/// How the cases of a file came out.
#[derive(Debug, Default, Eq, PartialEq)]
struct Tally {
    /// `valid` and accepted.
    accepted: usize,
    /// `invalid` and refused.
    refused: usize,
    /// Of an algorithm that we do not speak, and refused although `valid`.
    not_spoken: usize,
    /// In the table of decided cases.
    decided: usize,
    /// Encryption, not signatures: nothing that we read at all.
    encryption: usize,
}

#[test]
fn json_web_signatures() {
    let tally = run("json_web_signature");
    // Not spoken: RS384, RS512, PS256, PS384, PS512, ES512.
    assert_eq!(tally, Tally { accepted: 18, refused: 353, not_spoken: 26, decided: 4, encryption: 0 });
}

#[test]
fn json_web_keys() {
    let tally = run("json_web_key");
    // Not spoken: HS384 and HS512.
    assert_eq!(tally, Tally { accepted: 2, refused: 21, not_spoken: 2, decided: 1, encryption: 0 });
}

#[test]
fn json_web_crypto() {
    let tally = run("json_web_crypto");
    // The cases 50 to 83 are JSON Web Encryption.
    assert_eq!(tally, Tally { accepted: 3, refused: 45, not_spoken: 0, decided: 1, encryption: 34 });
}

#[test]
fn a_key_below_2048_bits_fits_only_under_the_policy_that_allows_it() {
    let groups = wycheproof("json_web_key");
    let group = groups.iter().find(|group| text(group, "comment") == "keysize_too_small").unwrap();
    let jwk = Jwk::parse(the_key(group).unwrap().to_string().as_bytes()).unwrap();
    assert!(jwk.verifying_key(Algorithm::RS256).is_err());
    let key = jwk.verifying_key_with(Algorithm::RS256, countersign_crypto::RsaPolicy::AtLeast1024).unwrap();
    assert_eq!(key.modulus_bits(), Some(1024));
    let token = Compact::parse(text(&cases(group)[0], "jws")).unwrap();
    token.verify(Algorithm::RS256, &key).unwrap();
}

#[test]
fn unsound_keys_are_refused_for_their_own_reason() {
    let reasons = [
        ("exponentOne", JwkError::Rsa(KeyParseError::BadExponent)),
        ("invalid_point", JwkError::Key(VerifyingKeyError::Rejected)),
        ("invalid_use", JwkError::Use),
        ("jws_rsa_roca_key", JwkError::Rsa(KeyParseError::WeakKey)),
        ("wrong_algorithm", JwkError::Algorithm),
        ("wrong_curve", JwkError::Unsupported),
        ("wrong_kty", JwkError::Member { name: "n" }),
    ];
    let groups = wycheproof("json_web_key");
    for (comment, reason) in reasons {
        let group = groups.iter().find(|group| text(group, "comment") == comment).unwrap();
        let refused = Jwk::parse(the_key(group).unwrap().to_string().as_bytes())
            .and_then(|jwk| jwk.verifying_key(Algorithm::ES256).map(|_| ()));
        assert_eq!(refused, Err(reason), "{comment}");
    }
}

fn run(file: &str) -> Tally {
    let mut tally = Tally::default();
    for group in wycheproof(file) {
        for case in cases(&group) {
            match (&case["jws"], &case["jwe"]) {
                (Value::String(token), Value::Null) => judge(file, &group, case, token, &mut tally),
                // The general JSON form.
                (Value::Object(_), Value::Null) => {
                    assert!(Flattened::parse(case["jws"].to_string().as_bytes()).is_err(), "{file} {case}");
                    assert!(Compact::parse(&case["jws"].to_string()).is_err(), "{file} {case}");
                    tally.refused += 1;
                }
                (Value::Null, encrypted) => {
                    let text = encrypted.as_str().map_or_else(|| encrypted.to_string(), str::to_owned);
                    assert!(Compact::parse(&text).is_err(), "{file} {case}");
                    assert!(Flattened::parse(text.as_bytes()).is_err(), "{file} {case}");
                    tally.encryption += 1;
                }
                _ => panic!("neither a signature nor encryption: {file} {case}"),
            }
        }
    }
    assert_eq!(tally.decided, count(file));
    tally
}

fn judge(file: &str, group: &Value, case: &Value, token: &str, tally: &mut Tally) {
    let accepted = the_key(group).map(|key| accepted_under(key, token)).unwrap_or_default();
    let valid = text(case, "result") == "valid";
    if let Some(ours) = decision(file, case_id(case)) {
        let expected = match ours {
            Ours::Accepted => required_algorithm(group).into_iter().collect(),
            Ours::Refused => vec![],
        };
        assert_eq!(accepted, expected, "{file} {case}");
        // A label that we follow would need no decision.
        assert_eq!(valid, ours == Ours::Refused, "{file} {case}");
        tally.decided += 1;
        return;
    }
    match (valid, required_algorithm(group)) {
        // Nothing but the algorithm of the key may accept the token.
        (true, Some(algorithm)) => {
            assert_eq!(accepted, [algorithm], "{file} {case}");
            tally.accepted += 1;
        }
        (true, None) => {
            assert_eq!(accepted, [], "{file} {case}");
            tally.not_spoken += 1;
        }
        (false, _) => {
            assert_eq!(accepted, [], "{file} {case}");
            tally.refused += 1;
        }
    }
}

/// The group's public key, or its shared secret. A set of one key is that key; other sets are not read, and the sets
/// themselves must be refused where a key is expected.
fn the_key(group: &Value) -> Option<&Value> {
    let given = group.get("public").filter(|key| !key.is_null()).unwrap_or(&group["private"]);
    let Some(keys) = given["keys"].as_array() else { return Some(given) };
    assert!(Jwk::parse(given.to_string().as_bytes()).is_err());
    match keys.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

fn required_algorithm(group: &Value) -> Option<Algorithm> {
    algorithm(the_key(group)?["alg"].as_str()?)
}
