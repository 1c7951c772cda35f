//! `countersign serve`: the server in the foreground.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use countersign_server::{Config, FixedSettings, LimitOverrides, Overrides, Reload, Server, Stop, init_logging};
use serde_json::json;

use crate::options::Options;
use crate::output::line;

/// Run the server.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign serve --default-site acme
  countersign serve --listen 0.0.0.0:8080 --base-url https://updates.example.com
  countersign serve --listen 0.0.0.0:443 --tls-certificate chain.pem --tls-key key.pem

Settings come from countersign.toml, from COUNTERSIGN_* variables, and from these options; later ones win. When the \
server accepts requests, it prints one line with its URL; its log goes to the error output. SIGHUP reads the settings and \
the certificate anew. SIGTERM or Ctrl-C stops the server after requests under way are finished.")]
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
    /// Address and port of the page of metrics, or `none` [default: 127.0.0.1:9464].
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<String>,
    /// PEM file with the certificate and those above it; with it, the server speaks HTTPS only.
    #[arg(long, value_name = "FILE")]
    tls_certificate: Option<PathBuf>,
    /// PEM file with the private key of the certificate.
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Addresses or networks of proxies whose X-Forwarded-For is believed, with commas between them.
    #[arg(long, value_name = "NETWORKS")]
    trusted_proxies: Option<String>,
    #[command(flatten)]
    limits: Limits,
}

/// Limits of connections.
#[derive(Args, Clone)]
#[command(next_help_heading = "Limits")]
struct Limits {
    /// Connections that are open at once [default: 20000].
    #[arg(long, value_name = "NUMBER")]
    max_connections: Option<u64>,
    /// The same from one address, or one /64 network of IPv6 [default: 1000].
    #[arg(long, value_name = "NUMBER")]
    max_connections_per_address: Option<u64>,
    /// Bytes of the head of a request [default: 32768].
    #[arg(long, value_name = "NUMBER")]
    max_header_bytes: Option<u64>,
    /// Bytes of the largest file of a storage [default: 5368709120].
    #[arg(long, value_name = "NUMBER")]
    max_upload_bytes: Option<u64>,
    /// Seconds for the head of a request, and for a TLS handshake [default: 10].
    #[arg(long, value_name = "SECONDS")]
    header_timeout: Option<u64>,
    /// Seconds that a connection may wait for its next request [default: 75].
    #[arg(long, value_name = "SECONDS")]
    idle_timeout: Option<u64>,
    /// Seconds in which a client may take next to nothing of its answer [default: 60].
    #[arg(long, value_name = "SECONDS")]
    stall_timeout: Option<u64>,
}

impl Serve {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        let overrides = self.overrides();
        let config = options.configuration(overrides.clone())?;
        let usual_log_level = if options.quiet { "warn" } else { "info" };
        let log_level = init_logging(config.log, config.log_level.as_deref().unwrap_or(usual_log_level));
        // From here on a signal is not lost, whatever is being done when it comes.
        let stop = Stop::on_signals()?;
        let (file, overrides) = (options.config.clone(), options.with_data(overrides));
        let reload = Reload {
            read: Box::new(move || Config::load(file.as_deref(), overrides.clone())),
            log_level,
            usual_log_level,
            fixed: FixedSettings::of(&config),
        };
        let server = Server::bind(config).await?.reloading(reload);
        let base_url = server.base_url();
        if options.json {
            line(&json!({ "base_url": base_url, "metrics_url": server.metrics_url() }).to_string());
        } else {
            line(&format!("Countersign is ready at {base_url}"));
        }
        server.run(stop).await
    }

    fn overrides(self) -> Overrides {
        let Limits {
            max_connections,
            max_connections_per_address,
            max_header_bytes,
            max_upload_bytes,
            header_timeout,
            idle_timeout,
            stall_timeout,
        } = self.limits;
        Overrides {
            data: None,
            listen: self.listen,
            base_url: self.base_url,
            default_site: self.default_site,
            metrics_listen: self.metrics_listen,
            tls_certificate: self.tls_certificate,
            tls_key: self.tls_key,
            trusted_proxies: self.trusted_proxies,
            max_upload_bytes,
            limits: LimitOverrides {
                header_timeout,
                idle_timeout,
                max_connections,
                max_connections_per_address,
                max_header_bytes,
                stall_timeout,
            },
        }
    }
}
