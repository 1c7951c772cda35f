//! Altering a signed answer on purpose, to see that it is not believed any more.

use anyhow::{Context as _, Result, bail, ensure};
use countersign_crypto::{Algorithm, Flattened, VerifyingKey};

/// Verifies the answer as it came, then changes one byte in each of its three members, one at a time, and demands that
/// every altered answer is refused. Returns how many were.
pub(super) fn alter_each_member(answer: &[u8], key: &VerifyingKey) -> Result<usize> {
    let genuine = Flattened::parse(answer)?;
    genuine.verify(Algorithm::RS256, key).context("the unaltered answer does not verify")?;
    let members = [("payload", &genuine.payload), ("protected", &genuine.protected), ("signature", &genuine.signature)];
    for (name, value) in members {
        let altered = alter(answer, value.as_bytes())?;
        let believed = Flattened::parse(&altered).and_then(|answer| answer.verify(Algorithm::RS256, key));
        if believed.is_ok() {
            bail!("an answer with one altered byte in its {name} was believed");
        }
    }
    Ok(members.len())
}

/// The answer with another base64url character in the middle of one value.
fn alter(answer: &[u8], value: &[u8]) -> Result<Vec<u8>> {
    ensure!(!value.is_empty(), "a member of the answer is empty");
    let start = answer.windows(value.len()).position(|window| window == value);
    let position = start.context("the answer is written in an unknown way")? + value.len() / 2;
    let mut altered = answer.to_vec();
    let byte = altered.get_mut(position).context("the answer is too short")?;
    *byte = if *byte == b'A' { b'B' } else { b'A' };
    Ok(altered)
}

#[cfg(test)]
mod tests {
    use countersign_crypto::{ProtectedHeader, RsaBits, RsaPrivateKey};

    use super::*;

    #[test]
    fn each_member_is_altered_in_one_byte() {
        let pair = RsaPrivateKey::generate(RsaBits::B2048).unwrap();
        let key = VerifyingKey::from_rsa(pair.public_key()).unwrap();
        let answer = Flattened::sign(&pair, &ProtectedHeader::rs256(), b"{\"updateItems\":[]}").unwrap();
        assert_eq!(alter_each_member(answer.to_json().as_bytes(), &key).unwrap(), 3);
        let altered = alter(answer.to_json().as_bytes(), answer.payload.as_bytes()).unwrap();
        let changed = altered.iter().zip(answer.to_json().as_bytes()).filter(|(left, right)| left != right).count();
        assert_eq!(changed, 1);
        let other = RsaPrivateKey::generate(RsaBits::B2048).unwrap();
        let other = VerifyingKey::from_rsa(other.public_key()).unwrap();
        assert!(alter_each_member(answer.to_json().as_bytes(), &other).is_err());
    }
}
