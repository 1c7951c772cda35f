//! Receivers that need only the last of several events.

use countersign_app::licensing::licenses;
use countersign_app::webhooks::Engine;
use countersign_domain::licensing::{ActivationLimit, LicenseRules, LicenseTerms};
use countersign_domain::text::LicenseKey;
use countersign_domain::time::Date;
use serde_json::{Value, json};

use crate::events_delivery::{arrivals, office_on};
use crate::events_support::BackOffice;
use crate::license_support::{Licensing, endless};

const ENDPOINTS: &str = "/notifications/api/v1/endpoints";

#[tokio::test]
async fn of_a_burst_the_last_state_of_each_license_is_sent() {
    for format in ["fno", "standard"] {
        let licensing = Licensing::new().await;
        licensing.license("AAAA-1", endless(1), LicenseRules::default()).await;
        licensing.license("AAAA-2", endless(1), LicenseRules::default()).await;
        let (office, listener, address) = office_on(BackOffice::on(licensing.app).await).await;
        let (ctx, site) = (office.app.ctx(), office.app.site);
        let mut engine = Engine::new(ctx.clone(), ctx.webhook_ports().unwrap());
        engine.run_until_idle().await.unwrap();
        let url = format!("http://{address}/");
        let body = json!({ "name": "erp", "url": url, "format": format, "coalesce": true });
        let made = office.post(ENDPOINTS, &body).await.json();
        assert_eq!(made["coalesce"], true);
        let place = format!("{ENDPOINTS}/{}", made["id"]);
        office.post(&format!("{place}/disable"), &json!({})).await;
        let limit = async |key: &str, limit: u32| {
            let change = move |terms: &mut LicenseTerms| terms.limit = ActivationLimit::AtMost(limit);
            licenses::change_terms(ctx, site, LicenseKey::new(key).unwrap(), change).await.unwrap();
        };
        for number in 2..12 {
            limit("AAAA-1", number).await;
            if number % 5 == 0 {
                limit("AAAA-2", number).await;
            }
            engine.run_until_idle().await.unwrap();
        }
        let end = |terms: &mut LicenseTerms| terms.end_date = Date::parse("2031-01-31").ok();
        licenses::change_terms(ctx, site, LicenseKey::new("AAAA-2").unwrap(), end).await.unwrap();
        office.post(&format!("{place}/enable"), &json!({})).await;
        let arrived = arrivals(&mut engine, &listener).await;
        let arrived: Vec<Value> = arrived.iter().map(|one| serde_json::from_slice(&one.body).unwrap()).collect();
        let told: Vec<_> = arrived
            .iter()
            .map(|body| match format {
                "fno" => {
                    let item = &body["eventBody"]["lineItems"][0];
                    (item["activationId"].clone(), item["copies"].clone())
                }
                _ => {
                    let data = &body["data"];
                    assert_eq!(data.get("changes"), None, "nobody can tell what was before");
                    (
                        data["line_item"]["activation_id"].clone(),
                        json!(data["line_item"]["activation_limit"].to_string()),
                    )
                }
            })
            .collect();
        assert_eq!(told, [(json!("AAAA-1"), json!("11")), (json!("AAAA-2"), json!("10"))], "{format}");
        let stats = office.get(&format!("{place}/stats")).await.json();
        let count = |state: &str| {
            let all = stats["deliveries"].as_array().unwrap();
            all.iter().find(|one| one["state"] == state).map(|one| one["count"].as_u64().unwrap())
        };
        assert_eq!((count("delivered"), count("cancelled")), (Some(2), Some(11)), "{format}");
    }
}
