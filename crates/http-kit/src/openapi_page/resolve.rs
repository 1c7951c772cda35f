//! Reading an OpenAPI document: members by name, and references inside the document.

use serde_json::{Map, Value};

/// The whole document, which references point into.
#[derive(Clone, Copy)]
pub(super) struct Document<'a> {
    root: &'a Value,
}

impl<'a> Document<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Self { root }
    }

    pub(super) fn root(self) -> &'a Value {
        self.root
    }

    /// A member of `components`, such as `schemas`.
    pub(super) fn components(self, kind: &str) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
        let components = self.root.get("components").unwrap_or(&Value::Null);
        members(components, kind)
    }

    /// What a value stands for: itself, or what its `$ref` points to. A reference that leads nowhere, or in a circle,
    /// stands for itself, which shows as something without content.
    pub(super) fn resolve(self, value: &'a Value) -> &'a Value {
        let mut found = value;
        for _ in 0..MAX_REFERENCES {
            let Some(target) = text(found, "$ref").and_then(|reference| self.target(reference)) else { return found };
            found = target;
        }
        value
    }

    /// References into the document are JSON pointers behind a `#`. Other documents are not loaded.
    fn target(self, reference: &str) -> Option<&'a Value> {
        self.root.pointer(reference.strip_prefix('#')?)
    }
}

/// A member that is text.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

/// Whether a member is `true`.
pub(super) fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or(false)
}

/// The entries of a member that is an array.
pub(super) fn entries<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The members of a member that is an object, in the order of the document.
pub(super) fn members<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
    value.get(name).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

/// The name of the schema that a reference points to.
pub(super) fn schema_name(value: &Value) -> Option<&str> {
    text(value, "$ref")?.strip_prefix("#/components/schemas/")
}

/// How many references may follow each other before it counts as a circle.
const MAX_REFERENCES: usize = 16;
