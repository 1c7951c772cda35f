//! Where the program may send requests that somebody other than the operator has named: the form of such a URL, and which
//! addresses are open to it. Pure: names are resolved elsewhere, and each address that comes out is judged here again.

mod address;
mod allowed;
mod policy;
mod url;

pub use address::{NotPublic, judge_address};
pub use allowed::{AllowedNames, AllowedNetwork};
pub use policy::{Blocked, OutboundPolicy};
pub use url::{OUTBOUND_URL_LIMIT, OutboundHost, OutboundUrl, OutboundUrlError};
