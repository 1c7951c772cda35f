//! A producer with a product, and applications that call.

use countersign_app::Ctx;
use countersign_app::license_api::{
    Access, Activate, Consumption, Credentials, Done, Identity, LicenseCaller, LicenseCredential, LicenseError,
    LicenseName, LicenseView, Refusal, ReleaseFilter, activate, add_consumption, check, deactivate,
};
use countersign_app::licensing::customers::NewCustomer;
use countersign_app::licensing::licenses::{self, NewLicense};
use countersign_app::licensing::{customers, orders};
use countersign_app::{products, sites};
use countersign_domain::ids::{ApiKeyId, SiteId};
use countersign_domain::licensing::{
    ActivationLimit, DeviceFacts, License, LicenseRules, LicenseStatus, LicenseTerms, LicenseType, Metering, Units,
};
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::text::{CustomerName, HardwareId, LicenseKey, OrderNumber, ProductCode, ProductName};
use countersign_testkit::World;

/// A site with the product `stub`, an order, and a caller that may do everything.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) ctx: Ctx,
    pub(crate) site: SiteId,
    pub(crate) caller: LicenseCaller,
}

pub(crate) const TERMS: LicenseTerms = LicenseTerms {
    status: LicenseStatus::Enabled,
    start_date: None,
    end_date: None,
    limit: ActivationLimit::AtMost(2),
};

impl Shop {
    pub(crate) async fn new() -> Self {
        let world = World::new().await;
        let ctx = world.ctx.clone();
        let site = sites::create(&ctx, SiteName::new("acme").unwrap(), SiteSettings::default()).await.unwrap();
        products::create(&ctx, site, product()).await.unwrap();
        let name = CustomerName::new("Buyer").unwrap();
        let new = NewCustomer { name: name.clone(), email: "buyer@example.test".to_owned(), account: None };
        customers::create(&ctx, site, new).await.unwrap();
        orders::create(&ctx, site, order(), name).await.unwrap();
        let credential = LicenseCredential::ApiKey(ApiKeyId(1));
        let caller = LicenseCaller { site, credential, products: None, access: Access::ReadWrite, parts: Vec::new() };
        Self { world, ctx, site, caller }
    }

    pub(crate) async fn license(&self, terms: LicenseTerms, rules: LicenseRules) -> License {
        let new = NewLicense { order: order(), product: product(), key: None, features: vec![], terms };
        let change = move |_: &mut LicenseTerms, changed: &mut LicenseRules| *changed = rules;
        licenses::create_from(&self.ctx, self.site, new, None, change).await.unwrap()
    }

    pub(crate) async fn activate(&self, key: &LicenseKey, hardware: &str) -> Result<LicenseView, LicenseError> {
        now(activate(&self.ctx, &self.caller, activation(key, hardware), None).await)
    }

    pub(crate) async fn check(&self, key: &LicenseKey, hardware: &str) -> Result<Box<LicenseView>, LicenseError> {
        check(&self.ctx, &self.caller, identity(key, hardware), ReleaseFilter::default()).await
    }

    pub(crate) async fn deactivate(&self, key: &LicenseKey, hardware: &str) -> Result<(), LicenseError> {
        deactivate(&self.ctx, &self.caller, identity(key, hardware), vec![]).await
    }

    pub(crate) async fn consume(&self, key: &LicenseKey, hardware: &str, units: i64) -> Result<i64, LicenseError> {
        let consumption = Consumption { units, overage: None };
        let counted = add_consumption(&self.ctx, &self.caller, identity(key, hardware), consumption, None).await;
        now(counted).map(|counted| counted.meter.total)
    }
}

/// What was done now, where nothing was asked for before.
pub(crate) fn now<T>(done: Result<Done<T>, LicenseError>) -> Result<T, LicenseError> {
    match done? {
        Done::Now(value) => Ok(value),
        Done::Before(_) => panic!("nothing was done before"),
    }
}

pub(crate) fn refusal<T>(outcome: Result<T, LicenseError>) -> Refusal {
    match outcome {
        Ok(_) => panic!("it was not refused"),
        Err(LicenseError::Refused(refusal)) => refusal,
        Err(LicenseError::Denied(denied)) => panic!("{denied:?}"),
        Err(LicenseError::Fault(fault)) => panic!("{fault:?}"),
    }
}

pub(crate) fn product() -> ProductName {
    ProductName::new("stub").unwrap()
}

pub(crate) fn code() -> ProductCode {
    ProductCode::new("stub").unwrap()
}

pub(crate) fn order() -> OrderNumber {
    OrderNumber::new("SO-1").unwrap()
}

pub(crate) fn hardware(text: &str) -> HardwareId {
    HardwareId::new(text).unwrap()
}

pub(crate) fn identity(key: &LicenseKey, device: &str) -> Identity {
    let (hardware, name) = (hardware(device), LicenseName::Key(key.clone()));
    Identity { product: code(), bundle: None, hardware, name, license: None }
}

pub(crate) fn activation(key: &LicenseKey, device: &str) -> Activate {
    Activate {
        product: code(),
        bundle: None,
        hardware: hardware(device),
        by: Credentials::Key(key.clone()),
        license: None,
        facts: DeviceFacts::default(),
        variables: vec![],
        releases: ReleaseFilter::default(),
    }
}

/// Rules of a license that counts units.
pub(crate) fn counting(limit: i64) -> LicenseRules {
    LicenseRules {
        license_type: LicenseType::Consumption,
        metering: Metering { limit: Units::AtMost(limit), ..Metering::default() },
        ..LicenseRules::default()
    }
}
