//! The forms in which events are told: facts in, bytes out, and the same bytes for the same facts. They are made once, kept,
//! signed and sent as they are (`docs/protocol/events.md`, "Payloads").
//!
//! Members are only ever added, at the end: receivers are told to ignore what they do not know, and some read strictly.

mod binary;
mod changes;
mod checkpoint;
mod cloud_events;
mod details;
mod fno;
mod license;
mod sample;
mod schemas;
mod standard;
#[cfg(test)]
mod tests;
mod time;

use countersign_app::webhooks::Formats;
use countersign_domain::webhook::{
    Checkpoint, EndpointSettings, EventFacts, PAYLOAD_LIMIT, PayloadFormat, PayloadSize,
};

pub use self::binary::binary_event;
use self::details::Detail;
pub(crate) use checkpoint::{CHECKPOINT, checkpoint_schema, sample_checkpoint};
pub(crate) use sample::sample_facts;
pub(crate) use schemas::schema;

/// The forms in which this server tells events.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventFormats;

impl Formats for EventFormats {
    fn render(&self, facts: &EventFacts, settings: &EndpointSettings) -> Vec<u8> {
        render(facts, settings)
    }

    fn checkpoint(&self, checkpoint: &Checkpoint, settings: &EndpointSettings) -> Vec<u8> {
        render_checkpoint(checkpoint, settings.format)
    }

    fn sample(&self, event_type: &str, settings: &EndpointSettings) -> Option<Vec<u8>> {
        if event_type == CHECKPOINT {
            return sample_checkpoint().map(|checkpoint| render_checkpoint(&checkpoint, settings.format));
        }
        sample_facts(event_type).map(|facts| render(&facts, settings))
    }
}

/// The body that tells an event to a receiver with these settings. One that is longer than is sent tells less: it leaves out
/// what hangs on the product or order that it is about.
pub(crate) fn render(facts: &EventFacts, settings: &EndpointSettings) -> Vec<u8> {
    let whole = write(facts, settings, Room::Enough);
    if whole.len() <= PAYLOAD_LIMIT { whole } else { write(facts, settings, Room::Little) }
}

fn write(facts: &EventFacts, settings: &EndpointSettings, room: Room) -> Vec<u8> {
    let detail = match (settings.size, room) {
        (PayloadSize::Full, Room::Enough) => Detail::Full { with_attributes: settings.line_item_attributes },
        (PayloadSize::Thin, _) | (_, Room::Little) => Detail::Thin,
    };
    let written = match settings.format {
        PayloadFormat::CloudEvents => serde_json::to_vec(&cloud_events::body(facts, detail)),
        PayloadFormat::Fno => fno::body(facts, settings, room),
        PayloadFormat::License => serde_json::to_vec(&license::body(facts)),
        PayloadFormat::Standard => serde_json::to_vec(&standard::body(facts, detail)),
    };
    // Writing texts and numbers does not fail.
    written.unwrap_or_default()
}

/// The body that tells a receiver how much it must have by now.
pub(crate) fn render_checkpoint(checkpoint: &Checkpoint, format: PayloadFormat) -> Vec<u8> {
    // Writing texts and numbers does not fail.
    checkpoint::body(checkpoint, format).unwrap_or_default()
}

/// Whether everything fits into a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Enough,
    Little,
}
