//! The token door: tokens beside a bare signer or a bare server, and calls with a token that the server has seen before.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use countersign_crypto::{Algorithm, Compact, Jwk, VerifyingKey};
use countersign_domain::oauth::TokenAlgorithm;
use serde_json::Value;

use super::checks::{Work, start_hyper};
use super::compare::{business, ceiling, full_rates, rates};
use super::door::Sample;
use super::downloads::BUFFER;
use super::signatures;
use crate::bench::{Bench, Log};
use crate::installation::Client;
use crate::load::{Connection, Load, Plan, get, repeat};
use crate::process::Running;
use crate::report::{Bound, Figure};

/// How tokens are signed, and what is expected of that.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    /// What the application is set to.
    pub(super) signs: TokenAlgorithm,
    /// What a reader of the token demands.
    verifies: Algorithm,
    bound: Bound,
}

/// RSA-2048: as many tokens as there can be signatures, nearly.
pub(super) const RSA: Kind =
    Kind { signs: TokenAlgorithm::Rs256, verifies: Algorithm::RS256, bound: Bound::AtLeast(0.90) };
/// ECDSA on P-256.
pub(super) const ECDSA: Kind =
    Kind { signs: TokenAlgorithm::Es256, verifies: Algorithm::ES256, bound: Bound::AtLeast(0.15) };
/// Ed25519.
pub(super) const EDWARDS: Kind =
    Kind { signs: TokenAlgorithm::EdDsa, verifies: Algorithm::EdDSA, bound: Bound::AtLeast(0.20) };

/// Tokens signed with RSA, beside a program that only signs.
pub(super) async fn beside_signer(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let installation = bench.small().await?;
    let client = installation.application(name, RSA.signs).await?;
    let server = bench.serve(&installation, Log::Usual)?;
    let issued = issue(server.address(), &client, RSA).await?;
    let load = Arc::new(issued.load(&server, 200));
    let (ours, limit) = signatures::beside_signer(bench, &server, &load, issued.signed).await?;
    server.stop()?;
    let figure = Figure::against(name, "tokens/s", rates(&ours)?, ("of the bare signer", limit), RSA.bound);
    Ok(vec![figure.note(business(&ours, &[]))])
}

/// Tokens whose signatures cost little, beside a bare server that answers with as many bytes.
pub(super) async fn beside_hyper(bench: &mut Bench, name: &str, kind: Kind) -> Result<Vec<Figure>> {
    let installation = bench.small().await?;
    let client = installation.application(name, kind.signs).await?;
    let server = bench.serve(&installation, Log::Usual)?;
    let issued = issue(server.address(), &client, kind).await?;
    let hyper = start_hyper(bench, &issued.sample(), Work::Nothing)?;
    let sides = [(&server, Arc::new(issued.load(&server, 200))), (&hyper, Arc::new(issued.load(&hyper, 202)))];
    let rounds = bench.in_turn(&sides).await?;
    let [ours, limit] = &rounds[..] else { bail!("two programs were to be measured") };
    server.stop()?;
    let limits = ("of bare hyper", full_rates(limit)?);
    let mut figure = Figure::against(name, "tokens/s", rates(ours)?, limits, kind.bound).note(business(ours, limit));
    figure.notes.extend(ceiling(limit));
    Ok(vec![figure])
}

/// Whether a storage exists, asked again and again with one token.
pub(super) async fn bearer(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let installation = bench.small().await?;
    let client = installation.storage_client().await?;
    let server = bench.serve(&installation, Log::Usual)?;
    let token = access_token(server.address(), &client).await?;
    let ask = format!("GET {EXIST} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\r\n");
    let mut connection = Connection::open(server.address(), BUFFER).await?;
    let answer = connection.exchange(ask.as_bytes()).await?;
    let body = answer.body.to_vec();
    ensure!(answer.status == 200, "the call is answered with {}: {}", answer.status, body.escape_ascii());
    let said: Value = serde_json::from_slice(&body)?;
    ensure!(said["Exists"] == true, "the storage is not there: {said}");
    let hyper = start_hyper(bench, &Sample { accepted: Vec::new(), answer: body.clone() }, Work::Nothing)?;
    let load = |program: &Running| {
        let mut load = Load::new(program.address(), Plan::Fetch(200), repeat(ask.clone().into_bytes()));
        load.length = Some(body.len() as u64);
        Arc::new(load)
    };
    let rounds = bench.in_turn(&[(&server, load(&server)), (&hyper, load(&hyper))]).await?;
    let [ours, limit] = &rounds[..] else { bail!("two programs were to be measured") };
    server.stop()?;
    let figure = Figure::beside(name, "calls/s", rates(ours)?, ("of bare hyper", full_rates(limit)?));
    let mut figure = figure.note(business(ours, limit));
    figure.notes.extend(ceiling(limit));
    Ok(vec![figure])
}

