//! What an event has changed: members by name, with their values before and after.

use std::collections::BTreeMap;

use crate::licensing::lines::{Reader, Writer};

/// A value of a member, as receivers are told it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MemberValue {
    /// None: there is no such limit, or nothing was laid down.
    #[default]
    Nothing,
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A text, a word or a day.
    Text(String),
    /// Several texts.
    Texts(Vec<String>),
}

/// Members of something by name.
pub type Members = BTreeMap<String, MemberValue>;

/// What an event has changed. Empty where it changes nothing that is there before and after it, or where nobody noted it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes(BTreeMap<String, (MemberValue, MemberValue)>);

impl Changes {
    /// The members that are not the same before and after.
    #[must_use]
    pub fn between(before: &Members, after: &Members) -> Self {
        let mut changes = Self::default();
        for name in before.keys().chain(after.keys()) {
            let value = |members: &Members| members.get(name).cloned().unwrap_or_default();
            changes.note(name, value(before), value(after));
        }
        changes
    }

    /// One member; nothing when both values are the same.
    #[must_use]
    pub fn of(name: &str, from: impl Into<MemberValue>, to: impl Into<MemberValue>) -> Self {
        let mut changes = Self::default();
        changes.note(name, from, to);
        changes
    }

    /// Adds a member, unless both values are the same.
    pub fn note(&mut self, name: &str, from: impl Into<MemberValue>, to: impl Into<MemberValue>) {
        let (from, to) = (from.into(), to.into());
        if from != to {
            self.0.insert(name.to_owned(), (from, to));
        }
    }

    /// Adds those of a later event: what changed back is no change any more.
    pub fn extend(&mut self, later: Self) {
        for (name, (from, to)) in later.0 {
            let from = self.0.remove(&name).map_or(from, |(first, _)| first);
            self.note(&name, from, to);
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names with the values before and after, in order of the alphabet.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &MemberValue, &MemberValue)> {
        self.0.iter().map(|(name, (from, to))| (name.as_str(), from, to))
    }

    /// All of them as one text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut to = Writer::default();
        for (name, before, after) in self.iter() {
            to.line("member", name);
            to.line("from", &before.to_text());
            to.line("to", &after.to_text());
        }
        to.finish()
    }

    /// The changes of such a text; `None` when it is none.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut from = Reader::new(text)?;
        let (names, before, after) = (from.take_all("member"), from.take_all("from"), from.take_all("to"));
        from.finish()?;
        if (names.len(), names.len()) != (before.len(), after.len()) {
            return None;
        }
        let values = before.iter().zip(&after).map(|(from, to)| Some((value(from)?, value(to)?)));
        names.into_iter().zip(values).map(|(name, values)| Some((name, values?))).collect::<Option<_>>().map(Self)
    }
}

impl MemberValue {
    /// A letter for the kind, and the value.
    fn to_text(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Flag(flag) => format!("f{flag}"),
            Self::Number(number) => format!("n{number}"),
            Self::Text(text) => format!("t{text}"),
            Self::Texts(texts) => texts.iter().fold("l".to_owned(), |all, text| all + text + &SEPARATOR.to_string()),
        }
    }
}

/// Behind each of several texts: what they are made of has no control characters.
const SEPARATOR: char = '\u{1f}';

fn value(text: &str) -> Option<MemberValue> {
    let mut characters = text.chars();
    Some(match (characters.next(), characters.as_str()) {
        (None, _) => MemberValue::Nothing,
        (Some('f'), rest) => MemberValue::Flag(rest.parse().ok()?),
        (Some('n'), rest) => MemberValue::Number(rest.parse().ok()?),
        (Some('t'), rest) => MemberValue::Text(rest.to_owned()),
        (Some('l'), rest) => MemberValue::Texts(rest.split_terminator(SEPARATOR).map(str::to_owned).collect()),
        _ => return None,
    })
}

impl From<bool> for MemberValue {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<i64> for MemberValue {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for MemberValue {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<&str> for MemberValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for MemberValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Self>> From<Option<T>> for MemberValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_back_from_their_text() {
        let mut changes = Changes::of("status", "enabled", "disabled");
        changes.note("a=b\nc", None::<u32>, -7_i64);
        changes.note("flag", false, true);
        changes.note("features", MemberValue::Texts(vec![]), MemberValue::Texts(vec!["gpu".into(), "net=1".into()]));
        changes.note("text", "", "back\\slash\n");
        changes.note("same", 1_u32, 1_u32);
        assert_eq!(changes.iter().count(), 5, "what stays is no change");
        assert_eq!(Changes::from_text(&changes.to_text()), Some(changes));
        assert_eq!(Changes::from_text(""), Some(Changes::default()));
        for bad in ["member=a\nfrom=n1\n", "member=a\nfrom=x\nto=n1\n", "member=a\nfrom=n1\nto=n\n", "other=1\n", "to"]
        {
            assert_eq!(Changes::from_text(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn what_came_later_goes_on_from_what_was_first() {
        let mut changes = Changes::of("activations", 1_u32, 2_u32);
        changes.extend(Changes::of("activations", 2_u32, 3_u32));
        changes.extend(Changes::of("status", "a", "b"));
        changes.extend(Changes::of("status", "b", "a"));
        assert_eq!(changes, Changes::of("activations", 1_u32, 3_u32));
    }
}
