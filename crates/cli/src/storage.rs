//! `countersign storage`: named places for files and folders, and what is in them.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::{Args, Subcommand};
use countersign_app::storages::{self, CreateStorage, StorageCaller, StorageCredentials, StorageSettings};
use countersign_domain::storage::{BackEnd, Bucket, Storage, StorageName};
use serde_json::{Value, json};

use self::change::{SetStorage, SizeLimit};
use self::files::{List, Put, Versions};
use self::get::Get;
use self::places::{Copy, MakeFolder, Move, Remove};
pub(crate) use self::target::Target;
use crate::amounts::bytes;
use crate::options::Options;
use crate::table::{fields, table};
use crate::text_input;

mod change;
mod files;
mod get;
mod places;
mod target;

/// Manage storages and what is in them.
#[derive(Subcommand)]
pub(crate) enum StorageCommand {
    /// Create a storage: in the data directory, in a directory of your own, or in a bucket.
    Create(Create),
    /// List the storages of the site.
    List,
    /// Show a storage.
    Show(Named),
    /// Change quota, versions or credentials of a storage.
    Set(SetStorage),
    /// Delete an empty storage.
    Delete(Named),
    /// Show how much of a storage is in use.
    Usage(Named),
    /// List what is in a folder.
    Ls(List),
    /// Store a file.
    Put(Put),
    /// Fetch a file.
    Get(Get),
    /// List the versions of a file.
    Versions(Versions),
    /// Copy a file or a folder.
    Cp(Copy),
    /// Move a file or a folder.
    Mv(Move),
    /// Delete a file, one of its versions, or a folder.
    Rm(Remove),
    /// Make a folder and its missing parents.
    Mkdir(MakeFolder),
}

/// A storage by its name.
#[derive(Args)]
pub(crate) struct Named {
    /// Name of the storage.
    name: StorageName,
}

/// A new storage.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign storage create main --quota 50G
  countersign storage create shared --directory /srv/shared
  countersign storage create cloud --s3-bucket acme-files --region eu-central-1 \\
      --access-key-id AKIA… --secret-key-file secret.txt
  countersign storage create lab --s3-bucket lab --endpoint http://127.0.0.1:9000

The place must be empty, and belong to this storage alone. Without an access key, the server looks for one in its environment \
(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) when it uses the bucket.")]
pub(crate) struct Create {
    /// Name of the storage, unique in the site.
    name: StorageName,
    /// Directory for the bytes, as an absolute path [default: one in the data directory].
    #[arg(long, value_name = "DIR", conflicts_with = "s3_bucket")]
    directory: Option<String>,
    /// Bucket of an S3-compatible service for the bytes.
    #[arg(long, value_name = "BUCKET")]
    s3_bucket: Option<String>,
    /// Region of the bucket.
    #[arg(long, requires = "s3_bucket", default_value = "us-east-1", value_name = "REGION")]
    region: String,
    /// Base URL of the service [default: Amazon's own in the region].
    #[arg(long, requires = "s3_bucket", default_value = "", hide_default_value = true, value_name = "URL")]
    endpoint: String,
    /// What the keys of all objects begin with.
    #[arg(long, requires = "s3_bucket", default_value = "", hide_default_value = true, value_name = "PREFIX")]
    prefix: String,
    #[command(flatten)]
    key: AccessKey,
    /// Most bytes of all files together, such as 500M or 50G (powers of 1024) [default: no limit].
    #[arg(long, value_name = "SIZE")]
    quota: Option<SizeLimit>,
    /// Keep no versions: overwriting a file loses what was there.
    #[arg(long)]
    no_versions: bool,
}

/// What opens a bucket.
#[derive(Args)]
pub(crate) struct AccessKey {
    /// Public half of the access key.
    #[arg(long, value_name = "ID", requires = "secret_key_file")]
    access_key_id: Option<String>,
    /// File whose first line is the secret half of the access key, or - for the standard input.
    #[arg(long, value_name = "FILE", requires = "access_key_id")]
    secret_key_file: Option<PathBuf>,
}

impl AccessKey {
    /// Both halves, when they were given.
    pub(crate) fn read(&self) -> Result<Option<StorageCredentials>> {
        let (Some(id), Some(file)) = (&self.access_key_id, &self.secret_key_file) else { return Ok(None) };
        let secret = text_input::password(file).context("the secret key cannot be read")?;
        Ok(Some(StorageCredentials { id: id.clone(), secret }))
    }
}

impl StorageCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Create(create) => create.run(options).await,
            Self::List => list(options).await,
            Self::Show(named) => named.show(options).await,
            Self::Set(set) => set.run(options).await,
            Self::Delete(named) => named.delete(options).await,
            Self::Usage(named) => named.usage(options).await,
            Self::Ls(list) => list.run(options).await,
            Self::Put(put) => put.run(options).await,
            Self::Get(get) => get.run(options).await,
            Self::Versions(versions) => versions.run(options).await,
            Self::Cp(copy) => copy.run(options).await,
            Self::Mv(moving) => moving.run(options).await,
            Self::Rm(remove) => remove.run(options).await,
            Self::Mkdir(folder) => folder.run(options).await,
        }
    }
}

