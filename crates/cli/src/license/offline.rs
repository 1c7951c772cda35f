//! `countersign license offline`: files that people carry to and from devices without a connection.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, ensure};
use clap::{Args, Subcommand};
use countersign_app::Ctx;
use countersign_app::sites::{SiteRef, SiteSnapshot, resolve};
use countersign_crypto::encoding::base64_encode;
use countersign_domain::site::Site;
use countersign_domain::text::HardwareId;
use countersign_server::license_files::{self, About, Bringer};
use serde_json::json;

use super::NamedLicense;
use crate::options::Options;
use crate::private_file;

/// Licenses on devices without a connection.
#[derive(Subcommand)]
pub(crate) enum OfflineCommand {
    /// Activate a license by the request file of a device, and write the file in response.
    Activate(ActivateByFile),
    /// Take a license off a device by its deactivation file.
    Deactivate(DeactivateByFile),
    /// Write a file with what holds now, for a device on which a license is active.
    Refresh(RefreshFile),
}

/// The request file, and where the response goes.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign license offline activate activate_offline.req --out license.lic")]
pub(crate) struct ActivateByFile {
    #[command(flatten)]
    file: CarriedFile,
    /// Where the response for the device is written; it must not be there.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// The deactivation file.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign license offline deactivate deactivate_offline.req")]
pub(crate) struct DeactivateByFile {
    #[command(flatten)]
    file: CarriedFile,
}

/// The license and the device, and where the file goes.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign license offline refresh @license-key.txt HW-1 --out license.lic")]
pub(crate) struct RefreshFile {
    #[command(flatten)]
    license: NamedLicense,
    /// Hardware ID of the device, as the application gives it.
    hardware: String,
    /// Where the file is written; it must not be there.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// A file that a device has made.
#[derive(Args)]
struct CarriedFile {
    /// The file as the device wrote it.
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// It is about all licenses of a bundle.
    #[arg(long)]
    bundle: bool,
}

impl OfflineCommand {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Activate(activate) => activate.run(options).await,
            Self::Deactivate(deactivate) => deactivate.run(options).await,
            Self::Refresh(refresh) => refresh.run(options).await,
        }
    }
}

impl CarriedFile {
    fn read(&self) -> Result<Vec<u8>> {
        let path = self.path.display();
        let length = std::fs::metadata(&self.path).with_context(|| format!("cannot read {path}"))?.len();
        ensure!(length <= FILE_LIMIT, "{path} is longer than {FILE_LIMIT} bytes, so it is no request file");
        std::fs::read(&self.path).with_context(|| format!("cannot read {path}"))
    }

    fn about(&self) -> About {
        if self.bundle { About::Bundle } else { About::License }
    }
}

impl ActivateByFile {
    async fn run(self, options: &Options) -> Result<()> {
        let (file, about) = (self.file.read()?, self.file.about());
        options
            .on_site(async |ctx, site| {
                let bringer = bringer(ctx, site).await?;
                let response = license_files::activate(&bringer, &file, about, None).await.map_err(told)?;
                write(options, &self.out, &response)
            })
            .await
    }
}

impl DeactivateByFile {
    async fn run(self, options: &Options) -> Result<()> {
        let (file, about) = (self.file.read()?, self.file.about());
        options
            .on_site(async |ctx, site| {
                let bringer = bringer(ctx, site).await?;
                license_files::deactivate(&bringer, &file, about).await.map_err(told)?;
                options
                    .output()
                    .result(&json!({ "deactivated": true }), || "The license is off the device.".to_owned());
                Ok(())
            })
            .await
    }
}

impl RefreshFile {
    async fn run(self, options: &Options) -> Result<()> {
        let key = self.license.key()?;
        let hardware = HardwareId::new(self.hardware).context("this cannot be a hardware ID")?;
        options
            .on_site(async |ctx, site| {
                let snapshot = snapshot(ctx, site).await?;
                let file = license_files::refresh(ctx, &snapshot, key.clone(), hardware.clone()).await.map_err(told)?;
                write(options, &self.out, &file)
            })
            .await
    }
}

/// Writes a file as devices read it. It names a license key, so others are not to read it.
pub(super) fn write(options: &Options, path: &Path, json: &str) -> Result<()> {
    private_file::create(path, &base64_encode(json.as_bytes()))?;
    let document = json!({ "file": path.display().to_string() });
    options.output().result(&document, || format!("Wrote {}; carry it to the device.", path.display()));
    Ok(())
}

async fn bringer(ctx: &Ctx, site: &Site) -> Result<Bringer> {
    Ok(Bringer { ctx: ctx.clone(), site: snapshot(ctx, site).await?, caller: None, client: None })
}

pub(super) async fn snapshot(ctx: &Ctx, site: &Site) -> Result<Arc<SiteSnapshot>> {
    resolve(ctx, SiteRef::Name(site.name.as_str())).await?.context("the site is not there any more")
}

/// What the door would say.
#[expect(clippy::needless_pass_by_value, reason = "it is the shape that map_err wants")]
pub(super) fn told(error: license_files::Error) -> anyhow::Error {
    let word = error.code().word();
    // The door says no more to strangers.
    let hint = match word {
        "offline_activation_not_allowed" => {
            "; lay it down with: countersign license rules KEY --offline true, and behind an air gap --air-gapped true as well, \
             for a license without seats that was made from a policy: countersign license create --policy CODE"
        }
        _ => "",
    };
    anyhow!("{} ({word}){hint}", error.text())
}

/// Longest file that is read, in bytes: as much as the door takes.
const FILE_LIMIT: u64 = 64 * 1024;
