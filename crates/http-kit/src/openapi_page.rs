//! A page that shows an OpenAPI 3.1 document to people: made on the server, without scripts, in one piece.
//!
//! The page loads nothing: its style sheet is inside, allowed by digest in [`content_security_policy`], and there is
//! no other resource. Everything that comes from the document is escaped by `html::Html`, which takes markup only
//! as literals. The document is our own, but a mistake in it must cost a missing line and never a broken page, so
//! members that are missing or have the wrong type are passed over.

mod details;
mod example;
mod html;
mod operation;
mod outline;
mod prose;
mod resolve;
mod schema;

use std::sync::LazyLock;

use countersign_crypto::digest::sha256;
use countersign_crypto::encoding::base64_encode;
use http::HeaderValue;
use serde_json::Value;

use html::Html;
use outline::{Group, Outline};
use resolve::{Document, members, text};

/// Renders the document as a complete HTML page. `json_url` is where the document itself is served.
pub fn render(openapi: &Value, json_url: &str) -> String {
    let document = Document::new(openapi);
    let outline = Outline::of(document);
    let info = openapi.get("info").unwrap_or(&Value::Null);
    let title = text(info, "title").unwrap_or("API");

    let mut html = Html::default();
    html.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.raw("<meta name=\"color-scheme\" content=\"light dark\">\n<title>").text(title).raw("</title>\n<style>");
    html.raw(STYLE).raw("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#content\">Skip to the content</a>\n");
    navigation(&mut html, title, &outline);
    html.raw("<main id=\"content\">\n");
    head(&mut html, info, title, json_url);
    servers(&mut html, openapi);
    details::security_schemes(&mut html, document);
    for group in &outline.groups {
        tag(&mut html, document, group);
    }
    details::schemas(&mut html, document);
    html.raw("<footer>Made from <a href=\"").text(json_url).raw("\">the OpenAPI document</a>");
    if let Some(version) = text(openapi, "openapi") {
        html.raw(" (OpenAPI ").text(version).raw(")");
    }
    html.raw(".</footer>\n</main>\n</body>\n</html>\n");
    html.finish()
}

/// The `Content-Security-Policy` under which the page works and nothing else does: no script, no request, one style
/// sheet known by its digest.
pub fn content_security_policy() -> HeaderValue {
    POLICY.clone()
}

fn navigation(html: &mut Html, title: &str, outline: &Outline<'_>) {
    html.raw("<nav aria-label=\"Operations\">\n<a class=\"brand\" href=\"#content\">").text(title).raw("</a>\n");
    for group in &outline.groups {
        html.raw("<a class=\"nav-group\" href=\"#").text(&group.anchor).raw("\">").text(group.name).raw("</a>\n<ul>\n");
        for operation in &group.operations {
            html.raw("<li><a href=\"#").text(&operation.anchor).raw("\"><span class=\"verb ").text(operation.method);
            html.raw("\">").text(operation.short_method()).raw("</span><span>").text(operation.title());
            html.raw("</span></a></li>\n");
        }
        html.raw("</ul>\n");
    }
    if !outline.schemas.is_empty() {
        html.raw("<a class=\"nav-group\" href=\"#schemas\">Schemas</a>\n<ul class=\"names\">\n");
        for name in &outline.schemas {
            html.raw("<li>");
            schema::schema_link(html, name);
            html.raw("</li>\n");
        }
        html.raw("</ul>\n");
    }
    html.raw("</nav>\n");
}

fn head(html: &mut Html, info: &Value, title: &str, json_url: &str) {
    html.raw("<header>\n<h1>").text(title).raw("</h1>\n<p class=\"facts\">");
    if let Some(version) = text(info, "version") {
        html.raw("<span class=\"chip\">Version ").text(version).raw("</span> ");
    }
    html.raw("<a class=\"chip\" href=\"").text(json_url).raw("\">OpenAPI document (JSON)</a></p>\n");
    if let Some(summary) = text(info, "summary") {
        html.raw("<p class=\"lead\">").text(summary).raw("</p>\n");
    }
    prose::render(html, text(info, "description"));
    html.raw("</header>\n");
}

fn servers(html: &mut Html, openapi: &Value) {
    let servers = openapi.get("servers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if servers.is_empty() {
        return;
    }
    html.raw("<section class=\"plain\">\n<h2 id=\"servers\">Servers</h2>\n<ul class=\"servers\">\n");
    for server in servers {
        html.raw("<li><code>").text(text(server, "url").unwrap_or("/")).raw("</code>");
        if let Some(description) = text(server, "description") {
            html.raw(" <span class=\"quiet\">").text(description).raw("</span>");
        }
        for (name, variable) in members(server, "variables") {
            html.raw("<br><code>{").text(name).raw("}</code> <span class=\"quiet\">");
            html.text(text(variable, "description").unwrap_or_default()).raw("</span>");
            if let Some(default) = text(variable, "default") {
                html.raw(" <span class=\"quiet\">(default</span> <code>").text(default);
                html.raw("</code><span class=\"quiet\">)</span>");
            }
        }
        html.raw("</li>\n");
    }
    html.raw("</ul>\n</section>\n");
}

fn tag(html: &mut Html, document: Document<'_>, group: &Group<'_>) {
    html.raw("<section>\n<h2 id=\"").text(&group.anchor).raw("\"><a href=\"#").text(&group.anchor).raw("\">");
    html.text(group.name).raw("</a></h2>\n");
    prose::render(html, group.description);
    for operation in &group.operations {
        operation::render(html, document, operation);
    }
    html.raw("</section>\n");
}

const STYLE: &str = include_str!("openapi_page/style.css");

/// Computed once, because the style sheet is part of the program.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let digest = base64_encode(&sha256(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

#[cfg(test)]
mod tests;
