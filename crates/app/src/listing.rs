//! Parts of lists that are counted in pages: what a person leafs through.

/// Which page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageNumber {
    /// Counted from 1.
    pub page: u32,
    /// Most entries on a page.
    pub size: u32,
}

/// The entries of one page, and how many there are in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// The entries; none when the page lies behind the end.
    pub entries: Vec<T>,
    /// Entries on all pages together.
    pub total: usize,
}

impl PageNumber {
    /// Takes a page out of a list that is in its final order.
    pub(crate) fn of<T>(self, list: impl Iterator<Item = T>) -> Listing<T> {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let skipped = usize::try_from(self.page.saturating_sub(1)).unwrap_or(usize::MAX).saturating_mul(size);
        let mut entries = Vec::new();
        let mut total: usize = 0;
        for entry in list {
            if total >= skipped && entries.len() < size {
                entries.push(entry);
            }
            total = total.saturating_add(1);
        }
        Listing { entries, total }
    }
}

/// What a person types to find something: a part of a name, in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchText(String);

impl SearchText {
    /// The longest text that is searched for, in bytes: as long as an ID.
    pub const LIMIT: usize = 255;

    /// A text to search for; an empty one is found everywhere. `None`: it is too long.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        (text.len() <= Self::LIMIT).then(|| Self(text.to_lowercase()))
    }

    /// Whether one of the texts contains it.
    pub(crate) fn is_in(&self, texts: &[&str]) -> bool {
        self.0.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_counted_from_one() {
        let page = |page, size| PageNumber { page, size }.of(1..=5);
        assert_eq!(page(1, 2), Listing { entries: vec![1, 2], total: 5 });
        assert_eq!(page(3, 2), Listing { entries: vec![5], total: 5 });
        assert_eq!(page(4, 2), Listing { entries: vec![], total: 5 });
        assert_eq!(page(1, 500).entries.len(), 5);
        assert_eq!(page(u32::MAX, u32::MAX), Listing { entries: vec![], total: 5 });
    }

    #[test]
    fn a_text_is_found_in_any_case() {
        let search = |text| SearchText::new(text).unwrap();
        assert!(search("PUMP").is_in(&["fan", "the pump"]));
        assert!(search("ÄN").is_in(&["Änderung"]));
        assert!(search("").is_in(&[]));
        assert!(!search("pump").is_in(&["fan", ""]));
        assert!(SearchText::new(&"x".repeat(256)).is_none());
    }
}
