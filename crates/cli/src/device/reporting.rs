//! Reports of an update on its way, beside the update itself: a report that fails is noted and changes nothing.

use countersign_client::{DeviceClient, Question, StatusReport, UpdateItem, UpdateStage};
use serde_json::{Value, json};

use super::report::words;
use crate::clock::now;
use crate::output::Output;

/// Tells the server how one update goes, or nobody.
pub(super) struct Reporter<'a> {
    client: &'a DeviceClient,
    template: Option<StatusReport>,
    output: Output,
    told: Vec<Value>,
}

impl<'a> Reporter<'a> {
    /// Reports for the device that asked about the item it has chosen. An anonymous device reports nothing: nobody could
    /// tell it from the others.
    pub(super) fn new(client: &'a DeviceClient, question: &Question, item: &UpdateItem, output: Output) -> Self {
        let template = StatusReport::about(question, item, UpdateStage::DownloadStarted);
        Self { client, template: Some(template).filter(|report| report.device.is_some()), output, told: Vec::new() }
    }

    /// Reports nothing.
    pub(super) fn silent(client: &'a DeviceClient, output: Output) -> Self {
        Self { client, template: None, output, told: Vec::new() }
    }

    /// Reports how far the update is.
    pub(super) fn say(&mut self, stage: UpdateStage, reason: String) {
        let Some(template) = &self.template else { return };
        let happened_at = Some(now().to_string());
        let outcome = self.client.report(&StatusReport { stage, reason, happened_at, ..template.clone() });
        match &outcome {
            Ok(()) => self.output.tell(&format!("✓ Reported: {}", words(stage))),
            Err(error) => self.output.note(&format!("Not reported: {}; {error}", words(stage))),
        }
        self.told.push(json!({
            "status": stage.code(),
            "reported": outcome.is_ok(),
            "error": outcome.err().map(|error| error.to_string()),
        }));
    }

    /// What was reported, for programs.
    pub(super) fn into_document(self) -> Value {
        Value::Array(self.told)
    }
}
