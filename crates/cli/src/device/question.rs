//! What a device asks, as told on the command line.

use anyhow::Result;
use clap::Args;
use countersign_client::{DeviceClass, DeviceClient, Question};

use super::connection::{Connection, ConnectionOptions};

/// The device and its question.
#[derive(Args)]
pub(super) struct QuestionOptions {
    #[command(flatten)]
    connection: ConnectionOptions,
    /// Package that is installed now.
    #[arg(long, value_name = "PACKAGE", required_unless_present = "credentials")]
    from: Option<String>,
    /// Platform of the device, such as LINUX64.
    #[arg(long, required_unless_present = "credentials")]
    platform: Option<String>,
    /// Windows language identifier [default: 1033, US English].
    #[arg(long, value_name = "N")]
    language: Option<u32>,
}

impl QuestionOptions {
    /// A client and the question to ask with it. Nothing is sent yet.
    pub(super) fn prepare(self) -> Result<(DeviceClient, Question)> {
        let Connection { client, identity, kept } = self.connection.connect()?;
        let language = self.language.or(kept.language()).unwrap_or(US_ENGLISH);
        let question = Question {
            device: identity,
            device_class: DeviceClass::Client,
            package: self.from.unwrap_or(kept.update_from_pkg_id),
            platform: self.platform.unwrap_or(kept.platform),
            language,
        };
        Ok((client, question))
    }
}

const US_ENGLISH: u32 = 1033;
