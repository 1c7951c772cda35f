//! JSON Schemas (draft 2020-12) of the bodies. Members may be added behind those that a schema lists.

use countersign_domain::webhook::{EventFacts, Family, PayloadFormat};

/// The schema of the bodies that tell such an event.
pub(crate) fn schema(facts: &EventFacts, format: PayloadFormat) -> &'static str {
    match (format, facts.event.family()) {
        (PayloadFormat::CloudEvents, _) => include_str!("../../schemas/cloudevents.json"),
        (PayloadFormat::Fno, Family::Device) => include_str!("../../schemas/fno-device.json"),
        (PayloadFormat::Fno, Family::Entitlement) => include_str!("../../schemas/fno-entitlement.json"),
        (PayloadFormat::Fno, Family::Product) => include_str!("../../schemas/fno-product.json"),
        (PayloadFormat::License, _) => include_str!("../../schemas/license.json"),
        (PayloadFormat::Standard, _) => include_str!("../../schemas/standard.json"),
    }
}
