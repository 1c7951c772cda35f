//! How rules of licenses, and settings of webhooks, are kept in one text: a line `name=value` for each that differs from the default. Nothing is looked
//! up by them, and a new rule needs no new column.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::str::FromStr;

/// Longest text of rules, in bytes: metadata and custom fields are part of it, and every check reads it.
pub const RULES_LIMIT: usize = 16 * 1024;

/// Rules that are being written down.
#[derive(Default)]
pub(crate) struct Writer(String);

impl Writer {
    /// Writes a value, unless it is the default.
    pub(crate) fn put<T: Display + PartialEq>(&mut self, name: &str, value: &T, default: &T) {
        if value != default {
            self.line(name, &value.to_string());
        }
    }

    /// Writes a value that is there.
    pub(crate) fn put_some<T: Display>(&mut self, name: &str, value: Option<T>) {
        if let Some(value) = value {
            self.line(name, &value.to_string());
        }
    }

    /// Writes a line; a value is any text.
    pub(crate) fn line(&mut self, name: &str, value: &str) {
        let value = value.replace('\\', "\\\\").replace('\n', "\\n");
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{name}={value}");
    }

    /// The whole text.
    pub(crate) fn finish(self) -> String {
        self.0
    }
}

/// Rules that are being read.
pub(crate) struct Reader<'t>(BTreeMap<&'t str, Vec<String>>);

impl<'t> Reader<'t> {
    /// The lines of a text; `None` when one of them is none.
    pub(crate) fn new(text: &'t str) -> Option<Self> {
        let mut lines = BTreeMap::<_, Vec<_>>::new();
        for line in text.lines() {
            let (name, value) = line.split_once('=')?;
            lines.entry(name).or_default().push(plain(value)?);
        }
        Some(Self(lines))
    }

    /// Takes a value; the default when the text has none.
    pub(crate) fn take<T: FromStr>(&mut self, name: &str, default: T) -> Option<T> {
        Some(self.take_some(name)?.unwrap_or(default))
    }

    /// Takes a value that may be absent. The outer `None`: it cannot be read.
    pub(crate) fn take_some<T: FromStr>(&mut self, name: &str) -> Option<Option<T>> {
        match self.0.remove(name) {
            None => Some(None),
            Some(values) => match <[String; 1]>::try_from(values) {
                Ok([value]) => Some(Some(value.parse().ok()?)),
                Err(_) => None,
            },
        }
    }

    /// Takes all lines of a name.
    pub(crate) fn take_all(&mut self, name: &str) -> Vec<String> {
        self.0.remove(name).unwrap_or_default()
    }

    /// All lines that are left, by name.
    pub(crate) fn into_lines(self) -> BTreeMap<&'t str, Vec<String>> {
        self.0
    }

    /// Nothing must be left: a rule that this program does not know is never passed over.
    pub(crate) fn finish(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

fn plain(value: &str) -> Option<String> {
    let mut plain = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next()? {
                'n' => '\n',
                '\\' => '\\',
                _ => return None,
            },
            other => other,
        });
    }
    Some(plain)
}

/// Enums that are a word in rules, commands and answers.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word for it in commands, answers and the store.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// What a word means.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, String> {
                let words: Vec<_> = Self::ALL.iter().map(|one| one.as_str()).collect();
                Self::parse(word).ok_or_else(|| format!("write one of: {}", words.join(", ")))
            }
        }
    )+};
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_comes_back() {
        for value in ["", "plain", "a=b", "two\nlines", "back\\slash\\n", "{\"a\":\"\\\\ \\n\"}"] {
            let mut writer = Writer::default();
            writer.line("value", value);
            let text = writer.finish();
            let mut reader = Reader::new(&text).unwrap();
            assert_eq!(reader.take_some("value"), Some(Some(value.to_owned())), "{text:?}");
            assert_eq!(reader.finish(), Some(()));
        }
        for bad in ["x", "a=\\x", "a=\\"] {
            assert!(Reader::new(bad).is_none(), "{bad:?}");
        }
        assert_eq!(Reader::new("a=1\na=2").unwrap().take_some::<u32>("a"), None);
        assert_eq!(Reader::new("a=1").unwrap().finish(), None);
    }
}
