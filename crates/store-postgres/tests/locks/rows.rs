//! Rows that the units meet at.

use countersign_domain::device::{DeviceClass, DeviceIdentity, Language};
use countersign_domain::ids::{CustomerId, DeviceId, ProductId, SiteId, StoredFileId};
use countersign_domain::licensing::{ActivationLimit, LicenseRules, LicenseStatus, LicenseTerms};
use countersign_domain::report::StatusReport;
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::text::{CustomerName, LicenseKey, OrderNumber, ProductName, UpdateId};
use countersign_domain::time::Timestamp;
use countersign_store::repositories::{NewCustomer, NewDevice, NewFile, NewLicense, NewStatusReport};
use countersign_store::{Store, StoreError, Tx};
use countersign_store_postgres::{PostgresStore, PrivateDatabase, test_cluster};

pub(crate) const NOW: Timestamp = Timestamp::EPOCH;
pub(crate) const SHA256: [u8; 32] = [7; 32];

/// One of each.
#[derive(Clone, Copy)]
pub(crate) struct Rows {
    pub(crate) site: SiteId,
    pub(crate) product: ProductId,
    pub(crate) customer: CustomerId,
    pub(crate) device: DeviceId,
    pub(crate) file: StoredFileId,
}

pub(crate) async fn open() -> (Store, PrivateDatabase, Rows) {
    let database = PrivateDatabase::create(&test_cluster()).await.unwrap();
    let store = Store::new(PostgresStore::open(&database.connection(), NOW).await.unwrap());
    let rows = store.write::<_, StoreError, _>(|tx| Box::pin(fill(tx))).await.unwrap();
    (store, database, rows)
}

async fn fill(tx: &mut dyn Tx) -> Result<Rows, StoreError> {
    let name = SiteName::new("one").unwrap();
    let site = tx.sites().insert(&name, &SiteSettings::default(), NOW).await?.unwrap();
    let product = tx.products().insert(site, &ProductName::new("Pump").unwrap(), NOW).await?.unwrap();
    let name = CustomerName::new("Nordwind").unwrap();
    let customer = NewCustomer { name, email: String::new(), account: None };
    let customer = tx.customers().insert(site, &customer, NOW).await?.unwrap();
    let order = tx.orders().insert(site, &OrderNumber::new("SO-1").unwrap(), customer, NOW).await?.unwrap();
    let terms = LicenseTerms {
        status: LicenseStatus::Enabled,
        start_date: None,
        end_date: None,
        limit: ActivationLimit::Unlimited,
    };
    let license = NewLicense {
        key: key(),
        order,
        product,
        bundle_key: None,
        features: Vec::new(),
        terms,
        rules: LicenseRules::default(),
    };
    tx.licenses().insert(site, &license, NOW).await?.unwrap();
    let device =
        NewDevice { identity: identity(), identity_name: String::new(), class: DeviceClass::Client, customer: None };
    let device = tx.devices().insert(site, &device, NOW).await?.unwrap();
    let file = NewFile { sha256: SHA256, md5: [1; 16], size: 3, object_key: "key".to_owned() };
    let file = tx.files().insert(site, &file, NOW).await?.unwrap();
    Ok(Rows { site, product, customer, device, file })
}

pub(crate) fn key() -> LicenseKey {
    LicenseKey::new("ACT-1").unwrap()
}

pub(crate) fn identity() -> DeviceIdentity {
    DeviceIdentity { id: "pump-1".to_owned(), id_type: "STRING".to_owned(), publisher_name: "acme".to_owned() }
}

pub(crate) fn report(device: DeviceId) -> NewStatusReport {
    let report = StatusReport {
        class: DeviceClass::Client,
        identity: None,
        update: UpdateId::new("U-1").unwrap(),
        update_name: String::new(),
        package: String::new(),
        platform: String::new(),
        language: Language(0),
        code: 1,
        reason: String::new(),
        reported_at: None,
    };
    NewStatusReport { device: Some(device), report, fold: None }
}
