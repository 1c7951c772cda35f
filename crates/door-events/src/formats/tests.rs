//! Every type of event in every form: the bytes of the golden files, and what the schemas and the contract demand of them.

use std::path::PathBuf;

use countersign_domain::event::Event;
use countersign_domain::ids::{LicenseId, OrderId};
use countersign_domain::licensing::{ActivationLimit, CustomField, FieldType, Floating};
use countersign_domain::webhook::{
    DevicePayload, EndpointSettings, Entity, EventTypes, Family, PAYLOAD_LIMIT, PayloadFormat, PayloadSize, Story,
};
use serde_json::{Value, json};

use super::{binary_event, checkpoint_schema, render, render_checkpoint, sample_checkpoint, sample_facts, schema};

fn settings(format: PayloadFormat) -> EndpointSettings {
    EndpointSettings { format, line_item_attributes: true, ..EndpointSettings::new("https://hooks.example/") }
}

fn body(event_type: &str, format: PayloadFormat) -> Value {
    serde_json::from_slice(&render(&sample_facts(event_type).unwrap(), &settings(format))).unwrap()
}

#[test]
fn bodies_are_those_of_the_golden_files() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/formats/golden");
    for format in PayloadFormat::ALL {
        let mut fresh = String::new();
        for event_type in EventTypes::KNOWN {
            let facts = sample_facts(event_type).expect(event_type);
            let bytes = render(&facts, &settings(*format));
            assert_eq!(bytes, render(&facts, &settings(*format)), "the same facts, the same bytes");
            fresh.push_str(std::str::from_utf8(&bytes).unwrap());
            fresh.push('\n');
        }
        let path = folder.join(format!("{format}.jsonl"));
        if std::env::var_os("COUNTERSIGN_UPDATE").is_some() {
            std::fs::write(&path, &fresh).unwrap();
        }
        assert_eq!(fresh, std::fs::read_to_string(&path).unwrap(), "{format}");
    }
}

#[test]
fn check_07_the_example_of_the_contract_comes_out_to_the_byte() {
    let mut facts = sample_facts("lineitem.updated").unwrap();
    facts.site = countersign_domain::site::SiteName::new("4711").unwrap();
    let bytes = render(&facts, &settings(PayloadFormat::Fno));
    // Compact, in the order of the tables; our products have no version, and our models are named in lower case.
    let expected = concat!(
        r#"{"eventHeader":{"event":"ENT","eventType":"UPDATE","userId":"ops-anna","tenant":"4711","#,
        r#""timeStamp":"1767225599874"},"eventBody":{"entitlementId":"90211","entitlementName":"LUM-2026-0007","#,
        r#""version":"1.0","soldToAccount":"NORDWIND","accounts":["NORDWIND","NORDWIND-LAB"],"#,
        r#""lineItems":[{"activationId":"ACT-7f3a-0c11","description":"","licenseModel":"concurrent","#,
        r#""orderId":"LUM-2026-0007","copies":"40","exactAvailableCount":null,"startDate":"1767225600000","#,
        r#""expirationDate":null,"products":[{"name":"Lumen Render","version":""}],"#,
        r#""lineItemCustomAttributes":{"costCentre":["EU-9"],"prepaid":["true"]}}]}}"#,
    );
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
}

#[test]
fn check_07_every_scalar_of_the_event_service_is_a_text_or_null() {
    fn check(value: &Value) {
        match value {
            Value::Null | Value::String(_) => {}
            Value::Array(items) => items.iter().for_each(check),
            Value::Object(members) => members.values().for_each(check),
            Value::Bool(_) | Value::Number(_) => panic!("{value}"),
        }
    }
    for event_type in EventTypes::KNOWN {
        check(&body(event_type, PayloadFormat::Fno));
    }
}

#[test]
fn bodies_fit_their_schemas() {
    for format in PayloadFormat::ALL {
        for event_type in EventTypes::KNOWN {
            let facts = sample_facts(event_type).unwrap();
            let schema: Value = serde_json::from_str(schema(&facts, *format)).unwrap();
            fits(&schema, &body(event_type, *format), event_type);
        }
    }
}

