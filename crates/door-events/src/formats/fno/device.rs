//! `DEVICE`: the nine members that are documented, and those behind them that receivers of the original may have.

use countersign_domain::device::{DeviceClass, DeviceIdentity, DeviceStatus};
use countersign_domain::webhook::{DevicePayload, DeviceStory, EventFacts};
use serde::Serialize;

use super::BODY_VERSION;
use crate::formats::time::millis;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body<'a> {
    device_name: &'a str,
    device_id: &'a str,
    version: &'static str,
    id: String,
    site_name: &'static str,
    /// Row id of the account; null without one, because a customer has row ids of another table.
    owner: Option<String>,
    identity: &'a str,
    deployment_type: &'static str,
    host_type: &'static str,
    #[serde(flatten)]
    extended: Option<Extended<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Extended<'a> {
    host_id_type: &'static str,
    device_class: &'static str,
    status: &'static str,
    served_status: &'static str,
    publisher_name: &'a str,
    machine_type: &'static str,
    backup_device_id: &'static str,
    parent_device_id: &'static str,
    account_name: &'a str,
    description: &'static str,
    last_modified: String,
}

/// The body of a device.
pub(super) fn body<'a>(facts: &EventFacts, story: &'a DeviceStory, payload: DevicePayload) -> Body<'a> {
    let device = &story.device;
    let account = story.customer.as_ref().and_then(|customer| customer.account.as_ref());
    let customer = story.customer.as_ref().map(|customer| customer.name.as_str());
    let (class, host_type) = match device.class {
        DeviceClass::Client => ("CLIENT", "FLX_CLIENT"),
        DeviceClass::Served => ("SERVED_CLIENT", "FLX_CLIENT"),
        DeviceClass::Server => ("SERVER", "FLX_SERVER"),
    };
    let (status, served_status) = match device.status {
        DeviceStatus::Active => ("ACTIVE", "NORMAL"),
        DeviceStatus::Obsolete => ("OBSOLETE", "NORMAL"),
        DeviceStatus::Returned => ("RETURNED", "RETURNED"),
    };
    let extended = Extended {
        host_id_type: host_id_type(&device.identity.id_type),
        device_class: class,
        status,
        served_status,
        publisher_name: &device.identity.publisher_name,
        machine_type: match &story.facts {
            Some(told) if told.is_vm => "VIRTUAL",
            Some(_) => "PHYSICAL",
            None => "UNKNOWN",
        },
        backup_device_id: "",
        parent_device_id: "",
        account_name: account.map(|account| account.name.as_str()).or(customer).unwrap_or_default(),
        description: "",
        last_modified: millis(facts.at),
    };
    Body {
        device_name: story.facts.as_ref().map(|told| told.hostname.as_str()).unwrap_or_default(),
        device_id: &device.identity.id,
        version: BODY_VERSION,
        id: device.id.to_string(),
        site_name: "",
        owner: account.map(|account| account.id.to_string()),
        identity: &device.identity_name,
        deployment_type: "LOCAL",
        host_type,
        extended: (payload == DevicePayload::Extended).then_some(extended),
    }
}

/// The word that receivers know for a kind of host ID: devices may name others, and our own is a text.
fn host_id_type(told: &str) -> &'static str {
    if told == DeviceIdentity::HARDWARE {
        return "STRING";
    }
    HOST_ID_TYPES.iter().find(|word| word.eq_ignore_ascii_case(told)).copied().unwrap_or("UNKNOWN")
}

/// Every kind of host ID that the event service has.
const HOST_ID_TYPES: [&str; 11] = [
    "UNKNOWN",
    "STRING",
    "ETHERNET",
    "FLEXID9",
    "FLEXID10",
    "EXTENDED",
    "INTERNET",
    "INTERNET6",
    "USER",
    "TOLERANT",
    "VM_UUID",
];

/// The body of a device that is no longer there.
pub(super) fn gone(id: String) -> Body<'static> {
    Body {
        device_name: "",
        device_id: "",
        version: BODY_VERSION,
        id,
        site_name: "",
        owner: None,
        identity: "",
        deployment_type: "LOCAL",
        host_type: "",
        extended: None,
    }
}
