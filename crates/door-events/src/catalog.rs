//! The types of events that receivers can hear of.

use axum::response::Response;
use countersign_domain::webhook::EventTypes;
use http::StatusCode;

use crate::auth::Reader;
use crate::reply;
use crate::wire::{ErrorBody, EventTypeItem, EventTypeList};

/// List the types of events
#[utoipa::path(
    get, path = "/notifications/api/v1/event-types", tag = "Event types",
    responses(
        (status = 200, description = "All types, in order of the alphabet", body = EventTypeList),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn list_types(_: Reader) -> Response {
    let items = EventTypes::KNOWN.iter().map(|name| EventTypeItem { name }).collect();
    reply::private_json(StatusCode::OK, EventTypeList { event_types: items })
}