/// An access token. The server issues it itself, because tokens name where they were issued.
pub(super) async fn access_token(address: SocketAddr, client: &Client) -> Result<String> {
    let mut connection = Connection::open(address, BUFFER).await?;
    let body = post(&mut connection, &request(client)).await?;
    token_in(&body)
}

/// A question for a token, and one answer that was looked at.
pub(super) struct Issued {
    /// The bytes of the question.
    pub(super) ask: Vec<u8>,
    /// The body of the answer.
    body: Vec<u8>,
    /// Bytes of the token that its signature is made of.
    signed: usize,
}

/// Asks twice for a token, and checks that these are two, each signed by a published key and for this application.
pub(super) async fn issue(address: SocketAddr, client: &Client, kind: Kind) -> Result<Issued> {
    let mut connection = Connection::open(address, BUFFER).await?;
    let ask = request(client);
    let body = post(&mut connection, &ask).await?;
    let [one, other] = [token_in(&body)?, token_in(&post(&mut connection, &ask).await?)?];
    ensure!(one != other, "the same token was issued twice");
    let keys = published_keys(&mut connection, kind.verifies).await?;
    for token in [&one, &other] {
        let (_, payload) = Compact::parse(token)?.verify_with_any(keys.iter().map(|key| (kind.verifies, key)))?;
        let claims: Value = serde_json::from_slice(payload.payload())?;
        ensure!(claims["client_id"] == client.id.as_str(), "the token is somebody else's: {claims}");
    }
    let signed = one.rfind('.').context("the token has no signature")?;
    Ok(Issued { ask, body, signed })
}

impl Issued {
    /// The bytes for a bare server.
    pub(super) fn sample(&self) -> Sample {
        Sample { accepted: self.body.clone(), answer: Vec::new() }
    }

    /// The question again and again. Every answer has this status and as many bytes as the one that was looked at.
    fn load(&self, program: &Running, status: u16) -> Load {
        let mut load = Load::new(program.address(), Plan::Fetch(status), repeat(self.ask.clone()));
        load.length = Some(self.body.len() as u64);
        load
    }
}

/// The keys of the server that fit an algorithm, found as clients find them (RFC 8414).
async fn published_keys(connection: &mut Connection, algorithm: Algorithm) -> Result<Vec<VerifyingKey>> {
    let metadata = document(connection, METADATA).await?;
    let url = metadata["jwks_uri"].as_str().context("the metadata names no keys")?;
    let (_, place) = url.split_once("://").context("the URL of the keys is none")?;
    let path = place.find('/').and_then(|at| place.get(at..)).context("the URL of the keys has no path")?;
    let set = document(connection, path).await?;
    let keys = set["keys"].as_array().context("the keys are no set")?;
    Ok(keys
        .iter()
        .filter_map(|key| Jwk::parse(key.to_string().as_bytes()).ok()?.verifying_key(algorithm).ok())
        .collect())
}

async fn document(connection: &mut Connection, path: &str) -> Result<Value> {
    let mut ask = Vec::new();
    get(&mut ask, path.as_bytes());
    let answer = connection.exchange(&ask).await?;
    ensure!(answer.status == 200, "{path} is answered with {}: {}", answer.status, answer.body.escape_ascii());
    Ok(serde_json::from_slice(answer.body)?)
}

/// Asks for a token and gives the body of the answer.
async fn post(connection: &mut Connection, ask: &[u8]) -> Result<Vec<u8>> {
    let answer = connection.exchange(ask).await?;
    ensure!(answer.status == 200, "no token: {} {}", answer.status, answer.body.escape_ascii());
    Ok(answer.body.to_vec())
}

fn token_in(body: &[u8]) -> Result<String> {
    let answer: Value = serde_json::from_slice(body)?;
    Ok(answer["access_token"].as_str().context("the server issues no token")?.to_owned())
}

/// ID and secret in the body, as most clients send them.
fn request(client: &Client) -> Vec<u8> {
    let form = format!("grant_type=client_credentials&client_id={}&client_secret={}", client.id, client.secret);
    let head = "POST /connect/token HTTP/1.1\r\nhost: bench\r\ncontent-type: application/x-www-form-urlencoded\r\n";
    format!("{head}content-length: {}\r\n\r\n{form}", form.len()).into_bytes()
}

const METADATA: &str = "/.well-known/oauth-authorization-server";
const EXIST: &str = "/v4.0/words/storage/Main/exist";
