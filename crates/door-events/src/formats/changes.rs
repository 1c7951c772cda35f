//! What an event has changed: for each member its value before and after.

use countersign_domain::changes::{Changes, MemberValue};
use countersign_domain::event::Event;
use countersign_domain::webhook::{EventFacts, Story};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// Members with the values before and after.
pub(super) struct Changed(Changes);

impl Changed {
    /// What an event has changed; `None`: nothing that is told. Custom attributes are told to those who asked for them.
    pub(super) fn of(facts: &EventFacts, with_attributes: bool) -> Option<Self> {
        if facts.coalesced {
            return None;
        }
        let mut told = counted(facts);
        for (name, from, to) in facts.changes.iter() {
            if with_attributes || !name.starts_with("custom_fields.") {
                told.note(name, from.clone(), to.clone());
            }
        }
        (!told.is_empty()).then_some(Self(told))
    }
}

/// Counted units say themselves what they change.
fn counted(facts: &EventFacts) -> Changes {
    let (Event::UnitsCounted(_, _, counted), Story::Order(story)) = (facts.event, &facts.story) else {
        return Changes::default();
    };
    let features = story.line_item.iter().flat_map(|item| &item.license.features);
    let name = match counted.feature {
        None => "units_used".to_owned(),
        Some(id) => match features.into_iter().find(|feature| feature.id == id) {
            Some(feature) => format!("features.{}.units_used", feature.code),
            None => return Changes::default(),
        },
    };
    Changes::of(&name, counted.total.saturating_sub(counted.units), counted.total)
}

impl Serialize for Changed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, from, to) in self.0.iter() {
            map.serialize_entry(name, &FromTo { from: Value(from), to: Value(to) })?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct FromTo<'a> {
    from: Value<'a>,
    to: Value<'a>,
}

struct Value<'a>(&'a MemberValue);

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            MemberValue::Nothing => serializer.serialize_none(),
            MemberValue::Flag(flag) => serializer.serialize_bool(*flag),
            MemberValue::Number(number) => serializer.serialize_i64(*number),
            MemberValue::Text(text) => serializer.serialize_str(text),
            MemberValue::Texts(texts) => texts.serialize(serializer),
        }
    }
}
