//! Schemas for people: the type of a value in a few words, and the fields of an object as a table.

use serde_json::Value;

use super::example::compact;
use super::html::{Html, slug};
use super::prose;
use super::resolve::{Document, entries, flag, members, schema_name, text};

/// Adds the type in words: `string (date-time)`, `array of Update`, `Device or null`.
///
/// Names of schemas are links to their own section.
pub(super) fn type_label(html: &mut Html, schema: &Value) {
    label(html, schema, MAX_DEPTH);
}

/// Adds the table of the fields that an object has; nothing when it has none.
pub(super) fn field_table<'a>(html: &mut Html, document: Document<'a>, schema: &'a Value) {
    let mut rows = Vec::new();
    collect(document, schema, "", MAX_DEPTH, &mut rows);
    if rows.is_empty() {
        return;
    }
    html.raw("<div class=\"scroll\"><table class=\"fields\">\n<thead><tr><th scope=\"col\">Field</th>");
    html.raw("<th scope=\"col\">Type</th><th scope=\"col\">Description</th></tr></thead>\n<tbody>\n");
    for row in rows {
        html.raw("<tr><th scope=\"row\"><code>");
        if !row.parent.is_empty() {
            html.raw("<span class=\"quiet\">").text(&row.parent).raw("</span>");
        }
        html.text(row.name).raw("</code>");
        if row.required {
            html.raw(" <span class=\"required\">required</span>");
        }
        html.raw("</th><td>");
        type_label(html, row.schema);
        html.raw("</td><td>");
        notes(html, row.schema);
        html.raw("</td></tr>\n");
    }
    html.raw("</tbody>\n</table></div>\n");
}

/// Adds the description of a value and what limits it.
pub(super) fn notes(html: &mut Html, schema: &Value) {
    if flag(schema, "deprecated") {
        html.raw("<span class=\"chip warn\">Deprecated</span> ");
    }
    prose::render(html, text(schema, "description"));
    let items = schema.get("items").unwrap_or(&Value::Null);
    let values = [entries(schema, "enum"), entries(items, "enum")].concat();
    if !values.is_empty() {
        html.raw("<p class=\"limits\">One of ");
        for (index, value) in values.iter().enumerate() {
            html.raw(if index == 0 { "<code>" } else { ", <code>" }).text(&compact(value)).raw("</code>");
        }
        html.raw("</p>");
    }
    for (name, words) in LIMITS {
        if let Some(limit) = schema.get(name) {
            html.raw("<p class=\"limits\">").raw(words).raw(" <code>").text(&compact(limit)).raw("</code></p>");
        }
    }
}

/// Adds the name of a schema as a link to its section.
pub(super) fn schema_link(html: &mut Html, name: &str) {
    html.raw("<a href=\"#schema-").text(&slug(name)).raw("\">").text(name).raw("</a>");
}

/// One line of the table.
struct Row<'a> {
    /// The names of the objects around it, each followed by a dot.
    parent: String,
    name: &'a str,
    schema: &'a Value,
    required: bool,
}

/// Fields of the object itself and of everything it is composed of. Objects that have a name of their own are not
/// opened: the type links to them.
fn collect<'a>(document: Document<'a>, schema: &'a Value, parent: &str, depth: usize, rows: &mut Vec<Row<'a>>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let schema = document.resolve(schema);
    for part in entries(schema, "allOf") {
        collect(document, part, parent, depth, rows);
    }
    if let Some(items) = schema.get("items")
        && (parent.is_empty() || schema_name(items).is_none())
    {
        collect(document, items, parent, depth, rows);
    }
    let required = entries(schema, "required");
    let (required, optional): (Vec<_>, Vec<_>) = members(schema, "properties")
        .map(|(name, field)| (name, field, required.iter().any(|other| other.as_str() == Some(name))))
        .partition(|(_, _, required)| *required);
    // What one must know comes first; the document itself is in no order that means anything.
    for (name, field, required) in required.into_iter().chain(optional) {
        rows.push(Row { parent: parent.to_owned(), name, schema: field, required });
        if schema_name(field).is_none() {
            let marker = if field.get("items").is_some() { "[]." } else { "." };
            collect_inner(document, field, &format!("{parent}{name}{marker}"), depth, rows);
        }
    }
}

/// The fields of an object that stands inside another one without a name.
fn collect_inner<'a>(document: Document<'a>, field: &'a Value, parent: &str, depth: usize, rows: &mut Vec<Row<'a>>) {
    if field.get("properties").is_some() || field.get("items").is_some() {
        collect(document, field, parent, depth, rows);
    }
}

fn label(html: &mut Html, schema: &Value, depth: usize) {
    let Some(depth) = depth.checked_sub(1) else {
        html.raw("…");
        return;
    };
    if let Some(name) = schema_name(schema) {
        schema_link(html, name);
        return;
    }
    for composed in ["oneOf", "anyOf", "allOf"] {
        let parts = entries(schema, composed);
        if !parts.is_empty() {
            // Whether a value may be null is the least that readers want to know of it.
            let (nulls, others): (Vec<_>, Vec<_>) = parts.iter().partition(|part| text(part, "type") == Some("null"));
            for (index, part) in others.into_iter().chain(nulls).enumerate() {
                let separator = if composed == "allOf" { " and " } else { " or " };
                html.raw(if index == 0 { "" } else { separator });
                label(html, part, depth);
            }
            return;
        }
    }
    match schema.get("type") {
        Some(Value::String(name)) => named_type(html, schema, name, depth),
        Some(Value::Array(names)) => {
            for (index, name) in names.iter().filter_map(Value::as_str).enumerate() {
                html.raw(if index == 0 { "" } else { " or " });
                named_type(html, schema, name, depth);
            }
        }
        _ if schema.get("properties").is_some() => {
            html.raw("object");
        }
        _ if schema.get("const").is_some() => {
            html.raw("constant");
        }
        _ => {
            html.raw("any");
        }
    }
}

fn named_type(html: &mut Html, schema: &Value, name: &str, depth: usize) {
    match name {
        "array" => {
            html.raw("array of ");
            label(html, schema.get("items").unwrap_or(&Value::Null), depth);
        }
        "object" => match schema.get("additionalProperties") {
            Some(values @ Value::Object(_)) => {
                html.raw("map of ");
                label(html, values, depth);
            }
            _ => {
                html.raw("object");
            }
        },
        "null" => {
            html.raw("null");
        }
        _ => {
            html.text(name);
            if let Some(format) = text(schema, "format") {
                html.raw(" <span class=\"quiet\">(").text(format).raw(")</span>");
            }
        }
    }
}

/// Limits of a value and how to say them.
const LIMITS: [(&str, &str); 12] = [
    ("const", "Always"),
    ("default", "Default"),
    ("minimum", "At least"),
    ("exclusiveMinimum", "More than"),
    ("maximum", "At most"),
    ("exclusiveMaximum", "Less than"),
    ("minLength", "Shortest length"),
    ("maxLength", "Longest length"),
    ("pattern", "Matches"),
    ("minItems", "Fewest entries"),
    ("maxItems", "Most entries"),
    ("multipleOf", "A multiple of"),
];

/// How deep schemas are followed. Deeper ones do not fit a table, and recursive ones have no end.
const MAX_DEPTH: usize = 6;
