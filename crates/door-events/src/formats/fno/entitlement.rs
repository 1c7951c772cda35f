//! `ENT`: an order, and the license that changed.

use countersign_domain::licensing::{ActivationLimit, CustomField, Floating, License};
use countersign_domain::webhook::{LineItem, OrderStory};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::BODY_VERSION;
use crate::formats::Room;
use crate::formats::time::midnight;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body<'a> {
    /// Row id: the number that customers see is the name.
    entitlement_id: String,
    entitlement_name: &'a str,
    version: &'static str,
    sold_to_account: &'a str,
    accounts: Vec<&'a str>,
    /// The license that changed; none when the order itself did.
    line_items: Vec<Item<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    activation_id: &'a str,
    description: &'a str,
    license_model: &'a str,
    order_id: &'a str,
    copies: Option<String>,
    exact_available_count: Option<String>,
    start_date: Option<String>,
    expiration_date: Option<String>,
    products: [Product<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    line_item_custom_attributes: Option<Attributes<'a>>,
}

#[derive(Serialize)]
struct Product<'a> {
    name: &'a str,
    version: &'static str,
}

/// Names with lists of texts, in the order in which the producer has laid them down.
struct Attributes<'a>(&'a [CustomField]);

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for field in self.0 {
            map.serialize_entry(&field.name, &[&field.value])?;
        }
        map.end()
    }
}

/// The body of an order.
pub(super) fn body(story: &OrderStory, with_attributes: bool, room: Room) -> Body<'_> {
    let customer = &story.customer;
    let account = customer.account.as_ref().map(|account| account.name.as_str());
    let sold_to = account.unwrap_or(customer.name.as_str());
    let mut accounts = vec![sold_to];
    let holder = story.line_item.as_ref().map(|item| item.license.customer.as_str());
    for name in [Some(customer.name.as_str()), holder].into_iter().flatten() {
        if !accounts.contains(&name) {
            accounts.push(name);
        }
    }
    let with_attributes = with_attributes && room == Room::Enough;
    Body {
        entitlement_id: story.order.id.to_string(),
        entitlement_name: story.order.number.as_str(),
        version: BODY_VERSION,
        sold_to_account: sold_to,
        accounts,
        line_items: story.line_item.iter().map(|item| line_item(item, with_attributes)).collect(),
    }
}

/// The body of an order that is no longer there.
pub(super) fn gone(id: String) -> Body<'static> {
    Body {
        entitlement_id: id,
        entitlement_name: "",
        version: BODY_VERSION,
        sold_to_account: "",
        accounts: Vec::new(),
        line_items: Vec::new(),
    }
}

fn line_item(item: &LineItem, with_attributes: bool) -> Item<'_> {
    let license = &item.license;
    let (copies, free) = copies(license);
    Item {
        activation_id: license.key.as_str(),
        description: "",
        license_model: model(license),
        order_id: license.order.as_str(),
        copies: copies.map(|copies| copies.to_string()),
        exact_available_count: free.map(|free| free.to_string()),
        start_date: license.terms.start_date.map(midnight),
        expiration_date: license.terms.end_date.map(midnight),
        products: [Product { name: license.product.name.as_str(), version: "" }],
        line_item_custom_attributes: with_attributes.then_some(Attributes(&license.rules.custom_fields)),
    }
}

/// How many devices may use it, and how many more may than do. `None`: any number; or, of seats that float, not known when
/// the event is told, because they change hands without one.
fn copies(license: &License) -> (Option<u32>, Option<u32>) {
    let seats = license.rules.seats;
    match (seats.floating, license.terms.limit) {
        (Floating::Cloud | Floating::Server, _) => (Some(seats.users), None),
        (Floating::Off, ActivationLimit::AtMost(limit)) => {
            (Some(limit), Some(limit.saturating_sub(license.activations)))
        }
        (Floating::Off, ActivationLimit::Unlimited) => (None, None),
    }
}

/// Seats that float are what other services call concurrent; otherwise the kind of the license says how it is used.
fn model(license: &License) -> &'static str {
    match license.rules.seats.floating {
        Floating::Off => license.rules.license_type.as_str(),
        Floating::Cloud | Floating::Server => "concurrent",
    }
}
