//! A bucket of an S3-compatible service: every object is one object there, named after its key below a prefix.
//!
//! Objects are written whole: small ones in one request, larger ones in parts, of which at most one is being sent while the
//! next is being collected. Nothing is asked of the service but PUT, GET, HEAD, DELETE, LIST and multipart uploads; in
//! particular no conditional writes and no copies, which services understand in different ways.

mod connector;
mod http;
mod stale;
mod writer;

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use countersign_crypto::Secret;
use countersign_crypto::random::Rng;
use futures_util::stream::{BoxStream, StreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, GetOptions, GetRange, ObjectStore, ObjectStoreExt, RetryConfig};

use crate::{BlobError, BlobWriter, Blobs, ListedObject, ObjectKey};

pub use self::connector::S3Client;
pub use self::writer::LARGEST_S3_OBJECT;

/// Where a bucket is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Place {
    /// Base URL of the service; empty for Amazon's own in the region. With `http`, what is stored is sent unencrypted.
    pub endpoint: String,
    /// The region that requests are signed for.
    pub region: String,
    /// Name of the bucket.
    pub bucket: String,
    /// What all object keys begin with, without a `/` at its ends; may be empty.
    pub prefix: String,
}

/// What proves to the service who we are.
pub enum S3Credentials {
    /// What the process has in its environment (`ENVIRONMENT`), or the machine's own role.
    Environment,
    /// An access key.
    Key {
        /// Its public half.
        id: String,
        /// Its secret half.
        secret: Secret<String>,
    },
}

/// Objects in a bucket of an S3-compatible service.
pub struct S3Blobs {
    bucket: Arc<Bucket>,
    rng: Arc<dyn Rng>,
}

/// The bucket, and what all work on it needs.
struct Bucket {
    store: AmazonS3,
    place: S3Place,
    client: object_store::client::HttpClient,
}

impl S3Blobs {
    /// A bucket. Nothing is asked of the service yet.
    ///
    /// # Errors
    /// [`BlobError::Io`] when place or credentials cannot be used.
    pub fn new(
        client: &S3Client,
        place: S3Place,
        credentials: S3Credentials,
        rng: Arc<dyn Rng>,
    ) -> Result<Self, BlobError> {
        let builder = AmazonS3Builder::new();
        let builder = match credentials {
            S3Credentials::Environment => with_environment(builder, |name| std::env::var(name).ok()),
            S3Credentials::Key { id, secret } => builder.with_access_key_id(id).with_secret_access_key(secret.expose()),
        };
        let backoff = BackoffConfig { max_backoff: LONGEST_PAUSE, ..BackoffConfig::default() };
        let retry = RetryConfig { backoff, max_retries: RETRIES, retry_timeout: RETRY_TIME };
        let mut builder = builder
            .with_region(&place.region)
            .with_bucket_name(&place.bucket)
            .with_retry(retry)
            .with_client_options(ClientOptions::new().with_allow_http(place.endpoint.starts_with("http://")))
            .with_disable_bulk_delete(true)
            .with_http_connector(client.clone());
        if !place.endpoint.is_empty() {
            builder = builder.with_endpoint(&place.endpoint).with_virtual_hosted_style_request(false);
        }
        let store = builder.build().map_err(failed("open a bucket"))?;
        Ok(Self { bucket: Arc::new(Bucket { store, place, client: client.http() }), rng })
    }

    /// Whether there is nothing under the prefix, whosever it may be. Asks whether the bucket can be reached and read on the way.
    ///
    /// # Errors
    /// [`BlobError::Io`] when it cannot.
    pub async fn is_empty(&self) -> Result<bool, BlobError> {
        let root = self.bucket.root();
        let mut listed = self.bucket.store.list((!root.as_ref().is_empty()).then_some(&root));
        match listed.next().await {
            None => Ok(true),
            Some(found) => found.map(|_| false).map_err(failed(LIST)),
        }
    }
}

