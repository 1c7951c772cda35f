//! JSON as ECMAScript writes it. A client in that language checks signatures over what it has parsed and written again, so
//! what producers gave as metadata is sent in the form that it comes back in: compact, numbers in their shortest form, and
//! keys that look like array indexes first (ECMA-262, `OrdinaryOwnPropertyKeys` and `Number::toString`).

use serde_json::Value;
use serde_json::value::RawValue;

/// An object in that form; `{}` for a text that is none.
pub(crate) fn object(text: &str) -> Box<RawValue> {
    let mut out = String::new();
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => write(&value, &mut out),
        Ok(_) | Err(_) => out.push_str("{}"),
    }
    RawValue::from_string(out).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(index, out);
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().map(|(key, value)| (index_of(key), key, value)).collect();
            // A key that is no index keeps its place behind those that are.
            members.sort_by_key(|(index, _, _)| index.map_or(u64::MAX, u64::from));
            out.push('{');
            for (place, (_, key, value)) in members.into_iter().enumerate() {
                separate(place, out);
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
        Value::Number(number) => out.push_str(&shortest(number.as_f64().unwrap_or_default())),
        Value::Null | Value::Bool(_) | Value::String(_) => out.push_str(&value.to_string()),
    }
}

fn separate(index: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
}

/// The array index that a key is, if it is one: `7`, but not `07`.
fn index_of(key: &str) -> Option<u32> {
    key.parse().ok().filter(|index: &u32| *index < u32::MAX && index.to_string() == key)
}

fn shortest(number: f64) -> String {
    let size = number.abs();
    if number == 0.0 {
        "0".to_owned()
    } else if (1e-6..1e21).contains(&size) {
        number.to_string()
    } else {
        let text = format!("{number:e}");
        if size >= 1.0 { text.replace('e', "e+") } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_would_write_it_the_same() {
        for (given, written) in [
            ("", "{}"),
            ("[1]", "{}"),
            (r#"{ "b" : 1.0, "a" : [ 1e3, -0.0, 0.1, 1.5e300 ] }"#, r#"{"a":[1000,0,0.1,1.5e+300],"b":1}"#),
            (
                r#"{"x":{"b":1,"10":2,"9":3,"07":4,"4294967295":5}}"#,
                r#"{"x":{"9":3,"10":2,"07":4,"4294967295":5,"b":1}}"#,
            ),
            (
                r#"{"t":"\u010c \" \/ \n","n":null,"y":true,"e":2.5e-9}"#,
                "{\"e\":2.5e-9,\"n\":null,\"t\":\"Č \\\" / \\n\",\"y\":true}",
            ),
            // Read to the nearest number, or the shortest form of another one would be written.
            (r#"{"a":[1.21,2.6e67,9007199254740993]}"#, r#"{"a":[1.21,2.6e+67,9007199254740992]}"#),
        ] {
            assert_eq!(object(given).get(), written, "{given}");
        }
    }
}
