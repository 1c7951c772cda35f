//! What an application asks for that no server takes.

use countersign_client::license::{Consumption, LicenseError};
use serde_json::json;

use super::support::{Shop, activation, license};
use crate::support::step;

#[test]
fn an_idempotency_key_that_cannot_be_sent_is_the_callers_fault() {
    let longest = "k".repeat(255);
    let activated = || step("POST /api/v4/activate_license ", license(&json!({})));
    let shop = Shop::activated(vec![activated(), activated()]);
    let with = |key: &str| {
        let mut activation = activation();
        activation.idempotency_key = Some(key.to_owned());
        activation
    };
    for key in ["", " ", "a b", "a b\n", "a\r\nx: y", "\u{7f}", "ä", &format!("{longest}k")] {
        let count = Consumption { idempotency_key: Some(key.to_owned()), ..Consumption::of_license(1) };
        for outcome in [
            shop.client.activate(&with(key)).map(drop),
            shop.client.activate_bundle(&with(key)).map(drop),
            shop.client.consume(&count).map(drop),
        ] {
            let Err(error @ LicenseError::NotPossible { .. }) = outcome else { panic!("{key:?}: {outcome:?}") };
            assert!(!error.is_away() && error.to_string().contains("idempotency key"));
        }
    }
    for key in ["~", &longest] {
        shop.client.activate(&with(key)).unwrap();
    }
    shop.finish();
}
