//! The walk of an update: from the signed list to bytes on the disk that are those that were published.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use countersign_client::{DeviceClient, Manifest, UpdateItem, UpdateList};
use countersign_crypto::Sha256;
use countersign_crypto::encoding::hex_encode;

use super::publication::{Offered, PublishedFile};
use super::steps::Steps;
use super::tour::{SIGNATURE, Tour};
use crate::amounts::{bytes, count};
use crate::output::Output;
use crate::progress::{self, DownloadBar};

impl Tour {
    /// Takes the update for everybody, by a device that has not registered. Returns the size of its files in bytes.
    pub(super) fn walk_update(&self, client: &DeviceClient, steps: &mut Steps) -> Result<u64> {
        let list = steps.take("Device, signed list", SIGNATURE, || {
            let list = client.check(&self.question)?;
            let item = find(&list, &self.open)?;
            ensure!(find(&list, &self.licensed).is_err(), "an update is offered that the device is not entitled to");
            let notice = list.notice.as_ref().map(|notice| notice.key.as_str());
            ensure!(notice == Some("device.unknown"), "the list does not say that the device is not registered");
            let said = format!(
                "signature verified with the pinned key; offered before registration: {} -> {}, and nothing else",
                item.from_package, item.to_package
            );
            Ok((said, list))
        })?;
        let item = find(&list, &self.open)?;
        let manifest = steps.take("Device, signed manifest", SIGNATURE, || {
            let manifest = fetch_manifest(client, item, &self.open)?;
            Ok((format!("signature verified; {} as published", count(manifest.files.len(), "file")), manifest))
        })?;
        let mut total = 0_u64;
        for (position, published) in self.open.files.iter().enumerate() {
            let output = steps.output();
            let size = steps.take(&format!("Download {}", published.name), DOWNLOAD, || {
                let size = self.download(client, (&manifest, position), published, output)?;
                Ok((format!("{}, SHA-256 {} as published", bytes(size), hex_encode(&published.sha256)), size))
            })?;
            total = total.saturating_add(size);
        }
        Ok(total)
    }

    /// Downloads a file of a manifest, and compares what is on the disk with what was published. Returns its size in bytes.
    pub(super) fn download(
        &self,
        client: &DeviceClient,
        (manifest, position): (&Manifest, usize),
        published: &PublishedFile,
        output: Output,
    ) -> Result<u64> {
        let file = manifest.files.get(position).context("the manifest has too few files")?;
        let mut bar = DownloadBar(progress::bar(output, &published.name, published.size));
        let path = client.download(file, &self.downloads, &mut bar)?;
        let (size, digest) = measure(&path)?;
        ensure!(size == published.size, "{size} bytes arrived, {} were published", published.size);
        ensure!(digest == published.sha256, "the SHA-256 is not that of the published file");
        Ok(size)
    }
}

/// The update in a list, if it is there and leads where it should.
pub(super) fn find<'l>(list: &'l UpdateList, expected: &Offered) -> Result<&'l UpdateItem> {
    let item = list.items.iter().find(|item| item.update_id == expected.update.as_str());
    let item = item.with_context(|| format!("the update {} is not offered", expected.update))?;
    let (to, expected) = (&item.to_package, &expected.to);
    ensure!(to == expected.as_str(), "the update leads to {to}, not to {expected}");
    Ok(item)
}

/// The verified manifest of an update, if it lists what was published.
pub(super) fn fetch_manifest(client: &DeviceClient, item: &UpdateItem, expected: &Offered) -> Result<Manifest> {
    let manifest = client.manifest(item)?;
    let listed = manifest.files.iter().map(|file| (file.name.as_str(), file.size, file.digest.to_hex()));
    let published = expected.files.iter().map(|file| (file.name.as_str(), file.size, hex_encode(&file.sha256)));
    ensure!(listed.eq(published), "the manifest lists other files than those that were published");
    Ok(manifest)
}

/// Length and SHA-256 of a file on the disk.
fn measure(path: &Path) -> Result<(u64, [u8; 32])> {
    let mut file = File::open(path)?;
    let (mut size, mut digest, mut piece) = (0_u64, Sha256::new(), vec![0; PIECE]);
    loop {
        let read = file.read(&mut piece)?;
        let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        digest.update(bytes);
        size = size.saturating_add(u64::try_from(read)?);
    }
    Ok((size, digest.finish()))
}

const PIECE: usize = 256 * 1024;

const DOWNLOAD: &str = "see the cause below; check the free space, and the files in the data directory";
