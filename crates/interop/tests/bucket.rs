//! Buckets of a real S3 server (`s3s-fs` 0.14.1): the back end by itself, and storages on it.
#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that cannot set up its bucket has failed; bytes of a test may be any"
)]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use countersign_app::sites;
use countersign_app::storages::{
    self, CreateStorage, CreateStorageError, Place, StorageCaller, StorageCredentials, StorageError, StorageSettings,
    Upload,
};
use countersign_blobs::{BlobError, Blobs, ReceiveError, S3Blobs, S3Client, S3Credentials, S3Place, receive};
use countersign_crypto::Secret;
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::storage::{BackEnd, Bucket, StorageName, StoragePath};
use countersign_interop::S3Server;
use countersign_testkit::{SeededRng, World};
use futures_util::{StreamExt, stream};
use std::sync::Arc;

fn blobs(server: &S3Server, secret: &str) -> S3Blobs {
    let place = S3Place {
        endpoint: server.endpoint(),
        region: "us-east-1".to_owned(),
        bucket: S3Server::BUCKET.to_owned(),
        prefix: "some/prefix".to_owned(),
    };
    let credentials = S3Credentials::Key { id: S3Server::KEY_ID.to_owned(), secret: Secret::new(secret.to_owned()) };
    S3Blobs::new(&S3Client::new().unwrap(), place, credentials, Arc::new(SeededRng::new(7))).unwrap()
}

/// Bytes that differ at every place.
fn content(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place ^ (place >> 8) ^ (place >> 16)) as u8).collect()
}

fn source(content: &[u8]) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> + Send + use<> {
    let pieces: Vec<_> = content.chunks(100_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces)
}

async fn read(blobs: &dyn Blobs, key: &countersign_blobs::ObjectKey, range: std::ops::Range<u64>) -> Vec<u8> {
    let mut stream = blobs.open(key, range).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk.unwrap());
    }
    bytes
}

#[tokio::test]
async fn objects_come_back_whole_and_in_ranges() {
    let server = S3Server::start().unwrap();
    let blobs = blobs(&server, S3Server::SECRET);
    assert!(blobs.is_empty().await.unwrap());
    // Nothing, one request, exactly a part, and three parts.
    for length in [0, 5, 8 << 20, (17 << 20) + 3] {
        let content = content(length);
        let stored = receive(&blobs, source(&content), u64::MAX, |_| {}).await.unwrap();
        assert_eq!(stored.size, length as u64);
        assert_eq!(stored.sha256, countersign_crypto::sha256(&content));
        assert_eq!(blobs.length(&stored.key).await.unwrap(), Some(stored.size));
        assert_eq!(read(&blobs, &stored.key, 0..stored.size).await, content, "{length}");
        let listed = blobs.list(u8::from_str_radix(&stored.key.to_string()[..2], 16).unwrap()).await.unwrap();
        assert!(listed.iter().any(|object| object.key == stored.key && object.size == stored.size));
        if length > 5 {
            assert_eq!(read(&blobs, &stored.key, 3..1_000_003).await, content[3..1_000_003]);
        }
        let beyond = blobs.open(&stored.key, 0..stored.size + 1).await.err().unwrap();
        assert!(matches!(beyond, BlobError::RangeBeyondEnd { .. }), "{beyond}");
        assert!(!blobs.is_empty().await.unwrap());
        assert!(blobs.delete(&stored.key).await.unwrap());
        assert!(!blobs.delete(&stored.key).await.unwrap());
        let gone = blobs.open(&stored.key, 0..1).await.err().unwrap();
        assert!(matches!(gone, BlobError::Missing { .. }), "{gone}");
    }
}

#[tokio::test]
async fn what_breaks_off_leaves_nothing_and_a_wrong_key_says_so() {
    let server = S3Server::start().unwrap();
    let blobs = blobs(&server, S3Server::SECRET);
    let whole = content(9 << 20);
    let broken = source(&whole).chain(stream::iter([Err(std::io::Error::other("gone"))]));
    let outcome = receive(&blobs, broken, u64::MAX, |_| {}).await;
    assert!(matches!(outcome, Err(ReceiveError::Source(_))));
    assert!(blobs.is_empty().await.unwrap());
    let stranger = self::blobs(&server, "another secret");
    let refused = stranger.is_empty().await.unwrap_err();
    assert!(!format!("{refused:?}").contains("another secret"));
    assert!(receive(&stranger, source(b"12345"), u64::MAX, |_| {}).await.is_err());
}

