//! CloudEvents 1.0 in structured mode (section 3.1 of its JSON format): attributes and data in one object.

use countersign_domain::webhook::EventFacts;
use serde::Serialize;

use super::details::{Data, Detail};
use super::time::instant;

#[derive(Serialize)]
pub(super) struct Body<'a> {
    specversion: &'static str,
    /// With `source`, what the event is known by.
    id: String,
    source: String,
    #[serde(rename = "type")]
    event_type: String,
    subject: String,
    time: String,
    datacontenttype: &'static str,
    /// The extension "sequence": decimal numbers of one width sort like texts.
    sequence: String,
    data: Data<'a>,
}

/// The body of an event.
pub(super) fn body(facts: &EventFacts, detail: Detail) -> Body<'_> {
    Body {
        specversion: "1.0",
        id: facts.id.to_string(),
        source: format!("urn:countersign:site:{}", facts.site),
        event_type: format!("countersign.{}", facts.event.type_name()),
        subject: facts.entity().to_string(),
        time: instant(facts.at),
        datacontenttype: "application/json",
        sequence: format!("{:020}", facts.sequence),
        data: Data::of(facts, detail),
    }
}
