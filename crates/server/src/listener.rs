//! The socket: bound first, so that its address is known; served until told to stop; then a clean end.

use std::time::Duration;

use anyhow::Context;
use countersign_app::Ctx;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::node::Node;
use crate::stop::Stop;
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

    /// Serves until it is asked to stop, then finishes requests, workers and store, in this order.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn run(self, stop: Stop) -> anyhow::Result<()> {
        let stopping = CancellationToken::new();
        let workers = workers::start(self.node.ctx().clone(), stopping.clone());
        let app = routing::app(self.node.ctx().clone());
        let asked = stop.clone();
        let serve = axum::serve(self.listener, app).with_graceful_shutdown(async move {
            asked.asked().await;
            tracing::info!("stopping: finishing requests");
        });
        let outcome = tokio::select! {
            outcome = serve.into_future() => outcome,
            () = end_of_grace(&stop) => {
                tracing::warn!("some requests were cut off");
                Ok(())
            }
        };
        stopping.cancel();
        let finish = async {
            workers.wait().await;
            self.node.close().await;
        };
        tokio::select! {
            () = finish => {}
            () = end_of_grace(&stop) => tracing::warn!("the store was not closed in time; what it acknowledged is kept"),
        }
        outcome.context("the listener failed")
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
