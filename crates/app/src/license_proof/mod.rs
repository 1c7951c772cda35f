//! Proofs of the license door: that a request comes from a holder of an API key or a token, and that an answer comes from
//! the site (`docs/protocol/license.md`, "Proofs").

mod answer;
mod authenticate;
mod file;
mod request;

use std::sync::Arc;

use crate::Ctx;
use crate::sites::SiteSnapshot;

pub use answer::{
    LicenseAnswerError, LicenseProofs, Place, Signed, license_signature, prove_license, sign_answer, take_place,
};
pub use authenticate::{Presented, ProofError, authenticate};
pub(crate) use authenticate::{REFUSALS, RefusedProofs};
pub use file::{FileSigner, PresentedFile, authenticate_file};

/// The certificate (PEM) of the key that signs answers of a site; `None` until the site has needed one.
#[must_use]
pub fn certificate(ctx: &Ctx, site: &Arc<SiteSnapshot>) -> Option<Arc<str>> {
    ctx.latest(site).license_signer(ctx.now()).map(|signer| signer.certificate.clone())
}

/// The external base URL of a site, without a trailing slash.
#[must_use]
pub fn base_url<'s>(ctx: &'s Ctx, site: &'s SiteSnapshot) -> &'s str {
    site.site().settings.base_url.as_deref().unwrap_or(&ctx.parts.base_url)
}
