//! A further name under which clients look for the token of a login: no page of the original says which one it is.

use std::sync::OnceLock;

use crate::Ctx;

/// Longest name, in bytes.
const LIMIT: usize = 64;
/// Members that say something else.
const OTHERS: [&str; 3] = ["expiresAt", "expiresIn", "tokenType"];

/// Name of a member that holds a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenName(String);

impl TokenName {
    /// Takes letters, digits, `_`, `-` and `.`, and no name of another member of the answer.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let fits = (1..=LIMIT).contains(&text.len()) && text.bytes().all(is_plain) && !OTHERS.contains(&text);
        fits.then(|| Self(text.to_owned()))
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name that an operator has laid down.
pub(crate) type FurtherTokenName = OnceLock<TokenName>;

impl Ctx {
    /// Lays down a further name. The first one stays.
    pub fn name_tokens(&self, name: TokenName) {
        let _ = self.token_name.set(name);
    }

    /// The further name, if there is one.
    #[must_use]
    pub fn token_name(&self) -> Option<&TokenName> {
        self.token_name.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain_and_says_nothing_else() {
        for good in ["id_token", "access-token", "data.jwt", "X"] {
            assert_eq!(TokenName::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "a b", "tokenType", "expiresIn", "\u{e9}", &"x".repeat(65)] {
            assert_eq!(TokenName::new(bad), None, "{bad}");
        }
    }
}
