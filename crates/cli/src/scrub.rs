//! `countersign scrub`: stored bytes against their digests, and bytes that nobody names.

use anyhow::Result;
use clap::Args;
use countersign_app::scrub::{self, DamagedFile, Depth, Examined, FileFault, Orphans};
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

Exit status: 0 all files are whole; 4 some are not; 1 store or storage cannot be read.")]
pub(crate) struct Scrub {
    /// Remove objects that nothing names, and unfinished uploads, when they are older than 24 hours.
    #[arg(long)]
    collect: bool,
}

impl Scrub {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        let output = options.output();
        let (examined, collected) = options
            .on_existing_store(async |ctx| {
                let (_, bytes) = scrub::total_of(ctx).await?;
                let bar = bar(output, "reading", bytes);
                let examined = scrub::examine_all(ctx, Depth::Digests, &|bytes| bar.inc(bytes)).await;
                bar.finish_and_clear();
                let collected = if self.collect { Some(scrub::collect(ctx).await?) } else { None };
                Ok((examined?, collected))
            })
            .await?;
        output.result(&document(&examined, collected), || text(&examined, collected));
        match examined.damaged.len() {
            0 => Ok(()),
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
