//! Binding a device to a license, and letting it go again.

use axum::response::Response;
use countersign_app::license_api::{LicenseView, activate, deactivate};

use crate::error::{Error, ErrorBody};
use crate::once::Call;
use crate::reply::{self, Draft, Object};
use crate::request::Told;
use crate::wire::documented::{ActivationRequest, IdentityRequest};
use crate::wire::license::{Activation, licensed};
use crate::wire::question;
use crate::wire::release::Places;

/// Binds a device to a license. A device that has it already gets the license again, and nothing is counted.
///
/// With `Idempotency-Key` the answer to the same request is repeated for 24 hours.
#[utoipa::path(post, path = "/activate_license", tag = "Licenses", request_body = ActivationRequest,
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The license; signed", body = Activation),
        (status = 400, description = "It is refused; nothing was changed", body = ErrorBody)
    ))]
pub(crate) async fn activate_license(told: Told) -> Result<Response, Error> {
    let request = question::activate(&told.members, told.proved.client)?;
    let call = Call::begin(&told, write)?;
    let done = activate(&told.proved.ctx, &told.proved.caller, request, call.once("activate_license")).await;
    call.answer(done).await
}

/// Takes a license off a device. What is known of the device stays.
#[utoipa::path(post, path = "/deactivate_license", tag = "Licenses", request_body = IdentityRequest,
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The word license_deactivated", body = String, content_type = "text/plain"),
        (status = 400, description = "It is refused; nothing was changed", body = ErrorBody)
    ))]
pub(crate) async fn deactivate_license(told: Told) -> Result<Response, Error> {
    let identity = question::identity(&told.members)?;
    let variables = told.members.texts("variables")?.unwrap_or_default();
    deactivate(&told.proved.ctx, &told.proved.caller, identity, variables).await?;
    Ok(reply::text(DEACTIVATED))
}

/// What is answered when a license, or those of a bundle, were taken off a device.
pub(crate) const DEACTIVATED: &str = "license_deactivated";

/// An activation as it is answered.
fn write(view: &LicenseView, places: &Places) -> Result<Draft, Error> {
    Ok(Draft::Object(activation(view, places)?))
}

/// The object of an activation.
pub(crate) fn activation(view: &LicenseView, places: &Places) -> Result<Object, Error> {
    Object::license(&Activation::new(view, places), licensed(view))
}
