//! Members of bodies, read tolerantly: a member that is missing, empty or `null` is not given.

use countersign_app::polling::Problem;
use countersign_domain::device::{DeviceClass, DeviceIdentity, IDENTITY_LIMIT, Language};
use countersign_domain::report::cut;
use countersign_domain::time::Timestamp;
use serde_json::Value;

/// A text of at most 255 bytes, blanks around it removed; empty when it is not given.
pub(super) fn text(member: &'static str, value: Option<Value>) -> Result<String, Problem> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        // Not every database can keep a NUL, and no identifier has one.
        Some(Value::String(text)) if text.len() <= IDENTITY_LIMIT && !text.contains('\0') => Ok(text.trim().to_owned()),
        Some(_) => Err(malformed(member)),
    }
}

/// A text that must be given.
pub(super) fn needed(member: &'static str, value: Option<Value>) -> Result<String, Problem> {
    let text = text(member, value)?;
    if text.is_empty() { Err(Problem::Missing(member.to_owned())) } else { Ok(text) }
}

/// A text for people, which is cut where it is too long; empty when it is not given.
pub(super) fn prose(member: &'static str, value: Option<Value>, characters: usize) -> Result<String, Problem> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(cut(&text.replace('\0', ""), characters).to_owned()),
        Some(_) => Err(malformed(member)),
    }
}

/// The class of a device; `client` when it is not given.
pub(super) fn device_class(value: Option<Value>) -> Result<DeviceClass, Problem> {
    let class = text("deviceClass", value)?;
    DeviceClass::parse(&class).ok_or(Problem::DeviceClass(class))
}

/// Who a device says it is; `None` when it says nothing.
pub(super) fn identity(
    id: Option<Value>,
    id_type: Option<Value>,
    publisher_name: Option<Value>,
) -> Result<Option<DeviceIdentity>, Problem> {
    let identity = DeviceIdentity {
        id: text("id", id)?,
        id_type: text("idType", id_type)?,
        publisher_name: text("publisherName", publisher_name)?,
    };
    let anonymous = [&identity.id, &identity.id_type, &identity.publisher_name].into_iter().all(String::is_empty);
    Ok((!anonymous).then_some(identity))
}

/// Who a device says it is, where all three members must be given.
pub(super) fn needed_identity(
    id: Option<Value>,
    id_type: Option<Value>,
    publisher_name: Option<Value>,
) -> Result<DeviceIdentity, Problem> {
    Ok(DeviceIdentity {
        id: needed("id", id)?,
        id_type: needed("idType", id_type)?,
        publisher_name: needed("publisherName", publisher_name)?,
    })
}

/// A language identifier: a number, or its digits in a string; 0 when it is not given.
pub(super) fn language(value: Option<Value>) -> Result<Language, Problem> {
    match number("language", value)? {
        None => Ok(Language(0)),
        Some(number) => u32::try_from(number).map(Language).map_err(|_| malformed("language")),
    }
}

/// A whole number, or its digits in a string; `None` when it is not given.
pub(super) fn number(member: &'static str, value: Option<Value>) -> Result<Option<i64>, Problem> {
    let number = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::Array(_) | Value::Bool(_) | Value::Object(_)) => None,
    };
    number.map(Some).ok_or(malformed(member))
}

/// A time in any of the forms that devices use. One that cannot be read is not given: a report is worth more than its
/// time.
pub(super) fn time(value: Option<Value>) -> Option<Timestamp> {
    match value? {
        Value::String(text) => Timestamp::read_tolerantly(&text),
        Value::Number(number) => Timestamp::read_tolerantly(&number.to_string()),
        Value::Array(_) | Value::Bool(_) | Value::Null | Value::Object(_) => None,
    }
}

pub(super) fn malformed(member: &'static str) -> Problem {
    Problem::Malformed(member.to_owned())
}
