//! Files by which devices without a connection are licensed: a request file in, a file in response out. The calls of the door
//! and the commands of a producer do the same with them.

pub(crate) mod date;
mod policy;
pub(crate) mod request;
pub(crate) mod response;

use std::net::IpAddr;
use std::sync::Arc;

use countersign_app::Ctx;
use countersign_app::license_api::{
    AnswerSignature, LicenseCaller, OfflineDeactivation, activate_bundle_offline, activate_offline,
    deactivate_bundle_offline, deactivate_offline, refresh_offline,
};
use countersign_app::license_proof::{FileSigner, Place, authenticate_file};
use countersign_app::sites::SiteSnapshot;
use countersign_crypto::encoding::base64_encode;
use countersign_domain::text::{HardwareId, LicenseKey};
use countersign_http_kit::client_address::ClientAddress;

use self::request::{Kind, RequestText};
use self::response::{Answered, Desk};
pub use crate::error::Error;
use crate::wire::question;
use crate::wire::release::Places;

/// What a file is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// All licenses of a bundle.
    Bundle,
    /// One license.
    License,
}

pub use self::policy::policy_file;

/// Who brings files.
#[derive(Clone)]
pub struct Bringer {
    /// Acts in the name of whoever brings the file.
    pub ctx: Ctx,
    /// The site that it is brought to.
    pub site: Arc<SiteSnapshot>,
    /// Who uploads it; `None`: the producer, on the machine of the store.
    pub caller: Option<LicenseCaller>,
    /// Where the upload came from; `None`: over no socket.
    pub client: Option<ClientAddress>,
}

/// Activates a license, or those of a bundle, on the device that has made a request file. Gives the JSON of the response, which
/// a device takes in base64. `place` is one at the signer, if there is one already.
///
/// # Errors
/// What the file is refused with; nothing was changed then.
pub async fn activate(
    bringer: &Bringer,
    file: &[u8],
    about: About,
    place: Option<&Place<'_>>,
) -> Result<String, Error> {
    let file = RequestText::read(file, Kind::Activation)?;
    let (caller, signer) = prove(bringer, &file).await?;
    let request = question::activate(file.members(), bringer.client)?;
    let Bringer { ctx, site, .. } = bringer;
    let (licensee, hardware) = file.names()?;
    let places = Places { ctx: ctx.clone(), site: site.clone() };
    let desk = Desk { ctx, site, place, places: &places, is_ascii: file.wants_ascii() };
    let form = file.date_form();
    let sign: AnswerSignature = Arc::new(move |done_at| signer.sign(&form.write(done_at), &licensee, &hardware));
    let answered = |done_at| Answered {
        request_id: Some(file.id().to_owned()),
        date: form.write(done_at),
        offline_signature: Some(base64_encode(&sign(done_at))),
    };
    match about {
        About::License => {
            let (view, done_at) = activate_offline(ctx, &caller, request, file.identity(), sign.clone()).await?;
            desk.response(&view, answered(done_at)).await
        }
        About::Bundle => {
            let (views, done_at) =
                activate_bundle_offline(ctx, &caller, request, file.identity(), sign.clone()).await?;
            desk.bundle(&views, &answered(done_at)).await
        }
    }
}

/// Takes a license, or those of a bundle, off the device that has made a deactivation file.
///
/// # Errors
/// What the file is refused with; nothing was changed then.
pub async fn deactivate(bringer: &Bringer, file: &[u8], about: About) -> Result<(), Error> {
    let file = RequestText::read(file, Kind::Deactivation)?;
    let (caller, _) = prove(bringer, &file).await?;
    let members = file.members();
    let request = OfflineDeactivation {
        identity: question::identity(members)?,
        variables: members.texts("variables")?.unwrap_or_default(),
        units: members.integer("consumptions")?.unwrap_or(0),
        features: file.feature_units()?,
    };
    match about {
        About::License => deactivate_offline(&bringer.ctx, &caller, request, file.identity()).await?,
        About::Bundle => deactivate_bundle_offline(&bringer.ctx, &caller, request, file.identity()).await?,
    }
    Ok(())
}

/// A file with what holds now, for a device on which a license is active.
///
/// # Errors
/// Why there is none.
pub async fn refresh(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    key: LicenseKey,
    hardware: HardwareId,
) -> Result<String, Error> {
    let (view, now, sdk) = refresh_offline(ctx, site.site().id, key, hardware).await?;
    let places = Places { ctx: ctx.clone(), site: site.clone() };
    let desk = Desk { ctx, site, place: None, places: &places, is_ascii: request::is_ascii_client(&sdk) };
    let answered = Answered { request_id: None, date: date::DateForm::Http.write(now), offline_signature: None };
    desk.refresh(&view, answered).await
}

/// Proves a file, and says who may do what it asks for: its maker, and no more than whoever brings it.
async fn prove(bringer: &Bringer, file: &RequestText) -> Result<(LicenseCaller, FileSigner), Error> {
    let from: Option<IpAddr> = bringer.client.map(ClientAddress::ip);
    let (maker, signer) = authenticate_file(&bringer.ctx, &bringer.site, &file.presented()?, from).await?;
    let caller = match &bringer.caller {
        Some(caller) => maker.within(caller),
        None => maker,
    };
    Ok((caller, signer))
}
