//! The socket: bound first, so that its address is known; served until told to stop; then a clean end.

use std::time::Duration;

use anyhow::Context;
use countersign_app::Ctx;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::node::Node;
use crate::{routing, workers};

/// How long requests may go on after the stop was asked for: long enough for an answer, not for a download.
const GRACE: Duration = Duration::from_secs(10);

/// A server that is bound to its address.
pub struct Server {
    listener: TcpListener,
    node: Node,
    base_url: String,
}

impl Server {
    /// Binds the address and opens the installation.
    ///
    /// # Errors
    /// When the address is taken or the installation cannot be opened.
    pub async fn bind(config: Config) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(config.listen).await;
        let listener = listener
            .with_context(|| format!("cannot listen on {}; choose another address with --listen", config.listen))?;
        let base_url = config.base_url_for(listener.local_addr()?);
        let node = Node::with_base_url(&config, base_url.clone()).await?;
        Ok(Self { listener, node, base_url })
    }

    /// The base URL of sites that have none of their own; for a person, where the server is.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The context of use cases.
    #[must_use]
    pub fn ctx(&self) -> &Ctx {
        self.node.ctx()
    }

    /// Serves until `stop` resolves, then finishes requests, workers and store, in this order.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> anyhow::Result<()> {
        let stopping = CancellationToken::new();
        let workers = workers::start(self.node.ctx().clone(), stopping.clone());
        let app = routing::app(self.node.ctx().clone());
        let stopped = stopping.clone();
        let serve = axum::serve(self.listener, app).with_graceful_shutdown(async move {
            stop.await;
            tracing::info!("stopping: finishing requests");
            stopped.cancel();
        });
        let outcome = tokio::select! {
            outcome = serve.into_future() => outcome,
            () = deadline(&stopping) => {
                tracing::warn!("some requests were cut off after {} s", GRACE.as_secs());
                Ok(())
            }
        };
        stopping.cancel();
        workers.wait().await;
        self.node.close().await;
        outcome.context("the listener failed")
    }
}

/// Resolves when the stop was asked for and the time of grace has passed.
async fn deadline(stopping: &CancellationToken) {
    stopping.cancelled().await;
    #[expect(clippy::disallowed_methods, reason = "the end of the time of grace; nothing else can bring it about")]
    tokio::time::sleep(GRACE).await;
}

/// Resolves when the process is asked to stop: SIGTERM, or SIGINT (Ctrl-C).
pub async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(error) => {
            tracing::warn!(error = %error, "SIGTERM is not handled; stop with Ctrl-C");
            // An error means that there is nothing to wait for: stopping is all that is left.
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
