//! `countersign license air-gap`: codes that people carry to and from devices behind an air gap.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use countersign_app::license_api::{Confirmation, activate_air_gap, deactivate_air_gap, start_air_gap};
use countersign_domain::text::HardwareId;
use countersign_server::license_files;
use serde_json::json;

use super::NamedLicense;
use super::offline::{snapshot, told, write};
use crate::options::Options;
use crate::table::fields;

/// Licenses on devices behind an air gap.
#[derive(Subcommand)]
pub(crate) enum AirGapCommand {
    /// Print an initialization code, with which a device makes a code in answer. It works once, within 24 hours.
    Start(StartAirGap),
    /// Activate a license on the device that has made an activation code, and print the confirmation code.
    Activate(AnsweredCode),
    /// Take a license off the device that has made a deactivation code.
    Deactivate(AnsweredCode),
    /// Write the policy file that the device needs beside its confirmation code.
    PolicyFile(PolicyFile),
}

/// The license to begin with.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign license air-gap start @license-key.txt")]
pub(crate) struct StartAirGap {
    #[command(flatten)]
    license: NamedLicense,
}

/// What a device answers an initialization code with.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign license air-gap activate @license-key.txt HW-1 'o6aAyj...'")]
pub(crate) struct AnsweredCode {
    #[command(flatten)]
    license: NamedLicense,
    /// Hardware ID of the device, as the application shows it.
    hardware: String,
    /// The code that the application shows.
    code: String,
}

/// The license, and where its file goes.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign license air-gap policy-file @license-key.txt --out policy.lic")]
pub(crate) struct PolicyFile {
    #[command(flatten)]
    license: NamedLicense,
    /// Where the file is written; it must not be there.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl AirGapCommand {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Start(start) => start.run(options).await,
            Self::Activate(code) => code.activate(options).await,
            Self::Deactivate(code) => code.deactivate(options).await,
            Self::PolicyFile(file) => file.run(options).await,
        }
    }
}

impl StartAirGap {
    async fn run(self, options: &Options) -> Result<()> {
        let key = self.license.key()?;
        let code = options.on_site(async |ctx, site| {
            start_air_gap(ctx, site.id, key.clone()).await.map_err(|error| told(error.into()))
        });
        let code = code.await?;
        options.output().result(&json!({ "initialization_code": code.expose() }), || code.expose().clone());
        Ok(())
    }
}

impl AnsweredCode {
    fn hardware(&self) -> Result<HardwareId> {
        HardwareId::new(self.hardware.clone()).context("this cannot be a hardware ID")
    }

    async fn activate(self, options: &Options) -> Result<()> {
        let (key, hardware) = (self.license.key()?, self.hardware()?);
        let confirmed = options.on_site(async |ctx, site| {
            let confirmed = activate_air_gap(ctx, site.id, key.clone(), hardware.clone(), &self.code).await;
            confirmed.map_err(|error| told(error.into()))
        });
        let Confirmation { code, policy } = confirmed.await?;
        options.output().result(&json!({ "confirmation_code": code, "policy_id": policy.0 }), || {
            fields(&[("Confirmation code", code.clone()), ("Policy ID", policy.to_string())])
        });
        Ok(())
    }

    async fn deactivate(self, options: &Options) -> Result<()> {
        let (key, hardware) = (self.license.key()?, self.hardware()?);
        let released = options.on_site(async |ctx, site| {
            let released = deactivate_air_gap(ctx, site.id, key.clone(), hardware.clone(), &self.code).await;
            released.map_err(|error| told(error.into()))
        });
        released.await?;
        options.output().result(&json!({ "deactivated": true }), || "The license is off the device.".to_owned());
        Ok(())
    }
}

impl PolicyFile {
    async fn run(self, options: &Options) -> Result<()> {
        let key = self.license.key()?;
        options
            .on_site(async |ctx, site| {
                let snapshot = snapshot(ctx, site).await?;
                let file = license_files::policy_file(ctx, &snapshot, key.clone()).await.map_err(told)?;
                write(options, &self.out, &file)
            })
            .await
    }
}
