//! Members of bodies, read tolerantly: a member that is missing, empty or `null` is not given. Each is read by itself, so
//! that one that is broken (half a character, a number beyond all numbers) does not spoil the others.

use countersign_app::polling::Problem;
use countersign_domain::device::{DeviceClass, DeviceIdentity, IDENTITY_LIMIT, Language};
use countersign_domain::report::cut;
use countersign_domain::time::Timestamp;
use serde::de::{Deserialize, Deserializer, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// A member as it was sent.
pub(super) type Member = Box<RawValue>;

/// The bytes of a string, in which half a character stands for itself.
struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl Visitor<'_> for Read {
            type Value = Bytes;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Read)
    }
}

/// The value of a member.
fn value(member: &'static str, sent: Option<Member>) -> Result<Value, Problem> {
    sent.map_or(Ok(Value::Null), |sent| serde_json::from_str(sent.get()).map_err(|_| malformed(member)))
}

/// A text of at most 255 bytes, blanks around it removed; empty when it is not given.
pub(super) fn text(member: &'static str, sent: Option<Member>) -> Result<String, Problem> {
    match value(member, sent)? {
        Value::Null => Ok(String::new()),
        // Not every database can keep a NUL, and no identifier has one.
        Value::String(text) if text.len() <= IDENTITY_LIMIT && !text.contains('\0') => Ok(text.trim().to_owned()),
        Value::Array(_) | Value::Bool(_) | Value::Number(_) | Value::Object(_) | Value::String(_) => {
            Err(malformed(member))
        }
    }
}

/// A text that must be given.
pub(super) fn needed(member: &'static str, sent: Option<Member>) -> Result<String, Problem> {
    let text = text(member, sent)?;
    if text.is_empty() { Err(Problem::Missing(member.to_owned())) } else { Ok(text) }
}

/// A text for people, which is cut where it is too long; empty when it is not given. Half of a character, as programs leave
/// it that cut texts in the middle, reads as U+FFFD.
pub(super) fn prose(member: &'static str, sent: Option<Member>, characters: usize) -> Result<String, Problem> {
    let Some(sent) = sent else { return Ok(String::new()) };
    let value = serde_json::from_str(sent.get()).or_else(|_| {
        let bytes: Vec<u8> = serde_json::from_str::<Bytes>(sent.get())?.0;
        Ok::<_, serde_json::Error>(Value::String(String::from_utf8_lossy(&bytes).into_owned()))
    });
    match value {
        Ok(Value::Null) => Ok(String::new()),
        Ok(Value::String(text)) => Ok(cut(&text.replace('\0', ""), characters).to_owned()),
        Ok(_) | Err(_) => Err(malformed(member)),
    }
}

/// The class of a device; `client` when it is not given.
pub(super) fn device_class(sent: Option<Member>) -> Result<DeviceClass, Problem> {
    let class = text("deviceClass", sent)?;
    DeviceClass::parse(&class).ok_or(Problem::DeviceClass(class))
}

/// Who a device says it is; `None` when it says nothing.
pub(super) fn identity(
    id: Option<Member>,
    id_type: Option<Member>,
    publisher_name: Option<Member>,
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
    id: Option<Member>,
    id_type: Option<Member>,
    publisher_name: Option<Member>,
) -> Result<DeviceIdentity, Problem> {
    Ok(DeviceIdentity {
        id: needed("id", id)?,
        id_type: needed("idType", id_type)?,
        publisher_name: needed("publisherName", publisher_name)?,
    })
}

/// A language identifier: a number, or its digits in a string; 0 when it is not given.
pub(super) fn language(sent: Option<Member>) -> Result<Language, Problem> {
    match number("language", sent)? {
        None => Ok(Language(0)),
        Some(number) => u32::try_from(number).map(Language).map_err(|_| malformed("language")),
    }
}

/// A whole number, or its digits in a string; `None` when it is not given.
pub(super) fn number(member: &'static str, sent: Option<Member>) -> Result<Option<i64>, Problem> {
    let number = match value(member, sent)? {
        Value::Null => return Ok(None),
        Value::String(text) if text.trim().is_empty() => return Ok(None),
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_i64(),
        Value::Array(_) | Value::Bool(_) | Value::Object(_) => None,
    };
    number.map(Some).ok_or(malformed(member))
}

/// A time in any of the forms that devices use. One that cannot be read is not given: a report is worth more than its
/// time.
pub(super) fn time(sent: Option<Member>) -> Option<Timestamp> {
    match serde_json::from_str(sent?.get()).ok()? {
        Value::String(text) => Timestamp::read_tolerantly(&text),
        Value::Number(number) => Timestamp::read_tolerantly(&number.to_string()),
        Value::Array(_) | Value::Bool(_) | Value::Null | Value::Object(_) => None,
    }
}

pub(super) fn malformed(member: &'static str) -> Problem {
    Problem::Malformed(member.to_owned())
}
