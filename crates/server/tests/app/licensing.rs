//! Customers, licenses, devices and entitlement-checked updates for the tests of the device door, put into the store
//! directly: the tests of use cases prove the ways in which producers do it.

use countersign_app::{packages, products, updates};
use countersign_domain::catalog::release::NewUpdate;
use countersign_domain::catalog::update::EntitlementCheck;
use countersign_domain::device::{Device, DeviceClass, DeviceIdentity, DeviceStatus};
use countersign_domain::licensing::{ActivationLimit, License, LicenseRules, LicenseStatus, LicenseTerms};
use countersign_domain::text::{AccountName, CustomerName, LicenseKey, OrderNumber, PackageId, ProductName};
use countersign_store::StoreError;
use countersign_store::repositories::{NewCustomer, NewDevice, NewLicense};
use serde_json::{Value, json};

use crate::support::{App, new_update};

pub(crate) const REGISTRATIONS: &str = "/uai/2.0/devices/registrations";
pub(crate) const STATUS_LOG: &str = "/uai/2.0/updates/statusLog";
pub(crate) const EVENTS: &str = "/uai/2.0/events";
pub(crate) const PLAIN_UPDATES: &str = "/uai/2.0/updates";
pub(crate) const PLAIN_MANIFESTS: &str = "/uai/2.0/updates/manifests";

/// Terms without dates.
pub(crate) fn terms(limit: u32) -> LicenseTerms {
    LicenseTerms {
        status: LicenseStatus::Enabled,
        start_date: None,
        end_date: None,
        limit: ActivationLimit::AtMost(limit),
    }
}

pub(crate) fn identity(id: &str) -> DeviceIdentity {
    DeviceIdentity { id: id.to_owned(), id_type: "STRING".to_owned(), publisher_name: "acme".to_owned() }
}

/// The members of a body that say who the device is, and those of `more`.
pub(crate) fn body(id: &str, more: Value) -> Value {
    let mut body = json!({ "id": id, "idType": "STRING", "publisherName": "acme" });
    extend(&mut body, more);
    body
}

/// Adds the members of an object to another.
pub(crate) fn extend(body: &mut Value, more: Value) {
    let Value::Object(more) = more else { panic!("not an object: {more}") };
    body.as_object_mut().unwrap().extend(more);
}

/// The question to which the published update is the answer, asked by a device.
pub(crate) fn question_of(id: &str) -> Value {
    body(id, json!({ "updateFromPkgId": "pump-4.1", "platform": "LINUX64", "language": 1033 }))
}

/// The IDs of a list of updates.
pub(crate) fn ids(list: &Value) -> Vec<&str> {
    list["updateItems"].as_array().unwrap().iter().map(|item| item["updateId"].as_str().unwrap()).collect()
}

