//! Loading the files, and the few steps that several tests share.

use std::fs;
use std::path::Path;

use countersign_crypto::encoding::hex_decode;
use countersign_crypto::{Algorithm, Compact, Jwk};
use serde_json::Value;

/// All algorithms we speak.
pub(crate) const SPOKEN: [Algorithm; 4] = [Algorithm::RS256, Algorithm::HS256, Algorithm::ES256, Algorithm::EdDSA];

/// A JSON file below `contract/`.
pub(crate) fn contract(path: &str) -> Value {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contract").join(path);
    let text = fs::read(&full).unwrap_or_else(|error| panic!("{}: {error}", full.display()));
    serde_json::from_slice(&text).unwrap()
}

/// One Wycheproof file with its announced number of cases checked.
pub(crate) fn wycheproof(name: &str) -> Vec<Value> {
    let mut file = contract(&format!("vectors/wycheproof/testvectors_v1/{name}_test.json"));
    let Value::Array(groups) = file["testGroups"].take() else { panic!("{name} has no groups") };
    let cases: usize = groups.iter().map(|group| cases(group).len()).sum();
    assert_eq!(Some(cases as u64), file["numberOfTests"].as_u64(), "{name}");
    groups
}

/// The cases of a group.
pub(crate) fn cases(group: &Value) -> &[Value] {
    group["tests"].as_array().unwrap()
}

/// A text fixture of this crate.
pub(crate) fn fixture(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

/// The text of a member.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is not a text in {value}"))
}

/// The bytes of a member in hexadecimal.
pub(crate) fn bytes(value: &Value, name: &str) -> Vec<u8> {
    hex_decode(text(value, name)).unwrap()
}

/// The number of a Wycheproof case.
pub(crate) fn case_id(case: &Value) -> u64 {
    case["tcId"].as_u64().unwrap()
}

/// The algorithm of a name, if we speak it.
pub(crate) fn algorithm(name: &str) -> Option<Algorithm> {
    SPOKEN.into_iter().find(|algorithm| algorithm.name() == name)
}

/// What the product does with a token when it trusts this one key and requires this algorithm.
pub(crate) fn verify_with_jwk(jwk: &Value, algorithm: Algorithm, token: &str) -> Option<Vec<u8>> {
    let key = Jwk::parse(jwk.to_string().as_bytes()).ok()?.verifying_key(algorithm).ok()?;
    let verified = Compact::parse(token).ok()?.verify(algorithm, &key).ok()?;
    Some(verified.into_payload())
}

/// The algorithms under which the product accepts a token with this one key.
pub(crate) fn accepted_under(jwk: &Value, token: &str) -> Vec<Algorithm> {
    SPOKEN.into_iter().filter(|algorithm| verify_with_jwk(jwk, *algorithm, token).is_some()).collect()
}
