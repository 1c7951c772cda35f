//! Customers, and the accounts that group them.

use crate::ids::{AccountId, CustomerId};
use crate::text::{AccountName, CustomerName};
use crate::time::Timestamp;

/// A group of customers that share what they have bought, such as the branches of a company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Row id.
    pub id: AccountId,
    /// Name, unique in the site.
    pub name: AccountName,
}

/// Somebody who holds licenses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Row id.
    pub id: CustomerId,
    /// Name, unique in the site.
    pub name: CustomerName,
    /// Where to write to; may be empty.
    pub email: String,
    /// The account that the customer belongs to.
    pub account: Option<Account>,
    /// When the customer was entered.
    pub created_at: Timestamp,
}

impl Customer {
    /// This customer as the holder of licenses and devices.
    #[must_use]
    pub fn holder(&self) -> Holder {
        Holder { customer: self.id, account: self.account.as_ref().map(|account| account.id) }
    }
}

/// Whose a license or a device is. A customer without an account is an account of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Holder {
    /// The customer.
    pub customer: CustomerId,
    /// The customer's account.
    pub account: Option<AccountId>,
}

impl Holder {
    /// Whether both belong to one account: what one has bought entitles the other.
    #[must_use]
    pub fn shares_account(self, other: Self) -> bool {
        self.customer == other.customer || (self.account.is_some() && self.account == other.account)
    }
}
