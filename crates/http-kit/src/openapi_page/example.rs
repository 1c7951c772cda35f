//! Examples: the ones that the document gives, or one made from the schema.

use serde_json::{Map, Value, json};

use super::resolve::{Document, entries, members, text};

/// The examples of a media type, each with its name: `example`, `examples`, or one made from the schema.
pub(super) fn examples<'a>(document: Document<'a>, media: &'a Value) -> Vec<(&'a str, Value)> {
    if let Some(example) = media.get("example") {
        return vec![("Example", example.clone())];
    }
    let named: Vec<_> = members(media, "examples")
        .filter_map(|(name, example)| {
            let example = document.resolve(example);
            Some((text(example, "summary").unwrap_or(name), example.get("value")?.clone()))
        })
        .collect();
    if !named.is_empty() {
        return named;
    }
    let made = media.get("schema").and_then(|schema| from_schema(document, schema, MAX_DEPTH));
    made.map(|value| ("Example", value)).into_iter().collect()
}

/// A value as it is shown in running text: strings without quotation marks, everything else as JSON.
pub(super) fn compact(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value as it is shown in an example.
pub(super) fn pretty(value: &Value) -> String {
    // An example that is text is the body itself, which need not be JSON.
    let body = value.as_str().map(str::to_owned);
    body.unwrap_or_else(|| serde_json::to_string_pretty(value).unwrap_or_default())
}

/// A value that fits the schema, or `None` when nothing can be said about it.
fn from_schema<'a>(document: Document<'a>, schema: &'a Value, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let schema = document.resolve(schema);
    if let Some(value) = given(schema) {
        return Some(value.clone());
    }
    let parts = entries(schema, "allOf");
    if !parts.is_empty() {
        let made = parts.iter().filter_map(|part| from_schema(document, part, depth));
        let objects = made.filter_map(|part| if let Value::Object(members) = part { Some(members) } else { None });
        return Some(Value::Object(objects.flatten().chain(fields(document, schema, depth)).collect()));
    }
    let choices = entries(schema, "oneOf").iter().chain(entries(schema, "anyOf"));
    if let Some(value) =
        choices.filter(|choice| !is_null(choice)).find_map(|choice| from_schema(document, choice, depth))
    {
        return Some(value);
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        kind => kind.and_then(Value::as_str),
    };
    match kind {
        Some("array") => {
            let item = schema.get("items").and_then(|items| from_schema(document, items, depth));
            Some(Value::Array(item.into_iter().collect()))
        }
        Some("boolean") => Some(json!(true)),
        Some("integer") => Some(schema.get("minimum").cloned().unwrap_or(json!(0))),
        Some("number") => Some(schema.get("minimum").cloned().unwrap_or(json!(0.5))),
        Some("string") => Some(json!(sample_text(text(schema, "format")))),
        Some("object") => Some(Value::Object(fields(document, schema, depth))),
        _ if schema.get("properties").is_some() => Some(Value::Object(fields(document, schema, depth))),
        _ => None,
    }
}

fn fields<'a>(document: Document<'a>, schema: &'a Value, depth: usize) -> Map<String, Value> {
    members(schema, "properties")
        .filter_map(|(name, field)| Some((name.clone(), from_schema(document, field, depth)?)))
        .collect()
}

/// A value that the schema itself offers.
fn given(schema: &Value) -> Option<&Value> {
    let listed = entries(schema, "examples").first().or_else(|| entries(schema, "enum").first());
    ["example", "const", "default"].iter().find_map(|name| schema.get(name)).or(listed)
}

fn is_null(schema: &Value) -> bool {
    text(schema, "type") == Some("null")
}

fn sample_text(format: Option<&str>) -> &'static str {
    match format {
        Some("byte") => "Y291bnRlcnNpZ24=",
        Some("date") => "2026-01-31",
        Some("date-time") => "2026-01-31T12:00:00Z",
        Some("email") => "someone@example.com",
        Some("uri" | "url") => "https://example.com/",
        Some("uuid") => "3f0d9c52-8a41-4d0b-9a57-0f6f5d1f7a11",
        _ => "string",
    }
}

/// How deep a made example goes. A schema that contains itself ends there.
const MAX_DEPTH: usize = 8;
