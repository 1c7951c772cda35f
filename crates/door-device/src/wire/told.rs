//! Bodies in which devices tell something: a registration, how an update goes, an event.

use countersign_app::devices::Registration;
use countersign_app::polling::Problem;
use countersign_domain::device::{DeviceClass, DeviceIdentity, IDENTITY_LIMIT};
use countersign_domain::report::{DeviceEvent, EVENT_NAME_LIMIT, EVENT_VALUE_LIMIT, REASON_LIMIT, StatusReport};
use countersign_domain::text::{LicenseKey, UpdateId};
use serde::Deserialize;
use utoipa::ToSchema;

use super::members::{
    Member, device_class, identity, language, malformed, needed, needed_identity, number, prose, text, time,
};

/// A device registers.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegistrationRequest {
    /// Activation ID of a license; not given by an anonymous device
    #[schema(value_type = Option<String>, example = "ACT-7Q2MX-0R4KD-93VTB-8HWEC")]
    activation_id: Option<Member>,
    /// Not part of the published body: other devices than `client` cannot register
    #[schema(ignore)]
    device_class: Option<Member>,
    /// Host ID
    #[schema(value_type = String, example = "PUMP-0077")]
    id: Option<Member>,
    /// Kind of the host ID
    #[schema(value_type = String, example = "STRING")]
    id_type: Option<Member>,
    /// Publisher identity; the publisher's default one when not given
    #[schema(value_type = Option<String>, example = "acme-id-1")]
    identity_name: Option<Member>,
    /// Publisher
    #[schema(value_type = String, example = "acme")]
    publisher_name: Option<Member>,
}

impl RegistrationRequest {
    pub(crate) fn read(self) -> Result<Registration, Problem> {
        if device_class(self.device_class)? != DeviceClass::Client {
            return Err(Problem::NotRegistrable);
        }
        let identity = needed_identity(self.id, self.id_type, self.publisher_name)?;
        let activation_id = text("activationId", self.activation_id)?;
        Ok(Registration {
            identity,
            identity_name: text("identityName", self.identity_name)?,
            activation_id: match activation_id.as_str() {
                "" => None,
                // What cannot be the key of a license is none that is known.
                key => Some(LicenseKey::new(key).map_err(|_| Problem::UnknownActivation)?),
            },
        })
    }
}

/// A device reports how an update goes.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusRequest {
    /// `client` (also when not given), `server` or `served`
    #[schema(value_type = Option<String>, example = "client")]
    device_class: Option<Member>,
    /// Host ID; not given by an anonymous device
    #[schema(value_type = Option<String>, example = "PUMP-0077")]
    id: Option<Member>,
    /// Kind of the host ID
    #[schema(value_type = Option<String>, example = "STRING")]
    id_type: Option<Member>,
    /// Windows language identifier
    #[schema(value_type = Option<u32>, example = 1033)]
    language: Option<Member>,
    /// The package, delivered or installed
    #[schema(value_type = Option<String>, example = "pump-fw-4.2.1")]
    package_id: Option<Member>,
    /// The device's platform
    #[schema(value_type = Option<String>, example = "LINUX32")]
    platform: Option<Member>,
    /// Publisher
    #[schema(value_type = Option<String>, example = "acme")]
    publisher_name: Option<Member>,
    /// 0 download started, 1 completed, 2 failed, 3 install started, 4 completed, 8 message delivered; others are kept
    #[schema(value_type = i64, example = 4)]
    status_code: Option<Member>,
    /// Why, at most 100 characters
    #[schema(value_type = Option<String>, example = "self test ok")]
    status_reason: Option<Member>,
    /// When it happened: RFC 3339, `yyyy-MM-dd HH:mm:ss` in UTC, or milliseconds since 1970; otherwise the time of receipt
    #[schema(value_type = Option<String>, example = "2026-03-04T09:15:00Z")]
    time_stamp: Option<Member>,
    /// The update
    #[schema(value_type = String, example = "UPD-PUMP-421")]
    update_id: Option<Member>,
    /// Its name
    #[schema(value_type = Option<String>, example = "pump-421-field")]
    update_name: Option<Member>,
}

