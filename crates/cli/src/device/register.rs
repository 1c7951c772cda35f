//! `countersign device register`: a device makes itself known.

use anyhow::Result;
use clap::Args;
use countersign_client::Registration;
use countersign_crypto::Secret;
use serde_json::json;

use super::connection::ConnectionOptions;
use super::{DeviceFailure, EXIT_STATUS, name};
use crate::output::Output;
use crate::text_input::text_or_file;

/// A device to register.
#[derive(Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
pub(crate) struct Register {
    #[command(flatten)]
    connection: ConnectionOptions,
    /// Activation ID (the key of a license), or @FILE; without one, or with '', the device is registered and nothing is
    /// activated on it.
    #[arg(long, value_name = "ID|@FILE")]
    activation_id: Option<String>,
    /// Publisher's identity on the device, as embedded licensing has it; rarely needed.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    identity_name: String,
}

impl Register {
    pub(super) fn run(self, output: Output) -> Result<()> {
        let Self { connection, activation_id, identity_name } = self;
        let mut connection = connection.connect()?;
        let activation_id = match activation_id {
            Some(id) => Some(Secret::new(text_or_file(&id)?)),
            None => connection.kept.activation_id.take(),
        };
        let activation_id = activation_id.filter(|id| !id.expose().is_empty());
        let registration = Registration { device: connection.named()?, identity_name, activation_id };
        connection.client.register(&registration).map_err(DeviceFailure::from)?;

        let Registration { device, activation_id, .. } = &registration;
        let document = json!({
            "registered": { "id": device.id, "id_type": device.id_type, "publisher": device.publisher_name },
            "activated": activation_id.is_some(),
        });
        let how = match activation_id {
            Some(_) => "; what the activation ID stands for is activated on it",
            None => "; nothing was activated, because no activation ID was given",
        };
        output.done(&document, &format!("Registered {}{how}.", name(device)));
        Ok(())
    }
}

const EXAMPLES: &str = "\
Examples:
  countersign device register --url https://updates.acme.example \\
      --key @signing-key.txt --token @device.jwt \\
      --id PUMP-0077 --publisher acme --activation-id @activation-id.txt
  countersign device register --id MY-DEVICE \\
      --credentials countersign-demo/credentials.json

To register again changes nothing; with another activation ID of the same account it adds to what the device may use.";
