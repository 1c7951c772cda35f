//! What an event tells of values before and after it: written with the change, told in the log and to receivers.

use countersign_app::licensing::{devices, licenses, products};
use countersign_domain::device::DeviceIdentity;
use countersign_domain::licensing::{
    ActivationLimit, CustomField, FieldType, LicenseRules, LicenseStatus, Metering, ProductRules, ProductStatus, Units,
};
use countersign_domain::text::{LicenseKey, ProductName};
use countersign_domain::time::Date;
use http::StatusCode;
use serde_json::{Value, json};

use crate::events_delivery::office_on;
use crate::events_support::BackOffice;
use crate::license_support::{HARDWARE, Licensing, endless, identity};

const EVENTS: &str = "/notifications/api/v1/events";
const KEY: &str = "AAAA-1";

/// The changes of all events of a type, in a form.
async fn changes(office: &BackOffice, event_type: &str, format: &str) -> Vec<Value> {
    let path = format!("{EVENTS}?after=0&type={event_type}&format={format}");
    let list = office.get(&path).await.json();
    list["events"].as_array().unwrap().iter().map(|event| event["payload"]["data"]["changes"].clone()).collect()
}

#[tokio::test]
async fn every_change_is_told_with_the_values_before_and_after() {
    let licensing = Licensing::new().await;
    let metering = Metering { limit: Units::AtMost(50), ..Metering::default() };
    let consumption = LicenseRules {
        license_type: countersign_domain::licensing::LicenseType::Consumption,
        metering,
        ..LicenseRules::default()
    };
    licensing.license(KEY, endless(2), LicenseRules::default()).await;
    licensing.license("AAAA-2", endless(2), consumption).await;
    let body = identity(KEY, HARDWARE);
    assert_eq!(licensing.post("/activate_license", &body).await.status, StatusCode::OK);
    assert_eq!(licensing.post("/deactivate_license", &body).await.status, StatusCode::OK);
    let mut body = identity("AAAA-2", HARDWARE);
    assert_eq!(licensing.post("/activate_license", &body).await.status, StatusCode::OK);
    body["consumptions"] = json!(7);
    assert_eq!(licensing.post("/add_consumption", &body).await.status, StatusCode::OK);

    let (ctx, site) = (licensing.app.ctx().clone(), licensing.app.site);
    let key = || LicenseKey::new(KEY).unwrap();
    let change = |terms: &mut countersign_domain::licensing::LicenseTerms| {
        (terms.limit, terms.status) = (ActivationLimit::AtMost(5), LicenseStatus::Disabled);
        terms.end_date = Date::parse("2031-01-31").ok();
    };
    licenses::change_terms(&ctx, site, key(), change).await.unwrap();
    licenses::change_terms(&ctx, site, key(), change).await.unwrap();
    let field = CustomField { name: "cost = center".into(), field_type: FieldType::Text, value: "EU\n9".into() };
    let rules = move |rules: &mut LicenseRules| (rules.trial_days, rules.custom_fields) = (Some(14), vec![field]);
    licenses::change_rules(&ctx, site, key(), rules).await.unwrap();
    let pump = ProductName::new("Pump").unwrap();
    products::change(&ctx, site, pump, |product| {
        product.rules = ProductRules { prevent_vm: true, ..product.rules.clone() };
        product.status = ProductStatus::Disabled;
    })
    .await
    .unwrap();
    let device = DeviceIdentity {
        id: HARDWARE.to_owned(),
        id_type: DeviceIdentity::HARDWARE.to_owned(),
        publisher_name: String::new(),
    };
    devices::give_back(&ctx, site, device).await.unwrap();

    let (office, _listener, _) = office_on(BackOffice::on(licensing.app).await).await;
    for format in ["standard", "cloudevents"] {
        // The second time nothing has changed, and nothing is told.
        let expected = [
            json!({
                "activation_limit": { "from": 2, "to": 5 }, "end_date": { "from": null, "to": "2031-01-31" },
                "status": { "from": "enabled", "to": "disabled" },
            }),
            json!({
                "custom_fields.cost = center": { "from": null, "to": "EU\n9" },
                "trial_days": { "from": null, "to": 14 },
            }),
        ];
        assert_eq!(changes(&office, "lineitem.updated", format).await, expected, "{format}");
        let activated = json!({ "activations": { "from": 0, "to": 1 } });
        assert_eq!(changes(&office, "lineitem.activated", format).await, [activated.clone(), activated]);
        let released = json!({ "activations": { "from": 1, "to": 0 } });
        assert_eq!(changes(&office, "lineitem.released", format).await, [released.clone(), released]);
        let counted = json!({ "units_used": { "from": 0, "to": 7 } });
        assert_eq!(changes(&office, "lineitem.count_changed", format).await, [counted]);
        let product =
            json!({ "prevent_vm": { "from": null, "to": true }, "status": { "from": "active", "to": "disabled" } });
        assert_eq!(changes(&office, "product.updated", format).await, [product]);
        let device = json!({
            "customer": { "from": "Nordwind Č", "to": null }, "status": { "from": "active", "to": "returned" },
        });
        assert_eq!(changes(&office, "device.updated", format).await, [device]);
        assert_eq!(changes(&office, "product.created", format).await, [Value::Null], "nothing was before");
    }
    // The form of the event service stays as it is.
    let list = office.get(&format!("{EVENTS}?after=0&type=lineitem.updated&format=fno")).await.json();
    assert!(!list.to_string().contains("changes"));
}
