//! `PROD`: a product with its features.

use countersign_domain::webhook::ProductStory;
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

/// The body of a product.
pub(super) fn body(story: &ProductStory, room: Room) -> Body<'_> {
    let told = match room {
        Room::Enough => story.features.as_slice(),
        Room::Little => &[],
    };
    let features = told.iter();
    Body {
        product_id: story.product.product.id.to_string(),
        product_name: story.product.product.name.as_str(),
        version: "",
        features: features
            .map(|feature| Feature { feature_name: feature.code.as_str(), version: "", count: "1" })
            .collect(),
    }
}

/// The body of a product that is no longer there.
pub(super) fn gone(id: i64) -> Body<'static> {
    Body { product_id: id.to_string(), product_name: "", version: "", features: Vec::new() }
}
