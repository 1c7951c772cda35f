//! The form and life of a download URL: `{base}/f/{site}/{sha256}/{expiry}-{mac}/{file name}`.
//!
//! The name stands last and there is no query, because devices name the file after the end of the URL.

use std::time::Duration;

use countersign_crypto::encoding::{base64url_decode, base64url_encode, hex_decode, hex_encode};
use countersign_domain::catalog::package::Package;
use countersign_domain::catalog::update::EntitlementCheck;
use countersign_domain::file_name::PlainFileName;
use countersign_domain::time::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Ctx;
use crate::sites::SiteSnapshot;

/// Shortest life of a URL, in seconds: slow devices and caches need hours.
const LIFE: i64 = 24 * 3600;
/// Shortest life of a URL to something that not every device is entitled to, in seconds.
const SHORT_LIFE: i64 = 3600;
/// Expiry times lie on a grid of this many seconds, so that an answer stays equal, byte for byte, for a while.
const GRID: i64 = 3600;
/// Longest life of any URL.
pub(crate) const LONGEST_URL_LIFE: Duration = Duration::from_secs((LIFE + GRID).unsigned_abs());
/// Bytes of the authentication code in a URL: 128 bits are beyond guessing.
const MAC_LENGTH: usize = 16;

/// Everything but the unreserved characters of RFC 3986 section 2.3 is escaped in the file name.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What a download URL says, as found in its path. Nothing in it is believed before its code was checked. Not printable:
/// who knows the code gets the file.
#[derive(Clone, PartialEq, Eq)]
pub struct UrlParts {
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// Seconds since 1970 at which the URL ends.
    pub expiry: i64,
    /// The file name, decoded.
    pub name: String,
    mac: Vec<u8>,
}

impl UrlParts {
    /// Reads the last three segments of a path, the name already percent-decoded.
    #[must_use]
    pub fn parse(sha256: &str, expiry_and_mac: &str, name: &str) -> Option<Self> {
        let (expiry, mac) = expiry_and_mac.split_once('-')?;
        if expiry.is_empty() || expiry.len() > 12 || !expiry.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mac = base64url_decode(mac).ok().filter(|mac| mac.len() == MAC_LENGTH)?;
        let sha256 = hex_decode(sha256).ok()?.try_into().ok()?;
        Some(Self { sha256, expiry: expiry.parse().ok()?, name: name.to_owned(), mac })
    }

    /// Until when this URL holds as far as the site's keys say; `None` when none of them made it.
    pub(super) fn holds_until(&self, site: &SiteSnapshot, now: Timestamp) -> Option<Timestamp> {
        let message = message(&self.sha256, self.expiry, &self.name);
        let end = Timestamp::from_millis(self.expiry.saturating_mul(1000));
        site.url_keys.accepted_until(now).find_map(|(key, key_ends)| {
            let whole = key.sign(&message);
            let mac = whole.get(..MAC_LENGTH)?;
            let genuine = countersign_crypto::constant_time_eq(mac, &self.mac);
            genuine.then(|| key_ends.map_or(end, |key_ends| key_ends.min(end)))
        })
    }
}

/// When the URLs of a manifest end. All of them end together, on an hourly grid, so that a manifest stays equal, byte for
/// byte, for an hour. The grid's phase comes from the digest of its first file, so that the moments at which manifests
/// change spread over the hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UrlExpiry {
    /// Seconds since 1970.
    end: i64,
    /// When the manifest was asked for: the secret of that moment makes its URLs, whenever it is polled.
    asked_at: Timestamp,
}

impl UrlExpiry {
    /// The end for a manifest of a package that was asked for at a time, by way of an update with this check.
    pub(crate) fn of(package: &Package, check: EntitlementCheck, asked_at: Timestamp) -> Self {
        let life = match check {
            EntitlementCheck::None => LIFE,
            EntitlementCheck::Account | EntitlementCheck::LineItem => SHORT_LIFE,
        };
        let first = package.files.first().map_or([0; 32], |file| *file.content.sha256());
        Self { end: expiry(&first, life, asked_at), asked_at }
    }

