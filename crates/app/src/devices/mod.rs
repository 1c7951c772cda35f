//! Devices: proving that a producer let them in, what they are entitled to, and what they tell.

mod authenticate;
mod history;
mod refusals;
mod register;
mod report;
mod standing;
mod told;

pub(crate) use authenticate::VerifiedToken;
pub use authenticate::{AuthenticatedDevice, TokenRefusal, authenticate};
pub use history::{list_events, list_reports};
pub use refusals::count_refusal;
pub(crate) use refusals::{REFUSALS, RefusedTokens};
pub use register::{Registration, register};
pub use report::{log_event, report_status};
pub(crate) use standing::{Standing, standing};
pub use told::NotKept;
