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
    /// What is asked for beside `openid` and `email`, so that the provider tells of the claim.
    pub scopes: Vec<String>,
    /// Where it may send people back to; empty: to wherever applications ask, as far as the provider allows it. The first one is for
    /// those that do not ask.
    pub redirects: Vec<String>,
    /// Addresses of it that may be asked although they are not public.
    pub allowed: Vec<SocketAddr>,
}

/// Why a provider cannot be laid down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SsoProviderError {
    /// Everybody whom the provider knows would be let in.
    #[error("name domains of e-mail addresses, or a claim: otherwise everybody whom the provider knows is let in")]
    Everybody,
    /// The issuer is no URL, or one without TLS whose address is not named.
    #[error("the issuer is a URL with https, without a query; with http only if an address of it is allowed")]
    Issuer,
    /// One of the places where people are sent back to.
    #[error("a redirect URI is absolute, of at most 2000 ASCII characters, without a fragment")]
    Redirect,
    /// Something is empty, too long, or does not fit on a line.
    #[error("issuer, client ID, domains, scopes and claim are texts of 1 to 500 bytes without blanks and line ends")]
    Text,
    /// More than can be kept.
    #[error("at most 50 domains and 10 addresses, scopes and redirect URIs can be named")]
    TooMany,
}

/// A redirect URI that is none, or not one of those that were laid down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the redirect URI is none that was laid down, or no absolute URI")]
pub struct RedirectRefused;

/// What an application gives a login as it begins, and brings back with its outcome (`state`, RFC 6749 section 4.1.1): the
/// outcome of another login does not fit then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginState(String);

impl LoginState {
    /// Fewest characters: what can be guessed ties nothing.
    pub const MIN: usize = 16;
    /// Most characters.
    pub const MAX: usize = 255;

