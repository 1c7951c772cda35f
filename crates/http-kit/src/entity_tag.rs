//! Entity tags (RFC 9110 §8.8.3): the name of one exact state of a file, and lists of them in conditions.

use http::HeaderValue;

/// A strong entity tag: two files with the same tag have the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityTag {
    opaque: String,
}

impl EntityTag {
    /// The tag of bytes with this SHA-256, which is as strong as a tag can be.
    pub fn of_sha256(digest: &[u8; 32]) -> Self {
        Self { opaque: countersign_crypto::encoding::hex_encode(digest) }
    }

    /// A tag with this text between the quotation marks; `None` when the text is empty or has a character other than
    /// a visible ASCII one, or a quotation mark.
    pub fn strong(opaque: &str) -> Option<Self> {
        let valid = !opaque.is_empty() && opaque.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
        valid.then(|| Self { opaque: opaque.to_owned() })
    }

    /// The text between the quotation marks.
    pub fn opaque(&self) -> &str {
        &self.opaque
    }

    /// The value of an `ETag` header.
    pub(crate) fn header_value(&self) -> Option<HeaderValue> {
        HeaderValue::try_from(["\"", &self.opaque, "\""].concat()).ok()
    }
}

/// A list of tags, or `*`, as it stands in `If-Match` and `If-None-Match`.
pub(crate) enum TagList<'a> {
    /// Any state at all will do.
    Any,
    /// Only these. What comes behind a member that is not a tag is not read.
    Tags(Vec<RawTag<'a>>),
}

/// A tag as a client sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawTag<'a> {
    weak: bool,
    opaque: &'a [u8],
}

impl<'a> TagList<'a> {
    /// Reads one or several field lines, which together are one list (RFC 9110 §5.3).
    pub(crate) fn parse(lines: impl Iterator<Item = &'a HeaderValue>) -> Self {
        let mut tags = Vec::new();
        for line in lines {
            let mut rest = line.as_bytes().trim_ascii();
            if rest == b"*" {
                return Self::Any;
            }
            while let Some((tag, behind)) = RawTag::split_from(skip_separators(rest)) {
                tags.push(tag);
                rest = behind;
            }
        }
        Self::Tags(tags)
    }

    /// Whether a member equals the tag by strong comparison: a weak tag never does (RFC 9110 §8.8.3.2).
    pub(crate) fn has_strongly(&self, tag: &EntityTag) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|other| other.equals_strongly(tag)),
        }
    }

    /// Whether a member equals the tag by weak comparison, which does not look at weakness.
    pub(crate) fn has_weakly(&self, tag: &EntityTag) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|other| other.opaque == tag.opaque.as_bytes()),
        }
    }
}

impl<'a> RawTag<'a> {
    /// Exactly one tag and nothing else.
    pub(crate) fn parse(value: &'a [u8]) -> Option<Self> {
        let (tag, behind) = Self::split_from(value.trim_ascii())?;
        behind.is_empty().then_some(tag)
    }

    pub(crate) fn equals_strongly(&self, tag: &EntityTag) -> bool {
        !self.weak && self.opaque == tag.opaque.as_bytes()
    }

    /// Takes a tag off the front; it must be followed by the end or a comma.
    fn split_from(value: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (weak, quoted) = value.strip_prefix(b"W/").map_or((false, value), |rest| (true, rest));
        let inner = quoted.strip_prefix(b"\"")?;
        let end = inner.iter().position(|byte| *byte == b'"')?;
        let (opaque, behind) = inner.split_at_checked(end)?;
        let behind = behind.get(1..)?.trim_ascii_start();
        let valid = opaque.iter().all(|byte| *byte == 0x21 || (0x23..=0x7e).contains(byte) || *byte >= 0x80);
        (valid && (behind.is_empty() || behind.starts_with(b","))).then_some((Self { weak, opaque }, behind))
    }
}

/// Commas and white space between members; a list may have empty members (RFC 9110 §5.6.1.2).
fn skip_separators(value: &[u8]) -> &[u8] {
    let start = value.iter().position(|byte| !matches!(byte, b',' | b' ' | b'\t'));
    start.and_then(|start| value.get(start..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_that_fits_between_the_marks_makes_a_tag() {
        assert_eq!(
            EntityTag::strong("abc").and_then(|tag| tag.header_value()),
            Some(HeaderValue::from_static("\"abc\""))
        );
        for text in ["", "a b", "a\"b", "\u{7f}", "\u{e9}", "a\r\n"] {
            assert_eq!(EntityTag::strong(text), None, "{text:?}");
        }
    }

    #[test]
    fn lists() {
        let tag = EntityTag::strong("me,too").expect("a valid tag");
        for (lines, strongly, weakly) in [
            (&["\"me,too\""][..], true, true),
            (&["W/\"me,too\""], false, true),
            (&["w/\"me,too\""], false, false),
            (&["*"], true, true),
            (&[" * "], true, true),
            (&["\"*\""], false, false),
            (&["\"x\", \"me,too\""], true, true),
            (&[", ,\"x\",W/\"y\" ,\"me,too\","], true, true),
            (&["\"x\"", "\"me,too\""], true, true),
            (&["\"x\"\"me,too\""], false, false),
            (&["me,too"], false, false),
            (&["\"me,too"], false, false),
            (&[""], false, false),
            (&["\"x\"; \"me,too\""], false, false),
            (&["\"me,too\", garbage"], true, true),
        ] {
            let values: Vec<_> = lines.iter().map(|line| HeaderValue::from_static(line)).collect();
            let list = TagList::parse(values.iter());
            assert_eq!(list.has_strongly(&tag), strongly, "{lines:?}");
            assert_eq!(list.has_weakly(&tag), weakly, "{lines:?}");
        }
    }
}
