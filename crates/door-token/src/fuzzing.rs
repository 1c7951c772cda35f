//! What fuzzing reaches of this door: its readers, without a server around them.

use http::HeaderMap;

use crate::form::Form;

/// The names in a form; `None` when it is refused.
#[must_use]
pub fn form(headers: &HeaderMap, body: &[u8], names: &[&str]) -> Option<Vec<String>> {
    let form = Form::read(headers, body).ok()?;
    Some(names.iter().filter_map(|name| form.get(name).map(str::to_owned)).collect())
}

/// Client ID and length of the secret of an HTTP Basic header.
#[must_use]
pub fn basic(value: &str) -> Option<(String, usize)> {
    crate::basic::read(value).map(|(client_id, secret)| (client_id, secret.expose().len()))
}
