//! Access tokens (RFC 6749 §5.1): read, and kept until shortly before they expire.

use std::time::Duration;

use countersign_crypto::secret::Secret;
use serde::Deserialize;

use super::Timestamp;

/// A token and how long it is used.
pub(crate) struct KeptToken {
    pub(crate) value: Secret<String>,
    asked_at: Timestamp,
    good_for: Duration,
}

impl KeptToken {
    /// Whether it is used at a time. A clock that was set back ends it: the server's went on.
    pub(crate) fn is_good(&self, at: Timestamp) -> bool {
        at >= self.asked_at && at.since(self.asked_at) < self.good_for
    }
}

/// Reads the answer of a token endpoint that was asked at a time.
pub(crate) fn read_token(body: &[u8], asked_at: Timestamp) -> Option<KeptToken> {
    #[derive(Deserialize)]
    struct Answer {
        access_token: String,
        expires_in: f64,
        token_type: Option<String>,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let value = Secret::new(answer.access_token);
    let text = value.expose();
    let is_sendable = (1..=MAX_TOKEN_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    let is_bearer = answer.token_type.is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
    if !is_sendable || !is_bearer || answer.expires_in.is_nan() {
        return None;
    }
    let life = Duration::try_from_secs_f64(answer.expires_in.clamp(0.0, LONGEST_LIFE)).ok()?;
    Some(KeptToken { value, asked_at, good_for: life.saturating_sub(SPARE) })
}

/// Reads where tokens come from.
pub(crate) fn read_token_url(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Answer {
        url: String,
    }
    serde_json::from_slice(body).ok().map(|Answer { url }| url)
}

/// A token is not used in its last seconds, so that it does not expire on the way.
const SPARE: Duration = Duration::from_secs(10);
/// No token is kept for longer, in seconds: a day.
const LONGEST_LIFE: f64 = 86_400.0;
/// The longest token that servers of this protocol read.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Timestamp, read_token};

    #[test]
    fn a_token_is_kept_until_shortly_before_it_expires() {
        let at = Timestamp::from_millis(1_000_000);
        let token = read_token(br#"{"access_token":"ey.J","expires_in":480,"token_type":"Bearer"}"#, at).unwrap();
        let good = |seconds| token.is_good(at.plus(Duration::from_secs(seconds)));
        assert!(good(0) && good(469) && !good(470));
        assert!(!token.is_good(Timestamp::from_millis(999_999)));
        let short = read_token(br#"{"access_token":"a","expires_in":1}"#, at).unwrap();
        assert!(!short.is_good(at));
        assert!(read_token(br#"{"access_token":"a","expires_in":1e300}"#, at).is_some());
    }

    #[test]
    fn what_is_no_bearer_token_is_refused() {
        for body in [
            "",
            "{}",
            r#"{"access_token":"","expires_in":480}"#,
            r#"{"access_token":"a b","expires_in":480}"#,
            r#"{"access_token":"a\r\nx","expires_in":480}"#,
            r#"{"access_token":"a"}"#,
            r#"{"access_token":"a","expires_in":480,"token_type":"mac"}"#,
        ] {
            assert!(read_token(body.as_bytes(), Timestamp::default()).is_none(), "{body}");
        }
    }
}
