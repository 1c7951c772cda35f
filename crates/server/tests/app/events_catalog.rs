//! What can be heard of, and what it looks like.

use http::StatusCode;
use serde_json::json;

use crate::events_support::{BackOffice, refusal};

const TYPES: &str = "/notifications/api/v1/event-types";
const SCHEMAS: &str = "/notifications/api/v1/schemas";

#[tokio::test]
async fn every_type_has_a_schema_and_an_example_in_every_form() {
    let office = BackOffice::new().await;
    let list = office.get(TYPES).await.json();
    let types = list["eventTypes"].as_array().unwrap();
    assert!(types.contains(&json!({ "name": "lineitem.expired", "family": "entitlement", "change": "updated" })));
    for item in types {
        let name = item["name"].as_str().unwrap();
        for format in ["fno", "standard", "cloudevents", "license"] {
            let answer = office.get(&format!("{SCHEMAS}/{name}?format={format}")).await;
            assert_eq!(answer.status, StatusCode::OK);
            let body = answer.json();
            assert_eq!((body["type"].as_str(), body["format"].as_str()), (Some(name), Some(format)));
            assert_eq!(body["schema"]["type"], "object");
            assert!(body["example"].is_object());
        }
        assert_eq!(office.get(&format!("{SCHEMAS}/{name}")).await.json()["format"], "fno");
    }
    assert_eq!(refusal(&office.get(&format!("{SCHEMAS}/lineitem.lost")).await), (404, "eventType.unknown".into()));
    let answer = office.get(&format!("{SCHEMAS}/device.created?format=xml")).await;
    assert_eq!(refusal(&answer), (400, "request.parameter.invalid".into()));
    assert_eq!(answer.json()["arguments"], "format");
}
