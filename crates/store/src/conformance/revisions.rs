//! Revisions: every write that a check of a license tells of counts one up, and no other does.

use countersign_domain::device::DeviceStatus;
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::{DeviceId, LicenseId, LicenseUserId, ProductId, SiteId, VersionId};
use countersign_domain::licensing::{
    Contact, Environment, FeatureRules, LicenseRules, LicenseStatus, LicenseTerms, LicenseUsage, Meter, ProductRules,
    ProductStatus, ReleasedVersion,
};
use countersign_domain::text::{FeatureCode, HardwareId, ProductCode, UserEmail};

use super::purchases::{MISSING, TERMS, customer, device, key, license, order, product};
use super::{NOW, site};
use crate::repositories::{CalledLicense, LicenseStamp, NewLicenseUser, Tx};
use crate::{Store, StoreError};

/// One after the other, on one license of two; the stamp is what the license is found with.
pub async fn every_change_of_a_license_is_seen_by_its_revision(store: &Store) {
    let site = site(store, "one").await;
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let buyer = customer(tx, site, "Buyer", None).await?;
                let order = order(tx, site, "SO-1", buyer).await?;
                let pump = product(tx, site, "Pump").await?;
                let one = license(tx, site, "A", order, pump, TERMS).await?;
                let other = license(tx, site, "B", order, pump, TERMS).await?;
                let (x, y) = (device(tx, site, "x", None).await?, device(tx, site, "y", None).await?);
                let ada = user(tx, site).await?;
                let mut seen = Seen { of: (one, x), beside: (other, x), stamps: None };
                assert_eq!(tx.licenses().stamp(LicenseId(MISSING), x).await?, None);
                assert_eq!(tx.licenses().stamp(one, DeviceId(MISSING)).await?, None);
                seen.look(tx).await?;

                tx.activations().insert(one, x, NOW).await?;
                seen.changed(tx, "activation").await?;
                let code = ProductCode::new("Pump").expect("the test gives a good code");
                let (key, hardware) = (key("A"), HardwareId::new("x").expect("the test gives a good ID"));
                let called = CalledLicense { product: &code, key: &key, hardware: &hardware };
                let found = tx.licenses().find_called(site, called).await?.expect("is there");
                let (bound, _) = found.bound.expect("is active there");
                let (status, last_seen_at) = (bound.status, bound.last_seen_at);
                let stamp = LicenseStamp { revisions: found.revisions, status, last_seen_at };
                assert_eq!(tx.licenses().stamp(one, x).await?, Some(stamp));

                tx.activations().set_user(one, x, Some(ada)).await?;
                seen.changed(tx, "user of the activation").await?;
                tx.activations().insert_with_usage((one, y), &LicenseUsage::default(), NOW).await?;
                seen.changed(tx, "activation elsewhere").await?;
                tx.activations().delete(one, y).await?;
                seen.changed(tx, "release elsewhere").await?;
                tx.licenses().set_terms(one, &LicenseTerms { status: LicenseStatus::Disabled, ..TERMS }).await?;
                seen.changed(tx, "terms").await?;
                tx.licenses().set_rules(one, &LicenseRules { prevent_vm: true, ..LicenseRules::default() }).await?;
                seen.changed(tx, "rules").await?;
                tx.licenses().set_usage(one, &LicenseUsage::default()).await?;
                seen.changed(tx, "units").await?;
                let pro = FeatureCode::new("PRO").expect("the test gives a good code");
                let feature = tx.features().insert(pump, &pro, "", NOW).await?.expect("the code is free");
                for what in ["new feature", "units of a feature"] {
                    tx.licenses().set_feature(one, feature, &FeatureRules::default(), Meter::default()).await?;
                    seen.changed(tx, what).await?;
                }
                tx.licenses().delete_feature(one, feature).await?;
                seen.changed(tx, "removed feature").await?;
                tx.devices().set_status(x, DeviceStatus::Obsolete).await?;
                assert_ne!(seen.look(tx).await?.0.status, DeviceStatus::Active);

                // Product and customer are those of both licenses.
                tx.licensed_products().set(pump, &code, ProductStatus::Active, &ProductRules::default()).await?;
                seen.changed_for_both(tx, "product").await?;
                let version = tx.versions().insert(site, &release(pump), None, NOW).await?.expect("is new");
                seen.changed_for_both(tx, "release").await?;
                tx.versions().delete(pump, version).await?;
                seen.changed_for_both(tx, "withdrawn release").await?;
                tx.customers().set_contact(buyer, &Contact::default()).await?;
                seen.changed_for_both(tx, "contact").await?;
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// The stamps of two licenses, as they were seen last.
struct Seen {
    of: (LicenseId, DeviceId),
    beside: (LicenseId, DeviceId),
    stamps: Option<(LicenseStamp, LicenseStamp)>,
}

impl Seen {
    async fn look(&mut self, tx: &mut dyn Tx) -> Result<(LicenseStamp, LicenseStamp), StoreError> {
        let of = tx.licenses().stamp(self.of.0, self.of.1).await?.expect("is there");
        let beside = tx.licenses().stamp(self.beside.0, self.beside.1).await?.expect("is there");
        self.stamps = Some((of, beside));
        Ok((of, beside))
    }

    async fn changed(&mut self, tx: &mut dyn Tx, what: &str) -> Result<(), StoreError> {
        let before = self.stamps.expect("was looked at");
        let now = self.look(tx).await?;
        assert!(now.0.revisions.license > before.0.revisions.license, "{what}");
        assert_eq!(now.1, before.1, "{what} is no matter of the other license");
        Ok(())
    }

    async fn changed_for_both(&mut self, tx: &mut dyn Tx, what: &str) -> Result<(), StoreError> {
        let before = self.stamps.expect("was looked at");
        let now = self.look(tx).await?;
        assert_ne!((now.0.revisions, now.1.revisions), (before.0.revisions, before.1.revisions), "{what}");
        assert!(now.0 != before.0 && now.1 != before.1, "{what}");
        Ok(())
    }
}

async fn user(tx: &mut dyn Tx, site: SiteId) -> Result<LicenseUserId, StoreError> {
    let user = NewLicenseUser {
        email: UserEmail::new("ada@example.test").expect("the test gives a good address"),
        first_name: String::new(),
        last_name: String::new(),
        phone: String::new(),
        password_hash: "hash".to_owned(),
        initial_password: false,
    };
    Ok(tx.license_users().insert(site, &user, NOW).await?.expect("the address is free"))
}

fn release(product: ProductId) -> ReleasedVersion {
    ReleasedVersion {
        id: VersionId(0),
        product,
        version: "1".to_owned(),
        environment: Environment::Linux,
        channel: String::new(),
        file_name: PlainFileName::new("pump.bin").expect("the test gives a good name"),
        url: Some("https://files.example/pump.bin".to_owned()),
        sha256: [1; 32],
        md5: [2; 16],
        size: 3,
        requires_version: String::new(),
        eula_link: String::new(),
        release_notes_link: String::new(),
        released_at: NOW,
    }
}