    /// A text of 16 to 255 visible ASCII characters.
    #[must_use]
    pub fn new(text: String) -> Option<Self> {
        let fits = (Self::MIN..=Self::MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then_some(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
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
/// Most addresses; as many scopes and redirect URIs.
const ADDRESSES: usize = 10;
/// Longest redirect URI, in bytes.
const REDIRECT_LIMIT: usize = 2000;

impl SsoProvider {
    /// Whether it can be laid down.
    ///
    /// # Errors
    /// [`SsoProviderError`] says why not.
    pub fn check(&self) -> Result<(), SsoProviderError> {
        let claim = self.claim.iter().flat_map(|(name, value)| [name, value]);
        let texts = [&self.issuer, &self.client_id].into_iter().chain(&self.domains).chain(&self.scopes);
        let fits = |text: &String| {
            (1..=TEXT_LIMIT).contains(&text.len())
                && !text.contains(|one: char| one.is_whitespace() || one.is_control())
        };
        let is_line = |text: &String| (1..=TEXT_LIMIT).contains(&text.len()) && !text.contains(char::is_control);
        if !texts.into_iter().all(fits) || !claim.into_iter().all(is_line) {
            return Err(SsoProviderError::Text);
        }
        let few = [self.allowed.len(), self.scopes.len(), self.redirects.len()];
        if self.domains.len() > DOMAINS || few.into_iter().any(|number| number > ADDRESSES) {
            return Err(SsoProviderError::TooMany);
        }
        // OpenID Connect Discovery 1.0 section 3.
        let plain = self.issuer.strip_prefix("http://").filter(|_| !self.allowed.is_empty());
        let rest = self.issuer.strip_prefix("https://").or(plain);
        if rest.is_none_or(|rest| rest.is_empty() || rest.contains(['?', '#'])) {
            return Err(SsoProviderError::Issuer);
        }
        if !self.redirects.iter().all(|uri| is_redirect(uri)) {
            return Err(SsoProviderError::Redirect);
        }
        if self.domains.is_empty() && self.claim.is_none() { Err(SsoProviderError::Everybody) } else { Ok(()) }
    }

    /// Where people are to be sent back to: where the application asks, if it may, or to the first place that was laid down.
    ///
    /// # Errors
    /// [`RedirectRefused`] when it may not.
    pub fn redirect(&self, asked: Option<String>) -> Result<Option<String>, RedirectRefused> {
        match asked {
            None => Ok(self.redirects.first().cloned()),
            Some(uri) if self.redirects.contains(&uri) => Ok(Some(uri)),
            Some(uri) if self.redirects.is_empty() && is_redirect(&uri) => Ok(Some(uri)),
            Some(_) => Err(RedirectRefused),
        }
    }

    /// The user that a person is, if the provider can let this person in: the address is there and was not left unverified,
    /// its domain is one of those that are named, and the claim has its value.
    #[must_use]
    pub fn admits(&self, person: &Person<'_>) -> Option<UserEmail> {
        if person.email_verified == Some(false) {
            return None;
        }
        // Two characters beyond ASCII have letters of ASCII as their small ones: such an address is not somebody else's.
        let alike = |c: char| !c.is_ascii() && c.to_lowercase().any(|small| small.is_ascii());
        let email = person.email.filter(|email| !email.chars().any(alike))?.to_lowercase();
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
        for scope in &self.scopes {
            to.line("scope", scope);
        }
        for uri in &self.redirects {
            to.line("redirect", uri);
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
            scopes: from.take_all("scope"),
            redirects: from.take_all("redirect"),
            allowed: from.take_all("allowed").iter().map(|line| line.parse().ok()).collect::<Option<_>>()?,
        };
        from.finish().map(|()| provider)
    }
}

/// RFC 6749 section 3.1.2.
fn is_redirect(uri: &str) -> bool {
    let scheme = uri.split_once(':').filter(|(_, rest)| !rest.is_empty()).map_or("", |(scheme, _)| scheme);
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme && uri.len() <= REDIRECT_LIMIT && uri.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
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
            scopes: vec!["groups".to_owned()],
            redirects: vec!["https://app.example.test/back".to_owned(), "com.example.app:/back".to_owned()],
            allowed: vec!["127.0.0.1:8080".parse().unwrap()],
        }
    }

    #[test]
    fn a_provider_comes_back_from_its_text() {
        let least = SsoProvider { claim: None, scopes: vec![], redirects: vec![], allowed: vec![], ..provider() };
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
    fn an_issuer_is_a_secure_url() {
        let near = provider();
        let far = SsoProvider { allowed: vec![], ..provider() };
        for (issuer, settings, outcome) in [
            ("http://127.0.0.1:8080", &near, Ok(())),
            ("http://id.example.test", &far, Err(SsoProviderError::Issuer)),
            ("https://id.example.test/tenant", &far, Ok(())),
            ("https://id.example.test?tenant=1", &far, Err(SsoProviderError::Issuer)),
            ("https://", &far, Err(SsoProviderError::Issuer)),
            ("id.example.test", &near, Err(SsoProviderError::Issuer)),
        ] {
            let settings = SsoProvider { issuer: issuer.to_owned(), ..settings.clone() };
            assert_eq!(settings.check(), outcome, "{issuer}");
        }
    }

    #[test]
    fn people_are_sent_back_to_where_the_producer_says() {
        let bound = provider();
        let to = |settings: &SsoProvider, asked: Option<&str>| settings.redirect(asked.map(str::to_owned));
        assert_eq!(to(&bound, None), Ok(Some("https://app.example.test/back".to_owned())));
        assert_eq!(to(&bound, Some("com.example.app:/back")), Ok(Some("com.example.app:/back".to_owned())));
        assert_eq!(to(&bound, Some("https://app.example.test/back/")), Err(RedirectRefused));
        let open = SsoProvider { redirects: vec![], ..provider() };
        assert_eq!(to(&open, None), Ok(None));
        assert_eq!(to(&open, Some("http://127.0.0.1:7000/")), Ok(Some("http://127.0.0.1:7000/".to_owned())));
        for bad in ["", "back", "/back", ":x", "https:", "1x:y", "https://a/#b", "https://a b", "https://a/\n"] {
            assert_eq!(to(&open, Some(bad)), Err(RedirectRefused), "{bad:?}");
        }
        assert_eq!(to(&open, Some(&format!("https://{}", "a".repeat(2000)))), Err(RedirectRefused));
        let odd = SsoProvider { redirects: vec!["back".to_owned()], ..provider() };
        assert_eq!(odd.check(), Err(SsoProviderError::Redirect));
    }

    #[test]
    fn a_state_cannot_be_guessed() {
        assert!(LoginState::new("0123456789abcdef".to_owned()).is_some());
        for bad in ["0123456789abcde", "0123456789 abcdef", "0123456789abcdé"] {
            assert!(LoginState::new(bad.to_owned()).is_none(), "{bad}");
        }
        assert!(LoginState::new("x".repeat(256)).is_none());
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
        assert_eq!(admits(Some("jac\u{212A}@example.test"), Some(true), &groups), None, "a Kelvin sign is no k");
    }
}
