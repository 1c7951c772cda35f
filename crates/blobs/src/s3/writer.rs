//! Writing one object into a bucket, in parts when it is large.

use std::mem;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use object_store::multipart::{MultipartStore, PartId};
use object_store::{MultipartId, ObjectStoreExt, PutPayload};

use super::{Bucket, failed};
use crate::{BlobError, BlobWriter, Digests, ObjectKey, ReceivedBlob};

/// An object on its way into the bucket.
pub(super) struct S3Writer {
    bucket: Arc<Bucket>,
    key: ObjectKey,
    /// What was appended and not sent yet: less than a part.
    collected: Vec<Bytes>,
    length: usize,
    digests: Option<Digests>,
    upload: Option<Upload>,
}

/// An upload in parts. Unless it is completed, the service is told to forget it.
struct Upload {
    bucket: Arc<Bucket>,
    key: ObjectKey,
    id: Option<MultipartId>,
    parts: Vec<PartId>,
}

impl S3Writer {
    pub(super) fn new(bucket: Arc<Bucket>, key: ObjectKey) -> Self {
        Self { bucket, key, collected: Vec::new(), length: 0, digests: Some(Digests::new()), upload: None }
    }

    /// Sends what was collected as a part.
    async fn send_part(&mut self) -> Result<(), BlobError> {
        let payload: PutPayload = mem::take(&mut self.collected).into_iter().collect();
        self.length = 0;
        let path = self.bucket.path(&self.key);
        let mut upload = match self.upload.take() {
            Some(upload) => upload,
            None => {
                let id = self.bucket.store.create_multipart(&path).await.map_err(failed("begin an upload in parts"))?;
                Upload { bucket: Arc::clone(&self.bucket), key: self.key, id: Some(id), parts: Vec::new() }
            }
        };
        let Some(id) = upload.id.clone() else { return Err(BlobError::WriterFailed { key: self.key }) };
        let number = upload.parts.len();
        if number >= MOST_PARTS {
            return Err(BlobError::WriterFailed { key: self.key });
        }
        let part = self.bucket.store.put_part(&path, &id, number, payload).await;
        upload.parts.push(part.map_err(failed("send a part of an object"))?);
        self.upload = Some(upload);
        Ok(())
    }
}

#[async_trait]
impl BlobWriter for S3Writer {
    async fn append(&mut self, chunk: Bytes) -> Result<(), BlobError> {
        // Taken, so that a writer whose future was dropped on the way cannot go on.
        let mut digests = self.digests.take().ok_or(BlobError::WriterFailed { key: self.key })?;
        let bytes = chunk.clone();
        let digested = tokio::task::spawn_blocking(move || {
            digests.update(&bytes);
            digests
        });
        let digests = digested.await.map_err(|_| BlobError::Interrupted)?;
        self.length = self.length.saturating_add(chunk.len());
        self.collected.push(chunk);
        if self.length >= PART {
            self.send_part().await?;
        }
        self.digests = Some(digests);
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<ReceivedBlob, BlobError> {
        let digests = self.digests.take().ok_or(BlobError::WriterFailed { key: self.key })?.finish();
        let path = self.bucket.path(&self.key);
        if self.upload.is_some() && self.length > 0 {
            self.send_part().await?;
        }
        match self.upload.take() {
            Some(mut upload) => {
                let Some(id) = upload.id.clone() else { return Err(BlobError::WriterFailed { key: self.key }) };
                let parts = mem::take(&mut upload.parts);
                let completed = self.bucket.store.complete_multipart(&path, &id, parts).await;
                completed.map_err(failed("complete an upload in parts"))?;
                upload.id = None;
            }
            None => {
                let payload: PutPayload = mem::take(&mut self.collected).into_iter().collect();
                self.bucket.store.put(&path, payload).await.map_err(failed("write an object"))?;
            }
        }
        let (key, size) = (self.key, digests.size);
        Ok(ReceivedBlob { key, size, sha256: digests.sha256, md5: digests.md5 })
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let (bucket, key) = (Arc::clone(&self.bucket), self.key);
        let abort = async move {
            // Nobody is left to hear of a failure. What stays is removed when it is a day old.
            let _ = bucket.store.abort_multipart(&bucket.path(&key), &id).await;
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            drop(runtime.spawn(abort));
        }
    }
}

/// Bytes of a part, but for the last: services take no less than 5 MiB. Two of them are in memory for each upload: one that is
/// collected, and one that is sent.
const PART: usize = 8 * 1024 * 1024;
/// Most parts that services take.
const MOST_PARTS: usize = 10_000;
/// Most bytes of an object in a bucket that are sure to fit, however they come: 78 GiB.
pub const LARGEST_S3_OBJECT: u64 = PART as u64 * MOST_PARTS as u64;
