//! `PROD`: a product with its features.

use countersign_domain::webhook::{PAYLOAD_LIMIT, ProductStory};
use serde::Serialize;

use crate::formats::Room;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body<'a> {
    product_id: String,
    product_name: &'a str,
    /// Products have none here; releases do, and they are packages.
    version: &'static str,
    features: Vec<Feature<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Feature<'a> {
    feature_name: &'a str,
    version: &'static str,
    count: &'static str,
}

/// The body of a product. Where there is little room it tells its first features: none would say that it has none.
pub(super) fn body(story: &ProductStory, room: Room) -> Body<'_> {
    let mut left = match room {
        Room::Enough => usize::MAX,
        Room::Little => FEATURES,
    };
    let features = story.features.iter().take_while(|feature| {
        left = left.saturating_sub(longest(feature.code.as_str()));
        left > 0
    });
    Body {
        product_id: story.product.product.id.to_string(),
        product_name: story.product.product.name.as_str(),
        version: "",
        features: features
            .map(|feature| Feature { feature_name: feature.code.as_str(), version: "", count: "1" })
            .collect(),
    }
}

/// Bytes that a feature takes at most: a character of its code becomes six where it is escaped.
fn longest(code: &str) -> usize {
    code.len().saturating_mul(6).saturating_add(60)
}

/// Bytes for features where there is little room: the header and the name of the product have the rest.
const FEATURES: usize = PAYLOAD_LIMIT - 16 * 1024;

/// The body of a product that is no longer there.
pub(super) fn gone(id: String) -> Body<'static> {
    Body { product_id: id, product_name: "", version: "", features: Vec::new() }
}
