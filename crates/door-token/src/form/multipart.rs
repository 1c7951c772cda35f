//! `multipart/form-data` (RFC 7578) with one short text for each parameter, in memory.

use std::convert::Infallible;

use bytes::{Bytes, BytesMut};
use countersign_crypto::Secret;
use countersign_http_kit::form_data::{Boundary, FormData, FormDataError};
use futures_util::{FutureExt, stream};
use http::HeaderValue;

use super::FormProblem;

/// The parts of a body as names and values. Whatever else a part says of itself is ignored.
pub(super) fn read(
    content_type: &str,
    body: &[u8],
    limit: usize,
) -> Result<Vec<(String, Secret<String>)>, FormProblem> {
    let content_type = HeaderValue::from_str(content_type).map_err(|_| FormProblem::Malformed)?;
    let boundary = Boundary::of(&content_type).ok_or(FormProblem::Malformed)?;
    // All of it is here, so nothing is waited for.
    let parts = parts(Bytes::copy_from_slice(body), &boundary, limit).now_or_never();
    parts.ok_or(FormProblem::Malformed)?.map_err(|_| FormProblem::Malformed)
}

async fn parts(
    body: Bytes,
    boundary: &Boundary,
    limit: usize,
) -> Result<Vec<(String, Secret<String>)>, FormDataError<Infallible>> {
    let mut form = FormData::new(stream::iter([Ok(body)]), boundary);
    let mut parts = Vec::new();
    while let Some(head) = form.next_part().await? {
        if parts.len() >= limit {
            return Err(FormDataError::Malformed("has too many parts"));
        }
        let name = head.name.filter(|name| !name.is_empty());
        let name = name.ok_or(FormDataError::Malformed("has a part without a name"))?;
        let mut value = BytesMut::new();
        while let Some(bytes) = form.next_bytes().await? {
            value.extend_from_slice(&bytes);
        }
        let value = std::str::from_utf8(&value).map_err(|_| FormDataError::Malformed("has a part that is no text"))?;
        parts.push((name, Secret::new(value.to_owned())));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"x-1\"";

    fn texts(content_type: &str, body: &str) -> Result<Vec<(String, String)>, FormProblem> {
        let parts = read(content_type, body.as_bytes(), 3)?;
        Ok(parts.into_iter().map(|(name, value)| (name, value.expose().clone())).collect())
    }

    #[test]
    fn parts_are_read_with_whatever_headers_they_have() {
        let body = "\r\n--x-1\r\nContent-Disposition: form-data; name=\"grant_type\"\r\nContent-Length: 18\r\n\r\n\
            client_credentials\r\n--x-1 \r\ncontent-disposition:form-data;name=client_secret\r\n\r\na\r\n\r\nb--x-1\r\n--x-1--\r\n";
        let expected = [("grant_type", "client_credentials"), ("client_secret", "a\r\n\r\nb--x-1")];
        let expected: Vec<_> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(texts(TYPE, body), Ok(expected));
        assert_eq!(texts(TYPE, "--x-1--"), Ok(vec![]));
    }

    #[test]
    fn broken_bodies_are_refused() {
        let part = "--x-1\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n";
        for (content_type, body) in [
            ("multipart/form-data", part.to_owned()),
            ("multipart/form-data; boundary=", part.to_owned()),
            (TYPE, String::new()),
            (TYPE, part.to_owned()),
            (TYPE, "--x-1\r\n\r\n1\r\n--x-1--".to_owned()),
            (TYPE, "--x-1\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n1\r\n--x-1--".to_owned()),
            (TYPE, "--x-1\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x-1--".to_owned()),
            (TYPE, format!("{}--x-1--", part.repeat(4))),
        ] {
            assert_eq!(texts(content_type, &body), Err(FormProblem::Malformed), "{body:?}");
        }
    }
}
