//! Downloads: time-limited URLs of stored files, and the bytes behind them.

mod open;
mod url;

pub use open::{Download, DownloadRefusal, LocalRange, find};
pub use url::UrlParts;
pub(crate) use url::{LONGEST_URL_LIFE, UrlExpiry, short_lived_url, url};