impl StatusRequest {
    pub(crate) fn read(self) -> Result<StatusReport, Problem> {
        Ok(StatusReport {
            class: device_class(self.device_class)?,
            identity: identity(self.id, self.id_type, self.publisher_name)?,
            update: update_id(needed("updateId", self.update_id)?)?,
            update_name: prose("updateName", self.update_name, IDENTITY_LIMIT)?,
            package: text("packageId", self.package_id)?,
            platform: text("platform", self.platform)?,
            language: language(self.language)?,
            code: number("statusCode", self.status_code)?.ok_or(Problem::Missing("statusCode".to_owned()))?,
            reason: prose("statusReason", self.status_reason, REASON_LIMIT)?,
            reported_at: time(self.time_stamp),
        })
    }
}

/// A device logs an event.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventRequest {
    /// `client` (also when not given), `server` or `served`
    #[schema(value_type = Option<String>, example = "client")]
    device_class: Option<Member>,
    /// The package that it is about
    #[schema(value_type = Option<String>, example = "pump-fw-4.2.1")]
    download_package_id: Option<Member>,
    /// Category, at most 255 characters
    #[schema(value_type = Option<String>, example = "afterUpdate")]
    event_group: Option<Member>,
    /// Name, at most 255 characters
    #[schema(value_type = String, example = "selfTest")]
    event_name: Option<Member>,
    /// More about it; cut at 4000 characters
    #[schema(value_type = Option<String>, example = "pass 14/14")]
    event_value: Option<Member>,
    /// Host ID
    #[schema(value_type = String, example = "PANEL-12")]
    id: Option<Member>,
    /// Kind of the host ID
    #[schema(value_type = String, example = "STRING")]
    id_type: Option<Member>,
    /// Windows language identifier
    #[schema(value_type = Option<u32>, example = 1033)]
    language: Option<Member>,
    /// The device's platform
    #[schema(value_type = Option<String>, example = "LINUX32")]
    platform: Option<Member>,
    /// Publisher
    #[schema(value_type = String, example = "acme")]
    publisher_name: Option<Member>,
    /// When it happened, in the forms of the status log's `timeStamp`
    #[schema(value_type = Option<String>, example = "2026-03-04T09:16:10Z")]
    timestamp: Option<Member>,
    /// The update that it is about
    #[schema(value_type = Option<String>, example = "UPD-PUMP-421")]
    update_id: Option<Member>,
    /// Its name
    #[schema(value_type = Option<String>, example = "pump-421-field")]
    update_name: Option<Member>,
}

impl EventRequest {
    pub(crate) fn read(self) -> Result<(DeviceIdentity, DeviceEvent), Problem> {
        device_class(self.device_class)?;
        let name = title("eventName", self.event_name)?;
        if name.is_empty() {
            return Err(Problem::Missing("eventName".to_owned()));
        }
        let identity = needed_identity(self.id, self.id_type, self.publisher_name)?;
        let event = DeviceEvent {
            name,
            group: title("eventGroup", self.event_group)?,
            value: prose("eventValue", self.event_value, EVENT_VALUE_LIMIT)?,
            package: text("downloadPackageId", self.download_package_id)?,
            update: text("updateId", self.update_id)?,
            update_name: prose("updateName", self.update_name, IDENTITY_LIMIT)?,
            platform: text("platform", self.platform)?,
            language: language(self.language)?,
            reported_at: time(self.timestamp),
        };
        Ok((identity, event))
    }
}

/// The name or group of an event.
fn title(member: &'static str, sent: Option<Member>) -> Result<String, Problem> {
    let title = prose(member, sent, usize::MAX)?.trim().to_owned();
    if title.chars().count() > EVENT_NAME_LIMIT { Err(Problem::TooLong(member.to_owned())) } else { Ok(title) }
}

/// What cannot be an update's ID is none that is known.
fn update_id(text: String) -> Result<UpdateId, Problem> {
    UpdateId::new(text).map_err(|_| malformed("updateId"))
}
