//! Pages for people: what answers here, and the documentation of every door.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use countersign_http_kit::{openapi_page, security_headers};
use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use serde_json::Value;

/// Further paths of a door's page, where users of compatible services look for it.
const ALIASES: &[(&str, &str)] =
    &[("device", "/uai/documentation/swagger-ui.html"), ("device", "/docs"), ("producer", "/flexnet/swagger-ui.html")];

/// `GET /`, and for every door its OpenAPI document and the page made from it.
pub(crate) fn router(documents: Vec<(&'static str, Value)>) -> Router {
    let mut router = Router::new();
    let mut front = format!("Countersign {}\n\nDocumentation of the doors:\n", env!("CARGO_PKG_VERSION"));
    for (door, document) in documents {
        let json_path = format!("/openapi/{door}.json");
        let page_path = format!("/docs/{door}");
        front.push_str(&format!("  {page_path}\n"));
        // Written once: anybody may ask, as often as he likes.
        let page = Bytes::from(openapi_page::render(&document, &json_path));
        let json = Bytes::from(document.to_string());
        let serve_page = get(move || async move { html(page) });
        for (_, alias) in ALIASES.iter().filter(|(aliased, _)| *aliased == door) {
            router = router.route(alias, serve_page.clone());
        }
        router = router.route(&page_path, serve_page).route(&json_path, get(move || async move { as_json(json) }));
    }
    router.route("/", get(move || async move { front }))
}

fn as_json(document: Bytes) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], document).into_response()
}

fn html(page: Bytes) -> Response {
    let mut response = page.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, openapi_page::content_security_policy());
    security_headers::no_sniff(headers);
    response
}
