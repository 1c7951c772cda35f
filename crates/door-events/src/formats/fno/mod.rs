//! The bodies of the event service: two members, and every scalar in them is a string or null, numbers and times included.

mod device;
mod entitlement;
mod product;

use countersign_domain::webhook::{Change, EndpointSettings, Entity, EventFacts, Family, Story};
use serde::Serialize;

use super::Room;
use super::time::millis;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a, B> {
    event_header: Header<'a>,
    event_body: B,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Header<'a> {
    event: &'static str,
    event_type: &'static str,
    user_id: &'a str,
    tenant: &'a str,
    /// When the change was made, not when it is told.
    time_stamp: String,
}

/// The body of an event.
pub(super) fn body(facts: &EventFacts, settings: &EndpointSettings, room: Room) -> Result<Vec<u8>, serde_json::Error> {
    match &facts.story {
        Story::Device(story) => write(facts, Some(device::body(facts, story, settings.device_payload))),
        Story::Order(story) => write(facts, Some(entitlement::body(story, settings.line_item_attributes, room))),
        Story::Product(story) => write(facts, Some(product::body(story, room))),
        Story::Missing(entity) => match entity.family {
            Family::Device => write(facts, Some(device::gone(gone_id(*entity)))),
            Family::Entitlement => write(facts, Some(entitlement::gone(gone_id(*entity)))),
            Family::Product => write(facts, Some(product::gone(gone_id(*entity)))),
        },
    }
}

/// Row id of what is gone, or of what has lost an item; empty where nobody can tell.
fn gone_id(entity: Entity) -> String {
    if entity.is_unknown() { String::new() } else { entity.id.to_string() }
}

fn write(facts: &EventFacts, event_body: impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let name = facts.actor.name.as_str();
    let event_header = Header {
        event: match facts.event.family() {
            Family::Device => "DEVICE",
            Family::Entitlement => "ENT",
            Family::Product => "PROD",
        },
        event_type: match (&facts.story, facts.event.change()) {
            // What has lost an item is itself still there.
            (Story::Missing(entity), _) if entity.is_unknown() => "UPDATE",
            (Story::Missing(_), _) | (_, Change::Deleted) => "DELETE",
            (_, Change::Created) => "CREATE",
            (_, Change::Updated) => "UPDATE",
        },
        // Where nobody logs in, the way on which the change came says most.
        user_id: if name.is_empty() { facts.actor.channel.as_str() } else { name },
        tenant: facts.site.as_str(),
        time_stamp: millis(facts.at),
    };
    serde_json::to_vec(&Envelope { event_header, event_body })
}

/// Version of the bodies of entitlements and devices, which have none of their own.
const BODY_VERSION: &str = "1.0";
