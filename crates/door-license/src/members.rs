//! Named values of a request, from a query or a JSON body, read by the same rules: an empty text is not given, and what
//! nobody asks for is ignored.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::codes::Code;
use crate::error::Error;

/// The members of a request. They hold keys and passwords, so they do not print themselves.
pub(crate) struct Members(Map<String, Value>);

/// Most parameters of a query: the longest call has about twenty.
const PARAMETERS: usize = 64;

impl Members {
    /// Reads a JSON body.
    ///
    /// # Errors
    /// `invalid_json` when it is no JSON; `validation_error` when it is no object.
    pub(crate) fn from_body(body: &[u8]) -> Result<Self, Error> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(Error::told(Code::ValidationError, "The body must be a JSON object.")),
            Err(error) => {
                let place = format!("The body is not JSON (line {}, column {}).", error.line(), error.column());
                Err(Error::told(Code::InvalidJson, place))
            }
        }
    }

    /// Reads a query (`a=1&b=2`). A parameter that is given twice counts once, as the last one says.
    ///
    /// # Errors
    /// `validation_error` when it is not UTF-8, or has too many parameters.
    pub(crate) fn from_query(query: &str) -> Result<Self, Error> {
        let refused = || Error::told(Code::ValidationError, "The query must be UTF-8, with at most 64 parameters.");
        let decode = |text: &str| {
            // As forms are encoded: a blank is a plus sign.
            let text = text.replace('+', " ");
            percent_decode_str(&text).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| refused())
        };
        let mut members = Map::new();
        for (index, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
            if index == PARAMETERS {
                return Err(refused());
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            members.insert(decode(name)?, Value::String(decode(value)?));
        }
        Ok(Self(members))
    }

    /// A text; `None` when it is absent, null or empty. A number stands for its digits, because clients of typed languages
    /// send identifiers as either.
    ///
    /// # Errors
    /// `validation_error` when it is anything else, or contains the character NUL, which no store keeps.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Error> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.contains('\0') => Err(wrong(name, "a text without the character NUL")),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(wrong(name, "a text")),
        }
    }

    /// The first of several names that is given.
    ///
    /// # Errors
    /// As [`Members::text`].
    pub(crate) fn first_text(&self, names: &[&str]) -> Result<Option<String>, Error> {
        for name in names {
            if let Some(text) = self.text(name)? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// A whole number, also in digits.
    ///
    /// # Errors
    /// `validation_error` when it is none, or beyond 2^53.
    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Error> {
        let number = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) if text.is_empty() => return Ok(None),
            Some(Value::String(text)) => text.parse().ok(),
            Some(Value::Number(number)) => number.as_i64(),
            Some(_) => None,
        };
        let number = number.filter(|number: &i64| number.unsigned_abs() < 1 << 53);
        number.map(Some).ok_or_else(|| wrong(name, "a whole number"))
    }

    /// `true` or `false`, also as texts.
    ///
    /// # Errors
    /// `validation_error` when it is neither.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(wrong(name, "true or false")),
        }
    }

    /// An object of texts; numbers and flags in it stand for their spelling.
    ///
    /// # Errors
    /// `validation_error` when it is no object, or a value is none of these.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<(String, String)>>, Error> {
        let members = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Object(members)) => members,
            Some(_) => return Err(wrong(name, "an object of texts")),
        };
        let pairs = members.iter().map(|(key, value)| match value {
            Value::String(text) => Ok((key.clone(), text.clone())),
            Value::Number(_) | Value::Bool(_) => Ok((key.clone(), value.to_string())),
            Value::Null | Value::Array(_) | Value::Object(_) => Err(wrong(name, "an object of texts")),
        });
        pairs.collect::<Result<_, _>>().map(Some)
    }

    /// The objects of an array; what is none of them says nothing.
    pub(crate) fn objects(&self, name: &str) -> Vec<Self> {
        let Some(Value::Array(items)) = self.0.get(name) else { return Vec::new() };
        let objects = items.iter().filter_map(Value::as_object);
        objects.map(|members| Self(members.clone())).collect()
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// `missing_parameters` names it when it is not.
    pub(crate) fn needed(&self, name: &str) -> Result<String, Error> {
        self.all_needed([name]).map(|[text]| text)
    }

    /// Texts that must all be there.
    ///
    /// # Errors
    /// `missing_parameters` lists those that are not.
    pub(crate) fn all_needed<const N: usize>(&self, names: [&str; N]) -> Result<[String; N], Error> {
        let (mut texts, mut missing) = ([const { String::new() }; N], Vec::new());
        for (place, name) in texts.iter_mut().zip(names) {
            match self.text(name)? {
                Some(text) => *place = text,
                None => missing.push(name),
            }
        }
        if missing.is_empty() {
            return Ok(texts);
        }
        Err(Error::told(Code::MissingParameters, format!("Missing: {}.", missing.join(", "))))
    }
}