impl Create {
    async fn run(self, options: &Options) -> Result<()> {
        let credentials = self.key.read()?;
        let back_end = match (self.directory, self.s3_bucket) {
            (Some(directory), _) => BackEnd::Directory(directory),
            (None, Some(bucket)) => {
                let prefix = self.prefix.trim_matches('/').to_owned();
                BackEnd::Bucket(Bucket { endpoint: self.endpoint, region: self.region, bucket, prefix })
            }
            (None, None) => BackEnd::Managed,
        };
        ensure!(
            credentials.is_none() || matches!(back_end, BackEnd::Bucket(_)),
            "an access key belongs to a bucket: name one with --s3-bucket"
        );
        let settings = StorageSettings { versioned: !self.no_versions, quota: self.quota.and_then(|size| size.0) };
        let new = CreateStorage { name: self.name, back_end, credentials, settings };
        let created = options.on_site(async |ctx, site| Ok(storages::create(ctx, site.id, new).await?)).await?;
        options.output().done(&document(&created), &format!("Created storage {}.", created.name));
        Ok(())
    }
}

impl Named {
    async fn show(self, options: &Options) -> Result<()> {
        let found = self.find(options).await?;
        options.output().result(&document(&found), || {
            fields(&[
                ("Name", found.name.to_string()),
                ("Bytes", place(&found.back_end)),
                ("Versions", if found.versioned { "kept" } else { "not kept" }.to_owned()),
                ("Quota", found.quota.map_or_else(|| "none".to_owned(), bytes)),
                ("In use", bytes(found.used)),
                ("Created", found.created_at.to_string()),
            ])
        });
        Ok(())
    }

    async fn delete(self, options: &Options) -> Result<()> {
        options.on_site(async |ctx, site| Ok(storages::delete(ctx, site.id, &self.name).await?)).await?;
        options.output().done(&json!({ "deleted": self.name.as_str() }), &format!("Deleted storage {}.", self.name));
        Ok(())
    }

    async fn usage(self, options: &Options) -> Result<()> {
        let usage = options
            .on_site(async |ctx, site| {
                Ok(storages::usage(ctx, &StorageCaller::unrestricted(site.id), Some(&self.name)).await?)
            })
            .await?;
        let document = json!({ "storage": self.name.as_str(), "used": usage.used, "total": usage.total });
        options.output().result(&document, || match usage.total {
            Some(total) => format!("{} of {}", bytes(usage.used), bytes(total)),
            None => bytes(usage.used),
        });
        Ok(())
    }

    async fn find(&self, options: &Options) -> Result<Storage> {
        let found = options.on_site(async |ctx, site| Ok(storages::find(ctx, site.id, &self.name).await?)).await?;
        found.with_context(|| format!("this site has no storage {}; see: countersign storage list", self.name))
    }
}

async fn list(options: &Options) -> Result<()> {
    let all = options.on_site(async |ctx, site| Ok(storages::list(ctx, site.id).await?)).await?;
    let documents = all.iter().map(document).collect();
    options.output().result(&Value::Array(documents), || {
        let quota = |found: &Storage| found.quota.map_or_else(|| "none".to_owned(), bytes);
        let rows: Vec<_> = all
            .iter()
            .map(|found| [found.name.to_string(), bytes(found.used), quota(found), place(&found.back_end)])
            .collect();
        let empty = "There is no storage yet; create one: countersign storage create NAME";
        table(["NAME", "IN USE", "QUOTA", "BYTES"], &rows, empty)
    });
    Ok(())
}

/// Where the bytes are, for people.
fn place(back_end: &BackEnd) -> String {
    match back_end {
        BackEnd::Managed => "in the data directory".to_owned(),
        BackEnd::Directory(directory) => directory.clone(),
        BackEnd::Bucket(Bucket { endpoint, region, bucket, prefix }) => {
            let service = if endpoint.is_empty() { region } else { endpoint };
            format!("s3://{bucket}/{prefix} ({service})")
        }
    }
}

/// A storage for programs. Credentials are not part of it.
fn document(storage: &Storage) -> Value {
    let place = match &storage.back_end {
        BackEnd::Managed => Value::Null,
        BackEnd::Directory(directory) => json!({ "directory": directory }),
        BackEnd::Bucket(Bucket { endpoint, region, bucket, prefix }) => {
            json!({ "endpoint": endpoint, "region": region, "bucket": bucket, "prefix": prefix })
        }
    };
    json!({
        "id": storage.id.0,
        "name": storage.name.as_str(),
        "kind": storage.back_end.kind(),
        "place": place,
        "versioned": storage.versioned,
        "quota": storage.quota,
        "used": storage.used,
        "created_at": storage.created_at.to_string(),
    })
}
