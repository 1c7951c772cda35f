//! The types of events that receivers can hear of, and what a body of each looks like in each form.

use axum::response::Response;
use countersign_domain::webhook::{Change, EndpointSettings, EventTypes, PayloadFormat};
use http::StatusCode;
use serde_json::Value;

use crate::auth::Reader;
use crate::error::Error;
use crate::formats::{
    CHECKPOINT, checkpoint_schema, render, render_checkpoint, sample_checkpoint, sample_facts, schema,
};
use crate::reply;
use crate::request::{NameInPath, Query};
use crate::wire::{ErrorBody, EventTypeItem, EventTypeList, SchemaAnswer};

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
    let items = EventTypes::KNOWN.iter().filter_map(|name| {
        let event = sample_facts(name)?.event;
        Some(EventTypeItem { name, family: event.family().as_str(), change: event.change().as_str() })
    });
    let checkpoint = EventTypeItem { name: CHECKPOINT, family: "site", change: Change::Created.as_str() };
    let event_types = std::iter::once(checkpoint).chain(items).collect();
    reply::private_json(StatusCode::OK, EventTypeList { event_types })
}

/// See what a body looks like
///
/// A JSON Schema (draft 2020-12) of the bodies that tell events of a type, and an invented one.
#[utoipa::path(
    get, path = "/notifications/api/v1/schemas/{type}", tag = "Event types",
    params(
        ("type" = String, Path, description = "A type of events", example = "lineitem.expired"),
        ("format" = Option<String>, Query, description = "fno (unless it is given), standard, cloudevents or license", example = "fno")
    ),
    responses(
        (status = 200, description = "Schema and example", body = SchemaAnswer),
        (status = 400, description = "There is no such form", body = ErrorBody),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 404, description = "There is no such type", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn find_schema(_: Reader, name: NameInPath, query: Query) -> Result<Response, Error> {
    let format = query.read_as("format", "must be fno, standard, cloudevents or license", |word| word.parse().ok())?;
    let format = format.unwrap_or(PayloadFormat::Fno);
    let (event_type, schema, example) = if name.0 == CHECKPOINT {
        let checkpoint = sample_checkpoint().ok_or(Error::UnknownEventType)?;
        (CHECKPOINT, checkpoint_schema(format), render_checkpoint(&checkpoint, format))
    } else {
        let facts = sample_facts(&name.0).ok_or(Error::UnknownEventType)?;
        // The URL is not part of any body.
        let settings = EndpointSettings { format, line_item_attributes: true, ..EndpointSettings::new("") };
        (facts.event.type_name(), schema(&facts, format), render(&facts, &settings))
    };
    let parse = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    let (schema, example) = (parse(schema.as_bytes()), parse(&example));
    Ok(reply::private_json(StatusCode::OK, SchemaAnswer { event_type, format: format.as_str(), schema, example }))
}
