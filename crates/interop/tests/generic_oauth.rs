//! Generic OAuth clients of others, against `countersign demo`: each gets a token by discovery alone, and verifies
//! it or opens a storage with it.

use anyhow::{Context, Result, ensure};
use countersign_interop::{Demo, Outcome, node_sdks, python, rust_oauth_client};
use serde_json::{Value, json};

/// What a client is told: issuer, ID and secret, and a storage that is there.
fn credentials(demo: &Demo) -> Result<String> {
    let all: Value = serde_json::from_str(demo.credentials())?;
    let oauth = all.get("oauth").context("the demo has no application")?;
    let document = json!({
        "issuer": all["base_url"],
        "client_id": oauth["client_id"],
        "client_secret": oauth["client_secret"],
        "storage": oauth["storage"],
    });
    Ok(document.to_string())
}

fn content(outcome: &Outcome, demo: &Demo) -> Result<()> {
    ensure!(outcome.succeeded, "the client is not content:\n{}\nthe program says:\n{}", outcome.report, demo.log());
    ensure!(outcome.report.contains("every check held"), "the client stopped early:\n{}", outcome.report);
    Ok(())
}

#[test]
fn python_clients_get_tokens_by_discovery() -> Result<()> {
    let demo = Demo::start()?;
    content(&python("oauth_clients.py", &credentials(&demo)?)?, &demo)?;
    demo.stop()
}

#[test]
fn a_node_client_gets_tokens_by_discovery() -> Result<()> {
    let demo = Demo::start()?;
    content(&node_sdks("oauth_client.mjs", &credentials(&demo)?)?, &demo)?;
    demo.stop()
}

#[test]
fn a_rust_client_gets_tokens_by_discovery() -> Result<()> {
    let demo = Demo::start()?;
    content(&rust_oauth_client(&credentials(&demo)?)?, &demo)?;
    demo.stop()
}
