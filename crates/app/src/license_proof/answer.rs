//! The proofs of an answer: an RSA signature over exactly its bytes, and one inside of it over who has the license until
//! when. Both are functions of what they sign, so what was signed before is not signed again.

use std::sync::Arc;

use bytes::Bytes;
use countersign_crypto::encoding::base64_encode;
use countersign_crypto::sha256;
use countersign_vault::SigningError;

use crate::keys::{SigningKeyError, license_signer};
use crate::memo::SignerId;
use crate::signature_budget::{Credential, FirstSignature};
use crate::sites::SiteSnapshot;
use crate::{Ctx, Fault};

/// Why an answer was not signed. It must not be sent then.
#[derive(Debug, thiserror::Error)]
pub enum LicenseAnswerError {
    /// Too much of the site waits for the signer; nothing was done, and the client is to come again.
    #[error("the signer is busy")]
    Busy,
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The site has no key, and none could be made.
    #[error(transparent)]
    Key(#[from] SigningKeyError),
}

/// A place at the signer, held while a request that writes is worked on: what was done for a client is signed, however long
/// that takes, because a client that hears "busy" does it again.
pub struct Place<'c>(#[expect(dead_code, reason = "it is given back when this is dropped")] FirstSignature<'c>);

/// Takes a place at the signer.
///
/// # Errors
/// [`LicenseAnswerError::Busy`] when too many of the site are taken.
pub fn take_place<'c>(ctx: &'c Ctx, site: &SiteSnapshot) -> Result<Place<'c>, LicenseAnswerError> {
    let credential = Credential::Licenses(site.site().id);
    ctx.signature_budget.begin(credential).map(Place).ok_or(LicenseAnswerError::Busy)
}

/// The signature over the bytes of an answer (RSASSA-PKCS1-v1_5 with SHA-256), in base64. `place` is that of a request which
/// has written.
///
/// # Errors
/// [`LicenseAnswerError`] when there is none.
pub async fn sign_answer(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    place: Option<&Place<'_>>,
    answer: &Bytes,
) -> Result<String, LicenseAnswerError> {
    let signer = license_signer(ctx, site).await?;
    let first_signature = async {
        let _taken = match place {
            Some(_) => None,
            None => Some(take_place(ctx, site)?),
        };
        let signature = ctx.parts.signing.sign_in_turn(signer.key, Arc::new(answer.clone())).await;
        signature.map_err(|error| match error {
            SigningError::Busy => LicenseAnswerError::Busy,
            SigningError::Closed | SigningError::Failed => Fault::Signing(error).into(),
        })
    };
    let memo = (SignerId::Licenses(signer.id), sha256(answer));
    let signature = ctx.memos.signatures.find_or_compute(&memo, first_signature).await?;
    Ok(base64_encode(&signature))
}

/// The signature inside of an answer, in base64: over hardware ID, license key or user, and the end of the license as the
/// answer writes it (empty when it has none), all in lower case. Of a user only what stands before a `|` counts.
///
/// # Errors
/// [`LicenseAnswerError`] when there is none.
pub async fn license_signature(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    place: Option<&Place<'_>>,
    (hardware_id, licensee, validity_period): (&str, &str, &str),
) -> Result<String, LicenseAnswerError> {
    let text = signed_text(hardware_id, licensee, validity_period);
    sign_answer(ctx, site, place, &text.into()).await
}

fn signed_text(hardware_id: &str, licensee: &str, validity_period: &str) -> String {
    let licensee = licensee.split('|').next().unwrap_or_default();
    [hardware_id, licensee, validity_period].join("#").to_lowercase()
}

#[cfg(test)]
mod tests {
    use countersign_crypto::encoding::hex_encode;

    use super::*;

    #[test]
    fn the_inner_text_is_that_of_the_contract() {
        // `contract/license/vectors.json`, `inner_text`.
        for (validity_period, digest) in [
            ("2030-01-01T00:00:00.000Z", "070cc134a1a14e636e148c8140737f2c9948d9c5149a53fc62a181296339f649"),
            ("", "38f635f3a33c06682e61647760309626126a80fc33fedc02cffba0f906ea839a"),
        ] {
            let text = signed_text("HW-TEST-1", "AAAA-BBBB-CCCC-0001", validity_period);
            assert_eq!(hex_encode(&sha256(text.as_bytes())), digest, "{text}");
        }
        assert_eq!(signed_text("H", "U@Example.test|7", ""), "h#u@example.test#");
    }
}
