//! The settings as JSON: what clients send, in all spellings that the field has, and what they are shown.

use countersign_crypto::Secret;
use countersign_crypto::json::{JsonLimits, parse_object};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::document::{EventService, ServiceChanges, ServiceProblem};
use super::field::{Field, FieldKind};
use crate::error::Error;

/// What stands for a secret that is set, whatever it is.
pub(super) const MASK: &str = "********";

/// What a masked value means in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Masked {
    /// The value stays as it is: people read the settings, edit one, and send all of them back.
    Keep,
    /// Nothing: there is no value yet that it could stand for.
    Refuse,
}

/// Changes, and what was passed over.
pub(super) struct Read {
    pub(super) changes: ServiceChanges,
    pub(super) warnings: Vec<String>,
}

/// Whether a body may be of this type.
pub(crate) fn check_media_type(headers: &HeaderMap) -> Result<(), Error> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let kind = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if MEDIA_TYPES.iter().any(|known| kind.eq_ignore_ascii_case(known)) { Ok(()) } else { Err(Error::MediaType) }
}

/// Reads a body.
pub(super) fn read(body: &[u8], masked: Masked) -> Result<Read, Error> {
    let object = parse_object(body, LIMITS).map_err(Error::Json)?;
    let mut read = Read { changes: ServiceChanges::default(), warnings: Vec::new() };
    for (name, value) in object {
        match (Field::of_name(&name), value) {
            (Some(field), value) => {
                if let Some(change) = field_value(field, value, masked)? {
                    read.changes.fields.push((field, change));
                }
            }
            (None, Value::Object(members)) if name == "extra" => {
                for (name, value) in members {
                    keep(&mut read, name, value);
                }
            }
            // Part of our own answers.
            (None, _) if name == "warnings" => {}
            (None, value) => keep(&mut read, name, value),
        }
    }
    Ok(read)
}

fn keep(read: &mut Read, name: String, value: Value) {
    match value {
        Value::String(text) => read.changes.extra.push((name, Some(text))),
        Value::Null => read.changes.extra.push((name, None)),
        Value::Array(_) | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            // The name is the caller's own; a long one is cut.
            let name: String = name.chars().take(64).collect();
            read.warnings.push(format!("{name} is not known here, and was ignored"));
        }
    }
}

/// A new value; the outer `None`: as it is, the inner one: the default.
fn field_value(field: Field, value: Value, masked: Masked) -> Result<Option<Option<Secret<String>>>, ServiceProblem> {
    let invalid = |reason: &str| ServiceProblem::Invalid { field, reason: reason.to_owned() };
    let text = match (field.kind(), value) {
        (_, Value::Null) => return Ok(Some(None)),
        (FieldKind::Flag, Value::Bool(flag)) => flag.to_string(),
        (FieldKind::Flag, Value::String(word)) => match &*word.to_ascii_lowercase() {
            "true" | "yes" => "true".to_owned(),
            "false" | "no" => "false".to_owned(),
            _ => return Err(invalid("must be \"true\" or \"false\"")),
        },
        (FieldKind::Flag, _) => return Err(invalid("must be \"true\" or \"false\"")),
        (FieldKind::AuthType, Value::String(word)) => word.to_ascii_lowercase(),
        (FieldKind::Secret, Value::String(text)) if text == MASK => match masked {
            Masked::Keep => return Ok(None),
            Masked::Refuse => return Err(invalid("is masked; send the value itself")),
        },
        (FieldKind::Secret | FieldKind::Url, Value::String(text)) => text,
        (FieldKind::AuthType | FieldKind::Secret | FieldKind::Url, _) => return Err(invalid("must be a text")),
    };
    Ok(Some(Some(Secret::new(text))))
}

/// What clients are shown: every field, in the order of the protocol, secrets masked.
pub(super) fn show(service: &EventService, warnings: Vec<String>) -> Map<String, Value> {
    let mut members = Map::new();
    for field in Field::ALL {
        let value = service.get(field);
        let is_hidden = field.kind() == FieldKind::Secret && !value.is_empty();
        members.insert(field.name().to_owned(), Value::from(if is_hidden { MASK } else { value }));
    }
    let extra: Map<_, _> = service.extra().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    if !extra.is_empty() {
        members.insert("extra".to_owned(), Value::Object(extra));
    }
    if !warnings.is_empty() {
        members.insert("warnings".to_owned(), Value::from(warnings));
    }
    members
}

const MEDIA_TYPES: [&str; 2] = ["application/json", "application/merge-patch+json"];
/// Longest body, in bytes, and how deep it may be nested.
pub(super) const BODY_LIMIT: usize = 64 * 1024;
const LIMITS: JsonLimits = JsonLimits { max_bytes: BODY_LIMIT, max_depth: 16 };
