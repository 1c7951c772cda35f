//! The compact examples of RFC 7515 appendix A, and two changed copies.

use serde_json::Value;

use crate::support::{SPOKEN, accepted_under, algorithm, contract, text};

#[test]
fn appendix_a() {
    let file = contract("vectors/rfc7515/appendix-a.json");
    let vectors = file["vectors"].as_array().unwrap();
    let keys: Vec<&Value> = vectors.iter().map(|vector| &vector["jwk"]).filter(|jwk| !jwk.is_null()).collect();
    let (mut valid, mut invalid) = (0, 0);
    for vector in vectors {
        let token = text(vector, "compact");
        if text(vector, "result") == "valid" {
            assert_eq!(accepted_under(&vector["jwk"], token), [algorithm(text(vector, "alg")).unwrap()], "{vector}");
            valid += 1;
        } else {
            for key in &keys {
                assert_eq!(accepted_under(key, token), [], "{vector}");
            }
            invalid += 1;
        }
    }
    assert_eq!((valid, invalid, keys.len(), SPOKEN.len()), (2, 3, 4, 4));
}
