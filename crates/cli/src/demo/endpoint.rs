//! The endpoint of the demonstration, by which the server knows the receiver inside this process.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use countersign_app::Ctx;
use countersign_app::webhooks::endpoints::{self, EndpointChange, Switch};
use countersign_app::webhooks::secrets;
use countersign_domain::ids::SiteId;
use countersign_domain::text::EndpointName;
use countersign_domain::webhook::EndpointSettings;

use super::receiver::{Inbox, PATH};
use crate::webhook::secret::prepare;

/// Sees to the endpoint of the receiver, and gives the inbox for what it is sent.
pub(super) async fn provision(ctx: &Ctx, site: SiteId, receiver: SocketAddr) -> Result<Inbox> {
    let name = EndpointName::new(NAME)?;
    let settings = EndpointSettings {
        description: "The receiver inside the demonstration".to_owned(),
        ..EndpointSettings::new(format!("http://{receiver}{PATH}"))
    };
    let known = endpoints::list(ctx, site).await?.into_iter().find(|endpoint| endpoint.name == name);
    let endpoint = match known {
        Some(endpoint) => {
            let change = EndpointChange { settings: Some(settings), ..EndpointChange::default() };
            let endpoint = endpoints::change(ctx, site, endpoint.id, change).await?;
            // What an earlier run was not told any more has nobody who waits for it.
            endpoints::switch(ctx, site, endpoint.id, Switch::EnableWithoutHeld).await?
        }
        None => endpoints::create(ctx, site, name, settings, None).await?.0,
    };
    let secrets = secrets::list(ctx, site, endpoint.id).await?;
    let current = secrets.first().context("the endpoint of the demonstration has no secret")?;
    Ok(Inbox::new(prepare(current)?))
}

const NAME: &str = "demo";
