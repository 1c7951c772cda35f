//! `countersign webhook listen`: events as they come, for people who write a receiver.

use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use countersign_app::Ctx;
use countersign_app::webhooks::log::{self, LogFilter};
use countersign_domain::site::Site;
use countersign_domain::webhook::{EndpointSettings, EventFacts, PayloadFormat};
use countersign_server::Stop;
use serde_json::json;
use ureq::Agent;

use crate::listing::Listed as _;
use crate::options::Options;
use crate::output::line;

/// How long one look waits for the next event.
const WAIT: Duration = Duration::from_secs(30);
/// Most events that are read at once.
const EVENTS: usize = 100;
/// How long the program on this machine may take for an event.
const TIMEOUT: Duration = Duration::from_secs(15);

/// What to listen to.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign webhook listen
  countersign webhook listen --forward http://127.0.0.1:3000/hooks --format fno

Events are handed on without a signature, one after the other. Stop with Ctrl-C.")]
pub(crate) struct Listen {
    /// Number after which it begins [default: what comes from now on].
    #[arg(long, value_name = "NUMBER")]
    after: Option<i64>,
    /// URL to which each event is sent, in the form of --format.
    #[arg(long, value_name = "URL")]
    forward: Option<String>,
    /// In which form events are handed on and printed with --bodies.
    #[arg(long, default_value = "standard")]
    format: PayloadFormat,
    /// Print the bodies that a receiver would get.
    #[arg(long)]
    bodies: bool,
}

impl Listen {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let stop = Stop::on_signals()?;
        options
            .on_site(async |ctx, site| {
                tokio::select! {
                    () = stop.asked() => Ok(()),
                    outcome = self.follow(options, ctx, site) => outcome,
                }
            })
            .await
    }

    async fn follow(&self, options: &Options, ctx: &Ctx, site: &Site) -> Result<()> {
        let ports = ctx.webhook_ports().context("webhooks are not available in this program")?;
        let read = async |after, wait| log::list(ctx, site.id, after, EVENTS, LogFilter::default(), wait).await;
        let mut after = match self.after {
            Some(after) => after,
            None => read(0, Duration::ZERO).await?.last,
        };
        options.output().note(&format!("Listening to events of site {} behind number {after}.", site.name));
        let settings = EndpointSettings { format: self.format, ..EndpointSettings::new("") };
        loop {
            let part = read(after, WAIT).await?;
            for event in &part.events {
                let body = ports.formats.render(event, &settings);
                self.print(options, event, &body);
                if let Some(url) = &self.forward {
                    let outcome = forward(url.clone(), body).await?;
                    options.output().note(&format!("{} -> {url}: {outcome}", event.sequence));
                }
            }
            after = part.next;
        }
    }

    fn print(&self, options: &Options, event: &EventFacts, body: &[u8]) {
        if options.json {
            let mut document = event.document();
            if self.bodies {
                document["body"] = json!(String::from_utf8_lossy(body));
            }
            // One document for each event, each on a line of its own.
            line(&document.to_string());
            return;
        }
        line(&event.row().join("  "));
        if self.bodies {
            line(&String::from_utf8_lossy(body));
        }
    }
}

/// Sends a body, and says what came back.
async fn forward(url: String, body: Vec<u8>) -> Result<String> {
    let sending = tokio::task::spawn_blocking(move || {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(TIMEOUT))
            .build();
        let request = ureq::http::Request::post(&url).header("content-type", "application/json").body(body);
        match request {
            Ok(request) => match config.new_agent().run(request) {
                Ok(answer) => answer.status().to_string(),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        }
    });
    Ok(sending.await?)
}
