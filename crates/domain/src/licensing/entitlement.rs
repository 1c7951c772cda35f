//! What a device is entitled to, out of what its account holds (`docs/protocol/device.md`, "Which updates match").

use std::collections::BTreeSet;

use crate::catalog::update::EntitlementCheck;
use crate::device::DeviceClass;
use crate::ids::ProductId;

/// A product that a device's account holds under a license in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Holding {
    /// The product.
    pub product: ProductId,
    /// Whether such a license is activated on the device itself.
    pub on_device: bool,
}

/// The products that a device may be updated to. The default is that of an anonymous or unknown device: none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Entitlements {
    account: BTreeSet<ProductId>,
    line_item: BTreeSet<ProductId>,
}

impl Entitlements {
    /// What follows from what a device's account holds. A device behind a license server is entitled through its account
    /// only.
    #[must_use]
    pub fn of(class: DeviceClass, held: &[Holding]) -> Self {
        let mut entitlements = Self::default();
        for held in held {
            entitlements.account.insert(held.product);
            if held.on_device && class != DeviceClass::Served {
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
