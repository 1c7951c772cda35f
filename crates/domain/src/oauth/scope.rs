//! What a token may be used for (RFC 6749 section 3.3).

/// A right that a scope names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// `storage.read`: read files and lists of storages.
    StorageRead,
    /// `storage.write`: change files and folders of storages.
    StorageWrite,
    /// `api.license`: the calls of the license door.
    License,
    /// `tokens.introspect`: ask about tokens of other applications of the site (RFC 7662).
    Introspect,
}

impl Scope {
    /// All rights.
    pub const ALL: [Self; 4] = [Self::StorageRead, Self::StorageWrite, Self::License, Self::Introspect];

    /// The name in requests, answers and tokens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StorageRead => "storage.read",
            Self::StorageWrite => "storage.write",
            Self::License => "api.license",
            Self::Introspect => "tokens.introspect",
        }
    }

    fn bit(self) -> u8 {
        match self {
            Self::StorageRead => 1,
            Self::StorageWrite => 2,
            Self::License => 4,
            Self::Introspect => 8,
        }
    }
}

/// A set of rights. `api.storage` is the name of reading and writing together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scopes(u8);

/// A word that is the name of no scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no scope; there are: api.storage, storage.read, storage.write, api.license, tokens.introspect")]
pub struct UnknownScope(pub String);

/// The name that stands for reading and writing storages.
const STORAGE: &str = "api.storage";

impl Scopes {
    /// What an application may do unless somebody says otherwise: storages and licenses, and nothing about others.
    #[must_use]
    pub fn usual() -> Self {
        [Scope::StorageRead, Scope::StorageWrite, Scope::License].into_iter().collect()
    }

    /// Names of all scopes, in the order in which they are listed.
    #[must_use]
    pub fn names_of_all() -> Vec<&'static str> {
        Scope::ALL.into_iter().collect::<Self>().names()
    }

    /// Reads names separated by blanks; letter case counts (RFC 6749 section 3.3).
    ///
    /// # Errors
    /// [`UnknownScope`] for the first word that is none.
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        let mut scopes = Self::default();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let found = Scope::ALL.into_iter().find(|scope| scope.as_str() == word);
            scopes.0 |= match found {
                Some(scope) => scope.bit(),
                None if word == STORAGE => Self::storage().0,
                None => return Err(UnknownScope(word.to_owned())),
            };
        }
        Ok(scopes)
    }

    /// The scopes among some names; others may have been known once.
    #[must_use]
    pub fn known_in<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let known = names.into_iter().filter_map(|name| Self::parse(name).ok());
        known.fold(Self::default(), |all, scopes| Self(all.0 | scopes.0))
    }

    fn storage() -> Self {
        [Scope::StorageRead, Scope::StorageWrite].into_iter().collect()
    }

    /// Whether a right is in the set.
    #[must_use]
    pub fn allows(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether every right of another set is in this one.
    #[must_use]
    pub fn contains(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// The rights that are in both sets.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Whether there is no right in the set.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names, always in the same order; `api.storage` first where both of its parts are there.
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        let storage = self.contains(Self::storage()).then_some(STORAGE);
        storage
            .into_iter()
            .chain(Scope::ALL.into_iter().filter(|scope| self.allows(*scope)).map(Scope::as_str))
            .collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl std::fmt::Display for Scopes {
    /// The names with blanks between them, as a `scope` member has it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.names().join(" "))
    }
}

impl std::str::FromStr for Scopes {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_of_storage_have_a_name_together() {
        assert_eq!(Scopes::parse("api.storage"), Scopes::parse("storage.write  storage.read"));
        assert_eq!(Scopes::parse("api.storage").unwrap().to_string(), "api.storage storage.read storage.write");
        assert_eq!(Scopes::parse("storage.read").unwrap().to_string(), "storage.read");
        assert_eq!(Scopes::parse("").unwrap(), Scopes::default());
        assert!(!Scopes::parse("storage.read").unwrap().contains(Scopes::parse("api.storage").unwrap()));
    }

    #[test]
    fn every_name_is_read_again_and_no_other_is() {
        for name in Scopes::names_of_all() {
            assert!(Scopes::parse(name).unwrap().names().contains(&name));
        }
        for word in ["API.STORAGE", "openid", "storage", "storage.read,storage.write", "storage.read\tapi.license"] {
            assert!(Scopes::parse(word).is_err(), "{word:?}");
        }
        assert!(Scopes::usual().allows(Scope::License) && !Scopes::usual().allows(Scope::Introspect));
    }
}
