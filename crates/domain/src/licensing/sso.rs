//! Single sign-on: the OpenID provider that an account's people log in at, and whom it can let in.

use std::net::SocketAddr;

use super::lines::{Reader, Writer, words};
use crate::text::UserEmail;

words! {
    /// The one algorithm that a provider signs its ID tokens with. It is laid down here, and never taken from a token.
    IdTokenAlgorithm {
        /// RSA, PKCS#1 v1.5, SHA-256.
        Rs256 = "RS256",
        /// ECDSA on P-256 with SHA-256.
        Es256 = "ES256",
        /// Ed25519.
        EdDsa = "EdDSA",
    }
}

/// An OpenID provider, as the producer has laid it down for an account. Its client secret is kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SsoProvider {
    /// Its issuer: a URL, exactly as its tokens say it.
    pub issuer: String,
    /// What it knows the producer's application as.
    pub client_id: String,
    /// What it signs ID tokens with.
    pub algorithm: IdTokenAlgorithm,
    /// Domains of e-mail addresses that it can let in, in lower case; empty: any, if the claim says so.
    pub domains: Vec<String>,
    /// A claim and a value that it must have, or that must be among its values.
    pub claim: Option<(String, String)>,
    /// Addresses of it that may be asked although they are not public.
    pub allowed: Vec<SocketAddr>,
}

/// Why a provider cannot be laid down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SsoProviderError {
    /// Everybody whom the provider knows would be let in.
    #[error("name domains of e-mail addresses, or a claim: otherwise everybody whom the provider knows is let in")]
    Everybody,
    /// Something is empty, too long, or does not fit on a line.
    #[error("issuer, client ID, domains and claim are texts of 1 to 500 bytes without blanks and line ends")]
    Text,
    /// More than can be kept.
    #[error("at most 50 domains and 10 addresses can be named")]
    TooMany,
}

/// What an ID token says of a person.
#[derive(Clone, Copy, Debug, Default)]
pub struct Person<'t> {
    /// `email`.
    pub email: Option<&'t str>,
    /// `email_verified`.
    pub email_verified: Option<bool>,
    /// Texts of the claim that is looked for.
    pub claim: &'t [String],
}

/// Longest text of a provider, in bytes.
const TEXT_LIMIT: usize = 500;
/// Most domains.
const DOMAINS: usize = 50;
/// Most addresses.
const ADDRESSES: usize = 10;

impl SsoProvider {
    /// Whether it can be laid down.
    ///
    /// # Errors
    /// [`SsoProviderError`] says why not.
    pub fn check(&self) -> Result<(), SsoProviderError> {
        let claim = self.claim.iter().flat_map(|(name, value)| [name, value]);
        let texts = [&self.issuer, &self.client_id].into_iter().chain(&self.domains);
        let fits = |text: &String| {
            (1..=TEXT_LIMIT).contains(&text.len())
                && !text.contains(|one: char| one.is_whitespace() || one.is_control())
        };
        let is_line = |text: &String| (1..=TEXT_LIMIT).contains(&text.len()) && !text.contains(char::is_control);
        if !texts.into_iter().all(fits) || !claim.into_iter().all(is_line) {
            return Err(SsoProviderError::Text);
        }
        if self.domains.len() > DOMAINS || self.allowed.len() > ADDRESSES {
            return Err(SsoProviderError::TooMany);
        }
        if self.domains.is_empty() && self.claim.is_none() { Err(SsoProviderError::Everybody) } else { Ok(()) }
    }

    /// The user that a person is, if the provider can let this person in: the address is there and was not left unverified,
    /// its domain is one of those that are named, and the claim has its value.
    #[must_use]
    pub fn admits(&self, person: &Person<'_>) -> Option<UserEmail> {
        if person.email_verified == Some(false) {
            return None;
        }
        let email = person.email?.to_lowercase();
        let (_, domain) = email.rsplit_once('@')?;
        if !self.domains.is_empty() && !self.domains.iter().any(|one| one == domain) {
            return None;
        }
        if let Some((_, value)) = &self.claim
            && !person.claim.contains(value)
        {
            return None;
        }
        UserEmail::new(email).ok()
    }

