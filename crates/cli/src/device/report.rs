//! `countersign device report`: a device says how an update goes.

use anyhow::Result;
use clap::Args;
use countersign_client::{DeviceClass, StatusReport, UpdateStage};
use serde_json::json;

use super::connection::{Connection, ConnectionOptions};
use super::{DeviceFailure, EXIT_STATUS};
use crate::clock::now;
use crate::output::Output;

/// A report to send.
#[derive(Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
pub(crate) struct Report {
    #[command(flatten)]
    connection: ConnectionOptions,
    /// Update that the report is about.
    #[arg(long, value_name = "ID")]
    update_id: String,
    /// How far it is: a number, or download-started (0), download-completed (1), download-failed (2),
    /// install-started (3), install-completed (4), message-delivered (8).
    #[arg(long, value_name = "N|WORD", value_parser = stage, allow_negative_numbers = true)]
    status: UpdateStage,
    /// Why, in up to 100 characters.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    reason: String,
    /// Name of the update, as the list of updates gives it.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    update_name: String,
    /// Package that the update delivers.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "PACKAGE")]
    package: String,
    /// Platform of the device, such as LINUX64.
    #[arg(long)]
    platform: Option<String>,
    /// Windows language identifier.
    #[arg(long, value_name = "N")]
    language: Option<u32>,
}

impl Report {
    pub(super) fn run(self, output: Output) -> Result<()> {
        let Connection { client, identity, kept } = self.connection.connect()?;
        let language = self.language.or(kept.language());
        let report = StatusReport {
            device: identity,
            device_class: DeviceClass::Client,
            update_id: self.update_id,
            update_name: self.update_name,
            package: self.package,
            platform: self.platform.unwrap_or(kept.platform),
            language,
            stage: self.status,
            reason: self.reason,
            happened_at: Some(now().to_string()),
        };
        client.report(&report).map_err(DeviceFailure::from)?;
        let document = json!({
            "reported": { "update_id": report.update_id, "status": report.stage.code(), "reason": report.reason },
        });
        output.done(&document, &format!("Reported of update {}: {}.", report.update_id, words(report.stage)));
        Ok(())
    }
}

/// A stage for people.
pub(super) fn words(stage: UpdateStage) -> String {
    stage.words().map_or_else(|| format!("status {}", stage.code()), str::to_owned)
}

fn stage(text: &str) -> Result<UpdateStage, String> {
    if let Ok(code) = text.parse() {
        return Ok(UpdateStage::from_code(code));
    }
    let named = |stage: &UpdateStage| stage.words().is_some_and(|words| words.replace(' ', "-") == text);
    let found = UpdateStage::PUBLISHED.into_iter().find(named);
    found.ok_or_else(|| "expected a number, or a word such as install-completed".to_owned())
}

const EXAMPLES: &str = "\
Examples:
  countersign device report --url https://updates.acme.example \\
      --key @signing-key.txt --token @device.jwt --id PUMP-0077 --publisher acme \\
      --update-id update-pump-4.2 --status install-completed --reason 'self test ok'
  countersign device report --update-id update-demo-2.0 --status 4 \\
      --credentials countersign-demo/credentials.json

`countersign device update` reports start and end of the download by itself. There is no status for an installation that \
failed: send install-started with a reason, or an event.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_a_number_or_a_word() {
        assert_eq!(stage("install-completed"), Ok(UpdateStage::InstallCompleted));
        assert_eq!(stage("4"), Ok(UpdateStage::InstallCompleted));
        assert_eq!(stage("-3"), Ok(UpdateStage::Other(-3)));
        for text in ["", "done", "install completed", "1.5", "99999999999999999999"] {
            assert!(stage(text).is_err(), "{text}");
        }
        assert_eq!(
            (words(UpdateStage::Other(7)), words(UpdateStage::DownloadFailed)),
            ("status 7".to_owned(), "download failed".to_owned())
        );
    }
}
