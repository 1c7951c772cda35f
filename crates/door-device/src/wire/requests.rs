//! Bodies that devices send.

use countersign_app::polling::{Asked, QuestionProblem};
use countersign_domain::device::{DeviceClass, DeviceIdentity, IDENTITY_LIMIT, Language, UpdateQuestion};
use countersign_domain::text::{PackageId, Platform};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::calls::Question;

/// A question about updates.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdatesRequest {
    /// `client` (also when not given), `server` or `served`
    #[schema(value_type = Option<String>, example = "client")]
    device_class: Option<Value>,
    /// Host ID; not given by an anonymous device
    #[schema(value_type = Option<String>, example = "PUMP-0077")]
    id: Option<Value>,
    /// Kind of the host ID
    #[schema(value_type = Option<String>, example = "STRING")]
    id_type: Option<Value>,
    /// Publisher
    #[schema(value_type = Option<String>, example = "acme")]
    publisher_name: Option<Value>,
    /// The package that is installed now
    #[schema(value_type = String, example = "pump-fw-4.1")]
    update_from_pkg_id: Option<Value>,
    /// The device's platform
    #[schema(value_type = String, example = "LINUX32")]
    platform: Option<Value>,
    /// Windows language identifier
    #[schema(value_type = Option<u32>, example = 1033)]
    language: Option<Value>,
}

/// A question about the files of an update.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ManifestRequest {
    /// Last segment of the update's `manifestURL`
    #[schema(value_type = String, example = "8d5c1f0a-52f4-4a8f-9b3c-8f8a4f6a2d10")]
    uuid: Option<Value>,
}

impl Question for UpdatesRequest {
    fn into_asked(self) -> Asked {
        self.question().map_or_else(Asked::Invalid, Asked::Updates)
    }
}

impl UpdatesRequest {
    fn question(self) -> Result<UpdateQuestion, QuestionProblem> {
        let class = text("deviceClass", self.device_class)?;
        let device_class = DeviceClass::parse(&class).ok_or(QuestionProblem::DeviceClass(class))?;
        let identity = DeviceIdentity {
            id: text("id", self.id)?,
            id_type: text("idType", self.id_type)?,
            publisher_name: text("publisherName", self.publisher_name)?,
        };
        let anonymous = [&identity.id, &identity.id_type, &identity.publisher_name].into_iter().all(String::is_empty);
        let installed = needed("updateFromPkgId", self.update_from_pkg_id)?;
        let platform = needed("platform", self.platform)?;
        Ok(UpdateQuestion {
            device_class,
            identity: (!anonymous).then_some(identity),
            installed: PackageId::new(installed).map_err(|_| malformed("updateFromPkgId"))?,
            platform: Platform::new(platform).map_err(|_| malformed("platform"))?,
            language: language(self.language)?,
        })
    }
}

impl Question for ManifestRequest {
    fn into_asked(self) -> Asked {
        needed("uuid", self.uuid).map_or_else(Asked::Invalid, |uuid| Asked::Manifest { uuid })
    }
}

fn needed(member: &'static str, value: Option<Value>) -> Result<String, QuestionProblem> {
    let text = text(member, value)?;
    if text.is_empty() { Err(QuestionProblem::Missing(member.to_owned())) } else { Ok(text) }
}

/// A text of at most 255 bytes, blanks around it removed; empty when it is not given.
fn text(member: &'static str, value: Option<Value>) -> Result<String, QuestionProblem> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) if text.len() <= IDENTITY_LIMIT => Ok(text.trim().to_owned()),
        Some(_) => Err(malformed(member)),
    }
}

/// A language identifier: a number, or its digits in a string.
fn language(value: Option<Value>) -> Result<Language, QuestionProblem> {
    let number = match value {
        None | Some(Value::Null) => Some(0),
        Some(Value::String(text)) if text.trim().is_empty() => Some(0),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(Value::Number(number)) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
        Some(Value::Array(_) | Value::Bool(_) | Value::Object(_)) => None,
    };
    number.map(Language).ok_or(malformed("language"))
}

fn malformed(member: &'static str) -> QuestionProblem {
    QuestionProblem::Malformed(member.to_owned())
}
