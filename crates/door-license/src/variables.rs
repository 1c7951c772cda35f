//! Texts that an application keeps for a license on a device.

use axum::response::Response;
use countersign_app::license_api::{track_variables, variables};

use crate::codes::Code;
use crate::error::{Error, ErrorBody};
use crate::reply::{Draft, Object};
use crate::request::{Asked, Told};
use crate::wire::documented::{IdentityQuery, VariablesRequest};
use crate::wire::question;
use crate::wire::variable::{TrackedVariable, VariableBody, stored, tracked};

/// Writes the variables that are named, and leaves the others.
#[utoipa::path(post, path = "/track_device_variables", tag = "Devices", request_body = VariablesRequest,
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The variables that were written; signed", body = Vec<TrackedVariable>),
        (status = 400, description = "It is refused; nothing was written", body = ErrorBody)
    ))]
pub(crate) async fn track_device_variables(told: Told) -> Result<Response, Error> {
    let identity = question::identity(&told.members)?;
    let missing = || Error::told(Code::MissingParameters, "Missing: variables.");
    let named = told.members.texts("variables")?.ok_or_else(missing)?;
    let written = track_variables(&told.proved.ctx, &told.proved.caller, identity, named).await?;
    let objects = written.iter().map(|variable| Object::new(&tracked(variable)));
    Draft::Array(objects.collect::<Result<_, _>>()?).send(&told.proved, None).await
}

/// The variables of a license on a device.
#[utoipa::path(get, path = "/get_device_variables", tag = "Devices", params(IdentityQuery),
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The variables; signed", body = Vec<VariableBody>),
        (status = 400, description = "It is refused", body = ErrorBody)
    ))]
pub(crate) async fn list_device_variables(asked: Asked) -> Result<Response, Error> {
    let Asked { proved, members } = asked;
    let found = variables(&proved.ctx, &proved.caller, question::identity(&members)?).await?;
    let objects = found.iter().map(|variable| Object::new(&stored(variable)));
    Draft::Array(objects.collect::<Result<_, _>>()?).send(&proved, None).await
}
