//! The body that Standard Webhooks advises: type, time of the event, data.

use countersign_domain::webhook::EventFacts;
use serde::Serialize;

use super::details::{Data, Detail};
use super::time::instant;

#[derive(Serialize)]
pub(super) struct Body<'a> {
    #[serde(rename = "type")]
    event_type: &'static str,
    timestamp: String,
    data: Data<'a>,
}

/// The body of an event.
pub(super) fn body(facts: &EventFacts, detail: Detail) -> Body<'_> {
    Body { event_type: facts.event.type_name(), timestamp: instant(facts.at), data: Data::of(facts, detail) }
}
