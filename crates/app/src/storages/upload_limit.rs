//! How large a file of a storage may be. An operator can change it while the server runs.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Ctx;

/// Largest file in bytes, unless something else is said: 5 GiB, as users of this kind of storage expect.
pub const UPLOAD_LIMIT: u64 = 5 << 30;

/// What an operator may make of [`UPLOAD_LIMIT`], in bytes: 1 MiB to 64 GiB, which fits into the parts of any bucket.
pub const UPLOAD_LIMITS: RangeInclusive<u64> = 1 << 20..=64 << 30;

const _: () = assert!(*UPLOAD_LIMITS.end() <= countersign_blobs::LARGEST_S3_OBJECT, "buckets take fewer parts");

/// The limit that holds now.
pub(crate) struct UploadLimit(AtomicU64);

impl Default for UploadLimit {
    fn default() -> Self {
        Self(AtomicU64::new(UPLOAD_LIMIT))
    }
}

impl Ctx {
    /// The largest file that is taken into a storage now, in bytes.
    #[must_use]
    pub fn upload_limit(&self) -> u64 {
        self.upload_limit.0.load(Ordering::Relaxed)
    }

    /// Takes files of another size from now on; what is outside [`UPLOAD_LIMITS`] is moved to its ends. Uploads that have
    /// begun, and files that are there, stay as they are.
    pub fn limit_uploads(&self, bytes: u64) {
        self.upload_limit.0.store(bytes.clamp(*UPLOAD_LIMITS.start(), *UPLOAD_LIMITS.end()), Ordering::Relaxed);
    }
}
