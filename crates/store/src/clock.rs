//! Where a store without a clock of its own takes the time from.

use countersign_domain::time::Timestamp;

/// Tells the time. The only source of it: tests move it.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}
