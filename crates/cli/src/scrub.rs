//! `countersign scrub`: stored bytes against their digests, and bytes that nobody names.

use anyhow::{Result, bail};
use clap::Args;
use countersign_app::scrub::{self, DamagedFile, Depth, Examined, FileFault, Orphans};
use countersign_app::storages::{self, DamagedObject, ExaminedStorages, StorageSweep, UnavailableStorage};
use countersign_crypto::encoding::hex_encode;
use serde_json::{Value, json};

use crate::options::Options;
use crate::progress::bar;
use crate::table::table;
use crate::verdict::{BROKEN, Verdict};

/// Read all stored bytes and compare them with their digests.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign scrub
  countersign scrub --collect

It works beside a running server. A file that is damaged or missing is healed by uploading the same bytes again.

--collect also removes what no package, update or site names: objects and unfinished uploads that are older than 24 hours, \
left by crashes. Nothing younger is ever removed.

Exit status: 0 all files are whole; 4 some are not; 1 the store or a storage cannot be \
read; a storage that fails is named, and the others are read.")]
pub(crate) struct Scrub {
    /// Remove objects that nothing names, and unfinished uploads, when they are older than 24 hours.
    #[arg(long)]
    collect: bool,
}

impl Scrub {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        let output = options.output();
        let (examined, collected, storages, swept) = options
            .on_existing_store(async |ctx| {
                let (_, bytes) = scrub::total_of(ctx).await?;
                let bar = bar(output, "reading", bytes);
                let examined = scrub::examine_all(ctx, Depth::Digests, &|bytes| bar.inc(bytes)).await;
                bar.finish_and_clear();
                let storages = storages::examine(ctx, Depth::Digests, &|_| {}).await?;
                let (mut collected, mut swept) = (None, None);
                if self.collect {
                    collected = Some(scrub::collect(ctx).await?);
                    swept = Some(storages::collect(ctx).await?);
                }
                Ok((examined?, collected, storages, swept))
            })
            .await?;
        let mut found = document(&examined, collected);
        found["storages"] = storages_document(&storages, swept);
        output.result(&found, || format!("{}\n{}", text(&examined, collected), storages_text(&storages, swept)));
        match examined.damaged.len() + storages.damaged.len() {
            0 if storages.unavailable.is_empty() => Ok(()),
            0 => bail!("not all storages could be read"),
            count => Err(Verdict { sentence: format!("{count} files are not whole"), status: BROKEN }.into()),
        }
    }
}

fn text(examined: &Examined, collected: Option<Orphans>) -> String {
    let Examined { files, bytes, damaged } = examined;
    let mut text = format!("Read {files} files ({bytes} bytes): ");
    if damaged.is_empty() {
        text.push_str("all are as they were stored.");
    } else {
        let row = |found: &DamagedFile| {
            [found.site.to_string(), hex_encode(&found.file.sha256), found.file.object_key.clone(), fault(&found.fault)]
        };
        let rows: Vec<_> = damaged.iter().map(row).collect();
        text.push_str(&format!("{} are not as they were stored.\n\n", damaged.len()));
        text.push_str(&table(["SITE", "SHA-256", "OBJECT", "FAULT"], &rows, ""));
        text.push_str("\n\nPublish the same bytes again, and they are whole; or restore them from a backup.");
    }
    if let Some(Orphans { objects, bytes, uploads }) = collected {
        text.push_str(&format!(
            "\nRemoved {objects} objects ({bytes} bytes) that nothing names, and {uploads} unfinished uploads."
        ));
    }
    text
}

fn storages_text(found: &ExaminedStorages, swept: Option<StorageSweep>) -> String {
    let ExaminedStorages { objects, bytes, damaged, unavailable } = found;
    let mut text = format!("Read {objects} objects ({bytes} bytes) of storages: ");
    if damaged.is_empty() {
        text.push_str("all are as they were stored.");
    } else {
        let row = |found: &DamagedObject| {
            let place = format!("{}/{}", found.site, found.storage);
            [place, hex_encode(&found.sha256), found.object_key.clone(), fault(&found.fault)]
        };
        let rows: Vec<_> = damaged.iter().map(row).collect();
        text.push_str(&format!("{} are not as they were stored.\n\n", damaged.len()));
        text.push_str(&table(["STORAGE", "SHA-256", "OBJECT", "FAULT"], &rows, ""));
        text.push_str("\n\nUpload the same bytes again, and they are whole.");
    }
    for UnavailableStorage { site, storage, cause } in unavailable {
        text.push_str(&format!("\nStorage {site}/{storage} was not read to its end: {cause}."));
    }
    if let Some(StorageSweep { versions, objects, uploads, .. }) = swept {
        text.push_str(&format!(
            "\nRemoved {versions} old versions, {objects} objects that nothing names, and {uploads} unfinished uploads."
        ));
    }
    text
}

fn storages_document(found: &ExaminedStorages, swept: Option<StorageSweep>) -> Value {
    let damaged = |found: &DamagedObject| {
        json!({
            "site": found.site.as_str(),
            "storage": found.storage.as_str(),
            "sha256": hex_encode(&found.sha256),
            "object": found.object_key,
            "fault": fault(&found.fault),
        })
    };
    let unavailable = |UnavailableStorage { site, storage, cause }: &UnavailableStorage| json!({ "site": site.as_str(), "storage": storage.as_str(), "cause": cause });
    let swept =
        swept.map(|swept| json!({ "versions": swept.versions, "objects": swept.objects, "uploads": swept.uploads }));
    json!({
        "objects": found.objects,
        "bytes": found.bytes,
        "damaged": found.damaged.iter().map(damaged).collect::<Vec<_>>(),
        "unavailable": found.unavailable.iter().map(unavailable).collect::<Vec<_>>(),
        "collected": swept,
    })
}

fn document(examined: &Examined, collected: Option<Orphans>) -> Value {
    let damaged = |found: &DamagedFile| {
        json!({
            "site": found.site.as_str(),
            "sha256": hex_encode(&found.file.sha256),
            "object": found.file.object_key,
            "fault": fault(&found.fault),
        })
    };
    let damaged: Vec<_> = examined.damaged.iter().map(damaged).collect();
    let collected =
        collected.map(|found| json!({ "objects": found.objects, "bytes": found.bytes, "uploads": found.uploads }));
    json!({ "files": examined.files, "bytes": examined.bytes, "damaged": damaged, "collected": collected })
}

fn fault(fault: &FileFault) -> String {
    match fault {
        FileFault::Altered => "its bytes have changed".to_owned(),
        FileFault::Missing => "it is missing".to_owned(),
        FileFault::Size { found } => format!("it has {found} bytes"),
        FileFault::Unreadable(reason) => reason.clone(),
    }
}