/// The few words of JSON Schema that ours use; and nothing in a body that no schema names.
fn fits(schema: &Value, value: &Value, place: &str) {
    if let Some(fixed) = schema.get("const") {
        return assert_eq!(value, fixed, "{place}");
    }
    if let Some(words) = schema.get("enum") {
        return assert!(words.as_array().unwrap().contains(value), "{place}: {value}");
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed = &schema["type"];
    assert!(
        allowed == kind || allowed.as_array().is_some_and(|kinds| kinds.contains(&json!(kind))),
        "{place}: {value}"
    );
    if let Value::Array(items) = value {
        items.iter().for_each(|item| fits(&schema["items"], item, place));
    }
    if let Value::Object(members) = value {
        for name in schema["required"].as_array().into_iter().flatten() {
            assert!(members.contains_key(name.as_str().unwrap()), "{place} has no {name}");
        }
        for (name, member) in members {
            let named = schema["properties"].get(name).or(schema.get("additionalProperties"));
            fits(named.unwrap_or_else(|| panic!("{place}.{name} is in no schema")), member, &format!("{place}.{name}"));
        }
    }
}

#[test]
fn switches_of_a_receiver_leave_members_out() {
    let facts = sample_facts("device.created").unwrap();
    let core = EndpointSettings { device_payload: DevicePayload::Core, ..settings(PayloadFormat::Fno) };
    let count = |settings: &EndpointSettings| {
        let body: Value = serde_json::from_slice(&render(&facts, settings)).unwrap();
        body["eventBody"].as_object().unwrap().len()
    };
    assert_eq!((count(&core), count(&settings(PayloadFormat::Fno))), (9, 20));
    let without = EndpointSettings { line_item_attributes: false, ..settings(PayloadFormat::Fno) };
    let bytes = render(&sample_facts("lineitem.created").unwrap(), &without);
    assert!(!String::from_utf8(bytes).unwrap().contains("lineItemCustomAttributes"));
    for format in [PayloadFormat::Standard, PayloadFormat::CloudEvents] {
        let thin = EndpointSettings { size: PayloadSize::Thin, ..settings(format) };
        let body: Value = serde_json::from_slice(&render(&facts, &thin)).unwrap();
        let members: Vec<_> = body["data"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(members, ["actor", "entity", "id", "sequence", "tenant"]);
    }
}

#[test]
fn odd_values_have_a_form() {
    let mut facts = sample_facts("lineitem.updated").unwrap();
    facts.actor.name.clear();
    let Story::Order(story) = &mut facts.story else { panic!() };
    story.customer.account = None;
    let license = &mut story.line_item.as_mut().unwrap().license;
    license.terms.limit = ActivationLimit::Unlimited;
    license.rules.seats.floating = Floating::Off;
    license.terms.start_date = None;
    let value =
        |name: &str| CustomField { name: name.into(), field_type: FieldType::Text, value: "\u{0}\"\u{2028}é".into() };
    license.rules.custom_fields = vec![value("a\"b"), value("é")];
    let body: Value = serde_json::from_slice(&render(&facts, &settings(PayloadFormat::Fno))).unwrap();
    let (header, body) = (&body["eventHeader"], &body["eventBody"]);
    assert_eq!((&header["userId"], &body["soldToAccount"]), (&json!("producer-door"), &json!("NORDWIND-LAB")));
    assert_eq!(body["accounts"], json!(["NORDWIND-LAB"]));
    let item = &body["lineItems"][0];
    for name in ["copies", "exactAvailableCount", "startDate", "expirationDate"] {
        assert_eq!(item[name], Value::Null, "{name}");
    }
    assert_eq!(item["lineItemCustomAttributes"]["a\"b"], json!(["\u{0}\"\u{2028}é"]));

    // A license that has gone leaves its order, whichever that was.
    facts.story = Story::Missing(Entity::unknown(Family::Entitlement));
    let body: Value = serde_json::from_slice(&render(&facts, &settings(PayloadFormat::Fno))).unwrap();
    let (header, body) = (&body["eventHeader"], &body["eventBody"]);
    assert_eq!(
        (&header["eventType"], &body["entitlementId"], &body["lineItems"]),
        (&json!("UPDATE"), &json!(""), &json!([]))
    );

    // Rows that are gone are told as deleted.
    facts.event = Event::LicenseChanged(LicenseId(1));
    facts.story = Story::Missing(Entity { family: Family::Entitlement, id: OrderId(7).0 });
    for format in PayloadFormat::ALL {
        let body: Value = serde_json::from_slice(&render(&facts, &settings(*format))).unwrap();
        if *format == PayloadFormat::Fno {
            assert_eq!(
                (&body["eventHeader"]["eventType"], &body["eventBody"]["entitlementId"]),
                (&json!("DELETE"), &json!("7"))
            );
        }
    }
}

#[test]
fn a_body_never_exceeds_the_limit() {
    let mut facts = sample_facts("product.updated").unwrap();
    let Story::Product(story) = &mut facts.story else { panic!() };
    story.features = vec![story.features[0].clone(); 10_000];
    for format in PayloadFormat::ALL {
        let bytes = render(&facts, &settings(*format));
        assert!((1..=PAYLOAD_LIMIT).contains(&bytes.len()), "{format}: {}", bytes.len());
        if *format == PayloadFormat::Fno {
            let body: Value = serde_json::from_slice(&bytes).unwrap();
            assert!(body["eventBody"]["features"].as_array().unwrap().len() > 1000, "as many as fit");
        }
    }
}

#[test]
fn what_may_be_used_at_once_is_told_by_its_own_count() {
    let told = |floating| {
        let mut facts = sample_facts("lineitem.updated").unwrap();
        let Story::Order(story) = &mut facts.story else { panic!() };
        story.line_item.as_mut().unwrap().license.rules.seats.floating = floating;
        let body: Value = serde_json::from_slice(&render(&facts, &settings(PayloadFormat::Fno))).unwrap();
        let item = &body["eventBody"]["lineItems"][0];
        (item["copies"].clone(), item["exactAvailableCount"].clone())
    };
    assert_eq!(told(Floating::Off), (json!("25"), json!("16")));
    assert_eq!(told(Floating::Cloud), (json!("40"), Value::Null));
    assert_eq!(told(Floating::Server), (json!("40"), Value::Null));
}

#[test]
fn a_device_is_told_in_the_words_that_receivers_know() {
    let mut facts = sample_facts("device.updated").unwrap();
    let Story::Device(story) = &mut facts.story else { panic!() };
    story.customer.as_mut().unwrap().account = None;
    let device = story.device.clone();
    for (told, word) in
        [("ETHERNET", "ETHERNET"), ("vm_uuid", "VM_UUID"), ("HARDWARE", "STRING"), ("serial", "UNKNOWN")]
    {
        let Story::Device(story) = &mut facts.story else { panic!() };
        story.device = device.clone();
        story.device.identity.id_type = told.to_owned();
        let body: Value = serde_json::from_slice(&render(&facts, &settings(PayloadFormat::Fno))).unwrap();
        let body = &body["eventBody"];
        assert_eq!((&body["hostIdType"], &body["owner"]), (&json!(word), &Value::Null));
        assert_eq!(body["accountName"], "NORDWIND-LAB");
    }
}

#[test]
fn checkpoints_fit_their_schemas() {
    let checkpoint = sample_checkpoint().unwrap();
    for format in PayloadFormat::ALL {
        let bytes = render_checkpoint(&checkpoint, *format);
        let schema: Value = serde_json::from_str(checkpoint_schema(*format)).unwrap();
        let body: Value = serde_json::from_slice(&bytes).unwrap();
        fits(&schema, &body, "checkpoint");
        let told = match format {
            PayloadFormat::Fno => &body["eventBody"],
            PayloadFormat::License => &body["data"]["checkpoint"],
            PayloadFormat::CloudEvents | PayloadFormat::Standard => &body["data"],
        };
        let number = |name: &str| told[name].as_u64().or_else(|| told[name].as_str()?.parse().ok());
        assert_eq!((number("sequence"), number("delivered"), number("dead")), (Some(1207), Some(1180), Some(2)));
    }
    // In binary mode it travels like an event.
    let (headers, data) = binary_event(&render_checkpoint(&checkpoint, PayloadFormat::CloudEvents)).unwrap();
    assert!(headers.contains(&("ce-type", "countersign.checkpoint".to_owned())));
    assert_eq!(serde_json::from_slice::<Value>(&data).unwrap()["number"], 17);
}

#[test]
fn an_event_of_a_license_has_an_id_that_stays() {
    let one = body("lineitem.activated", PayloadFormat::License);
    let id = one["id"].as_str().unwrap();
    assert_eq!((id.len(), id.as_bytes()[14], one["event"].as_str()), (36, b'8', Some("license.activated")));
    let mut other = sample_facts("lineitem.activated").unwrap();
    other.id.0 += 1;
    let other: Value = serde_json::from_slice(&render(&other, &settings(PayloadFormat::License))).unwrap();
    assert_ne!(other["id"], one["id"]);
}

#[test]
fn in_binary_mode_attributes_are_headers_and_data_the_body() {
    for event_type in EventTypes::KNOWN {
        let kept = render(&sample_facts(event_type).unwrap(), &settings(PayloadFormat::CloudEvents));
        let whole: Value = serde_json::from_slice(&kept).unwrap();
        let (headers, data) = binary_event(&kept).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&data).unwrap(), whole["data"]);
        let mut names: Vec<_> = whole.as_object().unwrap().keys().map(|name| format!("ce-{name}")).collect();
        names.retain(|name| name != "ce-data" && name != "ce-datacontenttype");
        let mut told: Vec<_> = headers.iter().map(|(name, _)| (*name).to_owned()).collect();
        names.sort();
        told.sort();
        assert_eq!(names, told);
        for (name, value) in &headers {
            assert_eq!(whole[name.strip_prefix("ce-").unwrap()], json!(value));
        }
    }
}
