//! What a file is to HTTP: the facts that every answer about it is made of.

use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, LAST_MODIFIED, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::entity_tag::EntityTag;
use crate::http_time::HttpTime;

/// One immutable file, as a door wants it served.
///
/// Files are served in no content coding but the one they have, so there is one entity tag and no `Vary`.
#[derive(Clone, Debug)]
pub struct Representation {
    /// How many bytes the file has.
    pub length: u64,
    /// Names exactly these bytes. [`EntityTag::of_sha256`] unless a protocol wants another.
    pub etag: EntityTag,
    /// When these bytes were published under this URL.
    pub last_modified: HttpTime,
    /// SHA-256 of all bytes, for `Repr-Digest` (RFC 9530 §3).
    pub sha256: [u8; 32],
    /// The value of `Content-Type`.
    pub content_type: HeaderValue,
    /// The value of `Content-Disposition`, see [`crate::disposition::attachment`].
    pub disposition: Option<HeaderValue>,
    /// The value of `Cache-Control`. Who may keep the file depends on the door.
    pub cache_control: Option<HeaderValue>,
}

impl Representation {
    /// The headers that identify the state of the file. They belong into every answer, errors included, because they
    /// tell a client whose condition or range failed what there is instead.
    pub(crate) fn validator_headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(HEADER_CAPACITY);
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        insert(&mut headers, ETAG, self.etag.header_value());
        insert(&mut headers, LAST_MODIFIED, self.last_modified.header_value());
        headers
    }

    /// The headers of an answer that speaks for the file itself: 200, 206 and 304.
    fn headers(&self) -> HeaderMap {
        let mut headers = self.validator_headers();
        insert(&mut headers, REPR_DIGEST, self.repr_digest());
        insert(&mut headers, CACHE_CONTROL, self.cache_control.clone());
        headers
    }

    /// Adds the headers that describe content, for answers that have some.
    fn describe_content(&self, headers: &mut HeaderMap) {
        headers.insert(CONTENT_TYPE, self.content_type.clone());
        insert(headers, CONTENT_DISPOSITION, self.disposition.clone());
        // Producers upload what they like; a browser must not find a web page in it.
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }

    /// The digest of the whole file, also when only a part of it is sent (RFC 9530 §3).
    fn repr_digest(&self) -> Option<HeaderValue> {
        let digest = countersign_crypto::encoding::base64_encode(&self.sha256);
        HeaderValue::try_from(["sha-256=:", &digest, ":"].concat()).ok()
    }
}

/// A file with its headers as they are sent. Writing them was a twelfth of what the program itself does for a download of
/// 64 KiB, so whoever serves a file often keeps this.
#[derive(Clone, Debug)]
pub struct Described {
    facts: Representation,
    headers: HeaderMap,
    with_content: HeaderMap,
}

impl Described {
    /// The facts that the headers were made from.
    #[must_use]
    pub fn facts(&self) -> &Representation {
        &self.facts
    }

    /// The headers of an answer that speaks for the file itself and has no content: 304.
    pub(crate) fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    /// The headers of an answer with content of the file: 200 and 206.
    pub(crate) fn content_headers(&self) -> HeaderMap {
        self.with_content.clone()
    }
}

impl From<Representation> for Described {
    fn from(facts: Representation) -> Self {
        let headers = facts.headers();
        let mut with_content = headers.clone();
        facts.describe_content(&mut with_content);
        Self { facts, headers, with_content }
    }
}

/// Inserts a value if there is one. The values made here are visible ASCII by construction, so there always is.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: Option<HeaderValue>) {
    if let Some(value) = value {
        headers.insert(name, value);
    }
}

/// `Repr-Digest` of RFC 9530.
pub const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// As many headers as a 206 has, so that the map need not grow.
const HEADER_CAPACITY: usize = 12;
