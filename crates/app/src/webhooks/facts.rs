//! Reading what an event is told with, in the unit that gives it its number: what is sent later is what was true then.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use countersign_domain::device::Device;
use countersign_domain::event::Event;
use countersign_domain::ids::{CustomerId, DeviceId, FeatureId, LicenseId, OrderId, ProductId, SiteId};
use countersign_domain::licensing::Customer;
use countersign_domain::webhook::{DeviceStory, Entity, Family, LineItem, OrderStory, ProductStory, Story};
use countersign_store::{StoreError, Tx};

/// Devices that were read together with their customers, for many events of a site.
#[derive(Default)]
pub(super) struct Devices(HashMap<DeviceId, DeviceStory>);

impl Devices {
    /// Reads the devices that events are about.
    pub(super) async fn of(
        tx: &mut dyn Tx,
        site: SiteId,
        events: impl Iterator<Item = Event> + Send,
    ) -> Result<Self, StoreError> {
        let mut ids: Vec<DeviceId> = events
            .filter(|event| event.family() == Family::Device)
            .map(|event| DeviceId(event.parts().subject))
            .collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(Self::default());
        }
        let devices = tx.devices().find_each(site, &ids).await?;
        let mut facts: HashMap<_, _> = tx.device_details().facts_of_each(&ids).await?.into_iter().collect();
        let mut customers: HashMap<CustomerId, Option<Customer>> = HashMap::new();
        for holder in devices.iter().filter_map(|device| device.holder) {
            if let Entry::Vacant(unread) = customers.entry(holder.customer) {
                unread.insert(tx.customers().find_by_id(site, holder.customer).await?);
            }
        }
        let story = |device: Device| {
            let customer = device.holder.and_then(|holder| customers.get(&holder.customer)?.clone());
            (device.id, DeviceStory { customer, facts: facts.remove(&device.id), device })
        };
        Ok(Self(devices.into_iter().map(story).collect()))
    }
}

/// The rows that an event is about. What is gone since the event was written is [`Story::Missing`]. A device that is among
/// those that were read is not read again.
pub(super) async fn story(tx: &mut dyn Tx, site: SiteId, event: Event, known: &Devices) -> Result<Story, StoreError> {
    let found = match event {
        Event::DeviceChanged(device) | Event::DeviceRegistered(device) | Event::DeviceSnapshot(device) => {
            match known.0.get(&device) {
                Some(story) => Some(Story::Device(Box::new(story.clone()))),
                None => of_device(tx, site, device).await?,
            }
        }
        Event::FeatureChanged(feature) | Event::FeatureCreated(feature) => of_feature(tx, site, feature).await?,
        Event::LicenseActivated(license, device)
        | Event::LicenseReleased(license, device)
        | Event::UnitsCounted(license, device, _) => of_license(tx, site, license, Some(device)).await?,
        Event::LicenseChanged(license)
        | Event::LicenseCreated(license)
        | Event::LicenseExpired(license)
        | Event::LicenseExpiring(license)
        | Event::LicenseSnapshot(license) => of_license(tx, site, license, None).await?,
        Event::OrderCreated(order) | Event::OrderSnapshot(order) => of_order(tx, site, order).await?,
        Event::ProductChanged(product) | Event::ProductCreated(product) | Event::ProductSnapshot(product) => {
            of_product(tx, site, product, None).await?
        }
    };
    Ok(found.unwrap_or_else(|| Story::Missing(missing(event))))
}

/// What an event was about whose row is gone.
fn missing(event: Event) -> Entity {
    let family = event.family();
    match event {
        Event::DeviceChanged(_)
        | Event::DeviceRegistered(_)
        | Event::DeviceSnapshot(_)
        | Event::OrderCreated(_)
        | Event::OrderSnapshot(_)
        | Event::ProductChanged(_)
        | Event::ProductCreated(_)
        | Event::ProductSnapshot(_) => Entity { family, id: event.parts().subject },
        Event::FeatureChanged(_)
        | Event::FeatureCreated(_)
        | Event::LicenseActivated(..)
        | Event::LicenseChanged(_)
        | Event::LicenseCreated(_)
        | Event::LicenseExpired(_)
        | Event::LicenseExpiring(_)
        | Event::LicenseReleased(..)
        | Event::LicenseSnapshot(_)
        | Event::UnitsCounted(..) => Entity::unknown(family),
    }
}

async fn of_device(tx: &mut dyn Tx, site: SiteId, id: DeviceId) -> Result<Option<Story>, StoreError> {
    let Some(device) = tx.devices().find_by_id(site, id).await? else { return Ok(None) };
    let facts = tx.device_details().facts(id).await?.map(|(facts, _)| facts);
    let customer = match device.holder {
        Some(holder) => tx.customers().find_by_id(site, holder.customer).await?,
        None => None,
    };
    Ok(Some(Story::Device(Box::new(DeviceStory { device, customer, facts }))))
}

async fn of_feature(tx: &mut dyn Tx, site: SiteId, id: FeatureId) -> Result<Option<Story>, StoreError> {
    match tx.event_numbers().product_of(id).await? {
        Some(product) => of_product(tx, site, product, Some(id)).await,
        None => Ok(None),
    }
}

async fn of_product(
    tx: &mut dyn Tx,
    site: SiteId,
    id: ProductId,
    changed: Option<FeatureId>,
) -> Result<Option<Story>, StoreError> {
    let Some(product) = tx.licensed_products().find_by_id(site, id).await? else { return Ok(None) };
    let features = tx.features().list(id).await?;
    let changed = features.iter().find(|feature| Some(feature.id) == changed).cloned();
    Ok(Some(Story::Product(Box::new(ProductStory { product, features, changed }))))
}

async fn of_order(tx: &mut dyn Tx, site: SiteId, id: OrderId) -> Result<Option<Story>, StoreError> {
    let Some(order) = tx.orders().find_by_id(site, id).await? else { return Ok(None) };
    let Some(customer) = tx.customers().find_by_id(site, order.holder.customer).await? else { return Ok(None) };
    Ok(Some(Story::Order(Box::new(OrderStory { order, customer, line_item: None }))))
}

async fn of_license(
    tx: &mut dyn Tx,
    site: SiteId,
    id: LicenseId,
    device: Option<DeviceId>,
) -> Result<Option<Story>, StoreError> {
    let Some(license) = tx.licenses().find_by_id(site, id).await? else { return Ok(None) };
    let Some(order) = tx.orders().find(site, &license.order).await? else { return Ok(None) };
    let Some(customer) = tx.customers().find_by_id(site, order.holder.customer).await? else { return Ok(None) };
    let Some(product) = tx.licensed_products().find_by_id(site, license.product.id).await? else { return Ok(None) };
    let device = match device {
        Some(device) => tx.devices().find_by_id(site, device).await?,
        None => None,
    };
    let line_item = Some(LineItem { license, product, device });
    Ok(Some(Story::Order(Box::new(OrderStory { order, customer, line_item }))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_row_of_its_own_is_an_entity_that_is_gone() {
        assert_eq!(missing(Event::OrderCreated(OrderId(7))), Entity { family: Family::Entitlement, id: 7 });
        assert_eq!(missing(Event::ProductChanged(ProductId(8))), Entity { family: Family::Product, id: 8 });
        assert_eq!(missing(Event::LicenseChanged(LicenseId(7))), Entity::unknown(Family::Entitlement));
        assert_eq!(missing(Event::FeatureChanged(FeatureId(7))), Entity::unknown(Family::Product));
    }
}