/// Takes from the environment what proves who we are, and nothing else: no variable may send a storage's requests elsewhere.
fn with_environment(builder: AmazonS3Builder, variable: impl Fn(&str) -> Option<String>) -> AmazonS3Builder {
    ENVIRONMENT.iter().fold(builder, |builder, &(name, key)| match variable(name) {
        Some(value) => builder.with_config(key, value),
        None => builder,
    })
}

impl Bucket {
    fn path(&self, key: &ObjectKey) -> Path {
        let relative = key.relative_path();
        let parts = relative.iter().map(|part| part.to_string_lossy());
        parts.fold(self.root(), |path, part| path.join(part.as_ref()))
    }

    fn root(&self) -> Path {
        Path::from(self.place.prefix.as_str())
    }

    /// The key of an object by its path; `None` for what is somebody else's.
    fn key(&self, path: &Path) -> Option<ObjectKey> {
        let parts: Vec<_> = path.prefix_match(&self.root())?.map(|part| part.as_ref().to_owned()).collect();
        let key = parts.concat().parse().ok()?;
        (self.path(&key) == *path).then_some(key)
    }

    async fn length(&self, key: &ObjectKey) -> Result<Option<u64>, BlobError> {
        match self.store.head(&self.path(key)).await {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed("read the length of an object")(error)),
        }
    }
}

#[async_trait]
impl Blobs for S3Blobs {
    async fn create(&self) -> Result<Box<dyn BlobWriter>, BlobError> {
        self.create_as(ObjectKey::random(&*self.rng)).await
    }

    async fn create_as(&self, key: ObjectKey) -> Result<Box<dyn BlobWriter>, BlobError> {
        Ok(Box::new(writer::S3Writer::new(Arc::clone(&self.bucket), key)))
    }

    async fn open(
        &self,
        key: &ObjectKey,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, BlobError>>, BlobError> {
        let key = *key;
        if range.is_empty() {
            // The service has no empty ranges.
            return match self.bucket.length(&key).await? {
                None => Err(BlobError::Missing { key }),
                Some(length) if range.start != range.end || range.end > length => {
                    Err(BlobError::RangeBeyondEnd { key, range, length })
                }
                Some(_) => Ok(futures_util::stream::empty().boxed()),
            };
        }
        let options = GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
        let found = match self.bucket.store.get_opts(&self.bucket.path(&key), options).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Err(BlobError::Missing { key }),
            Err(error) => {
                // A range that begins behind the end is an error of the service that says no more than that.
                return match self.bucket.length(&key).await? {
                    Some(length) if range.end > length => Err(BlobError::RangeBeyondEnd { key, range, length }),
                    Some(_) | None => Err(failed("open an object")(error)),
                };
            }
        };
        if range.end > found.meta.size {
            return Err(BlobError::RangeBeyondEnd { key, range, length: found.meta.size });
        }
        let owed = range.end - range.start;
        Ok(whole(found.into_stream().map(|chunk| chunk.map_err(failed("read an object"))).boxed(), key, owed))
    }

