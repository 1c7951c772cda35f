//! `multipart/form-data` (RFC 7578) with one short text for each parameter, in memory.

use countersign_crypto::Secret;

use super::FormProblem;

/// Longest boundary (RFC 2046 section 5.1.1).
const BOUNDARY_LIMIT: usize = 70;

/// The parts of a body as names and values. Whatever else a part says of itself is ignored.
pub(super) fn read(
    content_type: &str,
    body: &[u8],
    limit: usize,
) -> Result<Vec<(String, Secret<String>)>, FormProblem> {
    let boundary = boundary(content_type).ok_or(FormProblem::Malformed)?;
    let delimiter = [b"--", boundary.as_bytes()].concat();
    // What stands before the first delimiter means nothing.
    let start = find(body, &delimiter).ok_or(FormProblem::Malformed)?;
    let mut rest = body.get(start + delimiter.len()..).unwrap_or_default();
    let line_and_delimiter = [b"\r\n", &delimiter[..]].concat();
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        if parts.len() >= limit {
            return Err(FormProblem::Malformed);
        }
        let line_end = find(rest, b"\r\n").ok_or(FormProblem::Malformed)?;
        // The delimiter stays in front of the next part; a part without headers begins with its empty line.
        let part_start = rest.get(line_end..).unwrap_or_default();
        let end = find(part_start, &line_and_delimiter).ok_or(FormProblem::Malformed)?;
        let part = part_start.get(..end).unwrap_or_default();
        let head_end = find(part, b"\r\n\r\n").ok_or(FormProblem::Malformed)?;
        let (head, value) = part.split_at_checked(head_end + 4).ok_or(FormProblem::Malformed)?;
        let head = std::str::from_utf8(head).map_err(|_| FormProblem::Malformed)?;
        let value = std::str::from_utf8(value).map_err(|_| FormProblem::Malformed)?;
        let name = name(head).ok_or(FormProblem::Malformed)?;
        parts.push((name, Secret::new(value.to_owned())));
        rest = part_start.get(end + line_and_delimiter.len()..).unwrap_or_default();
    }
}

fn boundary(content_type: &str) -> Option<String> {
    let parameters = content_type.split(';').skip(1);
    let value = parameters.filter_map(|parameter| parameter.split_once('=')).find_map(|(name, value)| {
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"').to_owned())
    })?;
    (1..=BOUNDARY_LIMIT).contains(&value.len()).then_some(value)
}

/// The name in the `Content-Disposition` of a part.
fn name(head: &str) -> Option<String> {
    let line = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let name =
        line.split(';').skip(1).filter_map(|parameter| parameter.split_once('=')).find_map(|(name, value)| {
            name.trim().eq_ignore_ascii_case("name").then(|| value.trim().trim_matches('"').to_owned())
        })?;
    (!name.is_empty()).then_some(name)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
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
        let body = "before\r\n--x-1\r\nContent-Disposition: form-data; name=\"grant_type\"\r\nContent-Length: 18\r\n\r\n\
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
