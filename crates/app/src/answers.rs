//! Signing answers. What is signed is exactly what is sent.

use std::sync::Arc;

use countersign_crypto::jose::signing_input;
use countersign_crypto::{Flattened, ProtectedHeader};
use countersign_vault::SigningError;

use crate::sites::SiteSnapshot;
use crate::{Ctx, Fault};

/// Why an answer was not signed. It must not be sent then.
#[derive(Debug, thiserror::Error)]
pub enum SignAnswerError {
    /// The signer has too much to do; the device is to come again.
    #[error("the signer is busy")]
    Busy,
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The site has no key pair: its producer has never asked for the public half.
    #[error("the site has no signing key")]
    NoKey,
}

/// Signs the bytes of an answer with the site's key, in the flattened form that devices expect.
///
/// # Errors
/// [`SignAnswerError`] says why there is no signature.
pub async fn sign(ctx: &Ctx, site: &Arc<SiteSnapshot>, payload: &[u8]) -> Result<Flattened, SignAnswerError> {
    let now = ctx.now();
    let (snapshot, key) = ctx.certainly(site, |snapshot| snapshot.signing_key(now).cloned().ok_or(())).await?;
    let key = key.map_err(|()| SignAnswerError::NoKey)?;
    let header = if snapshot.site.settings.key_id_in_answers {
        ProtectedHeader::rs256().with_kid(&key.id.to_string())
    } else {
        ProtectedHeader::rs256()
    };
    ctx.parts.signing.sign(key.key, signing_input(&header, payload)).await.map_err(|error| match error {
        SigningError::Busy => SignAnswerError::Busy,
        SigningError::Closed | SigningError::Failed => SignAnswerError::Fault(Fault::Signing(error)),
    })
}
