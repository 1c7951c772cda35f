//! `DEVICE`: the nine members that are documented, and those behind them that receivers of the original may have.

use countersign_domain::device::{DeviceClass, DeviceStatus};
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
    /// Row id of the account, or of the customer where there is none.
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
    host_id_type: &'a str,
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
    let owner = match (account, &story.customer) {
        (Some(account), _) => Some(account.id.to_string()),
        (None, Some(customer)) => Some(customer.id.to_string()),
        (None, None) => None,
    };
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
        host_id_type: &device.identity.id_type,
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
        owner,
        identity: &device.identity_name,
        deployment_type: "LOCAL",
        host_type,
        extended: (payload == DevicePayload::Extended).then_some(extended),
    }
}

/// The body of a device that is no longer there.
pub(super) fn gone(id: i64) -> Body<'static> {
    Body {
        device_name: "",
        device_id: "",
        version: BODY_VERSION,
        id: id.to_string(),
        site_name: "",
        owner: None,
        identity: "",
        deployment_type: "LOCAL",
        host_type: "",
        extended: None,
    }
}
