//! Parts of what a site has sold: what a credential of the license door can be limited to.

use super::{Customer, License};
use crate::ids::{AccountId, CustomerId, LicenseId};

/// A part of what a site has sold. A credential that is limited to it sees no license outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// What the customers of an account hold.
    Account(AccountId),
    /// What a customer holds.
    Customer(CustomerId),
    /// One license.
    License(LicenseId),
}

impl Part {
    /// Whether a license belongs to it.
    #[must_use]
    pub fn has(self, license: &License) -> bool {
        match self {
            Self::Account(account) => license.holder.account == Some(account),
            Self::Customer(customer) => license.holder.customer == customer,
            Self::License(id) => license.id == id,
        }
    }

    /// Whether licenses of a customer can belong to it. `license`: the one that the part is, as far as it is one.
    #[must_use]
    pub fn is_about(self, customer: &Customer, license: Option<&License>) -> bool {
        match self {
            Self::Account(account) => customer.holder().account == Some(account),
            Self::Customer(id) => customer.id == id,
            Self::License(_) => license.is_some_and(|license| license.holder.customer == customer.id),
        }
    }

    /// Row ids of account, customer and license, of which at most one is there.
    #[must_use]
    pub fn ids(part: Option<Self>) -> [Option<i64>; 3] {
        match part {
            None => [None; 3],
            Some(Self::Account(id)) => [Some(id.0), None, None],
            Some(Self::Customer(id)) => [None, Some(id.0), None],
            Some(Self::License(id)) => [None, None, Some(id.0)],
        }
    }

    /// The part with row ids of account, customer and license. No store keeps more than one of them.
    #[must_use]
    pub fn from_ids([account, customer, license]: [Option<i64>; 3]) -> Option<Self> {
        let account = account.map(|id| Self::Account(AccountId(id)));
        let customer = customer.map(|id| Self::Customer(CustomerId(id)));
        account.or(customer).or(license.map(|id| Self::License(LicenseId(id))))
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Account(id) => write!(f, "account {id}"),
            Self::Customer(id) => write!(f, "customer {id}"),
            Self::License(id) => write!(f, "license {id}"),
        }
    }
}
