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
    /// Who to write to, and where.
    pub contact: Contact,
    /// The account that the customer belongs to.
    pub account: Option<Account>,
    /// When the customer was entered.
    pub created_at: Timestamp,
}

/// Who to write to, and where. Everything may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// First name of a person.
    pub first_name: String,
    /// Last name of a person.
    pub last_name: String,
    /// Name of a company.
    pub company_name: String,
    /// Telephone number.
    pub phone: String,
    /// What the producer's own books call the customer.
    pub reference: String,
    /// Street and number.
    pub address: String,
    /// Postal code.
    pub postcode: String,
    /// City.
    pub city: String,
    /// State or province.
    pub state: String,
    /// Country.
    pub country: String,
}

impl Contact {
    /// Longest text of a contact, in bytes.
    pub const LIMIT: usize = 255;

    /// All of its texts, in the order of the members.
    #[must_use]
    pub fn texts(&self) -> [&str; 10] {
        [
            &self.first_name,
            &self.last_name,
            &self.company_name,
            &self.phone,
            &self.reference,
            &self.address,
            &self.postcode,
            &self.city,
            &self.state,
            &self.country,
        ]
    }

    /// The contact as one text: its texts in order, each on a line.
    #[must_use]
    pub fn to_text(&self) -> String {
        let texts = self.texts();
        if texts.iter().all(|text| text.is_empty()) { String::new() } else { texts.map(one_line).join("\n") }
    }

    /// The contact of such a text; `None` when it is none.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        let lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        let [first_name, last_name, company_name, phone, reference, address, postcode, city, state, country] =
            <[String; 10]>::try_from(lines).ok()?;
        Some(Self { first_name, last_name, company_name, phone, reference, address, postcode, city, state, country })
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
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
