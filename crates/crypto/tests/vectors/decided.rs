//! The Wycheproof cases in which this crate decides something: what is called `acceptable` there, and the few whose
//! label we do not follow although we speak the algorithm. `docs/protocol/jose.md` has the same table in prose.

use std::ops::RangeInclusive;

/// What we do with a case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ours {
    Accepted,
    Refused,
}

/// One or more decided cases of a file.
pub(crate) struct Decision {
    pub(crate) file: &'static str,
    pub(crate) cases: RangeInclusive<u64>,
    pub(crate) ours: Ours,
    pub(crate) why: &'static str,
}

/// What was decided about a case, if it is one that had to be decided.
pub(crate) fn decision(file: &str, case: u64) -> Option<Ours> {
    DECISIONS
        .iter()
        .find(|decision| decision.file == file && decision.cases.contains(&case))
        .map(|decision| decision.ours)
}

/// How many cases of a file were decided.
pub(crate) fn count(file: &str) -> usize {
    DECISIONS.iter().filter(|decision| decision.file == file).map(|decision| decision.cases.clone().count()).sum()
}

const fn refused(file: &'static str, cases: RangeInclusive<u64>, why: &'static str) -> Decision {
    Decision { file, cases, ours: Ours::Refused, why }
}

const fn accepted(file: &'static str, cases: RangeInclusive<u64>, why: &'static str) -> Decision {
    Decision { file, cases, ours: Ours::Accepted, why }
}

const FOREIGN_CHARACTER: &str = "the MAC fits only after a question mark is dropped from the base64url text; RFC 7515 \
     section 2 allows no additional characters, and one token must have one spelling";
const SAME_AS_357: &str = "labelled invalid, but byte for byte the token of the valid case 357; the padding it is named \
     for was lost when the file was made (C2SP/wycheproof issue 236)";
const KEY_SET: &str = "the key is a set of two keys; this crate reads one key at a time, and a set is not a key";
const MISSING_NULL: &str = "the NULL of the hash identifier is missing; RFC 8017 section 9.2 requires it, and comparing \
     one exact encoding is what makes this padding safe";
const EXPONENT_3: &str = "a small public exponent is safe where the padding is compared exactly, and such keys exist";
const SHA_1: &str = "SHA-1 is not spoken; there is no function that signs with it";
const SHA_512: &str = "SHA-512 is not spoken; there is no function that signs with it";

pub(crate) const DECISIONS: &[Decision] = &[
    accepted("json_web_signature", 367..=367, SAME_AS_357),
    accepted("json_web_signature", 370..=370, SAME_AS_357),
    refused("json_web_signature", 372..=373, FOREIGN_CHARACTER),
    refused("json_web_key", 2..=2, KEY_SET),
    refused("json_web_crypto", 48..=48, KEY_SET),
    refused("rsa_signature_2048_sha256", 8..=8, MISSING_NULL),
    refused("rsa_signature_3072_sha256", 8..=8, MISSING_NULL),
    refused("rsa_signature_4096_sha256", 8..=8, MISSING_NULL),
    refused("rsa_pkcs1_2048_sig_gen", 65..=72, SHA_1),
    accepted("rsa_pkcs1_2048_sig_gen", 154..=154, EXPONENT_3),
    refused("rsa_pkcs1_2048_sig_gen", 155..=155, SHA_512),
    accepted("rsa_pkcs1_2048_sig_gen", 158..=158, EXPONENT_3),
];

#[test]
fn every_decision_has_a_reason_and_stands_once() {
    for (position, decision) in DECISIONS.iter().enumerate() {
        assert!(decision.why.len() > 20);
        let later = DECISIONS.iter().skip(position + 1).filter(|other| other.file == decision.file);
        assert!(later.into_iter().all(|other| other.cases.clone().all(|case| !decision.cases.contains(&case))));
    }
}
