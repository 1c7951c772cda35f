//! The rules of licensing as tables.

use super::*;
use crate::catalog::package::Product;
use crate::catalog::update::EntitlementCheck;
use crate::device::{DeviceClass, DeviceStatus};
use crate::ids::{AccountId, CustomerId, LicenseId, ProductId};
use crate::text::{CustomerName, LicenseKey, OrderNumber, ProductName};
use crate::time::{Date, Timestamp};

const ALONE: Holder = Holder { customer: CustomerId(1), account: None };
const STRANGER: Holder = Holder { customer: CustomerId(2), account: None };
const BRANCH: Holder = Holder { customer: CustomerId(3), account: Some(AccountId(9)) };
const SISTER: Holder = Holder { customer: CustomerId(4), account: Some(AccountId(9)) };
const RIVAL: Holder = Holder { customer: CustomerId(5), account: Some(AccountId(8)) };

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn terms() -> LicenseTerms {
    LicenseTerms {
        status: LicenseStatus::Enabled,
        start_date: Some(date("2026-03-01")),
        end_date: Some(date("2026-12-31")),
        limit: ActivationLimit::AtMost(2),
    }
}

fn license(holder: Holder, terms: LicenseTerms, activations: u32) -> License {
    License {
        id: LicenseId(1),
        key: LicenseKey::new("ACT-1").unwrap(),
        order: OrderNumber::new("SO-1").unwrap(),
        holder,
        customer: CustomerName::new("Nordwind").unwrap(),
        product: Product { id: ProductId(1), name: ProductName::new("Pump").unwrap() },
        bundle_key: None,
        features: vec![],
        terms,
        rules: LicenseRules::default(),
        usage: LicenseUsage::default(),
        activations,
        created_at: Timestamp::EPOCH,
    }
}

#[test]
fn a_license_is_in_force_between_its_dates() {
    let endless = LicenseTerms { start_date: None, end_date: None, ..terms() };
    let disabled = LicenseTerms { status: LicenseStatus::Disabled, ..endless };
    for (terms, today, standing) in [
        (terms(), "2026-02-28", Standing::NotStarted),
        (terms(), "2026-03-01", Standing::InForce),
        (terms(), "2026-12-31", Standing::InForce),
        (terms(), "2027-01-01", Standing::Expired),
        (endless, "1970-01-01", Standing::InForce),
        (endless, "9999-12-30", Standing::InForce),
        (disabled, "2026-06-01", Standing::Disabled),
    ] {
        assert_eq!(terms.standing(date(today)), standing, "{terms:?} on {today}");
    }
}

#[test]
fn customers_share_through_their_account() {
    for (one, other, shared) in [
        (ALONE, ALONE, true),
        (ALONE, STRANGER, false),
        (BRANCH, SISTER, true),
        (BRANCH, RIVAL, false),
        (BRANCH, ALONE, false),
        (BRANCH, Holder { account: None, ..BRANCH }, true),
    ] {
        assert_eq!(one.shares_account(other), shared, "{one:?} {other:?}");
        assert_eq!(other.shares_account(one), shared, "{other:?} {one:?}");
    }
}

#[test]
fn an_activation_is_decided_in_order() {
    use ActivationRefusal::{Disabled, Exhausted, Expired, NotStarted, Obsolete, OtherAccount};
    let anonymous = Registrant::NEW;
    let owned = |holder| Registrant { holder: Some(holder), ..anonymous };
    let activated = Registrant { activated: true, ..owned(ALONE) };
    let returned = Registrant { status: DeviceStatus::Returned, ..owned(ALONE) };
    let obsolete = Registrant { status: DeviceStatus::Obsolete, ..activated };
    let unlimited = LicenseTerms { limit: ActivationLimit::Unlimited, ..terms() };
    let none = LicenseTerms { limit: ActivationLimit::AtMost(0), ..terms() };
    let off = LicenseTerms { status: LicenseStatus::Disabled, ..terms() };
    for (license, device, today, decision) in [
        (license(ALONE, terms(), 0), anonymous, "2026-06-01", Ok(Step::Activate)),
        (license(ALONE, terms(), 1), owned(ALONE), "2026-06-01", Ok(Step::Activate)),
        (license(ALONE, terms(), 1), returned, "2026-06-01", Ok(Step::Activate)),
        (license(ALONE, terms(), 2), anonymous, "2026-06-01", Err(Exhausted)),
        (license(ALONE, terms(), 3), anonymous, "2026-06-01", Err(Exhausted)),
        (license(ALONE, none, 0), anonymous, "2026-06-01", Err(Exhausted)),
        (license(ALONE, unlimited, u32::MAX), anonymous, "2026-06-01", Ok(Step::Activate)),
        (license(ALONE, terms(), 2), activated, "2026-06-01", Ok(Step::Keep)),
        (license(ALONE, terms(), 2), activated, "2027-06-01", Ok(Step::Keep)),
        (license(ALONE, terms(), 0), anonymous, "2026-02-01", Err(NotStarted)),
        (license(ALONE, terms(), 0), anonymous, "2027-02-01", Err(Expired)),
        (license(ALONE, off, 0), anonymous, "2026-06-01", Err(Disabled)),
        (license(ALONE, terms(), 0), owned(STRANGER), "2026-06-01", Err(OtherAccount)),
        (license(BRANCH, terms(), 0), owned(SISTER), "2026-06-01", Ok(Step::Activate)),
        (license(BRANCH, terms(), 0), owned(RIVAL), "2026-06-01", Err(OtherAccount)),
        (license(ALONE, terms(), 0), obsolete, "2026-06-01", Err(Obsolete)),
    ] {
        assert_eq!(decide(&license, device, date(today).end()), decision, "{device:?} on {today}");
    }
}

#[test]
fn entitlements_follow_from_what_is_held() {
    const PRODUCT: ProductId = ProductId(1);
    const OTHER: ProductId = ProductId(2);
    let held = |on_device| Holding { product: PRODUCT, on_device };
    for (class, held, account, line_item) in [
        (DeviceClass::Client, vec![], false, false),
        (DeviceClass::Client, vec![held(false)], true, false),
        (DeviceClass::Client, vec![held(true)], true, true),
        (DeviceClass::Server, vec![held(true)], true, true),
        (DeviceClass::Served, vec![held(true)], true, false),
        (DeviceClass::Served, vec![held(false)], true, false),
    ] {
        let entitlements = Entitlements::of(class, &held);
        let allowed = |check, product| entitlements.allow(check, product);
        assert!(allowed(EntitlementCheck::None, OTHER));
        assert!(!allowed(EntitlementCheck::Account, OTHER));
        assert!(!allowed(EntitlementCheck::LineItem, OTHER));
        assert_eq!(allowed(EntitlementCheck::Account, PRODUCT), account, "{class:?} {held:?}");
        assert_eq!(allowed(EntitlementCheck::LineItem, PRODUCT), line_item, "{class:?} {held:?}");
    }
}
