//! The order of the page: which operations there are, under which heading, and how to link to each.

use std::collections::HashSet;

use serde_json::Value;

use super::html::slug;
use super::resolve::{Document, entries, flag, members, text};

/// The headings of the page.
pub(super) struct Outline<'a> {
    pub(super) groups: Vec<Group<'a>>,
    /// The names of the schemas that have one.
    pub(super) schemas: Vec<&'a str>,
}

/// The operations of one tag.
pub(super) struct Group<'a> {
    pub(super) name: &'a str,
    pub(super) description: Option<&'a str>,
    pub(super) anchor: String,
    pub(super) operations: Vec<Operation<'a>>,
}

/// One method of one path.
pub(super) struct Operation<'a> {
    pub(super) method: &'static str,
    pub(super) path: &'a str,
    /// The object of the path, which may have parameters for all its operations.
    pub(super) path_item: &'a Value,
    pub(super) value: &'a Value,
    pub(super) anchor: String,
}

impl<'a> Outline<'a> {
    /// Tags stand in the order in which the document lists them, then in the order in which they first occur.
    pub(super) fn of(document: Document<'a>) -> Self {
        let mut anchors = Anchors::default();
        let mut groups: Vec<Group<'a>> = Vec::new();
        for tag in entries(document.root(), "tags") {
            if let Some(name) = text(tag, "name") {
                let anchor = anchors.unique("tag", name);
                groups.push(Group { name, description: text(tag, "description"), anchor, operations: Vec::new() });
            }
        }
        for (path, path_item) in members(document.root(), "paths") {
            let path_item = document.resolve(path_item);
            for method in METHODS {
                let Some(value) = path_item.get(method) else { continue };
                let id = text(value, "operationId").map_or_else(|| format!("{method} {path}"), str::to_owned);
                let operation = Operation { method, path, path_item, value, anchor: anchors.unique("op", &id) };
                let tag = entries(value, "tags").first().and_then(Value::as_str).unwrap_or("Operations");
                match groups.iter_mut().find(|group| group.name == tag) {
                    Some(group) => group.operations.push(operation),
                    None => {
                        let anchor = anchors.unique("tag", tag);
                        groups.push(Group { name: tag, description: None, anchor, operations: vec![operation] });
                    }
                }
            }
        }
        groups.retain(|group| !group.operations.is_empty());
        Self { groups, schemas: document.components("schemas").map(|(name, _)| name.as_str()).collect() }
    }
}

impl<'a> Operation<'a> {
    /// What it is called in lists: its summary, or its path.
    pub(super) fn title(&self) -> &'a str {
        text(self.value, "summary").unwrap_or(self.path)
    }

    /// The method in at most four letters, for narrow columns.
    pub(super) fn short_method(&self) -> &'static str {
        match self.method {
            "delete" => "DEL",
            "options" => "OPT",
            method => upper(method),
        }
    }

    /// The method as HTTP writes it.
    pub(super) fn upper_method(&self) -> &'static str {
        upper(self.method)
    }

    pub(super) fn is_deprecated(&self) -> bool {
        flag(self.value, "deprecated")
    }
}

/// Anchors that are given out once each.
#[derive(Default)]
struct Anchors(HashSet<String>);

impl Anchors {
    fn unique(&mut self, kind: &str, name: &str) -> String {
        let wanted = format!("{kind}-{}", slug(name));
        let mut anchor = wanted.clone();
        let mut number = 2_usize;
        while !self.0.insert(anchor.clone()) {
            anchor = format!("{wanted}-{number}");
            number = number.saturating_add(1);
        }
        anchor
    }
}

fn upper(method: &'static str) -> &'static str {
    match method {
        "delete" => "DELETE",
        "get" => "GET",
        "head" => "HEAD",
        "options" => "OPTIONS",
        "patch" => "PATCH",
        "post" => "POST",
        "put" => "PUT",
        "trace" => "TRACE",
        other => other,
    }
}

const METHODS: [&str; 8] = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];
