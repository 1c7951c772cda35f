//! One operation: what it does, who may call it, what goes in, what comes out.

use serde_json::Value;

use super::details;
use super::example::{examples, pretty};
use super::html::Html;
use super::outline::Operation;
use super::prose;
use super::resolve::{Document, entries, flag, members, text};
use super::schema;

/// Adds the operation as an article with an anchor of its own.
pub(super) fn render(html: &mut Html, document: Document<'_>, operation: &Operation<'_>) {
    html.raw("<article id=\"").text(&operation.anchor).raw("\">\n<h3><a href=\"#").text(&operation.anchor);
    html.raw("\">").text(operation.title()).raw("</a>");
    if operation.is_deprecated() {
        html.raw(" <span class=\"chip warn\">Deprecated</span>");
    }
    html.raw("</h3>\n<p class=\"route\"><span class=\"verb ").text(operation.method).raw("\">");
    html.text(operation.upper_method()).raw("</span> <code>");
    path(html, operation.path);
    html.raw("</code></p>\n");
    prose::render(html, text(operation.value, "description"));
    details::security(html, document, operation.value);
    parameters(html, document, operation);
    request_body(html, document, operation.value);
    responses(html, document, operation.value);
    html.raw("</article>\n");
}

/// The path with its parameters set apart, and with places where a narrow screen may break it.
fn path(html: &mut Html, path: &str) {
    for (index, segment) in path.split('/').enumerate() {
        html.raw(if index == 0 { "" } else { "<wbr>/" });
        if segment.starts_with('{') {
            html.raw("<var>").text(segment).raw("</var>");
        } else {
            html.text(segment);
        }
    }
}

/// Parameters of the operation and of its path; those of the operation count (OpenAPI 3.1 §4.8.9).
fn parameters(html: &mut Html, document: Document<'_>, operation: &Operation<'_>) {
    let mut parameters: Vec<&Value> = Vec::new();
    for parameter in entries(operation.value, "parameters").iter().chain(entries(operation.path_item, "parameters")) {
        let parameter = document.resolve(parameter);
        let key = (text(parameter, "name"), text(parameter, "in"));
        if !parameters.iter().any(|other| (text(other, "name"), text(other, "in")) == key) {
            parameters.push(parameter);
        }
    }
    if parameters.is_empty() {
        return;
    }
    // In the order of the URL: the sort is stable, so the rest stays as it is.
    parameters.sort_by_key(|parameter| text(parameter, "in") != Some("path"));
    html.raw("<h4>Parameters</h4>\n<div class=\"scroll\"><table class=\"fields\">\n<thead><tr>");
    html.raw("<th scope=\"col\">Name</th><th scope=\"col\">In</th><th scope=\"col\">Type</th>");
    html.raw("<th scope=\"col\">Description</th></tr></thead>\n<tbody>\n");
    for parameter in parameters {
        let schema = parameter.get("schema").unwrap_or(&Value::Null);
        html.raw("<tr><th scope=\"row\"><code>").text(text(parameter, "name").unwrap_or_default()).raw("</code>");
        if flag(parameter, "required") {
            html.raw(" <span class=\"required\">required</span>");
        }
        html.raw("</th><td>").text(text(parameter, "in").unwrap_or_default()).raw("</td><td>");
        schema::type_label(html, schema);
        html.raw("</td><td>");
        prose::render(html, text(parameter, "description"));
        schema::notes(html, schema);
        if let Some(example) = parameter.get("example") {
            html.raw("<p class=\"limits\">For example <code>").text(&pretty(example)).raw("</code></p>");
        }
        html.raw("</td></tr>\n");
    }
    html.raw("</tbody>\n</table></div>\n");
}

fn request_body(html: &mut Html, document: Document<'_>, operation: &Value) {
    let Some(body) = operation.get("requestBody").map(|body| document.resolve(body)) else { return };
    html.raw("<h4>Request body");
    if flag(body, "required") {
        html.raw(" <span class=\"required\">required</span>");
    }
    html.raw("</h4>\n");
    prose::render(html, text(body, "description"));
    content(html, document, body);
}

fn responses(html: &mut Html, document: Document<'_>, operation: &Value) {
    html.raw("<h4>Responses</h4>\n");
    let mut first_success = true;
    for (status, response) in members(operation, "responses") {
        let response = document.resolve(response);
        let class = status_class(status);
        let has_more = response.get("content").is_some() || response.get("headers").is_some();
        // The answer that readers look for is open, the others are one click away.
        let open = class == "good" && first_success;
        first_success &= class != "good";
        html.raw(match (has_more, open) {
            (true, true) => "<details class=\"response\" open><summary>",
            (true, false) => "<details class=\"response\"><summary>",
            (false, _) => "<div class=\"response\"><div class=\"summary\">",
        });
        html.raw("<span class=\"status ").raw(class).raw("\">").text(status).raw("</span> <span>");
        prose::inline(html, text(response, "description").unwrap_or_default());
        html.raw("</span>");
        if has_more {
            html.raw("</summary>\n<div class=\"inside\">\n");
            details::headers(html, document, response);
            content(html, document, response);
            html.raw("</div></details>\n");
        } else {
            html.raw("</div></div>\n");
        }
    }
}

/// Every media type of a body: its type, its fields, its examples.
fn content(html: &mut Html, document: Document<'_>, body: &Value) {
    for (name, media) in members(body, "content") {
        html.raw("<p class=\"media\"><code>").text(name).raw("</code>");
        if let Some(schema) = media.get("schema") {
            html.raw(" <span class=\"type\">");
            schema::type_label(html, schema);
            html.raw("</span></p>\n");
            schema::field_table(html, document, schema);
        } else {
            html.raw("</p>\n");
        }
        for (title, example) in examples(document, media) {
            html.raw("<figure><figcaption>").text(title).raw("</figcaption><pre tabindex=\"0\"><code>");
            html.text(&pretty(&example)).raw("</code></pre></figure>\n");
        }
    }
}

fn status_class(status: &str) -> &'static str {
    match status.as_bytes().first() {
        Some(b'2') => "good",
        Some(b'3') => "other",
        Some(b'4') => "caller",
        Some(b'5') => "server",
        _ => "other",
    }
}
