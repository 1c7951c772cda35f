//! One idempotency key, one effect.

use std::time::Duration;

use countersign_app::license_api::{
    Consumption, Counted, Done, LicenseCaller, LicenseCredential, LicenseError, Once, Refusal, add_consumption,
};
use countersign_domain::ids::ApiKeyId;
use countersign_domain::text::LicenseKey;

use crate::support::{Shop, TERMS, counting, identity};

/// What is kept: the total, or that there is not enough.
fn render(outcome: Result<&Counted, Refusal>) -> Vec<u8> {
    outcome.map_or_else(|refusal| format!("{refusal:?}").into_bytes(), |counted| counted.meter.total.to_string().into())
}

async fn call(shop: &Shop, caller: &LicenseCaller, key: &LicenseKey, once: &str, units: i64) -> String {
    let once = Once::new(caller, "add_consumption", once, &units.to_be_bytes(), render);
    let consumption = Consumption { units, overage: None };
    match add_consumption(&shop.ctx, caller, identity(key, "A"), consumption, Some(once)).await {
        Ok(Done::Now(counted)) => format!("now {}", counted.meter.total),
        Ok(Done::Before(bytes)) => format!("before {}", String::from_utf8(bytes).unwrap()),
        Err(LicenseError::Refused(refusal)) => format!("{refusal:?}"),
        Err(LicenseError::Denied(denied)) => panic!("{denied:?}"),
        Err(LicenseError::Fault(fault)) => panic!("{fault:?}"),
    }
}

#[tokio::test]
async fn a_repeated_call_gets_the_first_answer_for_a_day() {
    let shop = Shop::new().await;
    let key = shop.license(TERMS, counting(10)).await.key;
    shop.activate(&key, "A").await.unwrap();
    let other = LicenseCaller { credential: LicenseCredential::ApiKey(ApiKeyId(2)), ..shop.caller.clone() };
    assert_eq!(call(&shop, &shop.caller, &key, "k", 4).await, "now 4");
    assert_eq!(call(&shop, &shop.caller, &key, "k", 4).await, "before 4");
    assert_eq!(call(&shop, &shop.caller, &key, "k", 5).await, "IdempotencyMismatch");
    assert_eq!(call(&shop, &other, &key, "k", 4).await, "now 8");
    assert_eq!(call(&shop, &shop.caller, &key, "big", 4).await, "LicenseNotEnoughConsumptions");
    assert_eq!(shop.consume(&key, "A", -8).await.unwrap(), 0);
    // A refusal is an answer, too: it stays what it was although there is room now.
    assert_eq!(call(&shop, &shop.caller, &key, "big", 4).await, "before LicenseNotEnoughConsumptions");
    shop.world.clock.advance(Duration::from_secs(24 * 3600 - 1));
    assert_eq!(call(&shop, &shop.caller, &key, "k", 4).await, "before 4");
    shop.world.clock.advance(Duration::from_secs(1));
    assert_eq!(call(&shop, &shop.caller, &key, "k", 4).await, "now 4");
    shop.world.clock.advance(Duration::from_secs(2 * 24 * 3600));
    let swept = countersign_app::retention::sweep(&shop.ctx).await.unwrap();
    assert_eq!(swept.answered_calls, 3);
}