    /// Seconds since 1970.
    pub(crate) fn as_seconds(self) -> i64 {
        self.end
    }
}

/// The absolute URL of a stored file.
pub(crate) fn url(
    ctx: &Ctx,
    site: &SiteSnapshot,
    name: &PlainFileName,
    sha256: &[u8; 32],
    UrlExpiry { end: expiry, asked_at }: UrlExpiry,
) -> String {
    let base = site.site.settings.base_url.as_deref().unwrap_or(&ctx.parts.base_url);
    let message = message(sha256, expiry, name.as_str());
    let code = site.url_keys.in_force(asked_at).map(|key| key.sign(&message)).unwrap_or_default();
    let code = base64url_encode(code.get(..MAC_LENGTH).unwrap_or_default());
    let name = utf8_percent_encode(name.as_str(), ESCAPED);
    format!("{base}/f/{}/{}/{expiry}-{code}/{name}", site.site.name, hex_encode(sha256))
}

/// The absolute URL of a stored file that not everybody is entitled to.
pub(crate) fn short_lived_url(
    ctx: &Ctx,
    site: &SiteSnapshot,
    name: &PlainFileName,
    sha256: &[u8; 32],
    now: Timestamp,
) -> String {
    url(ctx, site, name, sha256, UrlExpiry { end: expiry(sha256, SHORT_LIFE, now), asked_at: now })
}

/// When a URL that is made at a time ends: when its life is over, or up to an hour later, on an hourly grid.
fn expiry(sha256: &[u8; 32], life: i64, asked_at: Timestamp) -> i64 {
    let phase = i64::from(u16::from_be_bytes([sha256[0], sha256[1]])) * GRID / (i64::from(u16::MAX) + 1);
    let earliest = asked_at.as_seconds() + life;
    earliest + (phase - earliest).rem_euclid(GRID)
}

fn message(sha256: &[u8; 32], expiry: i64, name: &str) -> Vec<u8> {
    [b"download".as_slice(), sha256, &expiry.to_be_bytes(), name.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_lives_up_to_an_hour_longer_and_stays_the_same_within_the_hour() {
        let asked = Timestamp::from_seconds(1_772_323_200);
        for (digest, life) in [([0; 32], LIFE), ([0xff; 32], LIFE), ([0x5a; 32], LIFE), ([0x5a; 32], SHORT_LIFE)] {
            let mut changes = 0;
            let mut last = expiry(&digest, life, asked);
            for second in 0..=7200 {
                let now = Timestamp::from_seconds(asked.as_seconds() + second);
                let end = expiry(&digest, life, now);
                let left = end - now.as_seconds();
                assert!((life..life + GRID).contains(&left), "life of {left} s");
                changes += u32::from(end != last);
                last = end;
            }
            assert_eq!(changes, 2, "one change an hour");
        }
        assert_ne!(expiry(&[0; 32], LIFE, asked), expiry(&[0x80; 32], LIFE, asked), "phases differ");
    }

    #[test]
    fn malformed_parts_are_refused() {
        let (digest, mac) = ("0a".repeat(32), base64url_encode(&[7; 16]));
        let good = format!("1772323200-{mac}");
        assert!(UrlParts::parse(&digest, &good, "a.bin").is_some());
        for (digest, code) in [
            ("zz".repeat(32), good.clone()),
            ("0a".repeat(31), good.clone()),
            (digest.clone(), mac.clone()),
            (digest.clone(), format!("-{mac}")),
            (digest.clone(), format!("+1-{mac}")),
            (digest.clone(), format!("9999999999999-{mac}")),
            (digest.clone(), "1772323200-".to_owned()),
            (digest.clone(), format!("1772323200-{mac}AA")),
        ] {
            assert!(UrlParts::parse(&digest, &code, "a.bin").is_none(), "{code} was accepted");
        }
    }
}
