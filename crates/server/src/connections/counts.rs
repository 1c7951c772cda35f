//! What has happened to connections.

use std::sync::atomic::{AtomicU64, Ordering};

use super::activity::Cut;

/// Counts since the start of the process.
#[derive(Debug, Default)]
pub struct ConnectionCounts {
    accepted: AtomicU64,
    refused: AtomicU64,
    handshakes: AtomicU64,
    cut: [AtomicU64; 3],
}

impl ConnectionCounts {
    /// Connections that got a place.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Connections that were closed at once because there were too many.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// TLS handshakes that failed or did not end in time.
    pub fn failed_handshakes(&self) -> u64 {
        self.handshakes.load(Ordering::Relaxed)
    }

    /// Connections that we have ended because a time had passed, by reason: `head`, `idle`, `stalled`.
    pub fn cut(&self) -> impl Iterator<Item = (&'static str, u64)> {
        CUTS.iter().zip(&self.cut).map(|(cut, count)| (cut.as_str(), count.load(Ordering::Relaxed)))
    }

    pub(super) fn accept(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn fail_handshake(&self) {
        self.handshakes.fetch_add(1, Ordering::Relaxed);
    }

    /// A connection has ended; by us, when there is a reason.
    pub(super) fn end(&self, reason: Option<Cut>) {
        for (cut, count) in CUTS.iter().zip(&self.cut) {
            if Some(*cut) == reason {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

const CUTS: [Cut; 3] = [Cut::Head, Cut::Idle, Cut::Stalled];
