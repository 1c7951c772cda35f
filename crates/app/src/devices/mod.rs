//! Devices: proving that a producer let them in.

mod authenticate;

pub use authenticate::{AuthenticatedDevice, TokenRefusal, authenticate};
