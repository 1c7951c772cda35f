//! Reading `multipart/form-data` (RFC 7578) part by part, as it comes: of a file, only what came last is in memory.

mod head;
mod splitter;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http::HeaderValue;

pub use self::head::PartHead;
use self::splitter::{Splitter, Step};

/// What separates the parts: 1 to 70 characters, as they stand in the `boundary` of a `Content-Type` (RFC 2046 §5.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary(Vec<u8>);

impl Boundary {
    /// The boundary of a `multipart/…` type; `None` when the type is another, or names none.
    #[must_use]
    pub fn of(content_type: &HeaderValue) -> Option<Self> {
        let value = content_type.as_bytes();
        let family = value.get(..MULTIPART.len())?;
        if !family.eq_ignore_ascii_case(MULTIPART) {
            return None;
        }
        let boundary = head::parameter(value, b"boundary")?;
        (1..=LONGEST_BOUNDARY).contains(&boundary.len()).then_some(Self(boundary))
    }

    /// How many bytes are needed to tell whether a body begins with the boundary.
    #[must_use]
    pub fn begin_length(&self) -> usize {
        self.0.len().saturating_add(LINE_END.len()).saturating_add(DASHES.len())
    }

    /// Whether a body that begins with these bytes begins with the boundary, in the first line or behind an empty one.
    #[must_use]
    pub fn begins(&self, body: &[u8]) -> bool {
        let line = body.strip_prefix(LINE_END).unwrap_or(body);
        line.strip_prefix(DASHES).is_some_and(|rest| rest.starts_with(&self.0))
    }

    /// What stands before each part but the first.
    fn delimiter(&self) -> Vec<u8> {
        [LINE_END, DASHES, &self.0].concat()
    }
}

/// A body in parts.
pub struct FormData<S> {
    source: S,
    splitter: Splitter,
    /// Bytes that have come behind the last part.
    epilogue: usize,
}

/// Why a body cannot be read in parts.
#[derive(Debug, thiserror::Error)]
pub enum FormDataError<E> {
    /// The body is not what its type says.
    #[error("the multipart body {0}")]
    Malformed(&'static str),
    /// The body broke.
    #[error("the body broke off")]
    Source(E),
}

impl<S: Stream<Item = Result<Bytes, E>> + Unpin, E> FormData<S> {
    /// Reads `source`, which has parts between these boundaries.
    pub fn new(source: S, boundary: &Boundary) -> Self {
        Self { source, splitter: Splitter::new(boundary.delimiter()), epilogue: 0 }
    }

    /// The head of the next part; what is left of the part before is passed over. `None` when there is no further part: the
    /// whole body has come then, and its end was in its place.
    ///
    /// # Errors
    /// [`FormDataError`]; nothing more can be read then.
    pub async fn next_part(&mut self) -> Result<Option<PartHead>, FormDataError<E>> {
        loop {
            match self.splitter.step().map_err(FormDataError::Malformed)? {
                Step::Part(head) => return Ok(Some(head)),
                Step::More => self.read().await?,
                Step::Bytes(_) | Step::EndOfPart => {}
                Step::End => {
                    self.pass_epilogue().await?;
                    return Ok(None);
                }
            }
        }
    }

    /// The next bytes of the part whose head was read last; `None` at its end.
    ///
    /// # Errors
    /// [`FormDataError`]; what came of the part is not all of it then.
    pub async fn next_bytes(&mut self) -> Result<Option<Bytes>, FormDataError<E>> {
        loop {
            if !self.splitter.is_in_part() {
                return Ok(None);
            }
            match self.splitter.step().map_err(FormDataError::Malformed)? {
                Step::Bytes(bytes) => return Ok(Some(bytes)),
                Step::More => self.read().await?,
                Step::EndOfPart | Step::Part(_) | Step::End => return Ok(None),
            }
        }
    }

    async fn read(&mut self) -> Result<(), FormDataError<E>> {
        match self.source.next().await {
            Some(Ok(bytes)) => {
                self.splitter.push(&bytes);
                Ok(())
            }
            Some(Err(error)) => Err(FormDataError::Source(error)),
            None => Err(FormDataError::Malformed("ends before its last boundary")),
        }
    }

    /// Reads on to the end of the body, so that one that was cut off shows itself.
    async fn pass_epilogue(&mut self) -> Result<(), FormDataError<E>> {
        while let Some(bytes) = self.source.next().await {
            self.epilogue = self.epilogue.saturating_add(bytes.map_err(FormDataError::Source)?.len());
            if self.epilogue > EPILOGUE_LIMIT {
                return Err(FormDataError::Malformed("goes on behind its last boundary"));
            }
        }
        Ok(())
    }
}

const MULTIPART: &[u8] = b"multipart/";
const LINE_END: &[u8] = b"\r\n";
const DASHES: &[u8] = b"--";
/// RFC 2046 §5.1.1.
const LONGEST_BOUNDARY: usize = 70;
/// Bytes behind the last boundary. They mean nothing; most senders send two.
const EPILOGUE_LIMIT: usize = 4096;

#[cfg(test)]
mod tests;
