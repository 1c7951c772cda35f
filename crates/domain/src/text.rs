//! Names and identifiers given by people: not empty, of bounded length, without control characters.

/// Why a text was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// A character that this kind of name may not hold.
    #[error("{what} must not contain {character:?}")]
    Character {
        /// What was being named.
        what: &'static str,
        /// The first offending character.
        character: char,
    },
    /// A blank at an end: what devices send is trimmed, so it would never match.
    #[error("{what} must not begin or end with a blank")]
    Edge {
        /// What was being named.
        what: &'static str,
    },
    /// Nothing but white space.
    #[error("{what} must not be empty")]
    Empty {
        /// What was being named.
        what: &'static str,
    },
    /// Longer than the limit.
    #[error("{what} must be at most {limit} bytes long")]
    TooLong {
        /// What was being named.
        what: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// Longer than the limit, where characters count.
    #[error("{what} must be at most {limit} characters long")]
    TooManyCharacters {
        /// What was being named.
        what: &'static str,
        /// The limit in characters.
        limit: usize,
    },
}

/// Checks a text against a byte limit and refuses control characters.
///
/// # Errors
/// The first rule that the text breaks.
pub fn check(what: &'static str, text: &str, limit: usize) -> Result<(), TextError> {
    if text.trim().is_empty() {
        return Err(TextError::Empty { what });
    }
    if text.len() > limit {
        return Err(TextError::TooLong { what, limit });
    }
    if text.trim() != text {
        return Err(TextError::Edge { what });
    }
    match text.chars().find(|c| c.is_control()) {
        Some(character) => Err(TextError::Character { what, character }),
        None => Ok(()),
    }
}

/// Declares text types that are checked once, when they are made.
macro_rules! checked_texts {
    ($($(#[$doc:meta])* $name:ident, $what:literal, $limit:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The longest accepted text, in bytes.
            pub const LIMIT: usize = $limit;

            /// Takes a text that fulfils the rules of its kind.
            ///
            /// # Errors
            /// [`TextError`] names the broken rule.
            pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
                let text = text.into();
                check($what, &text, Self::LIMIT)?;
                Ok(Self(text))
            }

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, TextError> {
                Self::new(text)
            }
        }
    )+};
}

checked_texts! {
    /// The name of a product, unique in its site.
    ProductName, "a product name", 255;
    /// A download package's ID as devices send it (`updateFromPkgId`), unique in its site.
    PackageId, "a package ID", 255;
    /// An update's ID (`updateId`), unique in its site.
    UpdateId, "an update ID", 255;
    /// A platform code such as `LINUX64`; producers define their own, spaces allowed.
    Platform, "a platform", 255;
    /// A login name, unique in its site.
    Username, "a user name", 255;
    /// The name of an account, unique in its site.
    AccountName, "an account name", 255;
    /// The name of a customer, unique in its site.
    CustomerName, "a customer name", 255;
    /// The producer's number of an order, unique in its site.
    OrderNumber, "an order number", 255;
    /// The short code that applications name a product or a bundle by, unique in its site.
    ProductCode, "a product code", 255;
    /// The code of a policy, unique in its product.
    PolicyCode, "a policy code", 255;
    /// The e-mail address with which a license user logs in, unique in its site.
    UserEmail, "an e-mail address", 254;
    /// The code of a feature, unique in its product.
    FeatureCode, "a feature code", 255;
    /// The name of an application that gets tokens.
    ApplicationName, "an application name", 255;
    /// What people call a credential of an application.
    CredentialLabel, "a label", 255;
    /// An application's public name in requests and tokens (`client_id`), unique in its site.
    ClientId, "a client ID", 64;
    /// The name of a receiver of webhooks, unique in its site.
    EndpointName, "a name of an endpoint", 64;
}

/// A license's key: the activation ID that devices send (`activationId`). Unique in its site. Whoever knows it can activate
/// the license, so it is not printed for debugging.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LicenseKey(String);

impl LicenseKey {
    /// The longest accepted key, in bytes.
    pub const LIMIT: usize = 255;

    /// Takes a text that fulfils the rules of a license key.
    ///
    /// # Errors
    /// [`TextError`] names the broken rule.
    pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
        let text = text.into();
        check("a license key", &text, Self::LIMIT)?;
        Ok(Self(text))
    }

    /// The key itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for LicenseKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LicenseKey(…)")
    }
}

/// What a device identifies its hardware with on the license door: any text, compared character by character, because
/// applications make it of what they find. It may end with a line end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HardwareId(String);

impl HardwareId {
    /// The longest accepted ID, in characters.
    pub const LIMIT: usize = 512;

    /// Takes a text with at least one character, and without NUL, which no store keeps.
    ///
    /// # Errors
    /// [`TextError`] names the broken rule.
    pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
        const WHAT: &str = "a hardware ID";
        let text = text.into();
        if text.is_empty() {
            return Err(TextError::Empty { what: WHAT });
        }
        if text.contains('\0') {
            return Err(TextError::Character { what: WHAT, character: '\0' });
        }
        if text.chars().count() > Self::LIMIT {
            return Err(TextError::TooManyCharacters { what: WHAT, limit: Self::LIMIT });
        }
        Ok(Self(text))
    }

    /// The ID itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for HardwareId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_bounded_and_printable() {
        assert!(PackageId::new("pump-fw-4.1").is_ok());
        assert!(Platform::new("My Board (rev 2)").is_ok());
        assert_eq!(PackageId::new("  "), Err(TextError::Empty { what: "a package ID" }));
        assert_eq!(PackageId::new("a\nb"), Err(TextError::Character { what: "a package ID", character: '\n' }));
        assert_eq!(PackageId::new("x".repeat(256)), Err(TextError::TooLong { what: "a package ID", limit: 255 }));
        assert!(PackageId::new("x".repeat(255)).is_ok());
        assert_eq!(PackageId::new("a "), Err(TextError::Edge { what: "a package ID" }));
        assert!(Username::new("ada").is_ok());
    }

    #[test]
    fn hardware_is_called_as_applications_like() {
        for text in ["HW-1\n", " ", "\t", &"ä".repeat(512)] {
            assert_eq!(HardwareId::new(text).map(|id| id.as_str().to_owned()), Ok(text.to_owned()));
        }
        let what = "a hardware ID";
        assert_eq!(HardwareId::new(""), Err(TextError::Empty { what }));
        assert_eq!(HardwareId::new("a\0"), Err(TextError::Character { what, character: '\0' }));
        assert_eq!(HardwareId::new("ä".repeat(513)), Err(TextError::TooManyCharacters { what, limit: 512 }));
    }
}
