//! Who calls the license door, and how much of the site it may see.

use countersign_domain::ids::{AccountId, ApiKeyId, ProductId, SiteId};
use countersign_domain::licensing::{License, Part};

use super::refusal::Refusal;

/// A caller whose credential was verified, for one site. The proof of the license door makes it, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LicenseCaller {
    /// The site.
    pub site: SiteId,
    /// What it has proved itself with.
    pub credential: LicenseCredential,
    /// Products that it may ask about; `None`: all.
    pub products: Option<Vec<ProductId>>,
    /// What it may do.
    pub access: Access,
    /// It sees what belongs to each of these parts; none: everything of the site.
    pub parts: Vec<Part>,
}

/// What a caller has proved itself with. Idempotency keys of one credential mean nothing to another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LicenseCredential {
    /// An API key and its shared key.
    ApiKey(ApiKeyId),
    /// Access to the store itself.
    Producer,
    /// A bearer token of a client with this ID.
    Client(String),
}

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// It may only ask.
    ReadOnly,
    /// It may also activate, count and change.
    ReadWrite,
}

impl Access {
    /// The word for it in commands and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::ReadWrite => "read-write",
        }
    }
}

impl LicenseCaller {
    /// The producer, on the machine of the store.
    #[must_use]
    pub(super) fn producer(site: SiteId) -> Self {
        let access = Access::ReadWrite;
        Self { site, credential: LicenseCredential::Producer, products: None, access, parts: Vec::new() }
    }

    /// A caller that may only ask does nothing else.
    pub(super) fn may_write(&self) -> Result<(), Refusal> {
        match self.access {
            Access::ReadOnly => Err(Refusal::ReadOnly),
            Access::ReadWrite => Ok(()),
        }
    }

    /// The same caller with no more than another one may do as well: whoever uploads a file cannot go beyond himself.
    #[must_use]
    pub fn within(mut self, other: &Self) -> Self {
        if other.access == Access::ReadOnly {
            self.access = Access::ReadOnly;
        }
        self.products = match (self.products, &other.products) {
            (Some(own), Some(others)) => Some(own.into_iter().filter(|product| others.contains(product)).collect()),
            (own, others) => own.or_else(|| others.clone()),
        };
        self.parts.extend(&other.parts);
        self
    }

    /// The same caller where it sees no more than what the customers of an account hold.
    pub(super) fn within_account(mut self, account: AccountId) -> Result<Self, Refusal> {
        if self.parts.iter().any(|part| matches!(part, Part::Account(own) if *own != account)) {
            return Err(Refusal::SsoFailed);
        }
        self.parts.push(Part::Account(account));
        Ok(self)
    }

    /// Whoever sees a part only makes nothing that belongs to nobody yet.
    pub(super) fn sees_everything(&self) -> bool {
        self.parts.is_empty()
    }

    /// A key for some products is for no other.
    pub(super) fn may_ask_about(&self, product: ProductId) -> Result<(), Refusal> {
        let may = self.products.as_ref().is_none_or(|products| products.contains(&product));
        if may { Ok(()) } else { Err(Refusal::ProductNotAllowed) }
    }

    /// Whether the caller can see a license. One that it cannot see is not there for it.
    #[must_use]
    pub fn sees(&self, license: &License) -> bool {
        self.parts.iter().all(|part| part.has(license))
    }
}
