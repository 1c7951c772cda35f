//! Where the bytes of published files rest: the storage port, a local directory, and buckets.
//!
//! An object is written once under a random key, read in ranges, and deleted; nothing else. Its bytes are
//! digested on the way in, so that whoever writes the row that makes the object visible knows the size and
//! the digests of exactly the bytes that were stored. The key of an object is only given out when the bytes
//! would survive a power cut. An object without a row is rubbish that a collector may remove.
//!
//! This crate must never know: what a file is called, whose it is, which rows point to it, or HTTP.

mod digests;
mod error;
mod key;
mod local;
mod local_file;
mod port;
mod receive;
mod s3;

pub use digests::{Digests, FinishedDigests};
pub use error::{BlobError, ReceiveError};
pub use key::{InvalidObjectKey, ObjectKey};
pub use local::{LEFTOVER_AGE, LocalBlobs, READ_CHUNK};
pub use local_file::LocalFile;
pub use port::{BlobWriter, Blobs, ListedObject, ReceivedBlob};
pub use receive::{WRITE_CHUNK, receive};
pub use s3::{LARGEST_S3_OBJECT, S3Blobs, S3Client, S3Credentials, S3Place};
