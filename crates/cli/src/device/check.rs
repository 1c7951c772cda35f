//! `countersign device check`: which updates apply.

use anyhow::Result;
use clap::Args;
use countersign_client::{UpdateItem, UpdateList};
use serde_json::{Value, json};

use super::question::QuestionOptions;
use super::{DeviceFailure, EXIT_STATUS};
use crate::amounts::count;
use crate::output::Output;

/// A question to ask.
#[derive(Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
pub(crate) struct Check {
    #[command(flatten)]
    device: QuestionOptions,
}

impl Check {
    pub(super) fn run(self, output: Output) -> Result<()> {
        let (client, question) = self.device.prepare()?;
        let list = client.check(&question).map_err(DeviceFailure::from)?;
        output.tell(&verified(&list));
        output.result(&document(&list), || describe(&list));
        Ok(())
    }
}

/// One line about a list whose signature was verified.
pub(super) fn verified(list: &UpdateList) -> String {
    let applies = if list.items.len() == 1 { "applies" } else { "apply" };
    format!("✓ Update list: signature verified with the pinned key; {} {applies}", count(list.items.len(), "update"))
}

/// The list for programs.
pub(super) fn document(list: &UpdateList) -> Value {
    let notice = list
        .notice
        .as_ref()
        .map(|notice| json!({ "key": notice.key, "message": notice.message, "arguments": notice.arguments }));
    json!({ "notice": notice, "updates": list.items.iter().map(item).collect::<Vec<_>>() })
}

/// The list for people.
pub(super) fn describe(list: &UpdateList) -> String {
    let mut lines = Vec::new();
    if let Some(notice) = &list.notice {
        lines.push(format!("The server says: {notice}"));
    }
    for item in &list.items {
        lines.push(format!("{}: {} ({} -> {})", item.update_id, item.title, item.from_package, item.to_package));
        if !item.description.is_empty() {
            lines.push(format!("    {}", item.description));
        }
    }
    if lines.is_empty() { "No update applies.".to_owned() } else { lines.join("\n") }
}

fn item(item: &UpdateItem) -> Value {
    json!({
        "update_id": item.update_id,
        "update_name": item.update_name,
        "title": item.title,
        "description": item.description,
        "product": item.product_name,
        "from": item.from_package,
        "to": item.to_package,
        "language": item.language,
        "start_date": item.start_date,
        "expire_date": item.expire_date,
        "command_line": item.command_line,
    })
}

const EXAMPLES: &str = "\
Examples:
  countersign device check --url https://updates.acme.example \\
      --key @signing-key.txt --token @device.jwt --from pump-4.1 --platform LINUX64
  countersign device check --credentials countersign-demo/credentials.json";
