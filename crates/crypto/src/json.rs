//! JSON objects, read strictly: no member twice at any depth, nothing after the end, bounded size and depth.
//!
//! RFC 8259 leaves it open what a repeated member means, and readers differ. Where a signature hangs on the answer, two
//! readers must not see two documents, so such a text is refused (RFC 7515 §4 allows that).

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};
use thiserror::Error;

/// An object that was read.
pub type JsonObject = Map<String, Value>;

/// Bounds for one text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct JsonLimits {
    /// The longest text, in bytes.
    pub max_bytes: usize,
    /// The deepest nesting of objects and arrays; the outer object counts as one. At most 100.
    pub max_depth: usize,
}

/// Why a text is not an acceptable JSON object.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum JsonError {
    /// A member name occurs twice in one object.
    #[error("a member occurs twice in one object")]
    DuplicateMember,
    /// The text is JSON, but not an object.
    #[error("the JSON text is not an object")]
    NotAnObject,
    /// The text is not JSON, or something follows it.
    #[error("the text is not JSON (line {line}, column {column})")]
    Syntax {
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1, in bytes.
        column: usize,
    },
    /// Objects and arrays are nested more deeply than allowed.
    #[error("the JSON text is nested too deeply")]
    TooDeep,
    /// The text is longer than allowed.
    #[error("the JSON text is too long")]
    TooLong,
}

/// Reads one JSON object (RFC 8259) within `limits`.
///
/// # Errors
///
/// [`JsonError`] for the first fault that is found.
pub fn parse_object(text: &[u8], limits: JsonLimits) -> Result<JsonObject, JsonError> {
    if text.len() > limits.max_bytes {
        return Err(JsonError::TooLong);
    }
    let fault = Cell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(text);
    let seed = StrictValue { depth_left: limits.max_depth.min(MAX_DEPTH), fault: &fault };
    let parsed = seed.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    match parsed {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(JsonError::NotAnObject),
        Err(error) => Err(fault.get().unwrap_or(JsonError::Syntax { line: error.line(), column: error.column() })),
    }
}

/// Below the recursion limit of the underlying reader, so that our own error is the one that is seen.
const MAX_DEPTH: usize = 100;

/// Reads one value. A fault that the reader's own error type cannot carry is left in `fault`.
#[derive(Clone, Copy)]
struct StrictValue<'a> {
    depth_left: usize,
    fault: &'a Cell<Option<JsonError>>,
}

impl StrictValue<'_> {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Self { depth_left, ..self }),
            None => Err(self.refuse(JsonError::TooDeep)),
        }
    }

    fn refuse<E: serde::de::Error>(self, fault: JsonError) -> E {
        self.fault.set(Some(fault));
        E::custom(fault)
    }
}

impl<'de> DeserializeSeed<'de> for StrictValue<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StrictValue<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(inner)? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let Entry::Vacant(place) = object.entry(name) else {
                return Err(A::Error::custom(self.refuse::<A::Error>(JsonError::DuplicateMember)));
            };
            place.insert(members.next_value_seed(inner)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: JsonLimits = JsonLimits { max_bytes: 200, max_depth: 3 };

    fn parse(text: &str) -> Result<Map<String, Value>, JsonError> {
        parse_object(text.as_bytes(), LIMITS)
    }

    #[test]
    fn reads_every_kind_of_value() {
        let text =
            r#" {"a":null,"b":true,"c":-1,"d":18446744073709551615,"e":1.5,"f":"\u00e9","g":[1,{}],"":{"a":1}} "#;
        assert_eq!(Value::Object(parse(text).unwrap()), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn refuses_a_member_twice_at_any_depth() {
        for text in
            [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"x":{"a":1,"b":2,"a":3}}"#, r#"{"x":[{"a":1,"a":1}]}"#]
        {
            assert_eq!(parse(text), Err(JsonError::DuplicateMember), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_not_one_object() {
        for text in ["[]", "1", "null", "\"{}\""] {
            assert_eq!(parse(text), Err(JsonError::NotAnObject), "{text}");
        }
        for text in [
            "",
            "{",
            "{}{}",
            "{} x",
            "{'a':1}",
            "{\"a\":1,}",
            "{\"a\":1e999}",
            "\u{feff}{}",
            "{\"a\":NaN}",
            "{\"\\ud800\":1}",
        ] {
            assert!(matches!(parse(text), Err(JsonError::Syntax { .. })), "{text}");
        }
        assert!(matches!(parse_object(b"{\"\xff\":1}", LIMITS), Err(JsonError::Syntax { .. })));
    }

    #[test]
    fn limits_are_exact() {
        assert!(parse(r#"{"a":[[1]]}"#).is_ok());
        assert_eq!(parse(r#"{"a":[[[]]]}"#), Err(JsonError::TooDeep));
        let text = format!("{{}}{}", " ".repeat(198));
        assert!(parse(&text).is_ok());
        assert_eq!(parse(&format!("{text} ")), Err(JsonError::TooLong));
        let deep = JsonLimits { max_bytes: 100_000, max_depth: usize::MAX };
        assert_eq!(parse_object("{\"a\":".repeat(10_000).as_bytes(), deep), Err(JsonError::TooDeep));
    }
}