async fn world(server: &S3Server) -> (World, StorageCaller) {
    let world = World::new().await;
    let site = sites::create(&world.ctx, SiteName::new("demo").unwrap(), SiteSettings::default()).await.unwrap();
    for name in ["cloud", "local"] {
        let new = CreateStorage {
            back_end: if name == "cloud" { bucket(server) } else { BackEnd::Managed },
            ..new_storage(name, S3Server::SECRET)
        };
        storages::create(&world.ctx, site, new).await.unwrap();
    }
    (world, StorageCaller::unrestricted(site))
}

fn bucket(server: &S3Server) -> BackEnd {
    BackEnd::Bucket(Bucket {
        endpoint: server.endpoint(),
        region: "us-east-1".to_owned(),
        bucket: S3Server::BUCKET.to_owned(),
        prefix: String::new(),
    })
}

fn new_storage(name: &str, secret: &str) -> CreateStorage {
    CreateStorage {
        name: StorageName::new(name).unwrap(),
        back_end: BackEnd::Managed,
        credentials: Some(StorageCredentials {
            id: S3Server::KEY_ID.to_owned(),
            secret: Secret::new(secret.to_owned()),
        }),
        settings: StorageSettings { versioned: true, quota: None },
    }
}

fn at(storage: &str, path: &str) -> Place {
    Place { storage: Some(StorageName::new(storage).unwrap()), path: StoragePath::new(path).unwrap() }
}

async fn put(world: &World, caller: &StorageCaller, place: Place, content: &[u8]) -> Result<(), StorageError> {
    let upload = Upload { place, requested: None, announced: None, media_type: None, limit: storages::UPLOAD_LIMIT };
    storages::upload(&world.ctx, caller, upload, source(content)).await.map(|_| ())
}

async fn fetch(world: &World, caller: &StorageCaller, place: &Place) -> Result<Vec<u8>, StorageError> {
    let opened = storages::open(&world.ctx, caller, place, None).await?;
    let mut stream = opened.open(0..opened.file().size).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(bytes)
}

#[tokio::test]
async fn storages_in_a_bucket_behave_like_others() {
    let mut server = S3Server::start().unwrap();
    let (world, caller) = world(&server).await;
    let large = content(10 << 20);
    put(&world, &caller, at("cloud", "in/large"), &large).await.unwrap();
    put(&world, &caller, at("local", "in/small"), b"12345").await.unwrap();
    assert_eq!(fetch(&world, &caller, &at("cloud", "in/large")).await.unwrap(), large);
    let ctx = &world.ctx;
    storages::copy_file(ctx, &caller, &at("cloud", "in/large"), &at("cloud", "copy"), None).await.unwrap();
    storages::move_file(ctx, &caller, &at("local", "in/small"), &at("cloud", "small"), None).await.unwrap();
    storages::move_folder(ctx, &caller, &at("cloud", "in"), &at("local", "from-cloud")).await.unwrap();
    assert_eq!(fetch(&world, &caller, &at("local", "from-cloud/large")).await.unwrap(), large);
    assert_eq!(fetch(&world, &caller, &at("cloud", "small")).await.unwrap(), b"12345");
    assert!(fetch(&world, &caller, &at("cloud", "in/large")).await.is_err());

    let examined = storages::examine(ctx, countersign_app::scrub::Depth::Digests, &|_| {}).await.unwrap();
    assert_eq!((examined.objects, examined.damaged.len()), (3, 0));
    // A hundred years later: nothing that is named is collected, whatever the clock shows.
    world.clock.advance(Duration::from_secs(100 * 365 * 24 * 3600));
    storages::collect(ctx).await.unwrap();
    assert_eq!(fetch(&world, &caller, &at("cloud", "copy")).await.unwrap(), large);

    // The service is gone for a while: callers hear so, nothing is lost, and nobody else is disturbed.
    server.stop().unwrap();
    let down = put(&world, &caller, at("cloud", "new"), b"1").await;
    assert!(matches!(down, Err(StorageError::Unavailable(..))), "{down:?}");
    let down = fetch(&world, &caller, &at("cloud", "copy")).await;
    assert!(matches!(down, Err(StorageError::Unavailable(..))), "{down:?}");
    put(&world, &caller, at("local", "new"), b"1").await.unwrap();
    server.start_again().unwrap();
    put(&world, &caller, at("cloud", "new"), b"1").await.unwrap();
    assert_eq!(fetch(&world, &caller, &at("cloud", "copy")).await.unwrap(), large);
}

