//! What the demonstration's licensed applications have: keys of each kind with room for devices, a user, a trial product and
//! a bundle. Whatever is there is kept; what was used up is made again at every start.

use anyhow::{Context as _, Result};
use countersign_app::license_api::{self, Access, NewApiKey};
use countersign_app::licensing::license_users::{self, Address, LicenseUserError, NewUser};
use countersign_app::licensing::licenses::{self, LicenseFilter, NewLicense};
use countersign_app::licensing::versions::{self, NewVersion, VersionError};
use countersign_app::licensing::{bundles, features, orders, policies, products as licensed};
use countersign_app::{Ctx, Page, keys, products};
use countersign_crypto::encoding::base64_encode;
use countersign_crypto::{Secret, spki_pem};
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::{PolicyId, SiteId};
use countersign_domain::licensing::{
    ActivationLimit, FeatureRules, FeatureType, Floating, License, LicenseRules, LicenseStatus, LicenseTerms,
    LicenseType, Metering, Policy, Seats, Units,
};
use countersign_domain::site::Site;
use countersign_domain::text::{
    CustomerName, FeatureCode, OrderNumber, PolicyCode, ProductCode, ProductName, UserEmail,
};
use countersign_domain::time::Date;

use super::license::CUSTOMER;
use super::licensed::Application;
use super::sample::Sample;
use crate::credentials::{LicenseApiCredentials, LicenseKeys, LicenseUserCredentials};
use crate::user::generate_password;

/// A kind of license.
struct Kind {
    order: &'static str,
    terms: LicenseTerms,
    rules: LicenseRules,
    features: Vec<FeatureCode>,
    /// Whether its licenses are there to be activated.
    used: bool,
}

/// Sees to all of it, and writes it into the credentials.
pub(super) async fn provision(
    ctx: &Ctx,
    site: &Site,
    sample: &Sample,
    credentials: &mut LicenseApiCredentials,
) -> Result<()> {
    let id = site.id;
    let product = &sample.product;
    let product_code = named(ctx, id, product, CODE, None).await?;
    let trial = ProductName::new(TRIAL_PRODUCT)?;
    if !products::list(ctx, id).await?.iter().any(|known| known.name == trial) {
        products::create(ctx, id, trial.clone()).await?;
    }
    let trial_code = named(ctx, id, &trial, TRIAL_CODE, Some(TRIAL_DAYS)).await?;
    let codes = feature_codes(ctx, id, product).await?;
    let shared = shared_feature(ctx, id, product).await?;
    announce(ctx, id, sample).await?;
    let keys = LicenseKeys {
        perpetual: top_up(ctx, id, product, perpetual()).await?,
        subscription: top_up(ctx, id, product, subscription()?).await?,
        consumption: top_up(ctx, id, product, consumption()).await?,
        floating: top_up(ctx, id, product, floating(shared)).await?,
        features: top_up(ctx, id, product, Kind { order: "DEMO-FEATURES", features: codes, ..perpetual() }).await?,
        expired: top_up(ctx, id, product, expired()?).await?,
        disabled: top_up(ctx, id, product, disabled()).await?,
        air_gapped: top_up(ctx, id, product, air_gapped(ctx, id, product).await?).await?,
        bundle: bundle(ctx, id, [product, &trial]).await?,
    };
    provision_api_key(ctx, id, credentials).await?;
    provision_user(ctx, id, product, &mut credentials.user).await?;
    let key = keys::find_or_create_license_key(ctx, site).await?;
    credentials.public_key = spki_pem(&key.spki);
    let key = keys::find_or_create_air_gap_key(ctx, id).await?;
    credentials.air_gap_public_key = base64_encode(key.coordinates());
    credentials.product = product_code.to_string();
    credentials.trial_product = trial_code.to_string();
    BUNDLE.clone_into(&mut credentials.bundle);
    credentials.license_keys = keys;
    Ok(())
}

