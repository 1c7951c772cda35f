//! `countersign serve`: the server in the foreground.

use std::net::SocketAddr;

use anyhow::Result;
use clap::Args;
use countersign_server::{Overrides, Server, Stop, init_logging};
use serde_json::json;

use crate::options::Options;
use crate::output::line;

/// Run the server.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign serve --default-site acme
  countersign serve --listen 0.0.0.0:8080 --base-url https://updates.example.com

Settings come from countersign.toml, from COUNTERSIGN_* variables, and from these options; later ones win. When the \
server accepts requests, it prints one line with its URL; its log goes to the error output. SIGTERM or Ctrl-C stops it \
after requests under way are finished.")]
pub(crate) struct Serve {
    /// Address and port to listen on [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// External base URL of sites that have none of their own [default: made from the address].
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Site that answers when neither host nor path names one.
    #[arg(long, value_name = "NAME")]
    default_site: Option<String>,
}

impl Serve {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        let Self { listen, base_url, default_site } = self;
        let config = options.configuration(Overrides { listen, base_url, default_site, ..Overrides::default() })?;
        init_logging(config.log, if options.quiet { "warn" } else { "info" });
        // From here on a signal is not lost, whatever is being done when it comes.
        let stop = Stop::on_signals()?;
        let server = Server::bind(config).await?;
        let base_url = server.base_url();
        if options.json {
            line(&json!({ "base_url": base_url }).to_string());
        } else {
            line(&format!("Countersign is ready at {base_url}"));
        }
        server.run(stop).await
    }
}
