//! Policies that licenses are made from, and products that are sold together.

use super::license::ActivationLimit;
use super::rules::LicenseRules;
use crate::ids::{BundleId, PolicyId};
use crate::text::{FeatureCode, PolicyCode, ProductCode};

use super::product::LicensedProduct;

/// A template for licenses of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Row id.
    pub id: PolicyId,
    /// Code, unique in the product.
    pub code: PolicyCode,
    /// Text for people; may be empty.
    pub name: String,
    /// On how many devices its licenses can be activated at the same time.
    pub limit: ActivationLimit,
    /// What else is laid down for them.
    pub rules: LicenseRules,
    /// Features that they include.
    pub features: Vec<FeatureCode>,
    /// Whether licenses are made from it when no policy is named.
    pub is_default: bool,
}

/// Products that are sold together: an order for a bundle makes a license of each, under one key or for one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Row id.
    pub id: BundleId,
    /// Code that applications name it by; unlike that of any product of the site.
    pub code: ProductCode,
    /// Text for people; may be empty.
    pub name: String,
    /// The products, in the order in which they were given.
    pub products: Vec<LicensedProduct>,
}