/// What the walk needs of it.
pub(super) fn application(credentials: LicenseApiCredentials) -> Result<Application> {
    let LicenseApiCredentials { api_key, shared_key, public_key, product, license_keys, .. } = credentials;
    let first = |keys: Vec<Secret<String>>| keys.into_iter().next().context("there is no license key of this kind");
    Ok(Application {
        api_key,
        shared_key: shared_key.context("the application has no shared key")?,
        public_key,
        product,
        perpetual: first(license_keys.perpetual)?,
        consumption: first(license_keys.consumption)?,
        floating: first(license_keys.floating)?,
    })
}

/// The code of a product: a short one, unless somebody has set another or given it to another product.
async fn named(
    ctx: &Ctx,
    site: SiteId,
    name: &ProductName,
    code: &str,
    trial_days: Option<u16>,
) -> Result<ProductCode> {
    let short = ProductCode::new(code)?;
    let taken = licensed::list(ctx, site).await?.iter().any(|other| other.code == short && other.product.name != *name);
    let changed = licensed::change(ctx, site, name.clone(), move |product| {
        if !taken && product.code.as_str() == product.product.name.as_str() {
            product.code = short;
        }
        product.rules.trial_days = product.rules.trial_days.or(trial_days);
    });
    Ok(changed.await?.code)
}

/// A feature that is there or not, and one with units.
async fn feature_codes(ctx: &Ctx, site: SiteId, product: &ProductName) -> Result<Vec<FeatureCode>> {
    let known = features::list(ctx, site, product.clone()).await?;
    let mut codes = Vec::new();
    for (code, name, units) in [("PRO", "Professional", None), ("PAGES", "Pages", Some(100))] {
        let code = FeatureCode::new(code)?;
        if !known.iter().any(|feature| feature.code == code) {
            features::create(ctx, site, product.clone(), code.clone(), name.to_owned()).await?;
            if let Some(units) = units {
                let count = move |rules: &mut FeatureRules| {
                    rules.feature_type = FeatureType::Consumption;
                    rules.metering.limit = Units::AtMost(units);
                };
                features::change(ctx, site, product.clone(), code.clone(), count).await?;
            }
        }
        codes.push(code);
    }
    Ok(codes)
}

/// A feature with a seat of its own.
async fn shared_feature(ctx: &Ctx, site: SiteId, product: &ProductName) -> Result<FeatureCode> {
    let code = FeatureCode::new("RENDER")?;
    if !features::list(ctx, site, product.clone()).await?.iter().any(|feature| feature.code == code) {
        features::create(ctx, site, product.clone(), code.clone(), "Rendering".to_owned()).await?;
        let share = |rules: &mut FeatureRules| rules.seats = SEATS;
        features::change(ctx, site, product.clone(), code.clone(), share).await?;
    }
    Ok(code)
}

