//! The answers that every call of this door can give, in the OpenAPI document: told here once, and not at each handler.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, Response, ResponseBuilder};

/// Adds the common answers to every operation, in the shape of its errors. What a handler says itself stays.
pub(crate) fn add(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            let is_key_call = operation.tags.iter().flatten().any(|tag| tag == KEYS);
            let schema = if is_key_call { "KeyAnswer" } else { "ErrorBody" };
            let with_body = if operation.request_body.is_some() { &OF_BODIES[..] } else { &[] };
            for (status, description) in OF_ALL.iter().chain(with_body) {
                let answers = &mut operation.responses.responses;
                answers.entry((*status).to_owned()).or_insert_with(|| answer(description, schema).into());
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete].into_iter().filter_map(Option::as_mut)
}

fn answer(description: &str, schema: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build();
    ResponseBuilder::new().description(description).content("application/json", content).build()
}

/// Tag of the calls whose errors have the shape of key answers.
const KEYS: &str = "Update keys";

const OF_ALL: [(&str, &str); 4] = [
    ("400", "The request does not name exactly one host"),
    ("421", "The request leads to no site"),
    (
        "429",
        "Too many passwords are being checked at once, or too many logins under this name have failed; `Retry-After` says when to try again",
    ),
    ("503", "Store or file storage cannot be used; `Retry-After` says when to try again"),
];

const OF_BODIES: [(&str, &str); 2] = [("408", "The body did not come in time"), ("413", "The body is too long")];
