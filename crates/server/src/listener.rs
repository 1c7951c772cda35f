//! The server: bound first, so that its address is known; serving until told to stop; then a clean end.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use countersign_app::Ctx;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::clock::SystemClock;
use crate::config::{Config, MetricsListen};
use crate::connections::{ConnectionLimits, Connections, Terms};
use crate::metrics::{self, Metrics};
use crate::node::Node;
use crate::reload::{Reload, terms};
use crate::stop::Stop;
use crate::{open_files, routing, telemetry, workers};

/// How long requests may go on after the stop was asked for: long enough for an answer, not for a download.
const GRACE: Duration = Duration::from_secs(10);
/// Connections to the page of metrics: a few collectors, and people who look.
const METRICS_CONNECTIONS: usize = 64;

/// A server that is bound to its address.
pub struct Server {
    listener: TcpListener,
    metrics_listener: Option<TcpListener>,
    connections: Connections,
    node: Node,
    base_url: String,
    reload: Option<Reload>,
}

impl Server {
    /// Binds the addresses, reads the certificate, and opens the installation.
    ///
    /// # Errors
    /// When an address is taken, the certificate cannot be used, or the installation cannot be opened.
    pub async fn bind(config: Config) -> anyhow::Result<Self> {
        open_files::raise_limit();
        let connections = Connections::new(terms(&config)?);
        let listener = TcpListener::bind(config.listen).await;
        let listener = listener
            .with_context(|| format!("cannot listen on {}; choose another address with --listen", config.listen))?;
        let metrics_listener = bind_metrics(config.metrics_listen).await?;
        let base_url = config.base_url_for(listener.local_addr()?);
        let node = Node::with_base_url(&config, base_url.clone()).await?;
        node.ctx().limit_rates(config.rate_limits);
        let (wanted, possible) = (config.limits.connections, connections.terms().limits.connections);
        if possible < wanted {
            tracing::info!(max_connections = possible, wanted, "the limit of open files allows fewer connections");
        }
        Ok(Self { listener, metrics_listener, connections, node, base_url, reload: None })
    }

    /// The same server, which reads its configuration anew when the process gets SIGHUP.
    #[must_use]
    pub fn reloading(self, reload: Reload) -> Self {
        Self { reload: Some(reload), ..self }
    }

    /// The base URL of sites that have none of their own; for a person, where the server is.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Where the page of metrics is, if there is one.
    #[must_use]
    pub fn metrics_url(&self) -> Option<String> {
        let address = self.metrics_listener.as_ref()?.local_addr().ok()?;
        Some(format!("http://{address}/metrics"))
    }

    /// The context of use cases.
    #[must_use]
    pub fn ctx(&self) -> &Ctx {
        self.node.ctx()
    }

    /// Serves until it is asked to stop, then finishes requests, workers and store, in this order.
    ///
    /// # Errors
    /// When the process cannot handle its signals.
    pub async fn run(self, stop: Stop) -> anyhow::Result<()> {
        let Self { listener, metrics_listener, connections, node, base_url: _, reload } = self;
        let stopping = CancellationToken::new();
        let reloading = reload
            .map(|reload| reload.on_hangup(connections.clone(), node.ctx().clone(), stopping.clone()))
            .transpose()?;
        let workers = workers::start(node.ctx().clone(), stopping.clone());
        if let Some(reloading) = reloading {
            workers.spawn(reloading);
        }
        let metrics = Arc::new(Metrics::new(&SystemClock, node.ctx().clone(), connections.clone()));
        let collectors = Connections::new(Terms {
            limits: ConnectionLimits { connections: METRICS_CONNECTIONS, ..ConnectionLimits::default() },
            ..Terms::default()
        });
        let app = routing::watched(node.ctx().clone(), metrics.clone(), stop.clone());
        let serve_metrics = async {
            if let Some(listener) = metrics_listener {
                collectors.serve(listener, metrics::router(metrics), &stop).await;
            }
        };
        let announce = async {
            stop.asked().await;
            tracing::info!("stopping: finishing requests");
        };
        tokio::select! {
            _ = async { tokio::join!(connections.serve(listener, app, &stop), serve_metrics, announce) } => {}
            () = end_of_grace(&stop) => tracing::warn!("some requests were cut off"),
        }
        connections.cut_all();
        collectors.cut_all();
        stopping.cancel();
        let finish = async {
            workers.wait().await;
            node.close().await;
        };
        tokio::select! {
            () = finish => {}
            () = end_of_grace(&stop) => tracing::warn!("the store was not closed in time; what it acknowledged is kept"),
        }
        telemetry::flush_log();
        Ok(())
    }
}

/// The listener of metrics. A built-in address that is taken, by a second server on the machine for example, is no reason
/// not to start.
async fn bind_metrics(wanted: MetricsListen) -> anyhow::Result<Option<TcpListener>> {
    match wanted {
        MetricsListen::Off => Ok(None),
        MetricsListen::At(address) => {
            let listener = TcpListener::bind(address).await;
            let listener = listener.with_context(|| {
                format!("cannot listen on {address} for metrics; choose another address with --metrics-listen, or none")
            })?;
            Ok(Some(listener))
        }
        MetricsListen::IfFree(address) => match TcpListener::bind(address).await {
            Ok(listener) => Ok(Some(listener)),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, %address, "there is no page of metrics; choose another address, or none, with metrics_listen");
                Ok(None)
            }
        },
    }
}

/// Resolves when the stop was asked for and the time of grace has passed, or when it was asked for twice.
async fn end_of_grace(stop: &Stop) {
    stop.asked().await;
    #[expect(clippy::disallowed_methods, reason = "the end of the time of grace; nothing else can bring it about")]
    let grace = tokio::time::sleep(GRACE);
    tokio::select! {
        () = stop.insisted() => {}
        () = grace => {}
    }
}
