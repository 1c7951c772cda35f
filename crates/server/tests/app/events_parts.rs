//! More than fits into one body.

use countersign_app::licensing::bundles;
use countersign_app::webhooks::Engine;
use countersign_domain::licensing::{CustomField, FieldType, LicenseRules, ProductRules, ProductStatus};
use countersign_domain::text::{OrderNumber, ProductCode, ProductName};
use countersign_domain::webhook::PAYLOAD_LIMIT;
use serde_json::{Value, json};

use crate::events_delivery::{arrivals, office_on};
use crate::events_support::BackOffice;
use crate::license_support::{Licensing, endless};

const ENDPOINTS: &str = "/notifications/api/v1/endpoints";
/// Licenses that are added to an order in one step.
const LICENSES: usize = 50;

/// Section 10.5 of the contract: an entitlement with more line items than fit is told in several events, with one time and
/// consecutive numbers. Here each license is an event of its own, so no body comes near the limit.
#[tokio::test]
async fn check_07_an_order_that_fits_into_no_body_is_told_in_several() {
    let licensing = Licensing::new().await;
    licensing.license("AAAA-1", endless(1), LicenseRules::default()).await;
    let mut names = Vec::new();
    for number in 0..LICENSES {
        let (name, code) = (format!("Part {number}"), format!("p{number}"));
        licensing.product(&name, &code, ProductRules::default(), ProductStatus::Active).await;
        names.push(ProductName::new(name).unwrap());
    }
    let (office, listener, address) = office_on(BackOffice::on(licensing.app).await).await;
    let (ctx, site) = (office.app.ctx(), office.app.site);
    let mut engine = Engine::new(ctx.clone(), ctx.webhook_ports().unwrap());
    engine.run_until_idle().await.unwrap();
    let wanted = json!({
        "name": "erp", "url": format!("http://{address}/in"), "format": "fno", "families": ["entitlement"],
        "includeLineItemCustomAttributes": true
    });
    assert_eq!(office.post(ENDPOINTS, &wanted).await.status, http::StatusCode::CREATED);

    let suite = ProductCode::new("suite").unwrap();
    bundles::create(ctx, site, suite.clone(), String::new(), names).await.unwrap();
    let long = CustomField { name: "note".into(), field_type: FieldType::Text, value: "é".repeat(4000) };
    let rules = LicenseRules { custom_fields: vec![long], ..LicenseRules::default() };
    let order = OrderNumber::new("SO-1").unwrap();
    let (_, licenses) = bundles::license(ctx, site, order, suite, (endless(1), rules)).await.unwrap();
    assert_eq!(licenses.len(), LICENSES);

    let arrived = arrivals(&mut engine, &listener).await;
    let bodies: Vec<Value> = arrived.iter().map(|one| serde_json::from_slice(&one.body).unwrap()).collect();
    assert!(arrived.iter().map(|one| one.body.len()).sum::<usize>() > PAYLOAD_LIMIT, "together they do not fit");
    assert!(arrived.iter().all(|one| one.body.len() < PAYLOAD_LIMIT));
    let item = |body: &Value| {
        let items = body["eventBody"]["lineItems"].as_array().unwrap();
        assert_eq!((items.len(), &body["eventBody"]["entitlementName"]), (1, &json!("SO-1")));
        assert_eq!(items[0]["lineItemCustomAttributes"]["note"][0].as_str().unwrap().len(), 8000, "all of it");
        items[0]["activationId"].as_str().unwrap().to_owned()
    };
    let told: Vec<_> = bodies.iter().map(item).collect();
    let keys: Vec<_> = licenses.iter().map(|license| license.key.as_str().to_owned()).collect();
    assert_eq!(told, keys, "each once, in order");
    let times = bodies.iter().map(|body| &body["eventHeader"]["timeStamp"]);
    assert!(times.clone().all(|time| Some(time) == times.clone().next()));
    let numbers = arrived.iter().map(|one| one.header("x-event-sequence").unwrap().parse::<i64>().unwrap());
    let numbers: Vec<_> = numbers.collect();
    assert!(numbers.is_sorted() && numbers[LICENSES - 1] - numbers[0] == 49, "{numbers:?}");
}
