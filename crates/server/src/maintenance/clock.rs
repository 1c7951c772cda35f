//! Taking back the time of a store that has seen a clock which was ahead.

use anyhow::{Context, Result, ensure};
use countersign_app::installation::{self, LoweredTime};
use countersign_domain::audit::{Actor, Channel};

use super::doctor::answering_server;
use crate::{Config, Node};

/// Takes the time of the embedded store back to what the clock of the machine shows; `None` when it is not ahead of it.
///
/// # Errors
/// When a server runs, which would bring the later time back; when the store is a PostgreSQL database, which has a clock of
/// its own; and when the store cannot be written. Nothing was changed then.
pub async fn repair_clock(config: &Config) -> Result<Option<LoweredTime>> {
    ensure!(
        config.database.is_none(),
        "the store is a PostgreSQL database, whose own clock tells the time: set the clock of its machine"
    );
    if let Some(address) = answering_server(config) {
        anyhow::bail!("a server answers at {address}, and would bring the later time back; stop it first");
    }
    ensure!(config.data.exists(), "{} is not there; name yours with --data", config.data.display());
    let node = Node::open(config).await?;
    let lowered = installation::lower_time(&node.ctx().acting_as(Actor::of(Channel::CommandLine))).await;
    node.close().await;
    lowered.context("the time of the store cannot be taken back")
}
