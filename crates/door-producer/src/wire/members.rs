//! Taking members out of a JSON object, one by one. Whatever is wrong is told with the member's name.

use countersign_crypto::json::{JsonError, JsonLimits, parse_object};
use serde_json::{Map, Value};

/// What is wrong with a JSON body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyProblem {
    /// Not a JSON object, or one with a member twice.
    #[error("{0}")]
    Json(JsonError),
    /// A member that is needed is not given.
    #[error("{0} must be given")]
    Missing(String),
    /// A member has the wrong type.
    #[error("{member} must be {expected}")]
    Type {
        /// Where the member stands, such as `releaseTo[0].platform`.
        member: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The value of a member cannot be used.
    #[error("{member} cannot be used: {reason}")]
    Value {
        /// Where the member stands.
        member: String,
        /// The broken rule.
        reason: String,
    },
}

/// The members of one object. A member that is missing, `null` or an empty text is not given; unknown ones are ignored.
pub(super) struct Members {
    object: Map<String, Value>,
    /// What stands before the name of a member in problems.
    path: String,
}

impl Members {
    /// Reads the object that a body is.
    pub(super) fn read(body: &[u8]) -> Result<Self, BodyProblem> {
        let limits = JsonLimits { max_bytes: usize::MAX, max_depth: DEPTH };
        let object = parse_object(body, limits).map_err(BodyProblem::Json)?;
        Ok(Self { object, path: String::new() })
    }

    /// A text, as it is; `None` when it is not given.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, BodyProblem> {
        match self.object.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(Value::Array(_) | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {
                Err(self.wrong_type(name, "a text"))
            }
        }
    }

    /// A text that becomes a value of its own type; `None` when it is not given.
    pub(super) fn optional<T, E: ToString>(
        &mut self,
        name: &str,
        read: impl FnOnce(String) -> Result<T, E>,
    ) -> Result<Option<T>, BodyProblem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        read(text).map(Some).map_err(|error| self.refused(name, &error))
    }

    /// A text that becomes a value of its own type.
    pub(super) fn needed<T, E: ToString>(
        &mut self,
        name: &str,
        read: impl FnOnce(String) -> Result<T, E>,
    ) -> Result<T, BodyProblem> {
        self.optional(name, read)?.ok_or_else(|| self.missing(name))
    }

    /// A whole number that is not negative.
    pub(super) fn needed_number<T: TryFrom<u64>>(&mut self, name: &str) -> Result<T, BodyProblem> {
        let number = match self.object.remove(name) {
            None | Some(Value::Null) => return Err(self.missing(name)),
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::Array(_) | Value::Bool(_) | Value::Object(_) | Value::String(_)) => None,
        };
        let number = number.and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| self.wrong_type(name, "a whole number, not negative, within its range"))
    }

    /// `true` or `false`; `false` when it is not given.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, BodyProblem> {
        match self.object.remove(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(Value::Array(_) | Value::Number(_) | Value::Object(_) | Value::String(_)) => {
                Err(self.wrong_type(name, "true or false"))
            }
        }
    }

    /// A list of texts that become values of their own type; empty when it is not given.
    pub(super) fn texts<T, E: ToString>(
        &mut self,
        name: &str,
        read: impl Fn(String) -> Result<T, E>,
    ) -> Result<Vec<T>, BodyProblem> {
        let list = self.list(name)?;
        let entry = |(position, value)| match value {
            Value::String(text) => read(text).map_err(|error| self.refused(&format!("{name}[{position}]"), &error)),
            Value::Array(_) | Value::Bool(_) | Value::Null | Value::Number(_) | Value::Object(_) => {
                Err(self.wrong_type(&format!("{name}[{position}]"), "a text"))
            }
        };
        list.into_iter().enumerate().map(entry).collect()
    }

    /// A list of objects; empty when it is not given.
    pub(super) fn objects<T>(
        &mut self,
        name: &str,
        read: impl Fn(Self) -> Result<T, BodyProblem>,
    ) -> Result<Vec<T>, BodyProblem> {
        let list = self.list(name)?;
        let entry = |(position, value)| match value {
            Value::Object(object) => read(Self { object, path: format!("{}{name}[{position}].", self.path) }),
            Value::Array(_) | Value::Bool(_) | Value::Null | Value::Number(_) | Value::String(_) => {
                Err(self.wrong_type(&format!("{name}[{position}]"), "an object"))
            }
        };
        list.into_iter().enumerate().map(entry).collect()
    }

    /// The problem that a member is not given.
    pub(super) fn missing(&self, name: &str) -> BodyProblem {
        BodyProblem::Missing(self.place(name))
    }

    /// The problem that the value of a member breaks a rule.
    pub(super) fn refused(&self, name: &str, reason: &impl ToString) -> BodyProblem {
        BodyProblem::Value { member: self.place(name), reason: reason.to_string() }
    }

    fn list(&mut self, name: &str) -> Result<Vec<Value>, BodyProblem> {
        match self.object.remove(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(list)) => Ok(list),
            Some(Value::Bool(_) | Value::Number(_) | Value::Object(_) | Value::String(_)) => {
                Err(self.wrong_type(name, "a list"))
            }
        }
    }

    fn wrong_type(&self, name: &str, expected: &'static str) -> BodyProblem {
        BodyProblem::Type { member: self.place(name), expected }
    }

    fn place(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }
}

/// Deepest nesting of a body: ours have three levels, and what is unknown and deeper means nothing here.
const DEPTH: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn members(text: &str) -> Members {
        Members::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn what_is_not_given_is_told_from_what_is_wrong() {
        let mut found = members(r#"{"a": "x", "b": null, "c": "", "d": 7, "e": [], "f": true, "g": -1}"#);
        assert_eq!(found.text("a"), Ok(Some("x".to_owned())));
        for name in ["b", "c", "z"] {
            assert_eq!(found.text(name), Ok(None), "{name}");
        }
        assert_eq!(found.text("d"), Err(BodyProblem::Type { member: "d".to_owned(), expected: "a text" }));
        assert_eq!(found.flag("f"), Ok(true));
        assert_eq!(found.needed_number::<u32>("z"), Err(BodyProblem::Missing("z".to_owned())));
        assert!(matches!(found.needed_number::<u32>("g"), Err(BodyProblem::Type { .. })));
        assert!(matches!(members(r#"{"a": 4294967296}"#).needed_number::<u32>("a"), Err(BodyProblem::Type { .. })));
    }

    #[test]
    fn a_member_of_a_list_is_named_with_its_place() {
        let mut found = members(r#"{"list": [{"x": "1"}, {"x": true}], "texts": ["a", 1]}"#);
        let list = found.objects("list", |mut entry| entry.text("x"));
        assert_eq!(list.unwrap_err().to_string(), "list[1].x must be a text");
        let texts = found.texts("texts", Ok::<_, String>);
        assert_eq!(texts.unwrap_err().to_string(), "texts[1] must be a text");
        assert!(matches!(Members::read(br#"{"a": 1, "a": 2}"#), Err(BodyProblem::Json(JsonError::DuplicateMember))));
    }
}
