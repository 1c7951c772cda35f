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
use crate::sites::{LicenseSigner, SiteSnapshot};
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
    remembered(ctx, site, place, &signer, answer).await
}

/// What the signature inside of a license object is over, all of it in lower case.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The device.
    pub hardware_id: &'a str,
    /// License key, or what counts of a user.
    pub licensee: &'a str,
    /// The end of the license as the answer writes it; empty when it has none.
    pub validity_period: &'a str,
}

/// The signatures of an answer that is a license object, in base64.
#[derive(Debug)]
pub struct LicenseProofs {
    /// The one inside of it.
    pub license: String,
    /// The one over its bytes.
    pub answer: Bytes,
}

/// Signs a license object, `json` without the signature inside of it, which `finish` writes into it. What both follow from was
/// signed before: the object is looked up once, and nothing else is done.
///
/// # Errors
/// [`LicenseAnswerError`] when there is none.
pub async fn prove_license(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    place: Option<&Place<'_>>,
    (signed, json): (Signed<'_>, &str),
    finish: impl Fn(&str) -> Bytes + Send,
) -> Result<Arc<LicenseProofs>, LicenseAnswerError> {
    let signer = license_signer(ctx, site).await?;
    let text = signed_text(signed);
    // The digest of the first is of one length: no two pairs run into each other.
    let mut follows_from = sha256(text.as_bytes()).to_vec();
    follows_from.extend_from_slice(json.as_bytes());
    let memo = (SignerId::Licenses(signer.id), sha256(&follows_from));
    let first_proofs = async {
        let license = remembered(ctx, site, place, &signer, &text.into()).await?;
        let answer = first_signature(ctx, site, place, &signer, &finish(&license)).await?;
        Ok(Arc::new(LicenseProofs { license, answer: base64_encode(&answer).into() }))
    };
    ctx.memos.proofs.find_or_compute(&memo, first_proofs).await
}

/// The signature inside of a license object among others, in base64.
///
/// # Errors
/// [`LicenseAnswerError`] when there is none.
pub async fn license_signature(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    place: Option<&Place<'_>>,
    signed: Signed<'_>,
) -> Result<String, LicenseAnswerError> {
    sign_answer(ctx, site, place, &signed_text(signed).into()).await
}

async fn remembered(
    ctx: &Ctx,
    site: &SiteSnapshot,
    place: Option<&Place<'_>>,
    signer: &LicenseSigner,
    text: &Bytes,
) -> Result<String, LicenseAnswerError> {
    let memo = (SignerId::Licenses(signer.id), sha256(text));
    let signature = first_signature(ctx, site, place, signer, text);
    Ok(base64_encode(&ctx.memos.signatures.find_or_compute(&memo, signature).await?))
}

async fn first_signature(
    ctx: &Ctx,
    site: &SiteSnapshot,
    place: Option<&Place<'_>>,
    signer: &LicenseSigner,
    text: &Bytes,
) -> Result<Bytes, LicenseAnswerError> {
    let _taken = match place {
        Some(_) => None,
        None => Some(take_place(ctx, site)?),
    };
    let signature = ctx.parts.signing.sign_in_turn(signer.key.clone(), Arc::new(text.clone())).await;
    signature.map_err(|error| match error {
        SigningError::Busy => LicenseAnswerError::Busy,
        SigningError::Closed | SigningError::Failed => Fault::Signing(error).into(),
    })
}

fn signed_text(Signed { hardware_id, licensee, validity_period }: Signed<'_>) -> String {
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
            let (hardware_id, licensee) = ("HW-TEST-1", "AAAA-BBBB-CCCC-0001");
            let text = signed_text(Signed { hardware_id, licensee, validity_period });
            assert_eq!(hex_encode(&sha256(text.as_bytes())), digest, "{text}");
        }
        let of_key = Signed { hardware_id: "H", licensee: "AB|CD", validity_period: "" };
        assert_eq!(signed_text(of_key), "h#ab|cd#");
    }
}
