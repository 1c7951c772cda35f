//! What was acknowledged, and whether it is there.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use countersign_interop::{Caller, Installation};
use serde_json::{Value, json};

use crate::setup::Tokens;
use crate::stream::{Acknowledged, content};

/// Everything that was acknowledged so far.
pub(crate) struct Ledger {
    limit: u64,
    devices: BTreeSet<String>,
    with_license: BTreeSet<String>,
    refused: BTreeSet<String>,
    codes: BTreeSet<i64>,
    events: BTreeSet<String>,
    published: Vec<(String, u64)>,
    /// Of the published ones, how many have been looked at.
    checked: usize,
}

impl Ledger {
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            limit,
            devices: BTreeSet::new(),
            with_license: BTreeSet::new(),
            refused: BTreeSet::new(),
            codes: BTreeSet::new(),
            events: BTreeSet::new(),
            published: Vec::new(),
            checked: 0,
        }
    }

    /// Enters what was acknowledged. What became of a registration is asked of the server that was started since: a polling
    /// ID outlives the server that gave it.
    pub(crate) fn enter(&mut self, caller: &Caller, acknowledged: Vec<Acknowledged>) -> Result<()> {
        for one in acknowledged {
            match one {
                Acknowledged::Event(name) => drop(self.events.insert(name)),
                Acknowledged::Published(name, number) => self.published.push((name, number)),
                Acknowledged::Status(code) => drop(self.codes.insert(code)),
                Acknowledged::Registered { id, wants, poll } => {
                    let outcome = caller.get(&poll)?;
                    ensure!(outcome.status == 200, "the outcome of a registration is gone: {outcome:?}");
                    match outcome.json()?["key"].as_str() {
                        Some("") => {
                            if wants {
                                self.with_license.insert(id.clone());
                            }
                            self.devices.insert(id);
                        }
                        Some("activation.exhausted") if wants => drop(self.refused.insert(id)),
                        other => anyhow::bail!("{id} was refused: {other:?}"),
                    }
                }
            }
        }
        Ok(())
    }

    /// Compares with what the installation has.
    pub(crate) fn check(&mut self, installation: &Installation, caller: &Caller, tokens: &Tokens) -> Result<()> {
        let devices = texts(&installation.json(&["device", "list"])?, "id")?;
        contains(&devices, &self.devices, "devices")?;
        ensure!(devices.is_disjoint(&self.refused), "a device is there that was refused");
        let license = installation.json(&["license", "show", "ACT-FEW"])?;
        let activations = license["activations"].as_u64().context("no number of activations")?;
        ensure!(activations <= self.limit, "{activations} activations of {}", self.limit);
        let activated = texts(&installation.json(&["license", "activations", "ACT-FEW"])?, "id")?;
        contains(&activated, &self.with_license, "activations")?;
        ensure!(activated.len() as u64 == activations, "{} and {activations} activations", activated.len());
        ensure!(self.refused.is_empty() || activations == self.limit, "refused at {activations} activations");

        let reports = installation.json(&["device", "reports"])?;
        let codes = list(&reports)?.iter().filter_map(|report| report["status"].as_i64()).collect();
        contains(&codes, &self.codes, "status reports")?;
        contains(&texts(&installation.json(&["device", "events"])?, "name")?, &self.events, "events")?;

        for (name, number) in &self.published[self.checked..] {
            downloaded(caller, tokens, name, *number).with_context(|| format!("release {name}"))?;
        }
        self.checked = self.published.len();
        Ok(())
    }

    /// How much was acknowledged.
    pub(crate) fn summary(&self) -> String {
        format!(
            "{} devices, {} with the license and {} refused; {} reports, {} events, {} releases",
            self.devices.len(),
            self.with_license.len(),
            self.refused.len(),
            self.codes.len(),
            self.events.len(),
            self.published.len()
        )
    }

    /// Whether there was some of everything.
    pub(crate) fn is_rich(&self) -> bool {
        let counts =
            [self.devices.len(), self.refused.len(), self.codes.len(), self.events.len(), self.published.len()];
        counts.iter().all(|count| *count >= 20) && self.with_license.len() as u64 >= self.limit / 2
    }
}

/// Asks as a device for a release and demands its bytes.
fn downloaded(caller: &Caller, tokens: &Tokens, name: &str, number: u64) -> Result<()> {
    let ask = |path: &str, question: &Value| -> Result<Value> {
        let accepted = caller.post(path, &tokens.device, question)?;
        let url = accepted.json()?["url"].as_str().context("no URL")?.to_owned();
        let answer = caller.get(&url)?;
        ensure!(answer.status == 200, "{path}: {answer:?}");
        answer.json()
    };
    let question = json!({ "updateFromPkgId": "pump-1", "platform": format!("P-{name}"), "language": 1033 });
    let list = ask("/uai/2.0/updates", &question)?;
    let url = list["updateItems"][0]["manifestURL"].as_str().with_context(|| format!("not offered: {list}"))?;
    let uuid = url.rsplit('/').next().unwrap_or_default();
    let manifest = ask("/uai/2.0/updates/manifests", &json!({ "uuid": uuid }))?;
    let file = manifest["manifestFiles"][0]["fileUrl"].as_str().context("no file")?;
    let path = file.split_once("/f/").map(|(_, path)| format!("/f/{path}")).context("no download URL")?;
    let answer = caller.get(&path)?;
    ensure!(answer.status == 200 && answer.body == content(number), "the file is not what was published");
    Ok(())
}

fn list(document: &Value) -> Result<&Vec<Value>> {
    document.as_array().with_context(|| format!("no list: {document}"))
}

fn texts(document: &Value, member: &str) -> Result<BTreeSet<String>> {
    let text = |row: &Value| row[member].as_str().map(str::to_owned).with_context(|| format!("no {member}: {row}"));
    list(document)?.iter().map(text).collect()
}

fn contains<T: Ord + std::fmt::Debug>(found: &BTreeSet<T>, acknowledged: &BTreeSet<T>, what: &str) -> Result<()> {
    let lost: Vec<_> = acknowledged.difference(found).collect();
    ensure!(lost.is_empty(), "{what} are lost: {lost:?}");
    Ok(())
}