#[tokio::test]
async fn a_bucket_that_cannot_be_used_makes_no_storage() {
    let server = S3Server::start().unwrap();
    let (world, caller) = world(&server).await;
    put(&world, &caller, at("cloud", "a"), b"1").await.unwrap();
    let create = async |name: &str, back_end: BackEnd, secret: &str| {
        let new = CreateStorage { back_end, ..new_storage(name, secret) };
        storages::create(&world.ctx, caller.site, new).await
    };
    let taken = create("other", bucket(&server), S3Server::SECRET).await;
    assert!(matches!(taken, Err(CreateStorageError::InUse)), "{taken:?}");
    let wrong = create("other", bucket(&server), "wrong").await;
    assert!(matches!(wrong, Err(CreateStorageError::BackEnd(_))), "{wrong:?}");
    assert_eq!(storages::list(&world.ctx, caller.site).await.unwrap().len(), 2);
}

#[tokio::test]
async fn uploads_in_parts_that_nobody_completes_are_ended() {
    let server = S3Server::start().unwrap();
    let real = blobs(&server, S3Server::SECRET);
    let later = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    assert_eq!(real.count_leftovers(later).await.unwrap(), 0, "this service has no list of them");

    // A service that has one: it names an old upload of ours, a young one, and somebody else's.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = S3Place {
        endpoint: format!("http://{}", listener.local_addr().unwrap()),
        region: "us-east-1".to_owned(),
        bucket: "b".to_owned(),
        prefix: "p".to_owned(),
    };
    let upload = |key: &str, id: &str, begun: &str| {
        format!("<Upload><Key>{key}</Key><UploadId>{id}</UploadId><Initiated>{begun}</Initiated></Upload>")
    };
    let ours = format!("p/ab/cd/{}", "0".repeat(28));
    let listing = [
        upload(&ours, "old", "2026-01-01T00:00:00.000Z"),
        upload(&ours, "young", "2096-10-02T00:00:00.000Z"),
        upload("elsewhere/x", "foreign", "2026-01-01T00:00:00.000Z"),
    ];
    let listing = format!("<ListMultipartUploadsResult>{}</ListMultipartUploadsResult>", listing.concat());
    let serving = std::thread::Builder::new().name("service".to_owned()).spawn(move || {
        let mut asked = Vec::new();
        while asked.len() < 2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
            }
            let first = head.lines().next().unwrap().to_owned();
            let body = if first.starts_with("GET") { listing.as_str() } else { "" };
            let length = body.len();
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").unwrap();
            assert!(head.to_lowercase().contains("authorization: aws4-hmac-sha256"), "{head}");
            asked.push(first);
        }
        asked
    });
    let serving = serving.unwrap();
    let credentials = S3Credentials::Key { id: "id".to_owned(), secret: Secret::new("secret".to_owned()) };
    let blobs = S3Blobs::new(&S3Client::new().unwrap(), place, credentials, Arc::new(SeededRng::new(8))).unwrap();
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    assert_eq!(blobs.remove_leftovers(now).await.unwrap(), 1);
    let asked = serving.join().unwrap();
    assert_eq!(asked[0], "GET /b?prefix=p%2F&uploads= HTTP/1.1");
    assert!(asked[1].starts_with(&format!("DELETE /b/{ours}?uploadId=old ")), "{asked:?}");
}
