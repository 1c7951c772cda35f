//! A reader and a writer for the little DER that public keys need (ITU-T X.690): definite lengths in their shortest
//! form, one byte of tag, nothing after the end. Anything else is refused rather than interpreted.

use thiserror::Error;

/// What is wrong with DER bytes.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum DerError {
    /// An INTEGER is empty, negative, or has a superfluous leading zero.
    #[error("an INTEGER is not a minimal non-negative number")]
    BadInteger,
    /// A length is indefinite, longer than needed, or longer than this reader supports.
    #[error("a length is not in the shortest definite form")]
    BadLength,
    /// The bytes end before the value they announce.
    #[error("the value is cut off")]
    CutOff,
    /// Bytes are left after the last value.
    #[error("there are bytes after the end")]
    TrailingBytes,
    /// Another kind of value stands where a fixed one is required.
    #[error("a value with tag {expected:#04x} was expected")]
    UnexpectedTag {
        /// The tag that was required at this place.
        expected: u8,
    },
}

/// Reads values one after the other from a byte string.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(der: &'a [u8]) -> Self {
        Self { rest: der }
    }

    /// The tag of the next value, without reading it.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Reads a value that must have `tag`, and returns its content.
    pub(crate) fn read(&mut self, tag: u8) -> Result<&'a [u8], DerError> {
        if self.peek() != Some(tag) {
            return Err(if self.rest.is_empty() {
                DerError::CutOff
            } else {
                DerError::UnexpectedTag { expected: tag }
            });
        }
        let (_, after_tag) = self.rest.split_at_checked(1).ok_or(DerError::CutOff)?;
        let (length, after_length) = read_length(after_tag)?;
        let (content, rest) = after_length.split_at_checked(length).ok_or(DerError::CutOff)?;
        self.rest = rest;
        Ok(content)
    }

    /// Reads a SEQUENCE and returns a reader over its members.
    pub(crate) fn read_sequence(&mut self) -> Result<Reader<'a>, DerError> {
        self.read(SEQUENCE).map(Reader::new)
    }

    /// Reads a non-negative INTEGER and returns it big-endian without a leading zero; zero is the empty slice.
    pub(crate) fn read_unsigned(&mut self) -> Result<&'a [u8], DerError> {
        match self.read(INTEGER)? {
            [0] => Ok(&[]),
            // A leading zero is there to keep a number from being negative, and for nothing else.
            [0, rest @ ..] if rest.first().is_some_and(|byte| *byte >= SIGN_BIT) => Ok(rest),
            number if number.first().is_some_and(|byte| (1..SIGN_BIT).contains(byte)) => Ok(number),
            _ => Err(DerError::BadInteger),
        }
    }

    /// Reads a BIT STRING that consists of whole bytes.
    pub(crate) fn read_bit_string(&mut self) -> Result<&'a [u8], DerError> {
        match self.read(BIT_STRING)? {
            [0, bytes @ ..] => Ok(bytes),
            _ => Err(DerError::BadLength),
        }
    }

    /// Demands that everything has been read.
    pub(crate) fn finish(self) -> Result<(), DerError> {
        if self.rest.is_empty() { Ok(()) } else { Err(DerError::TrailingBytes) }
    }
}

/// One value: tag, length, and the given parts as its content.
pub(crate) fn write(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < LONG_FORM => out.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let digits: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
            let count = u8::try_from(digits.len()).expect("a length has at most eight bytes");
            out.push(LONG_FORM | count);
            out.extend_from_slice(&digits);
        }
    }
    out.extend_from_slice(&content);
    out
}

/// An INTEGER from a big-endian number. Zeros that it begins with are left out, as there is one spelling only.
pub(crate) fn write_unsigned(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let number = number.get(zeros..).unwrap_or_default();
    match number.first() {
        Some(first) if *first < SIGN_BIT => write(INTEGER, &[number]),
        _ => write(INTEGER, &[&[0], number]),
    }
}

