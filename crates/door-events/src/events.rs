//! The log of events, which is also a way to get them without a receiver that can be reached; and what became of each.

use std::time::Duration;

use axum::response::Response;
use countersign_app::webhooks::backfill;
use countersign_app::webhooks::log::{self, LogFilter};
use countersign_app::webhooks::recovery::{self, Recover};
use countersign_app::{Ctx, Page};
use countersign_domain::ids::{DeliveryId, EndpointId, EventId, RecoveryId, SiteId};
use countersign_domain::time::Timestamp;
use countersign_domain::webhook::{DeliveryState, EndpointSettings, EventFacts, EventTypes, PayloadFormat, Recovery};
use http::StatusCode;

use crate::auth::{Configurer, Reader};
use crate::endpoints::{JsonBody, known};
use crate::error::Error;
use crate::formats::render;
use crate::reply;
use crate::request::{NameInPath, Query};
use crate::wire::ErrorBody;
use crate::wire::events::{
    DeliveryBody, DeliveryList, EventBody, EventList, RecoverCount, RecoverInput, RedeliverAnswer, RedeliverInput,
    TaskBody,
};

/// Read the log, or wait for what comes
///
/// Events with numbers above `after`, in their order. Go on with `next` of the answer: nothing is missed, and nothing comes
/// twice. With `wait`, an answer without events is held back until there is one.
#[utoipa::path(
    get, path = "/notifications/api/v1/events", tag = "Events",
    params(
        ("after" = Option<i64>, Query, description = "Number to begin behind", example = 0),
        ("limit" = Option<u32>, Query, description = "Most events of the answer, 1 to 500; 100 unless it is given", example = 100),
        ("family" = Option<String>, Query, description = "Only device, entitlement or product"),
        ("type" = Option<String>, Query, description = "Only this type", example = "lineitem.expired"),
        ("entity" = Option<String>, Query, description = "Only about this", example = "ENT:90211"),
        ("since" = Option<String>, Query, description = "Only from this time on", example = "2026-01-01T00:00:00Z"),
        ("until" = Option<String>, Query, description = "Only before this time"),
        ("wait" = Option<u32>, Query, description = "Seconds to wait for an event, 0 to 60", example = 30),
        ("format" = Option<String>, Query, description = "Form of the bodies: standard (unless it is given), fno, cloudevents or license")
    ),
    responses(
        (status = 200, description = "A part of the log", body = EventList),
        (status = 400, description = "A parameter cannot be used", body = ErrorBody),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn list(reader: Reader, query: Query) -> Result<Response, Error> {
    let after = query.read_as("after", "must be a number", |text| text.parse().ok().filter(|after| *after >= 0))?;
    let limit =
        query.read_as("limit", "must be from 1 to 500", |text| text.parse().ok().filter(|n| (1..=500).contains(n)))?;
    let wait =
        query.read_as("wait", "must be from 0 to 60", |text| text.parse().ok().filter(|seconds| *seconds <= 60))?;
    let format = query.read_as("format", "must be standard, fno, cloudevents or license", |word| word.parse().ok())?;
    let known_type = |text: &str| EventTypes::KNOWN.contains(&text).then(|| text.to_owned());
    let filter = LogFilter {
        family: query.read_as("family", "must be device, entitlement or product", |word| word.parse().ok())?,
        event_type: query.read_as("type", "is no type of events", known_type)?,
        entity: query.text("entity")?.map(str::to_owned),
        since: query.read_as("since", TIME_RULE, Timestamp::read_tolerantly)?,
        until: query.read_as("until", TIME_RULE, Timestamp::read_tolerantly)?,
    };
    let wait = Duration::from_secs(wait.unwrap_or(0));
    let part = log::list(&reader.ctx, reader.site_id(), after.unwrap_or(0), limit.unwrap_or(USUAL_LIMIT), filter, wait)
        .await?;
    let format = format.unwrap_or(PayloadFormat::Standard);
    let events = part.events.iter().filter_map(|facts| body(facts, format)).collect();
    Ok(reply::private_json(StatusCode::OK, EventList { events, next: part.next, last: part.last }))
}

/// Read an event
#[utoipa::path(
    get, path = "/notifications/api/v1/events/{id}", tag = "Events",
    params(
        ("id" = i64, Path, description = "ID of the event", example = 90211),
        ("format" = Option<String>, Query, description = "Form of the body: standard (unless it is given), fno, cloudevents or license")
    ),
    responses(
        (status = 200, description = "The event", body = EventBody),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 404, description = "There is no such event", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn find(reader: Reader, id: NameInPath, query: Query) -> Result<Response, Error> {
    let format = query.read_as("format", "must be standard, fno, cloudevents or license", |word| word.parse().ok())?;
    let facts = log::find(&reader.ctx, reader.site_id(), EventId(id.row())).await?.ok_or(Error::UnknownEvent)?;
    let body = body(&facts, format.unwrap_or(PayloadFormat::Standard)).ok_or(Error::UnknownEvent)?;
    Ok(reply::private_json(StatusCode::OK, body))
}

/// See to whom an event was sent, with the exact bytes, and how each attempt ended
#[utoipa::path(
    get, path = "/notifications/api/v1/events/{id}/attempts", tag = "Events",
    params(("id" = i64, Path, description = "ID of the event", example = 90211)),
    responses(
        (status = 200, description = "One delivery for each endpoint", body = DeliveryList),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 404, description = "There is no such event", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn attempts(reader: Reader, id: NameInPath) -> Result<Response, Error> {
    let (ctx, site, event) = (&reader.ctx, reader.site_id(), EventId(id.row()));
    let all = log::deliveries_of_event(ctx, site, event).await?;
    if all.is_empty() && log::find(ctx, site, event).await?.is_none() {
        return Err(Error::UnknownEvent);
    }
    let deliveries = all.iter().map(|(delivery, attempts)| DeliveryBody::whole(delivery, attempts)).collect();
    Ok(reply::private_json(StatusCode::OK, DeliveryList { deliveries }))
}

/// Send an event to an endpoint again: the same bytes, outside the schedule
#[utoipa::path(
    post, path = "/notifications/api/v1/events/{id}/redeliver", tag = "Events", request_body = RedeliverInput,
    params(("id" = i64, Path, description = "ID of the event", example = 90211)),
    responses(
        (status = 202, description = "It is queued", body = RedeliverAnswer),
        (status = 400, description = "The body cannot be used", body = ErrorBody),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 403, description = "The role may not configure", body = ErrorBody),
        (status = 404, description = "There is no such event or endpoint", body = ErrorBody),
        (status = 409, description = "Nothing is sent to the endpoint", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn redeliver(
    caller: Configurer,
    id: NameInPath,
    JsonBody(input): JsonBody<RedeliverInput>,
) -> Result<Response, Error> {
    let endpoint = EndpointId(input.endpoint_id);
    let delivery = recovery::redeliver(&caller.ctx, caller.site_id(), EventId(id.row()), endpoint).await?;
    Ok(reply::private_json(StatusCode::ACCEPTED, RedeliverAnswer { delivery_id: delivery.0 }))
}

/// List the deliveries of an endpoint, oldest first
#[utoipa::path(
    get, path = "/notifications/api/v1/endpoints/{id}/deliveries", tag = "Events",
    params(
        ("id" = i64, Path, description = "ID of the endpoint", example = 12),
        ("after" = Option<i64>, Query, description = "ID of a delivery to begin behind", example = 0),
        ("limit" = Option<u32>, Query, description = "Most deliveries of the answer, 1 to 500; 100 unless it is given", example = 100)
    ),
    responses(
        (status = 200, description = "Deliveries without their bytes", body = DeliveryList),
        (status = 400, description = "A parameter cannot be used", body = ErrorBody),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 404, description = "There is no such endpoint", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn deliveries(reader: Reader, id: NameInPath, query: Query) -> Result<Response, Error> {
    let endpoint = known(&reader.ctx, reader.site_id(), &id).await?;
    let after = query.read_as("after", "must be a number", |text| text.parse().ok().filter(|after| *after >= 0))?;
    let limit =
        query.read_as("limit", "must be from 1 to 500", |text| text.parse().ok().filter(|n| (1..=500).contains(n)))?;
    let page = Page { after: after.unwrap_or(0), limit: limit.unwrap_or(100) };
    let all = log::list_deliveries(&reader.ctx, reader.site_id(), endpoint.id, page).await?;
    Ok(reply::private_json(StatusCode::OK, DeliveryList { deliveries: all.iter().map(DeliveryBody::brief).collect() }))
}

/// Read a delivery with the exact bytes, and how each attempt ended
#[utoipa::path(
    get, path = "/notifications/api/v1/deliveries/{id}", tag = "Events",
    params(("id" = i64, Path, description = "ID of the delivery", example = 5512)),
    responses(
        (status = 200, description = "The delivery", body = DeliveryBody),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 404, description = "There is no such delivery", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn delivery(reader: Reader, id: NameInPath) -> Result<Response, Error> {
    let found = log::find_delivery(&reader.ctx, reader.site_id(), DeliveryId(id.row())).await?;
    let (delivery, attempts) = found.ok_or(Error::UnknownEvent)?;
    Ok(reply::private_json(StatusCode::OK, DeliveryBody::whole(&delivery, &attempts)))
}

/// Send all of a time again, oldest first
///
/// With `dryRun` they are only counted. The task goes on by itself while the endpoint is enabled; an endpoint has one at a
/// time.
#[utoipa::path(
    post, path = "/notifications/api/v1/recover", tag = "Events", request_body = RecoverInput,
    responses(
        (status = 200, description = "How many there are", body = RecoverCount),
        (status = 202, description = "It has begun", body = TaskBody),
        (status = 400, description = "A member cannot be used", body = ErrorBody),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 403, description = "The role may not configure", body = ErrorBody),
        (status = 404, description = "There is no such endpoint", body = ErrorBody),
        (status = 409, description = "Nothing is sent to the endpoint, or another task of it goes on", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn recover(caller: Configurer, JsonBody(input): JsonBody<RecoverInput>) -> Result<Response, Error> {
    let time = |member, text: Option<&str>| {
        let read = text.map(|text| Timestamp::read_tolerantly(text).ok_or(Error::member(member, TIME_RULE)));
        read.transpose()
    };
    let from = match input.state.as_deref() {
        None => DeliveryState::Dead,
        Some(word) => word.parse().map_err(|_| Error::member("state", "must be dead, cancelled or delivered"))?,
    };
    let wanted = Recover {
        endpoint: EndpointId(input.endpoint_id),
        since: time("since", input.since.as_deref())?.unwrap_or(Timestamp::EPOCH),
        until: time("until", input.until.as_deref())?.unwrap_or(caller.ctx.now()),
        from,
    };
    if input.dry_run {
        let count = recovery::count(&caller.ctx, caller.site_id(), wanted).await?;
        return Ok(reply::private_json(StatusCode::OK, RecoverCount { count }));
    }
    let task = recovery::start(&caller.ctx, caller.site_id(), wanted).await?;
    Ok(reply::private_json(StatusCode::ACCEPTED, TaskBody::from(&task)))
}

/// See how far sending again is
#[utoipa::path(
    get, path = "/notifications/api/v1/tasks/{id}", tag = "Events",
    params(("id" = i64, Path, description = "ID of the task", example = 7)),
    responses(
        (status = 200, description = "The task", body = TaskBody),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 404, description = "There is no such task", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn task(reader: Reader, id: NameInPath) -> Result<Response, Error> {
    let task = task_of(&reader.ctx, reader.site_id(), &id).await?;
    Ok(reply::private_json(StatusCode::OK, TaskBody::from(&task)))
}

/// Stop sending again; what was queued is sent
#[utoipa::path(
    delete, path = "/notifications/api/v1/tasks/{id}", tag = "Events",
    params(("id" = i64, Path, description = "ID of the task", example = 7)),
    responses(
        (status = 200, description = "The task", body = TaskBody),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 403, description = "The role may not configure", body = ErrorBody),
        (status = 404, description = "There is no such task", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn cancel_task(caller: Configurer, id: NameInPath) -> Result<Response, Error> {
    let task = recovery::cancel(&caller.ctx, caller.site_id(), RecoveryId(id.row())).await?;
    Ok(reply::private_json(StatusCode::OK, TaskBody::from(&task)))
}

/// Tell an endpoint what there is: products, orders, licenses and devices as they are
///
/// For an endpoint that is new. The task goes on by itself, a little at a time; what changes meanwhile is told as always.
#[utoipa::path(
    post, path = "/notifications/api/v1/endpoints/{id}/backfill", tag = "Events",
    params(("id" = i64, Path, description = "ID of the endpoint", example = 12)),
    responses(
        (status = 202, description = "It has begun", body = TaskBody),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 403, description = "The role may not configure", body = ErrorBody),
        (status = 404, description = "There is no such endpoint", body = ErrorBody),
        (status = 409, description = "The endpoint has another task, or nothing is ever sent to it", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn start_backfill(caller: Configurer, id: NameInPath) -> Result<Response, Error> {
    let task = backfill::start(&caller.ctx, caller.site_id(), EndpointId(id.row())).await?;
    Ok(reply::private_json(StatusCode::ACCEPTED, TaskBody::from(&task)))
}

async fn task_of(ctx: &Ctx, site: SiteId, id: &NameInPath) -> Result<Recovery, Error> {
    recovery::find(ctx, site, RecoveryId(id.row())).await?.ok_or(Error::Resend(recovery::ResendError::Unknown))
}

/// An event with its body in a form; the URL is not part of any.
fn body(facts: &EventFacts, format: PayloadFormat) -> Option<EventBody> {
    let settings = EndpointSettings { format, line_item_attributes: true, ..EndpointSettings::new("") };
    EventBody::new(facts, render(facts, &settings))
}

const TIME_RULE: &str = "must be a time such as 2026-01-01T00:00:00Z";
/// Events of an answer unless something else is said.
const USUAL_LIMIT: usize = 100;