    async fn length(&self, key: &ObjectKey) -> Result<Option<u64>, BlobError> {
        self.bucket.length(key).await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<bool, BlobError> {
        // The service does not say whether there was one.
        let was_there = self.bucket.length(key).await?.is_some();
        match self.bucket.store.delete(&self.bucket.path(key)).await {
            Ok(()) => Ok(was_there),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(failed("delete an object")(error)),
        }
    }

    async fn list(&self, first: u8) -> Result<Vec<ListedObject>, BlobError> {
        let folder = self.bucket.root().join(format!("{first:02x}"));
        let mut listed = self.bucket.store.list(Some(&folder));
        let mut objects = Vec::new();
        while let Some(found) = listed.next().await {
            let found = found.map_err(failed(LIST))?;
            let Some(key) = self.bucket.key(&found.location) else { continue };
            let seconds = u64::try_from(found.last_modified.timestamp()).unwrap_or(0);
            let written_at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            objects.push(ListedObject { key, size: found.size, written_at });
        }
        Ok(objects)
    }

    async fn count_leftovers(&self, now: SystemTime) -> Result<u64, BlobError> {
        Ok(self.bucket.stale_uploads(now).await?.len() as u64)
    }

    async fn remove_leftovers(&self, now: SystemTime) -> Result<u64, BlobError> {
        let stale = self.bucket.stale_uploads(now).await?;
        for upload in &stale {
            self.bucket.abort(upload).await?;
        }
        Ok(stale.len() as u64)
    }
}

/// A stream that gives exactly so many bytes, or ends with an error.
fn whole(
    stream: BoxStream<'static, Result<Bytes, BlobError>>,
    key: ObjectKey,
    owed: u64,
) -> BoxStream<'static, Result<Bytes, BlobError>> {
    futures_util::stream::try_unfold((stream, owed), move |(mut stream, owed)| async move {
        match stream.next().await {
            Some(chunk) => {
                let chunk = chunk?;
                let left = owed.checked_sub(chunk.len() as u64);
                let left = left.ok_or_else(|| BlobError::Io {
                    operation: "read an object",
                    source: io::Error::new(io::ErrorKind::InvalidData, "the service sent more than was asked for"),
                })?;
                Ok(Some((chunk, (stream, left))))
            }
            None if owed > 0 => Err(BlobError::Truncated { key, missing: owed }),
            None => Ok(None),
        }
    })
    .boxed()
}

/// Names what was being done when the service refused. The service's own words are kept; secrets are not among them.
fn failed(operation: &'static str) -> impl FnOnce(object_store::Error) -> BlobError {
    move |error| BlobError::Io { operation, source: io::Error::other(error) }
}

/// Variables of the environment that credentials are found with, as Amazon's own programs read them.
const ENVIRONMENT: [(&str, AmazonS3ConfigKey); 12] = [
    ("AWS_ACCESS_KEY_ID", AmazonS3ConfigKey::AccessKeyId),
    ("AWS_SECRET_ACCESS_KEY", AmazonS3ConfigKey::SecretAccessKey),
    ("AWS_SESSION_TOKEN", AmazonS3ConfigKey::Token),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", AmazonS3ConfigKey::WebIdentityTokenFile),
    ("AWS_ROLE_ARN", AmazonS3ConfigKey::RoleArn),
    ("AWS_ROLE_SESSION_NAME", AmazonS3ConfigKey::RoleSessionName),
    ("AWS_ENDPOINT_URL_STS", AmazonS3ConfigKey::StsEndpoint),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", AmazonS3ConfigKey::ContainerCredentialsRelativeUri),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", AmazonS3ConfigKey::ContainerCredentialsFullUri),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", AmazonS3ConfigKey::ContainerAuthorizationTokenFile),
    ("AWS_METADATA_ENDPOINT", AmazonS3ConfigKey::MetadataEndpoint),
    ("AWS_IMDSV1_FALLBACK", AmazonS3ConfigKey::ImdsV1Fallback),
];
const LIST: &str = "list the objects of a bucket";
/// How often a request is repeated that failed for reasons that may pass.
const RETRIES: usize = 3;
/// For how long a request is repeated.
const RETRY_TIME: Duration = Duration::from_secs(30);
/// The longest pause before a repetition.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_gives_credentials_and_nothing_else() {
        let builder = with_environment(AmazonS3Builder::new(), |name| Some(format!("{name} of the environment")));
        let found = |key| builder.get_config_value(&key);
        assert_eq!(found(AmazonS3ConfigKey::AccessKeyId).as_deref(), Some("AWS_ACCESS_KEY_ID of the environment"));
        assert_eq!(found(AmazonS3ConfigKey::Token).as_deref(), Some("AWS_SESSION_TOKEN of the environment"));
        for elsewhere in [
            AmazonS3ConfigKey::S3Endpoint,
            AmazonS3ConfigKey::Endpoint,
            AmazonS3ConfigKey::Bucket,
            AmazonS3ConfigKey::Region,
        ] {
            assert_eq!(found(elsewhere), None, "{elsewhere:?}");
        }
    }
}
