//! Counting units.

use axum::response::Response;
use countersign_app::license_api::{
    Consumption, Counted, OverageWish, add_consumption as add, add_feature_consumption as add_of_feature,
};

use crate::checks::feature_code;
use crate::codes::Code;
use crate::error::{Error, ErrorBody};
use crate::members::Members;
use crate::once::Call;
use crate::reply::{Draft, Object};
use crate::request::Told;
use crate::wire::consumption::CountedBody;
use crate::wire::documented::{ConsumptionRequest, FeatureConsumptionRequest};
use crate::wire::question;
use crate::wire::release::Places;

/// Counts units of a license. Counted is what is durable: an answer that gets lost was counted all the same, and with
/// `Idempotency-Key` the same request counts once.
#[utoipa::path(post, path = "/add_consumption", tag = "Units", request_body = ConsumptionRequest,
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The count; signed", body = CountedBody),
        (status = 400, description = "It is refused; nothing was counted", body = ErrorBody)
    ))]
pub(crate) async fn add_consumption(told: Told) -> Result<Response, Error> {
    let (identity, members) = (question::identity(&told.members)?, &told.members);
    let consumption = Consumption { units: units(members)?, overage: overage(members)? };
    let call = Call::begin(&told, write)?;
    let done = add(&told.proved.ctx, &told.proved.caller, identity, consumption, call.once("add_consumption")).await;
    call.answer(done).await
}

/// Counts units of a feature of a license.
#[utoipa::path(post, path = "/add_feature_consumption", tag = "Units", request_body = FeatureConsumptionRequest,
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The count; signed", body = CountedBody),
        (status = 400, description = "It is refused; nothing was counted", body = ErrorBody)
    ))]
pub(crate) async fn add_feature_consumption(told: Told) -> Result<Response, Error> {
    let identity = question::identity(&told.members)?;
    let (code, units) = (feature_code(&told.members)?, units(&told.members)?);
    let call = Call::begin(&told, write)?;
    let once = call.once("add_feature_consumption");
    let done = add_of_feature(&told.proved.ctx, &told.proved.caller, identity, code, units, once).await;
    call.answer(done).await
}

fn units(members: &Members) -> Result<i64, Error> {
    Ok(members.integer("consumptions")?.unwrap_or(1))
}

/// What the client wants the overage to be, if it says something about it.
fn overage(members: &Members) -> Result<Option<OverageWish>, Error> {
    let (allowed, most) = (members.flag("allow_overages")?, members.integer("max_overages")?);
    let refused = |_| Error::told(Code::ValidationError, "max_overages must be a whole number from 0 to 4294967295.");
    let most = most.map(u32::try_from).transpose().map_err(refused)?;
    Ok((allowed.is_some() || most.is_some()).then_some(OverageWish { allowed, most }))
}

fn write(counted: &Counted, places: &Places) -> Result<Draft, Error> {
    Ok(Draft::Object(Object::new(&CountedBody::new(places.site.site().id, counted))?))
}
