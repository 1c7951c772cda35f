//! The smaller parts of the page: who may call, response headers, and the sections of named things.

use serde_json::Value;

use super::example::pretty;
use super::html::{Html, slug};
use super::prose;
use super::resolve::{Document, entries, members, text};
use super::schema;

/// Adds who may call an operation. Its own requirement counts, then that of the document.
pub(super) fn security(html: &mut Html, document: Document<'_>, operation: &Value) {
    let Some(requirements) = operation.get("security").or_else(|| document.root().get("security")) else { return };
    let alternatives = requirements.as_array().map(Vec::as_slice).unwrap_or_default();
    html.raw("<p class=\"auth\"><span class=\"quiet\">Authentication</span> ");
    if alternatives.is_empty() {
        html.raw("none: anyone may call this");
    }
    for (index, alternative) in alternatives.iter().enumerate() {
        html.raw(if index == 0 { "" } else { " or " });
        let schemes: Vec<_> = alternative.as_object().into_iter().flatten().collect();
        if schemes.is_empty() {
            html.raw("none");
        }
        for (index, (name, scopes)) in schemes.into_iter().enumerate() {
            html.raw(if index == 0 { "" } else { " and " });
            html.raw("<a class=\"chip\" href=\"#auth-").text(&slug(name)).raw("\">").text(name).raw("</a>");
            for scope in scopes.as_array().into_iter().flatten().filter_map(Value::as_str) {
                html.raw(" <code>").text(scope).raw("</code>");
            }
        }
    }
    html.raw("</p>\n");
}

/// Adds the section about the ways to authenticate.
pub(super) fn security_schemes(html: &mut Html, document: Document<'_>) {
    let mut schemes = document.components("securitySchemes").peekable();
    if schemes.peek().is_none() {
        return;
    }
    html.raw("<section class=\"plain\">\n<h2 id=\"authentication\">Authentication</h2>\n<dl class=\"schemes\">\n");
    for (name, scheme) in schemes {
        let scheme = document.resolve(scheme);
        html.raw("<div id=\"auth-").text(&slug(name)).raw("\"><dt><code>").text(name).raw("</code> ");
        html.raw("<span class=\"quiet\">");
        scheme_kind(html, scheme);
        html.raw("</span></dt><dd>");
        prose::render(html, text(scheme, "description"));
        html.raw("</dd></div>\n");
    }
    html.raw("</dl>\n</section>\n");
}

/// Adds the headers of a response as a table.
pub(super) fn headers(html: &mut Html, document: Document<'_>, response: &Value) {
    let mut headers = members(response, "headers").peekable();
    if headers.peek().is_none() {
        return;
    }
    html.raw("<div class=\"scroll\"><table class=\"fields\">\n<thead><tr><th scope=\"col\">Header</th>");
    html.raw("<th scope=\"col\">Type</th><th scope=\"col\">Description</th></tr></thead>\n<tbody>\n");
    for (name, header) in headers {
        let header = document.resolve(header);
        html.raw("<tr><th scope=\"row\"><code>").text(name).raw("</code></th><td>");
        schema::type_label(html, header.get("schema").unwrap_or(&Value::Null));
        html.raw("</td><td>");
        prose::render(html, text(header, "description"));
        html.raw("</td></tr>\n");
    }
    html.raw("</tbody>\n</table></div>\n");
}

/// Adds the section of the schemas that have names.
pub(super) fn schemas(html: &mut Html, document: Document<'_>) {
    let mut schemas = document.components("schemas").peekable();
    if schemas.peek().is_none() {
        return;
    }
    html.raw("<section>\n<h2 id=\"schemas\"><a href=\"#schemas\">Schemas</a></h2>\n");
    for (name, value) in schemas {
        html.raw("<article class=\"schema\" id=\"schema-").text(&slug(name)).raw("\">\n<h3><a href=\"#schema-");
        html.text(&slug(name)).raw("\">").text(name).raw("</a> <span class=\"type\">");
        schema::type_label(html, value);
        html.raw("</span></h3>\n");
        schema::notes(html, value);
        schema::field_table(html, document, value);
        let example = value.get("example").or_else(|| entries(value, "examples").first());
        if let Some(example) = example {
            html.raw("<figure><figcaption>Example</figcaption><pre tabindex=\"0\"><code>");
            html.text(&pretty(example)).raw("</code></pre></figure>\n");
        }
        html.raw("</article>\n");
    }
    html.raw("</section>\n");
}

/// What kind of credential a scheme asks for, in words.
fn scheme_kind(html: &mut Html, scheme: &Value) {
    match text(scheme, "type") {
        Some("apiKey") => {
            html.raw("key in the ").text(text(scheme, "in").unwrap_or("header")).raw(" <code>");
            html.text(text(scheme, "name").unwrap_or_default()).raw("</code>");
        }
        Some("http") => {
            html.raw("HTTP ").text(text(scheme, "scheme").unwrap_or_default());
            if let Some(format) = text(scheme, "bearerFormat") {
                html.raw(", ").text(format);
            }
        }
        Some("mutualTLS") => {
            html.raw("client certificate");
        }
        Some("oauth2") => {
            html.raw("OAuth 2");
            let flows = scheme.get("flows").and_then(Value::as_object);
            for url in flows.into_iter().flat_map(|flows| flows.values()).filter_map(|flow| text(flow, "tokenUrl")) {
                html.raw(", token from <code>").text(url).raw("</code>");
            }
        }
        Some("openIdConnect") => {
            html.raw("OpenID Connect");
        }
        Some(other) => {
            html.text(other);
        }
        None => {}
    }
}
