//! A producer at work on a site of his own.

use countersign_app::licensing::customers::NewCustomer;
use countersign_app::licensing::licenses::{CreateLicenseError, NewLicense};
use countersign_app::licensing::{accounts, customers, devices, licenses, orders};
use countersign_app::{Ctx, Page, products, sites, trails};
use countersign_domain::audit::{Actor, AuditEntry, Channel};
use countersign_domain::device::{DeviceClass, DeviceIdentity};
use countersign_domain::event::Event;
use countersign_domain::ids::{DeviceId, SiteId};
use countersign_domain::licensing::{ActivationLimit, License, LicenseStatus, LicenseTerms};
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::text::{AccountName, CustomerName, LicenseKey, OrderNumber, ProductName};
use countersign_domain::time::Date;
use countersign_store::StoreError;
use countersign_testkit::World;

/// A site `acme` with the product `Pump`, administered by `ada`.
pub(crate) struct Producer {
    pub(crate) world: World,
    pub(crate) ctx: Ctx,
    pub(crate) site: SiteId,
}

impl Producer {
    pub(crate) async fn new() -> Self {
        let world = World::new().await;
        let ctx = world.ctx.acting_as(ada());
        let site = sites::create(&ctx, SiteName::new("acme").unwrap(), SiteSettings::default()).await.unwrap();
        products::create(&ctx, site, product("Pump")).await.unwrap();
        Self { world, ctx, site }
    }

    /// Another site beside this one, with the same product.
    pub(crate) async fn other_site(&self) -> SiteId {
        let name = SiteName::new("beta").unwrap();
        let site = sites::create(&self.ctx, name, SiteSettings::default()).await.unwrap();
        products::create(&self.ctx, site, product("Pump")).await.unwrap();
        site
    }

    pub(crate) async fn create_account(&self, name: &str) {
        accounts::create(&self.ctx, self.site, account(name)).await.unwrap();
    }

    pub(crate) async fn create_customer(&self, name: &str, of: Option<&str>) {
        let new = NewCustomer { name: customer(name), email: String::new(), account: of.map(account) };
        customers::create(&self.ctx, self.site, new).await.unwrap();
    }

    pub(crate) async fn create_order(&self, number: &str, of: &str) {
        orders::create(&self.ctx, self.site, order(number), customer(of)).await.unwrap();
    }

    pub(crate) async fn try_license(&self, new: NewLicense) -> Result<License, CreateLicenseError> {
        licenses::create(&self.ctx, self.site, new).await
    }

    /// A customer with an order, and in it a license for some devices.
    pub(crate) async fn license(&self, key: &str, holder: &str, limit: u32) -> License {
        if customers::find(&self.ctx, self.site, customer(holder)).await.unwrap().is_none() {
            self.create_customer(holder, None).await;
        }
        let number = format!("order of {key}");
        self.create_order(&number, holder).await;
        self.try_license(NewLicense { key: Some(license_key(key)), ..new_license(&number, limit) }).await.unwrap()
    }

    pub(crate) async fn add_device(&self, id: &str, class: DeviceClass, of: Option<&str>) -> DeviceId {
        devices::add(&self.ctx, self.site, new_device(id, class, of)).await.unwrap()
    }

    /// Puts a license on a device, as a registration does.
    pub(crate) async fn activate(&self, license: &License, device: DeviceId) {
        let license = license.id;
        let unit = self.world.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let now = tx.now().await?;
                tx.activations().insert(license, device, now).await
            })
        });
        assert!(unit.await.unwrap());
    }

    pub(crate) async fn activations(&self, key: &str) -> u32 {
        licenses::find(&self.ctx, self.site, license_key(key)).await.unwrap().unwrap().activations
    }

    /// The whole audit trail.
    pub(crate) async fn audit(&self) -> Vec<AuditEntry> {
        trails::list_audit(&self.ctx, self.site, Page::first(1000)).await.unwrap()
    }

    /// All events.
    pub(crate) async fn events(&self) -> Vec<Event> {
        let events = trails::list_events(&self.ctx, self.site, Page::first(1000)).await.unwrap();
        assert!(events.iter().all(|event| event.actor == ada()), "{events:?}");
        events.into_iter().map(|event| event.event).collect()
    }

    /// Demands that what has just been done left one entry in the audit trail, by `ada`, and exactly these events; takes
    /// the trails as they were before.
    pub(crate) async fn demand(&self, before: &Trails, verb: &str, subject: &str, events: &[Event]) {
        let now = self.trails().await;
        let new = now.audit.get(before.audit.len()..).unwrap();
        assert_eq!(new.len(), 1, "{new:?}");
        assert_eq!((new[0].verb.as_str(), new[0].subject.as_str(), &new[0].actor), (verb, subject, &ada()));
        assert_eq!(now.events.get(before.events.len()..).unwrap(), events);
    }

    pub(crate) async fn trails(&self) -> Trails {
        Trails { audit: self.audit().await, events: self.events().await }
    }
}

/// What is written beside every change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Trails {
    pub(crate) audit: Vec<AuditEntry>,
    pub(crate) events: Vec<Event>,
}

pub(crate) fn ada() -> Actor {
    Actor { channel: Channel::ProducerDoor, name: "ada".to_owned() }
}

pub(crate) fn new_license(order_number: &str, limit: u32) -> NewLicense {
    NewLicense {
        order: order(order_number),
        product: product("Pump"),
        key: None,
        features: vec![],
        terms: terms(limit),
    }
}

pub(crate) fn new_device(id: &str, class: DeviceClass, of: Option<&str>) -> devices::NewDevice {
    let identity_name = String::new();
    devices::NewDevice { identity: identity(id), identity_name, class, customer: of.map(customer) }
}

pub(crate) fn terms(limit: u32) -> LicenseTerms {
    let limit = ActivationLimit::AtMost(limit);
    LicenseTerms { status: LicenseStatus::Enabled, start_date: None, end_date: None, limit }
}

pub(crate) fn identity(id: &str) -> DeviceIdentity {
    DeviceIdentity { id: id.to_owned(), id_type: "STRING".to_owned(), publisher_name: "acme".to_owned() }
}

pub(crate) fn account(name: &str) -> AccountName {
    AccountName::new(name).unwrap()
}

pub(crate) fn customer(name: &str) -> CustomerName {
    CustomerName::new(name).unwrap()
}

pub(crate) fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

pub(crate) fn license_key(text: &str) -> LicenseKey {
    LicenseKey::new(text).unwrap()
}

pub(crate) fn order(number: &str) -> OrderNumber {
    OrderNumber::new(number).unwrap()
}

pub(crate) fn product(name: &str) -> ProductName {
    ProductName::new(name).unwrap()
}
