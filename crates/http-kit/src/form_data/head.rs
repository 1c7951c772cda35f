//! The head of a part: its name, and that of its file (RFC 7578 §4.2).

use percent_encoding::percent_decode;

use crate::lenient::text;

/// What a part says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartHead {
    /// The name of the field.
    pub name: Option<String>,
    /// The name that the sender's file has, as it was sent: it may be a path.
    pub file_name: Option<String>,
    /// The type of the content.
    pub content_type: Option<String>,
}

impl PartHead {
    /// Reads the lines of a head. Lines that are none are passed over.
    pub(super) fn read(lines: &[u8]) -> Self {
        let mut head = Self::default();
        for line in lines.split(|byte| *byte == b'\n') {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = line.split_at_checked(colon).unwrap_or_default();
            let value = value.strip_prefix(b":").unwrap_or_default().trim_ascii();
            if name.eq_ignore_ascii_case(b"content-disposition") {
                head.name = parameter(value, b"name").map(|name| text(&name));
                head.file_name = parameter(value, b"filename*")
                    .and_then(|value| extended(&value))
                    .or_else(|| parameter(value, b"filename").map(|name| text(&name)));
            } else if name.eq_ignore_ascii_case(b"content-type") && !value.is_empty() {
                head.content_type = Some(text(value));
            }
        }
        head
    }
}

/// The value of a parameter behind the first `;` of a header (RFC 9110 §5.6.6), in quotes or not.
pub(super) fn parameter(header: &[u8], wanted: &[u8]) -> Option<Vec<u8>> {
    let mut rest = header.splitn(2, |byte| *byte == b';').nth(1)?;
    loop {
        let equals = rest.iter().position(|byte| matches!(byte, b'=' | b';'))?;
        let (name, behind) = rest.split_at_checked(equals)?;
        let (separator, behind) = behind.split_first()?;
        if *separator == b';' {
            rest = behind;
            continue;
        }
        let (value, behind) = value(behind.trim_ascii_start());
        if name.trim_ascii().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        let next = behind.iter().position(|byte| *byte == b';')?.saturating_add(1);
        rest = behind.get(next..)?;
    }
}

/// The value at the begin of some text, and what follows it.
fn value(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|byte| *byte == b';').unwrap_or(text.len());
        let (value, rest) = text.split_at_checked(end).unwrap_or_default();
        return (value.trim_ascii().to_vec(), rest);
    };
    let mut value = Vec::new();
    let mut bytes = quoted.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => break,
            // Only a quotation mark or a backslash is escaped: others send the paths of their system.
            b'\\' if matches!(bytes.as_slice().first(), Some(b'"' | b'\\')) => value.extend(bytes.next()),
            byte => value.push(*byte),
        }
    }
    (value, bytes.as_slice())
}

/// The text of `UTF-8''%e2%82%ac` (RFC 8187 §3.2).
fn extended(value: &[u8]) -> Option<String> {
    let mut fields = value.splitn(3, |byte| *byte == b'\'');
    let (_charset, _language, encoded) = (fields.next()?, fields.next()?, fields.next()?);
    Some(text(&Vec::from_iter(percent_decode(encoded))))
}
