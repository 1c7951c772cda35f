//! `countersign device event`: a device logs an event of its own.

use anyhow::Result;
use clap::Args;
use countersign_client::DeviceEvent;
use serde_json::json;

use super::connection::ConnectionOptions;
use super::{DeviceFailure, EXIT_STATUS, name};
use crate::clock::now;
use crate::output::Output;

/// An event to log.
#[derive(Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
pub(crate) struct Event {
    /// Name of the event, freely chosen, up to 255 characters.
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    connection: ConnectionOptions,
    /// Category to search by across devices.
    #[arg(long, default_value = "", hide_default_value = true)]
    group: String,
    /// More about it, up to 4000 characters.
    #[arg(long, default_value = "", hide_default_value = true)]
    value: String,
    /// Update that the event is about.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "ID")]
    update_id: String,
    /// Package that the event is about.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "PACKAGE")]
    package: String,
}

impl Event {
    pub(super) fn run(self, output: Output) -> Result<()> {
        let connection = self.connection.connect()?;
        let event = DeviceEvent {
            group: self.group,
            value: self.value,
            happened_at: Some(now().to_string()),
            package: self.package,
            update_id: self.update_id,
            platform: connection.kept.platform.clone(),
            language: connection.kept.language(),
            ..DeviceEvent::new(connection.named()?, self.name)
        };
        connection.client.log_event(&event).map_err(DeviceFailure::from)?;
        let document = json!({
            "logged": { "name": event.name, "group": event.group, "value": event.value, "id": event.device.id },
        });
        output.done(&document, &format!("Logged event {} of {}.", event.name, name(&event.device)));
        Ok(())
    }
}

const EXAMPLES: &str = "\
Examples:
  countersign device event selfTest --group afterUpdate --value 'pass 14/14' \\
      --url https://updates.acme.example --key @signing-key.txt --token @device.jwt \\
      --id PUMP-0077 --publisher acme
  countersign device event started --credentials countersign-demo/credentials.json

The server listens to registered devices only: countersign device register";