    /// The provider as one text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut to = Writer::default();
        to.line("issuer", &self.issuer);
        to.line("client-id", &self.client_id);
        to.line("algorithm", self.algorithm.as_str());
        for domain in &self.domains {
            to.line("domain", domain);
        }
        if let Some((name, value)) = &self.claim {
            to.line("claim", &format!("{name}\t{value}"));
        }
        for address in &self.allowed {
            to.line("allowed", &address.to_string());
        }
        to.finish()
    }

    /// The provider of a text; `None` when it is none.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut from = Reader::new(text)?;
        let provider = Self {
            issuer: from.take_some("issuer")??,
            client_id: from.take_some("client-id")??,
            algorithm: from.take_some("algorithm")??,
            domains: from.take_all("domain"),
            claim: match from.take_some::<String>("claim")? {
                Some(line) => line.split_once('\t').map(|(name, value)| (name.to_owned(), value.to_owned())),
                None => None,
            },
            allowed: from.take_all("allowed").iter().map(|line| line.parse().ok()).collect::<Option<_>>()?,
        };
        from.finish().map(|()| provider)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider() -> SsoProvider {
        SsoProvider {
            issuer: "https://id.example.test".to_owned(),
            client_id: "app".to_owned(),
            algorithm: IdTokenAlgorithm::Rs256,
            domains: vec!["example.test".to_owned()],
            claim: Some(("groups".to_owned(), "license users".to_owned())),
            allowed: vec!["127.0.0.1:8080".parse().unwrap()],
        }
    }

    #[test]
    fn a_provider_comes_back_from_its_text() {
        let least = SsoProvider { claim: None, allowed: vec![], ..provider() };
        for one in [provider(), least] {
            assert_eq!(SsoProvider::from_text(&one.to_text()), Some(one));
        }
        for bad in ["", "issuer=x", "issuer=x\nclient-id=y\nalgorithm=none\ndomain=z", "x"] {
            assert_eq!(SsoProvider::from_text(bad), None, "{bad}");
        }
    }

    #[test]
    fn nobody_is_let_in_by_default() {
        assert_eq!(provider().check(), Ok(()));
        let open = SsoProvider { domains: vec![], claim: None, ..provider() };
        assert_eq!(open.check(), Err(SsoProviderError::Everybody));
        let odd = SsoProvider { issuer: "https://a b".to_owned(), ..provider() };
        assert_eq!(odd.check(), Err(SsoProviderError::Text));
        let many = SsoProvider { domains: vec!["x".to_owned(); 51], ..provider() };
        assert_eq!(many.check(), Err(SsoProviderError::TooMany));
    }

    #[test]
    fn domain_claim_and_verification_decide() {
        let (groups, others) = (["license users".to_owned()], ["others".to_owned()]);
        let admits = |email, email_verified, claim: &[String]| {
            provider().admits(&Person { email, email_verified, claim }).map(|email| email.to_string())
        };
        let ada = Some("ada@example.test".to_owned());
        assert_eq!(admits(Some("Ada@Example.test"), Some(true), &groups), ada);
        assert_eq!(admits(Some("ada@example.test"), None, &groups), ada);
        assert_eq!(admits(Some("ada@example.test"), Some(false), &groups), None);
        assert_eq!(admits(Some("ada@example.test"), Some(true), &others), None);
        assert_eq!(admits(Some("ada@evil-example.test"), Some(true), &groups), None);
        assert_eq!(admits(Some("ada@example.test.evil.test"), Some(true), &groups), None);
        assert_eq!(admits(Some("example.test"), Some(true), &groups), None);
        assert_eq!(admits(None, Some(true), &groups), None);
    }
}
