//! The page as text: complete, escaped, and unable to run or load anything.

use serde_json::json;

use super::*;

fn sample() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Device <API>", "version": "1.0", "description": "First line\nsecond line.\n\nA `code` & **strong** word." },
        "servers": [{ "url": "https://{site}.example.com", "variables": { "site": { "default": "acme" } } }],
        "tags": [{ "name": "updates", "description": "What applies." }, { "name": "unused" }],
        "security": [{ "bearer": [] }],
        "paths": {
            "/updates/{pollingId}": {
                "parameters": [{ "$ref": "#/components/parameters/PollingId" }],
                "get": {
                    "tags": ["updates"], "operationId": "readUpdates", "summary": "Read the answer", "security": [],
                    "responses": {
                        "200": { "description": "Ready.", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Answer" } } } },
                        "410": { "description": "Too old." }
                    }
                }
            },
            "/updates": {
                "post": {
                    "tags": ["updates"], "deprecated": true,
                    "requestBody": { "required": true, "content": { "application/json": {
                        "schema": { "$ref": "#/components/schemas/Question" },
                        "example": { "platform": "</code><script>alert(1)</script>" }
                    } } },
                    "responses": { "202": { "description": "Accepted.", "headers": { "Retry-After": { "schema": { "type": "integer" } } } } }
                }
            }
        },
        "components": {
            "parameters": { "PollingId": { "name": "pollingId", "in": "path", "required": true, "schema": { "type": "string", "maxLength": 512 } } },
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
            "schemas": {
                "Question": { "type": "object", "required": ["platform"], "properties": {
                    "platform": { "type": "string", "description": "For example `Windows`." },
                    "device": { "type": "object", "properties": { "id": { "type": ["string", "null"] } } },
                    "again": { "$ref": "#/components/schemas/Question" }
                } },
                "Answer": { "type": "object", "properties": {
                    "updates": { "type": "array", "items": { "$ref": "#/components/schemas/Update" } },
                    "until": { "type": "string", "format": "date-time" }
                } },
                "Update": { "allOf": [{ "type": "object", "properties": { "name": { "type": "string", "examples": ["Two"] } } }, { "type": "object", "properties": { "kind": { "enum": ["full", "delta"] } } }] }
            }
        }
    })
}

#[test]
fn everything_of_the_document_is_on_the_page() {
    let page = render(&sample(), "/openapi/device.json");
    for part in [
        "<title>Device &lt;API&gt;</title>",
        "First line\nsecond line.</p><p>A <code>code</code> &amp; <strong>strong</strong> word.",
        "<a class=\"chip\" href=\"/openapi/device.json\">",
        "https://{site}.example.com",
        "What applies.",
        "<article id=\"op-readUpdates\">",
        "<article id=\"op-post-updates\">",
        "<wbr>/updates<wbr>/<var>{pollingId}</var>",
        "none: anyone may call this",
        "<a class=\"chip\" href=\"#auth-bearer\">bearer</a>",
        "HTTP bearer, JWT",
        "Longest length <code>512</code>",
        "<span class=\"quiet\">device.</span>id",
        "string or null",
        "array of <a href=\"#schema-Update\">Update</a>",
        "string <span class=\"quiet\">(date-time)</span>",
        "One of <code>full</code>, <code>delta</code>",
        "<span class=\"status good\">202</span>",
        "<code>Retry-After</code>",
        "Deprecated",
        // Made from the schema, through the reference and the composition.
        "&quot;name&quot;: &quot;Two&quot;",
        "&quot;kind&quot;: &quot;full&quot;",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!page.contains("unused"));
}

#[test]
fn every_link_inside_the_page_has_a_target() {
    let page = render(&sample(), "/openapi/device.json");
    let mut links = 0;
    for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(page.contains(&format!("id=\"{link}\"")), "{link}");
        links += 1;
    }
    assert!(links > 10, "{links}");
    let ids: Vec<_> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len());
}

#[test]
fn nothing_runs_and_nothing_is_loaded() {
    let hostile = "\"><script>alert(1)</script><img src=x onerror=alert(1)>' [x](javascript:alert(1))";
    let document = sample()
        .to_string()
        .replace("Read the answer", &hostile.replace('"', "\\\""))
        .replace("What applies.", &hostile.replace('"', "\\\""));
    let page = render(&serde_json::from_str(&document).expect("still JSON"), hostile);
    for forbidden in
        ["<script", "<img", "<link", "<iframe", "style=\"", "href=\"javascript:", "src=\"", "url(", "@import"]
    {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn the_policy_names_the_style_sheet_that_is_in_the_page() {
    let page = render(&sample(), "/openapi/device.json");
    let (_, behind) = page.split_once("<style>").expect("a style sheet");
    let (style, _) = behind.split_once("</style>").expect("its end");
    let policy = content_security_policy();
    let policy = policy.to_str().expect("visible ASCII");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(policy.contains(&base64_encode(&sha256(style.as_bytes()))), "{policy}");
}

#[test]
fn a_document_that_makes_no_sense_gives_a_page_nevertheless() {
    for document in [
        json!(null),
        json!([]),
        json!({ "info": 5, "paths": [], "tags": {}, "servers": "x", "components": { "schemas": 7 } }),
        json!({ "paths": { "/x": null, "/y": { "get": 5 }, "/z": { "get": { "parameters": [null, 3], "responses": { "200": null }, "security": [null, {}] } } } }),
        json!({ "components": { "schemas": { "A": { "$ref": "#/components/schemas/B" }, "B": { "$ref": "#/components/schemas/A" }, "C": { "$ref": "other.json" }, "": {} } } }),
        json!({ "components": { "schemas": { "Tree": { "type": "object", "properties": { "left": { "type": "array", "items": { "$ref": "#/components/schemas/Tree" } } }, "allOf": [{ "$ref": "#/components/schemas/Tree" }] } } } }),
    ] {
        let page = render(&document, "/x");
        assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    }
}