fn wrong(name: &str, what: &str) -> Error {
    Error::told(Code::ValidationError, format!("{name} must be {what}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T>(outcome: Result<T, Error>) -> Option<Code> {
        outcome.err().map(|error| error.code())
    }

    #[test]
    fn query_and_body_say_the_same() {
        let query = Members::from_query("a=x%20y+z&n=7&f=true&e=&d=1&d=2&flag").unwrap();
        let body = Members::from_body(br#"{"a":"x y z","n":7,"f":true,"e":null,"d":2,"flag":""}"#).unwrap();
        for members in [query, body] {
            assert_eq!(members.text("a").unwrap().as_deref(), Some("x y z"));
            assert_eq!(members.integer("n").unwrap(), Some(7));
            assert_eq!(members.text("n").unwrap().as_deref(), Some("7"));
            assert_eq!(members.flag("f").unwrap(), Some(true));
            assert_eq!((members.text("e").unwrap(), members.integer("e").unwrap()), (None, None));
            assert_eq!(members.integer("d").unwrap(), Some(2));
            assert_eq!(members.flag("flag").unwrap(), None);
            assert_eq!(code(members.needed("e")), Some(Code::MissingParameters));
            let lacking = members.all_needed(["e", "a", "none"]).map(|_| ()).map_err(|error| error.text());
            assert_eq!(lacking, Err("Missing: e, none.".to_owned()));
            assert_eq!(members.all_needed(["a", "n"]).unwrap(), ["x y z", "7"]);
            assert_eq!(members.first_text(&["e", "none", "a"]).unwrap().as_deref(), Some("x y z"));
        }
    }

    #[test]
    fn what_does_not_fit_is_told() {
        for (body, expected) in [
            (&b"[]"[..], Code::ValidationError),
            (b"\"x\"", Code::ValidationError),
            (b"", Code::InvalidJson),
            (b"{", Code::InvalidJson),
            (b"{} {}", Code::InvalidJson),
            (b"\xff", Code::InvalidJson),
        ] {
            assert_eq!(code(Members::from_body(body)), Some(expected), "{body:?}");
        }
        let members =
            Members::from_body(br#"{"o":{},"n":1.5,"big":9007199254740992,"v":{"a":[]},"w":{"b":2}}"#).unwrap();
        assert_eq!(code(members.text("o")), Some(Code::ValidationError));
        assert_eq!(code(members.integer("n")), Some(Code::ValidationError));
        assert_eq!(code(members.integer("big")), Some(Code::ValidationError));
        assert_eq!(code(members.flag("n")), Some(Code::ValidationError));
        assert_eq!(code(members.texts("v")), Some(Code::ValidationError));
        assert_eq!(code(members.texts("n")), Some(Code::ValidationError));
        assert_eq!(members.texts("w").unwrap(), Some(vec![("b".to_owned(), "2".to_owned())]));
        assert_eq!(code(Members::from_query("a=%ff")), Some(Code::ValidationError));
        assert_eq!(code(Members::from_query(&"a=1&".repeat(65))), Some(Code::ValidationError));
        assert!(Members::from_query(&"a=1&".repeat(64)).is_ok());
    }
}
