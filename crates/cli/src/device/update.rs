//! `countersign device update`: from the question to verified files in a folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use countersign_client::{DeviceClient, Manifest, ManifestFile, UpdateItem, UpdateList, UpdateStage};
use serde_json::{Value, json};

use super::check::{describe, document, verified};
use super::question::QuestionOptions;
use super::reporting::Reporter;
use super::{DeviceFailure, EXIT_STATUS};
use crate::amounts::{bytes, count};
use crate::output::Output;
use crate::progress::{self, DownloadBar};

/// A question to ask, and what to do with the answer.
#[derive(Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
pub(crate) struct Update {
    #[command(flatten)]
    device: QuestionOptions,
    /// Folder for the files; it is created if it is not there.
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    /// Update to download when several apply [default: the first one listed].
    #[arg(long, value_name = "ID")]
    update: Option<String>,
    /// Do not report start and end of the download; an anonymous device never does.
    #[arg(long)]
    no_report: bool,
}

impl Update {
    pub(super) fn run(self, output: Output) -> Result<()> {
        let Self { device, into, update, no_report } = self;
        let (client, question) = device.prepare()?;
        let list = client.check(&question).map_err(DeviceFailure::from)?;
        output.tell(&verified(&list));
        let Some(item) = choose(&list, update.as_deref())? else {
            output.result(&document(&list), || describe(&list));
            return Ok(());
        };
        let mut reporter =
            if no_report { Reporter::silent(&client, output) } else { Reporter::new(&client, &question, item, output) };
        reporter.say(UpdateStage::DownloadStarted, String::new());
        let (manifest, files) = match fetch(&client, item, &into, output) {
            Ok(fetched) => fetched,
            Err(error) => {
                reporter.say(UpdateStage::DownloadFailed, error.to_string());
                return Err(error);
            }
        };
        reporter.say(UpdateStage::DownloadCompleted, String::new());
        let mut document = document(&list);
        if let Some(members) = document.as_object_mut() {
            members.insert("downloaded".to_owned(), Value::from(item.update_id.as_str()));
            members.insert("files".to_owned(), Value::Array(files));
            members.insert("reports".to_owned(), reporter.into_document());
        }
        let total = bytes(size(&manifest));
        let sentence = format!(
            "Verified {} of {} in {} ({total}).",
            count(manifest.files.len(), "file"),
            item.to_package,
            into.display()
        );
        output.result(&document, || sentence);
        Ok(())
    }
}

/// Asks for the files of an update and downloads them. Returns the manifest, and what is said about each file.
fn fetch(client: &DeviceClient, item: &UpdateItem, into: &Path, output: Output) -> Result<(Manifest, Vec<Value>)> {
    let manifest = client.manifest(item).map_err(DeviceFailure::from)?;
    output.tell(&announce(item, &manifest));
    let files = download(client, &manifest, into, output)?;
    Ok((manifest, files))
}

/// The update to download: the one that is named, else the first.
fn choose<'l>(list: &'l UpdateList, id: Option<&str>) -> Result<Option<&'l UpdateItem>> {
    let Some(id) = id else { return Ok(list.items.first()) };
    let found = list.items.iter().find(|item| item.update_id == id);
    found.map(Some).with_context(|| format!("update {id} does not apply; see: countersign device check"))
}

fn announce(item: &UpdateItem, manifest: &Manifest) -> String {
    format!(
        "✓ Manifest of {} ({} -> {}): signature verified; {}, {}",
        item.update_id,
        item.from_package,
        item.to_package,
        count(manifest.files.len(), "file"),
        bytes(size(manifest))
    )
}

/// Downloads all files. An update is whole or nothing: when a file is refused, those that came before it go, too. What a
/// broken connection leaves stays, because the next run goes on from there.
fn download(client: &DeviceClient, manifest: &Manifest, into: &Path, output: Output) -> Result<Vec<Value>> {
    let is_new = !into.exists();
    fs::create_dir_all(into).with_context(|| format!("the folder {} cannot be made", into.display()))?;
    let mut downloaded = Vec::new();
    let mut files = Vec::new();
    for file in &manifest.files {
        let was_there = into.join(file.name.as_str()).exists();
        let mut bar = DownloadBar(progress::bar(output, file.name.as_str(), file.size));
        match client.download(file, into, &mut bar).map_err(DeviceFailure::from) {
            Ok(path) => {
                output.tell(&format!(
                    "✓ {}: {}, {} verified",
                    file.name.as_str(),
                    bytes(file.size),
                    file.digest.algorithm()
                ));
                if !file.digest.resists_forgery() {
                    output.note(&format!("{} has no SHA-256 in the manifest: {WEAK}", file.name.as_str()));
                }
                files.push(entry(file, &path));
                downloaded.extend((!was_there).then_some(path));
            }
            Err(failure) => {
                bar.0.finish_and_clear();
                if failure.is_refusal() {
                    take_back(&downloaded, into, is_new);
                }
                return Err(failure.into());
            }
        }
    }
    Ok(files)
}

/// Removes what this run brought. A failure is not reported: the refusal is what matters, and each file that stays is a
/// verified one.
fn take_back(downloaded: &[PathBuf], into: &Path, is_new: bool) {
    for path in downloaded {
        let _ = fs::remove_file(path);
    }
    if is_new {
        let _ = fs::remove_dir(into);
    }
}

fn entry(file: &ManifestFile, path: &Path) -> Value {
    json!({
        "name": file.name.as_str(),
        "path": path.display().to_string(),
        "size": file.size,
        "algorithm": file.digest.algorithm(),
        "digest": file.digest.to_hex(),
        "execute": file.execute,
    })
}

fn size(manifest: &Manifest) -> u64 {
    manifest.files.iter().map(|file| file.size).fold(0, u64::saturating_add)
}

const WEAK: &str = "size and MD5 were compared, which finds damage but not forgery.";

const EXAMPLES: &str = "\
Examples:
  countersign device update --url https://updates.acme.example \\
      --key @signing-key.txt --token @device.jwt \\
      --from pump-4.1 --platform LINUX64 --into ./downloads
  countersign device update --into ./downloads \\
      --credentials countersign-demo/credentials.json

A device that has an ID reports start and end of the download; a report that fails changes nothing. Nothing is installed \
or run. A refused file leaves nothing behind; a broken download is resumed by the next run.";
