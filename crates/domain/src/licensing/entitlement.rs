//! What a device is entitled to, out of what its account holds (`docs/protocol/device.md`, "Which updates match").

use std::collections::BTreeSet;

use super::license::{LicenseTerms, Standing};
use crate::catalog::update::EntitlementCheck;
use crate::device::DeviceClass;
use crate::ids::ProductId;
use crate::time::Date;

/// Terms under which a device's account holds a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HeldTerms {
    /// The product.
    pub product: ProductId,
    /// The terms of the license.
    pub terms: LicenseTerms,
    /// Whether the license is activated on the device itself.
    pub activated: bool,
}

/// The products that a device may be updated to. The default is that of an anonymous or unknown device: none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Entitlements {
    account: BTreeSet<ProductId>,
    line_item: BTreeSet<ProductId>,
}

impl Entitlements {
    /// What follows on a day from what a device's account holds. A device behind a license server is entitled through
    /// its account only.
    #[must_use]
    pub fn of(class: DeviceClass, held: &[HeldTerms], today: Date) -> Self {
        let mut entitlements = Self::default();
        for held in held.iter().filter(|held| held.terms.standing(today) == Standing::InForce) {
            entitlements.account.insert(held.product);
            if held.activated && class != DeviceClass::Served {
                entitlements.line_item.insert(held.product);
            }
        }
        entitlements
    }

    /// Whether an update with this check, to a package of this product, is for the device.
    #[must_use]
    pub fn allow(&self, check: EntitlementCheck, product: ProductId) -> bool {
        match check {
            EntitlementCheck::None => true,
            EntitlementCheck::Account => self.account.contains(&product),
            EntitlementCheck::LineItem => self.line_item.contains(&product),
        }
    }
}
