//! The digest of a file, computed while its bytes pass.

use countersign_crypto::digest::{Md5, Sha256};

use crate::manifest::FileDigest;

/// Takes bytes in order and tells their digest, of the same kind as the expected one.
pub(crate) enum StreamedDigest {
    Md5(Md5),
    Sha256(Sha256),
}

impl StreamedDigest {
    pub(crate) fn like(expected: &FileDigest) -> Self {
        match expected {
            FileDigest::Md5(_) => Self::Md5(Md5::new()),
            FileDigest::Sha256(_) => Self::Sha256(Sha256::new()),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(digest) => digest.update(bytes),
            Self::Sha256(digest) => digest.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> FileDigest {
        match self {
            Self::Md5(digest) => FileDigest::Md5(digest.finish()),
            Self::Sha256(digest) => FileDigest::Sha256(digest.finish()),
        }
    }
}
