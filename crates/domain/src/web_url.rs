//! URLs of the web in parts, for those that this server sends to and those that devices fetch from.

/// Longest accepted URL, in bytes: what common servers, proxies and downloading programs take.
pub(crate) const URL_LIMIT: usize = 2048;

/// An absolute `http` or `https` URL.
pub(crate) struct WebUrl<'a> {
    pub(crate) secure: bool,
    /// Host, and perhaps a port.
    pub(crate) authority: &'a str,
    /// Where path and query begin; the length of the URL when there are none.
    pub(crate) target: usize,
}

/// Why a text is no such URL. Whether its host can be used is another question.
pub(crate) enum WebUrlError {
    /// A character that must be percent-encoded (RFC 3986 section 2).
    Character(char),
    /// A user name or a password.
    Credentials,
    Fragment,
    Scheme,
    TooLong,
}

/// Takes a URL apart.
pub(crate) fn split(text: &str) -> Result<WebUrl<'_>, WebUrlError> {
    if text.len() > URL_LIMIT {
        return Err(WebUrlError::TooLong);
    }
    let (scheme, rest) = text.split_once("://").ok_or(WebUrlError::Scheme)?;
    let secure = match &*scheme.to_ascii_lowercase() {
        "https" => true,
        "http" => false,
        _ => return Err(WebUrlError::Scheme),
    };
    if let Some(character) = rest.chars().find(|c| !c.is_ascii_graphic() || FORBIDDEN.contains(c)) {
        return Err(WebUrlError::Character(character));
    }
    if rest.contains('#') {
        return Err(WebUrlError::Fragment);
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default();
    if authority.contains('@') {
        return Err(WebUrlError::Credentials);
    }
    Ok(WebUrl { secure, authority, target: text.len().saturating_sub(rest.len()).saturating_add(end) })
}

/// Printable, but not part of any URL.
const FORBIDDEN: [char; 9] = ['"', '<', '>', '\\', '^', '`', '{', '|', '}'];
