//! `countersign demo`: first contact.
//!
//! It provisions a sample site, serves it, writes the credentials of a device and a producer into a file, and then walks
//! through every door with real requests over the socket, saying at each step what was verified. It needs no network
//! and no other service.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow, ensure};
use clap::Args;
use countersign_domain::audit::{Actor, Channel};
use countersign_server::{MetricsListen, Overrides, Server, Stop, init_logging};

use self::provision::Place;
use self::receiver::Receiver;
use self::steps::Steps;
use self::tour::Tour;
use crate::options::Options;
use crate::output::{Output, line};

mod application;
mod endpoint;
mod events;
mod extras;
mod floating;
mod http;
mod license;
mod license_api;
mod licensed;
mod offline;
mod provision;
mod publication;
mod receiver;
mod registering;
mod sample;
mod steps;
mod tamper;
mod token_client;
mod tour;
mod updating;

/// Show what the server does.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign demo
  countersign demo --exit
  countersign demo --release ./out --listen 127.0.0.1:9000

The data directory (--data, ./countersign-demo by default) keeps site, keys and credentials: a second run uses \
them again. credentials.json in it has everything that a device and a producer need, and is readable by you alone.")]
pub(crate) struct Demo {
    /// Address and port to listen on [default: as configured, else 127.0.0.1:8080; a free port when it is taken].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Publish the files of this folder as the sample release [default: this program itself].
    #[arg(long, value_name = "DIR")]
    release: Option<PathBuf>,
    /// End after the walk; the exit status is 0 only if every step held.
    #[arg(long)]
    exit: bool,
}

impl Demo {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        let output = options.output();
        let folder = options.data.clone().unwrap_or_else(|| PathBuf::from(FOLDER));
        let mut config = options.configuration(Overrides {
            data: Some(folder.clone()),
            listen: self.listen,
            default_site: Some(provision::SITE.to_owned()),
            ..Overrides::default()
        })?;
        ensure!(config.database.is_none(), OTHER_DATABASE);
        if self.listen.is_none() {
            config.listen = free_address(config.listen, output);
        }
        if let MetricsListen::IfFree(_) = config.metrics_listen {
            // A server may run beside the demonstration, and the page is its.
            config.metrics_listen = MetricsListen::Off;
        }
        init_logging(config.log, "warn");
        // From here on a signal is not lost, whatever is being done when it comes.
        let signals = Stop::on_signals()?;
        let receiver = Receiver::bind().await?;
        // Exactly this address, for this site alone.
        config.webhooks.allow(&format!("{}={}", provision::SITE, receiver.address()))?;
        let server = Server::bind(config).await?;
        let ctx = server.ctx().acting_as(Actor::of(Channel::CommandLine));
        let base_url = server.base_url().to_owned();
        ensure!(
            base_url.starts_with("http://"),
            "the demonstration speaks plain HTTP on this machine, but the base URL is {base_url}; \
             leave base_url and COUNTERSIGN_BASE_URL unset for it"
        );
        let place = Place { folder: &folder, base_url: &base_url, receiver: receiver.address() };
        let tour = provision::provision(&ctx, place, self.release.as_deref(), output).await?;
        let mut receiving = Box::pin(receiver.serve(tour.back_office.inbox.clone()));

        // The server goes on while the walk is broken off, so it has an end of its own.
        let end = Stop::default();
        let mut serving = Box::pin(server.run(end.clone()));
        let outcome = tokio::select! {
            ended = &mut serving => return Err(ended.err().unwrap_or_else(|| anyhow!("the server stopped by itself"))),
            ended = &mut receiving => return Err(ended.err().unwrap_or_else(|| anyhow!("the receiver stopped by itself"))),
            outcome = show(tour, self.exit, output, &signals) => outcome,
        };
        end.ask();
        tokio::select! {
            ended = serving => ended?,
            // What is under way to the receiver arrives while the server stops.
            ended = receiving => ended?,
        }
        outcome
    }
}

/// Walks through the doors of the server that runs beside this; then waits for the end unless there is one.
async fn show(tour: Tour, exit: bool, output: Output, signals: &Stop) -> Result<()> {
    let base_url = tour.base_url.clone();
    let ready = base_url.clone();
    let walk = tokio::task::spawn_blocking(move || {
        tour.wait_until_ready()?;
        if !output.json {
            line(&format!("Countersign is ready at {ready}"));
        }
        let mut steps = Steps::new(output);
        let summary = tour.walk(&mut steps)?;
        steps.finish(&tour, &summary);
        Ok(tour)
    });
    let walked: Result<Tour> = tokio::select! {
        walked = walk => walked.context("the walk was lost")?,
        () = signals.asked() => Err(anyhow!("stopped before the walk was over")),
    };
    let tour = walked?;
    if !exit {
        output.tell(&invitation(&tour));
        signals.asked().await;
    }
    Ok(())
}

/// The usual address, or a free port on it when another program has it. Only who names a port on the command line
/// wants that one and no other.
fn free_address(usual: SocketAddr, output: Output) -> SocketAddr {
    match TcpListener::bind(usual) {
        Ok(_) => usual,
        Err(error) => {
            output.note(&format!("{usual} cannot be used ({error}); a free port is taken. Choose one with --listen."));
            SocketAddr::new(usual.ip(), 0)
        }
    }
}

fn invitation(tour: &Tour) -> String {
    let credentials = tour.credentials_file.display();
    let folder = tour.credentials_file.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
    let base_url = &tour.base_url;
    format!(
        "\nCredentials of the sample device, producer and back office: {credentials}\n\
         Documentation of the doors: {base_url}/docs\n\n\
         Try in another terminal:\n  \
         countersign device check --credentials {credentials}\n  \
         countersign device update --credentials {credentials} --into ./downloads\n  \
         countersign device register --credentials {credentials} --id MY-DEVICE\n  \
         countersign package list --data {folder}\n  \
         countersign update deactivate {update} --data {folder}\n\n\
         Serving until you press Ctrl-C.",
        update = tour.open.update,
    )
}

const FOLDER: &str = "countersign-demo";
/// A database is shared with others, and the demonstration makes a site, logins and keys of its own.
const OTHER_DATABASE: &str = "a PostgreSQL database is configured here, and the demonstration would make a site, a login \
    and keys in it; run it in another directory, without a countersign.toml and with COUNTERSIGN_DATABASE_URL unset";
