//! Sites: everything belongs to one.

use crate::ids::{Generation, SiteId};
use crate::text::TextError;
use crate::webhook::ExpiryNotices;

/// A site's name: a DNS label, so that it can stand in host names and paths.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteName(String);

impl SiteName {
    /// Takes 1 to 63 lower-case letters, digits and hyphens; hyphens not at the ends.
    ///
    /// # Errors
    /// [`TextError`] names the broken rule.
    pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
        const WHAT: &str = "a site name";
        let text = text.into();
        crate::text::check(WHAT, &text, 63)?;
        if let Some(character) = text.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-')) {
            return Err(TextError::Character { what: WHAT, character });
        }
        if text.starts_with('-') || text.ends_with('-') {
            return Err(TextError::Character { what: WHAT, character: '-' });
        }
        Ok(Self(text))
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for SiteName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for SiteName {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        Self::new(text)
    }
}

/// What a site is and how it wants to be treated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Row id.
    pub id: SiteId,
    /// Name, unique in the store.
    pub name: SiteName,
    /// Settings.
    pub settings: SiteSettings,
    /// Value of the change counter when this site last changed.
    pub generation: Generation,
}

/// What an operator can set for a site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteSettings {
    /// External base URL without a trailing slash; absolute URLs are made from it alone. `None`: the server's own.
    pub base_url: Option<String>,
    /// Host names (lower case, no port) that lead to this site.
    pub hosts: Vec<String>,
    /// Whether device keys of 1024 to 2047 bits may check tokens. Answers are never signed with such keys.
    pub small_rsa_keys: bool,
    /// Whether signed answers carry `kid` in their protected header. Strict old clients may not expect it.
    pub key_id_in_answers: bool,
    /// Where a device hears that its token was refused.
    pub auth_failure: AuthFailure,
    /// How long histories are kept.
    pub retention: Retention,
    /// Whether licensed applications prove themselves with bearer tokens alone: no API key is known then.
    pub oauth_only: bool,
    /// When it is told that licenses expire soon.
    pub expiry_notices: ExpiryNotices,
}

/// Where a device hears that its token was refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AuthFailure {
    /// On the poll, as the published status tables have it.
    #[default]
    Poll,
    /// In the answer to its POST.
    Immediate,
}

impl AuthFailure {
    /// The word for it in commands and the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Immediate => "immediate",
        }
    }

    /// The choice of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Poll, Self::Immediate].into_iter().find(|choice| choice.as_str() == word)
    }
}

/// How many days the histories of a site are kept. What is older is removed, a little at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Retention {
    /// Status reports of devices.
    pub status_reports: u32,
    /// Events that devices have logged.
    pub device_events: u32,
    /// Committed changes that others are told about.
    pub events: u32,
}

impl Retention {
    /// Longest accepted retention in days: a hundred years.
    pub const LIMIT: u32 = 36_525;
}

impl Default for Retention {
    fn default() -> Self {
        Self { status_reports: 730, device_events: 90, events: 30 }
    }
}

/// Checks a host name without port and gives it in lower case, without the dot of a fully qualified name.
#[must_use]
pub fn clean_host(text: &str) -> Option<String> {
    let host = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (host.len() <= 253 && host.split('.').all(label)).then_some(host)
}

/// Checks an external base URL: `http` or `https`, a host, no query, no fragment. Returns it without trailing slashes.
#[must_use]
pub fn clean_base_url(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let authority = rest.split('/').next().unwrap_or_default();
    let acceptable = !authority.is_empty()
        && !authority.contains('@')
        && text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '"' | '<' | '>' | '\\'));
    acceptable.then(|| text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn site_names_are_dns_labels() {
        for good in ["demo", "flex1234", "acme-uat", "a"] {
            assert!(SiteName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "Demo", "a.b", "a_b", "-a", "a-", "ä", &"x".repeat(64)] {
            assert!(SiteName::new(bad).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn hosts_are_names_without_port() {
        assert_eq!(clean_host("Acme.Example.com.").as_deref(), Some("acme.example.com"));
        assert_eq!(clean_host("127.0.0.1").as_deref(), Some("127.0.0.1"));
        for bad in ["", ".", "a..b", "a:8443", "-a.b", "a_b", "ä.de", "a/b", "a b", &"x".repeat(64)] {
            assert_eq!(clean_host(bad), None, "{bad:?} was accepted");
        }
    }

    #[test]
    fn base_urls_have_a_host_and_nothing_after_the_path() {
        assert_eq!(clean_base_url("https://u.example.com/").as_deref(), Some("https://u.example.com"));
        assert_eq!(clean_base_url("http://127.0.0.1:8080/t/acme").as_deref(), Some("http://127.0.0.1:8080/t/acme"));
        for bad in ["", "ftp://x", "https://", "https:///x", "https://a@b", "https://a?b", "https://a#b", "https://a b"]
        {
            assert_eq!(clean_base_url(bad), None, "{bad:?} was accepted");
        }
    }
}
