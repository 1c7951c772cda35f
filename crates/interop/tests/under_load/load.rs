//! Devices that ask without a pause, on all nodes, and check every answer.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use countersign_crypto::{Algorithm, Flattened, RsaPublicKey, VerifyingKey};
use countersign_interop::Caller;
use serde_json::{Value, json};

use crate::truth::{Fact, now};

/// Devices that ask at once.
pub(crate) const DEVICES: usize = 20;
/// The device that has the license.
pub(crate) const LICENSED: &str = "PUMP-1";

/// What a load asks, and what it knows about the answers.
pub(crate) struct Load {
    pub(crate) nodes: Vec<Caller>,
    /// Device tokens, and whether the keys that they were made with are in force.
    pub(crate) tokens: [(String, Fact); 2],
    /// The access token of a producer.
    pub(crate) producer: String,
    /// Whether the open update is offered.
    pub(crate) open: Fact,
    /// Whether the update that needs an entitlement is offered to the device with the license.
    pub(crate) licensed: Fact,
    /// Whether answers are signed with the first key.
    pub(crate) first_key: Fact,
    /// Public keys that were published, the first one first.
    pub(crate) keys: RwLock<Vec<(String, VerifyingKey)>>,
    pub(crate) over: AtomicBool,
    pub(crate) answers: AtomicUsize,
}

impl Load {
    /// Asks until the load is over. Ends with the first answer that is wrong.
    pub(crate) fn ask_again_and_again(&self, device: usize) -> Result<()> {
        for number in device.. {
            if self.over.load(Ordering::SeqCst) {
                break;
            }
            // All combinations of token, question and nodes in turn.
            let (token, licensed) = (number % 2, number / 2 % 2 == 1);
            let (post, poll) = (number / 4 % self.nodes.len(), number / 8 % self.nodes.len());
            self.ask(token, licensed, post, poll).with_context(|| format!("asked node {post}, polled node {poll}"))?;
            self.answers.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }

    fn ask(&self, token: usize, licensed: bool, post: usize, poll: usize) -> Result<()> {
        let (token, good) = self.tokens.get(token).context("there are two tokens")?;
        let (post, node) = (self.node(post)?, poll);
        let poll = self.node(poll)?;
        let mut question = json!({ "updateFromPkgId": "pump-1", "platform": "LINUX64", "language": 1033 });
        if licensed {
            for (member, value) in
                [("platform", "LICENSED"), ("id", LICENSED), ("idType", "STRING"), ("publisherName", "acme")]
            {
                question[member] = value.into();
            }
        }
        let asked = now();
        let accepted = post.post("/uai/2.0/signed-updates", token, &question)?;
        ensure!(accepted.status == 202, "the question was not accepted: {accepted:?}");
        let url = accepted.json()?["url"].as_str().context("no URL")?.to_owned();
        let answer = poll.get(&url)?;
        let answered = now();
        let fact = if licensed { &self.licensed } else { &self.open };
        match answer.status {
            401 => good.check(node, false, asked, answered),
            200 => {
                good.check(node, true, asked, answered)?;
                let list = self.verified(&answer.body, node, asked, answered)?;
                let offered = list["updateItems"].as_array().context("no list of updates")?.len();
                fact.check(node, offered == 1, asked, answered)
            }
            _ => bail!("the poll was answered with {answer:?}"),
        }
    }

    /// The payload of a signed answer. A key that signs was published before.
    fn verified(&self, body: &[u8], node: usize, asked: Instant, answered: Instant) -> Result<Value> {
        let signed = Flattened::parse(body)?;
        let read = |place: usize, payload: Vec<u8>| {
            self.first_key.check(node, place == 0, asked, answered)?;
            serde_json::from_slice(&payload).context("the payload is no JSON")
        };
        if let Some((place, payload)) = self.verify(&signed) {
            return read(place, payload);
        }
        for caller in &self.nodes {
            self.learn_keys(caller)?;
        }
        let (place, payload) = self.verify(&signed).context("an answer was signed with a key that is not published")?;
        read(place, payload)
    }

    fn verify(&self, signed: &Flattened) -> Option<(usize, Vec<u8>)> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().enumerate().find_map(|(place, (_, key))| Some((place, signed.verify(Algorithm::RS256, key).ok()?)))
    }

    /// Takes over the keys that a node publishes.
    pub(crate) fn learn_keys(&self, caller: &Caller) -> Result<()> {
        let path = "/flexnet/operations/api/updates/update-signing-keys";
        let answer = caller.send(ureq::http::Method::GET, path, &self.producer, b"")?;
        ensure!(answer.status == 200, "the keys are not listed: {answer:?}");
        let list = answer.json()?;
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        // The newest stands first in the list.
        for key in list["keys"].as_array().context("no list of keys")?.iter().rev() {
            let text = key["publicKey"].as_str().context("no key")?;
            if keys.iter().all(|(known, _)| known != text) {
                keys.push((text.to_owned(), VerifyingKey::from_rsa(&RsaPublicKey::parse_upload(text)?)?));
            }
        }
        Ok(())
    }

    fn node(&self, number: usize) -> Result<&Caller> {
        self.nodes.get(number).context("there is no such node")
    }
}