/// Tells applications about the version that devices are offered.
async fn announce(ctx: &Ctx, site: SiteId, sample: &Sample) -> Result<()> {
    let Some(file) = sample.open.files.iter().max_by_key(|file| file.size) else { return Ok(()) };
    let new = NewVersion {
        package: sample.open.to.clone(),
        file: Some(PlainFileName::new(file.name.clone())?),
        version: "2.0".to_owned(),
        environment: countersign_domain::licensing::Environment::Linux,
        channel: String::new(),
        requires_version: String::new(),
        eula_link: String::new(),
        release_notes_link: String::new(),
        released_at: None,
    };
    match versions::add(ctx, site, new).await {
        Ok(_) | Err(VersionError::Taken) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Keys of licenses of a kind that no device has used yet; as many are made as are missing.
async fn top_up(ctx: &Ctx, site: SiteId, product: &ProductName, kind: Kind) -> Result<Vec<Secret<String>>> {
    let order = OrderNumber::new(kind.order)?;
    if orders::find(ctx, site, order.clone()).await?.is_none() {
        orders::create(ctx, site, order.clone(), CustomerName::new(CUSTOMER)?).await?;
    }
    let filter = LicenseFilter { order: Some(order.clone()), product: Some(product.clone()), customer: None };
    let there = licenses::list(ctx, site, filter, Page::first(MOST_LOOKED_AT)).await?;
    let unused = |license: &License| license.activations == 0 && license.usage.meter.total == 0;
    // Those of an older program cannot go offline.
    let fresh = |license: &License| !kind.used || (unused(license) && license.rules.offline == kind.rules.offline);
    let mut keys: Vec<_> = there.iter().filter(|license| fresh(license)).take(KEYS).map(key).collect();
    while keys.len() < KEYS {
        let (features, terms, rules) = (kind.features.clone(), kind.terms, kind.rules.clone());
        let new = NewLicense { order: order.clone(), product: product.clone(), key: None, features, terms };
        let lay_down = move |_: &mut LicenseTerms, laid: &mut LicenseRules| *laid = rules;
        keys.push(key(&licenses::create_from(ctx, site, new, None, lay_down).await?));
    }
    Ok(keys)
}

/// Keys of bundles that no device has used yet.
async fn bundle(ctx: &Ctx, site: SiteId, [one, other]: [&ProductName; 2]) -> Result<Vec<Secret<String>>> {
    let code = ProductCode::new(BUNDLE)?;
    if !bundles::list(ctx, site).await?.iter().any(|bundle| bundle.code == code) {
        bundles::create(ctx, site, code.clone(), String::new(), vec![one.clone(), other.clone()]).await?;
    }
    let order = OrderNumber::new("DEMO-BUNDLE")?;
    if orders::find(ctx, site, order.clone()).await?.is_none() {
        orders::create(ctx, site, order.clone(), CustomerName::new(CUSTOMER)?).await?;
    }
    let filter = LicenseFilter { order: Some(order.clone()), product: Some(one.clone()), customer: None };
    let there = licenses::list(ctx, site, filter, Page::first(MOST_LOOKED_AT)).await?;
    let fresh = there
        .iter()
        .filter(|license| license.activations == 0 && license.rules.offline)
        .filter_map(|one| one.bundle_key.as_ref());
    let mut keys: Vec<_> = fresh.take(KEYS).map(|key| Secret::new(key.as_str().to_owned())).collect();
    while keys.len() < KEYS {
        let laid = (terms(), rules());
        let (key, _) = bundles::license(ctx, site, order.clone(), code.clone(), laid).await?;
        keys.push(Secret::new(key.as_str().to_owned()));
    }
    Ok(keys)
}

/// The API key of the credentials while it is in force; else a new one.
async fn provision_api_key(ctx: &Ctx, site: SiteId, credentials: &mut LicenseApiCredentials) -> Result<()> {
    let known = license_api::list_api_keys(ctx, site).await?;
    let in_force = known.iter().any(|key| key.key == credentials.api_key && key.revoked_at.is_none());
    if in_force && credentials.shared_key.is_some() {
        return Ok(());
    }
    let new = NewApiKey { label: "demo".to_owned(), products: vec![], part: None, access: Access::ReadWrite };
    let (record, shared) = license_api::create_api_key(ctx, site, new).await?;
    credentials.api_key = record.key;
    credentials.shared_key = Some(shared);
    Ok(())
}

/// A user to whom a license for any number of devices is assigned.
async fn provision_user(
    ctx: &Ctx,
    site: SiteId,
    product: &ProductName,
    credentials: &mut LicenseUserCredentials,
) -> Result<()> {
    let email = UserEmail::new(USER)?;
    if credentials.password.is_none() {
        let password = generate_password(ctx);
        credentials.password = Some(Secret::new(password.expose().clone()));
        let (first_name, last_name, phone) = ("Demo".to_owned(), "User".to_owned(), String::new());
        let copy = Secret::new(password.expose().clone());
        let new = NewUser { email: email.clone(), first_name, last_name, phone, password };
        match license_users::add(ctx, site, new).await {
            Err(LicenseUserError::Taken) => license_users::set_password(ctx, site, email.clone(), copy).await?,
            added => drop(added?),
        }
    }
    USER.clone_into(&mut credentials.email);
    let unlimited = LicenseTerms { limit: ActivationLimit::Unlimited, ..terms() };
    let kind = Kind { order: "DEMO-USER", terms: unlimited, used: false, ..perpetual() };
    let keys = top_up(ctx, site, product, kind).await?;
    let key = keys.into_iter().next().context("there is no license for the user")?;
    let key = countersign_domain::text::LicenseKey::new(key.expose().clone())?;
    match license_users::assign(ctx, site, (email, Address::Proved), key, ActivationLimit::Unlimited).await {
        Ok(()) | Err(LicenseUserError::Assigned) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn key(license: &License) -> Secret<String> {
    Secret::new(license.key.as_str().to_owned())
}

fn terms() -> LicenseTerms {
    let limit = ActivationLimit::AtMost(DEVICES);
    LicenseTerms { status: LicenseStatus::Enabled, start_date: None, end_date: None, limit }
}

fn perpetual() -> Kind {
    Kind { order: "DEMO-PERPETUAL", terms: terms(), rules: rules(), features: vec![], used: true }
}

/// What holds for all: they can also be activated on devices without a connection.
fn rules() -> LicenseRules {
    LicenseRules { offline: true, ..LicenseRules::default() }
}

fn subscription() -> Result<Kind> {
    let validity = Some("1y".parse()?);
    let rules = LicenseRules { license_type: LicenseType::Subscription, validity, grace: Some(24), ..rules() };
    Ok(Kind { order: "DEMO-SUBSCRIPTION", rules, ..perpetual() })
}

fn consumption() -> Kind {
    let metering = Metering { limit: Units::AtMost(10), overage: Some(Units::AtMost(3)), ..Metering::default() };
    let rules = LicenseRules { license_type: LicenseType::Consumption, metering, ..rules() };
    Kind { order: "DEMO-CONSUMPTION", rules, ..perpetual() }
}

fn floating(feature: FeatureCode) -> Kind {
    let rules = LicenseRules { seats: SEATS, ..LicenseRules::default() };
    Kind { order: "DEMO-FLOATING", rules, features: vec![feature], ..perpetual() }
}

/// Those for devices behind an air gap are made from a policy, which the devices take as a file.
async fn air_gapped(ctx: &Ctx, site: SiteId, product: &ProductName) -> Result<Kind> {
    let code = PolicyCode::new("air-gap")?;
    let rules = LicenseRules { air_gapped: true, ..rules() };
    let known = policies::list(ctx, site, product.clone()).await?;
    let policy = match known.iter().find(|policy| policy.code == code) {
        Some(policy) => policy.id,
        None => {
            let (name, limit) = (String::new(), ActivationLimit::AtMost(DEVICES));
            let rules = rules.clone();
            let new = Policy { id: PolicyId(0), code, name, limit, rules, features: vec![], is_default: false };
            policies::create(ctx, site, product.clone(), new).await?
        }
    };
    Ok(Kind { order: "DEMO-AIR-GAP", rules: LicenseRules { policy: Some(policy), ..rules }, ..perpetual() })
}

fn expired() -> Result<Kind> {
    let terms = LicenseTerms { end_date: Some(Date::parse("2020-12-31")?), ..terms() };
    let rules = LicenseRules { license_type: LicenseType::TimeLimited, ..rules() };
    Ok(Kind { order: "DEMO-EXPIRED", terms, rules, used: false, ..perpetual() })
}

fn disabled() -> Kind {
    let terms = LicenseTerms { status: LicenseStatus::Disabled, ..terms() };
    Kind { order: "DEMO-DISABLED", terms, used: false, ..perpetual() }
}

const CODE: &str = "sample";
const TRIAL_PRODUCT: &str = "Countersign trial";
const TRIAL_CODE: &str = "sample-trial";
const TRIAL_DAYS: u16 = 14;
const BUNDLE: &str = "sample-suite";
const USER: &str = "user@demo.example";
/// One seat, which is free after half an hour without a check, and can be borrowed for two days.
const SEATS: Seats = Seats { floating: Floating::Cloud, users: 1, timeout: 30, borrow: Some(48) };
/// Unused keys of each kind.
const KEYS: usize = 3;
/// Devices that each key can be activated on.
const DEVICES: u32 = 5;
/// Licenses of an order that are looked at before new ones are made.
const MOST_LOOKED_AT: u32 = 1000;
