//! All licenses that were sold together, at once.

use axum::response::Response;
use countersign_app::license_api::{
    LicenseView, activate_bundle as activate, check_bundle as check, deactivate_bundle as deactivate,
};

use crate::activations::{DEACTIVATED, activation};
use crate::checks::expired_features;
use crate::error::{Error, ErrorBody};
use crate::once::Call;
use crate::reply::{self, Draft, Object};
use crate::request::{Asked, Told};
use crate::wire::documented::{ActivationRequest, CheckQuery, IdentityRequest};
use crate::wire::license::{Activation, Check, licensed};
use crate::wire::question;
use crate::wire::release::Places;

/// Binds a device to all licenses of a bundle; `product` is the code of the bundle.
#[utoipa::path(post, path = "/activate_bundle", tag = "Bundles", request_body = ActivationRequest,
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The licenses; signed", body = Vec<Activation>),
        (status = 400, description = "It is refused; nothing was changed", body = ErrorBody)
    ))]
pub(crate) async fn activate_bundle(told: Told) -> Result<Response, Error> {
    let request = question::activate(&told.members, told.proved.client)?;
    let call = Call::begin(&told, write)?;
    let done = activate(&told.proved.ctx, &told.proved.caller, request, call.once("activate_bundle")).await;
    call.answer(done).await
}

// The type is that of every outcome which can be kept.
#[expect(clippy::ptr_arg, reason = "the outcome of the use case is a list")]
fn write(views: &Vec<LicenseView>, places: &Places) -> Result<Draft, Error> {
    views.iter().map(|view| activation(view, places)).collect::<Result<_, _>>().map(Draft::Array)
}

/// Takes all licenses of a bundle off a device.
#[utoipa::path(post, path = "/deactivate_bundle", tag = "Bundles", request_body = IdentityRequest,
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The word license_deactivated", body = String, content_type = "text/plain"),
        (status = 400, description = "It is refused; nothing was changed", body = ErrorBody)
    ))]
pub(crate) async fn deactivate_bundle(told: Told) -> Result<Response, Error> {
    let identity = question::identity(&told.members)?;
    deactivate(&told.proved.ctx, &told.proved.caller, identity).await?;
    Ok(reply::text(DEACTIVATED))
}

/// The licenses of a bundle as they are now on a device.
#[utoipa::path(get, path = "/check_bundle", tag = "Bundles", params(CheckQuery),
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The licenses; signed", body = Vec<Check>),
        (status = 400, description = "It is refused", body = ErrorBody)
    ))]
pub(crate) async fn check_bundle(asked: Asked) -> Result<Response, Error> {
    let Asked { proved, members } = asked;
    let (identity, releases) = (question::identity(&members)?, question::releases(&members)?);
    let expired = expired_features(&members)?;
    let views = check(&proved.ctx, &proved.caller, identity, releases).await?;
    let places = proved.places();
    let objects = views.iter().map(|view| Object::license(&Check::new(view, expired, &places), licensed(view)));
    Draft::Array(objects.collect::<Result<_, _>>()?).send(&proved, None).await
}