impl App {
    /// A customer, in an account if one is named, with a license for the product `Pump`.
    pub(crate) async fn license(&self, customer: &str, account: Option<&str>, key: &str, terms: LicenseTerms) {
        let site = self.site;
        let customer = CustomerName::new(customer).unwrap();
        let account = account.map(|name| AccountName::new(name).unwrap());
        let key = LicenseKey::new(key).unwrap();
        let now = self.ctx().now();
        let written = self.world.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let account = match account {
                    Some(name) => {
                        tx.accounts().insert(site, &name, now).await?;
                        tx.accounts().find(site, &name).await?.map(|account| account.id)
                    }
                    None => None,
                };
                let new = NewCustomer { name: customer.clone(), email: String::new(), account };
                tx.customers().insert(site, &new, now).await?;
                let customer = tx.customers().find(site, &customer).await?.unwrap().id;
                let number = OrderNumber::new(format!("order of {}", key.as_str())).unwrap();
                let order = tx.orders().insert(site, &number, customer, now).await?.unwrap();
                let pump = ProductName::new("Pump").unwrap();
                let product = tx.products().find(site, &pump).await?.expect("publish first").id;
                let new = NewLicense {
                    key,
                    order,
                    product,
                    bundle_key: None,
                    features: vec![],
                    terms,
                    rules: LicenseRules::default(),
                };
                tx.licenses().insert(site, &new, now).await
            })
        });
        written.await.unwrap().expect("the key is free");
    }

    /// The license of a key.
    pub(crate) async fn find_license(&self, key: &str) -> License {
        let (site, key) = (self.site, LicenseKey::new(key).unwrap());
        let found = self
            .world
            .store
            .read::<_, StoreError, _>(move |tx| Box::pin(async move { tx.licenses().find(site, &key).await }));
        found.await.unwrap().unwrap()
    }

    /// Replaces the terms of a license.
    pub(crate) async fn set_terms(&self, key: &str, terms: LicenseTerms) {
        let id = self.find_license(key).await.id;
        let changed = self
            .world
            .store
            .write::<_, StoreError, _>(move |tx| Box::pin(async move { tx.licenses().set_terms(id, &terms).await }));
        assert!(changed.await.unwrap());
    }

    /// Adds a device as a producer would.
    pub(crate) async fn add_device(&self, id: &str, class: DeviceClass, customer: Option<&str>) {
        let (site, now) = (self.site, self.ctx().now());
        let (identity, customer) = (identity(id), customer.map(|name| CustomerName::new(name).unwrap()));
        let written = self.world.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let customer = match customer {
                    Some(name) => Some(tx.customers().find(site, &name).await?.unwrap().id),
                    None => None,
                };
                let new = NewDevice { identity, identity_name: String::new(), class, customer };
                tx.devices().insert(site, &new, now).await
            })
        });
        written.await.unwrap().expect("the identity is free");
    }

    /// The device of an ID.
    pub(crate) async fn find_device(&self, id: &str) -> Option<Device> {
        let (site, identity) = (self.site, identity(id));
        let found = self
            .world
            .store
            .read::<_, StoreError, _>(move |tx| Box::pin(async move { tx.devices().find(site, &identity).await }));
        found.await.unwrap()
    }

    /// Sets whether a device is in use.
    pub(crate) async fn set_device_status(&self, id: &str, status: DeviceStatus) {
        let device = self.find_device(id).await.unwrap().id;
        let changed = self.world.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move { tx.devices().set_status(device, status).await })
        });
        assert!(changed.await.unwrap());
    }

    /// Takes a license off a device.
    pub(crate) async fn release(&self, key: &str, id: &str) {
        let (license, device) = (self.find_license(key).await.id, self.find_device(id).await.unwrap().id);
        let released = self.world.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move { tx.activations().delete(license, device).await })
        });
        assert!(released.await.unwrap());
    }

    /// Offers another update from `pump-4.1`, to a package of the product `Pump`, with an entitlement check.
    pub(crate) async fn offer(&self, update: &str, to: &str, check: EntitlementCheck) {
        let pump = ProductName::new("Pump").unwrap();
        let _ = products::create(self.ctx(), self.site, pump.clone()).await;
        let to_id = PackageId::new(to).unwrap();
        let _ = packages::create(self.ctx(), self.site, to_id, pump, String::new()).await;
        let update = NewUpdate { entitlement_check: check, ..new_update(update, "pump-4.1", to) };
        updates::create(self.ctx(), self.site, update).await.unwrap();
    }

    /// With updates of every entitlement check: `UPD-1` for all, `UPD-ACCOUNT` and `UPD-LINE`.
    pub(crate) async fn with_checked_updates() -> Self {
        let app = Self::new().await;
        app.offer("UPD-ACCOUNT", "pump-4.3", EntitlementCheck::Account).await;
        app.offer("UPD-LINE", "pump-4.4", EntitlementCheck::LineItem).await;
        app
    }

    /// Tells something with a good token and gives the error key of the outcome; empty when it is kept.
    pub(crate) async fn tell(&self, path: &str, body: &Value) -> String {
        let answer = self.ask(path, body).await;
        assert_eq!(answer.status, http::StatusCode::OK, "{}", String::from_utf8_lossy(&answer.body));
        assert_eq!(answer.headers["content-type"], "application/json");
        let object = answer.json();
        let members: Vec<_> = object.as_object().unwrap().keys().cloned().collect();
        assert_eq!(members, ["arguments", "key", "message"], "{object}");
        let key = object["key"].as_str().unwrap().to_owned();
        assert_eq!(object["message"] == "", key.is_empty(), "{object}");
        key
    }

    /// Registers a device with an activation ID and gives the error key.
    pub(crate) async fn register(&self, id: &str, key: &str) -> String {
        self.tell(REGISTRATIONS, &body(id, json!({ "activationId": key }))).await
    }
}
