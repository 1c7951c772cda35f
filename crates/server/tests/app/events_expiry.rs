//! Licenses that end, as receivers are told of them.

use countersign_app::webhooks::Engine;
use countersign_domain::licensing::{LicenseRules, LicenseTerms};
use countersign_domain::time::Date;
use serde_json::{Value, json};

use crate::events_delivery::office_on;
use crate::events_support::BackOffice;
use crate::license_support::{Licensing, endless};

#[tokio::test]
async fn the_days_that_are_left_are_told_before_a_license_ends() {
    let licensing = Licensing::new().await;
    let today = licensing.now().date();
    let end = today.plus_days(8);
    let terms = LicenseTerms { end_date: Some(end), ..endless(2) };
    licensing.license("AAAA-1", terms, LicenseRules::default()).await;
    let (mut office, _listener, _) = office_on(BackOffice::on(licensing.app).await).await;
    let ctx = office.app.ctx().clone();
    let mut engine = Engine::new(ctx.clone(), ctx.webhook_ports().unwrap());
    let mut told = Vec::new();
    for _ in 0..10 {
        engine.run_until_idle().await.unwrap();
        let path = "/notifications/api/v1/events?after=0&format=standard&entity=ENT:1";
        told = office.get(path).await.json()["events"].as_array().unwrap().clone();
        office.app.world.clock.advance(std::time::Duration::from_secs(24 * 3600));
        office.renew().await;
    }
    let of_end = |event: &&Value| event["type"].as_str().unwrap().starts_with("lineitem.expir");
    let told: Vec<_> = told
        .iter()
        .filter(of_end)
        .map(|event| {
            (
                event["type"].clone(),
                event["payload"]["data"]["days_left"].clone(),
                event["timestamp"].as_str().unwrap()[..10].to_owned(),
            )
        })
        .collect();
    let on = |days: i32| Date::to_string(&today.plus_days(days));
    assert_eq!(
        told,
        [
            (json!("lineitem.expiring"), json!(7), on(1)),
            (json!("lineitem.expiring"), json!(1), on(7)),
            (json!("lineitem.expired"), Value::Null, on(9)),
        ]
    );
}