fn read_length(bytes: &[u8]) -> Result<(usize, &[u8]), DerError> {
    let (first, rest) = bytes.split_first().ok_or(DerError::CutOff)?;
    if *first < LONG_FORM {
        return Ok((usize::from(*first), rest));
    }
    let count = usize::from(*first & !LONG_FORM);
    // Two bytes of length reach 64 KiB, which no key or certificate in use comes near.
    if count == 0 || count > 2 {
        return Err(DerError::BadLength);
    }
    let (digits, rest) = rest.split_at_checked(count).ok_or(DerError::CutOff)?;
    let length = digits.iter().fold(0_usize, |length, digit| (length << 8) | usize::from(*digit));
    let is_shortest = length >= usize::from(LONG_FORM) && (count == 1 || length > 0xff);
    if is_shortest { Ok((length, rest)) } else { Err(DerError::BadLength) }
}

/// Tag of INTEGER.
pub(crate) const INTEGER: u8 = 0x02;
/// Tag of BIT STRING.
pub(crate) const BIT_STRING: u8 = 0x03;
/// Tag of NULL.
pub(crate) const NULL: u8 = 0x05;
/// Tag of OBJECT IDENTIFIER.
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
/// Tag of SEQUENCE.
pub(crate) const SEQUENCE: u8 = 0x30;
/// Tag of the explicit context tag 0, which holds the version of a certificate.
pub(crate) const CONTEXT_0: u8 = 0xa0;

const LONG_FORM: u8 = 0x80;
const SIGN_BIT: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_one_spelling() {
        for size in [0_usize, 1, 127, 128, 255, 256, 65535] {
            let der = write(SEQUENCE, &[&vec![7; size]]);
            let mut reader = Reader::new(&der);
            assert_eq!(reader.read(SEQUENCE).unwrap().len(), size);
            reader.finish().unwrap();
        }
        let refused: [&[u8]; 6] = [
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x81, 0x01, 0],
            &[0x30, 0x82, 0x00, 0x80],
            &[0x30, 0x83, 0x01, 0x00, 0x00],
            &[0x30, 0xff],
            &[0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ];
        for der in refused {
            assert_eq!(Reader::new(der).read(SEQUENCE), Err(DerError::BadLength), "{der:?}");
        }
        for der in [&[][..], &[0x30], &[0x30, 0x81], &[0x30, 0x82, 1], &[0x30, 1], &[0x30, 0x82, 1, 0, 0]] {
            assert_eq!(Reader::new(der).read(SEQUENCE), Err(DerError::CutOff), "{der:?}");
        }
    }

    #[test]
    fn integers_have_one_spelling() {
        for (number, der) in [(&[][..], &[2, 1, 0][..]), (&[1], &[2, 1, 1]), (&[0x80], &[2, 2, 0, 0x80])] {
            assert_eq!(write_unsigned(number), der);
            assert_eq!(Reader::new(der).read_unsigned().unwrap(), number);
            assert_eq!(write_unsigned(&[&[0, 0], number].concat()), der);
        }
        for der in [&[2, 0][..], &[2, 1, 0x80], &[2, 2, 0, 1], &[2, 2, 0, 0], &[2, 2, 0xff, 0xff]] {
            assert_eq!(Reader::new(der).read_unsigned(), Err(DerError::BadInteger), "{der:?}");
        }
    }

    #[test]
    fn the_wrong_tag_and_leftovers_are_told_apart() {
        let mut reader = Reader::new(&[5, 0, 1]);
        assert_eq!(reader.read(SEQUENCE), Err(DerError::UnexpectedTag { expected: SEQUENCE }));
        reader.read(NULL).unwrap();
        assert_eq!(reader.finish(), Err(DerError::TrailingBytes));
        assert_eq!(Reader::new(&[3, 1, 1]).read_bit_string(), Err(DerError::BadLength));
        assert_eq!(Reader::new(&[3, 0]).read_bit_string(), Err(DerError::BadLength));
    }
}
