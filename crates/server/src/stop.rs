//! Being told to stop: once to finish, twice to end at once.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Knows whether the process was asked to stop. Clones share what they know.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    asked: CancellationToken,
    insisted: CancellationToken,
}

impl Stop {
    /// Listens to SIGTERM and SIGINT (Ctrl-C) from this moment on: a signal that comes before anyone waits is kept.
    ///
    /// # Errors
    /// When the system does not let the process handle its signals.
    pub fn on_signals() -> std::io::Result<Self> {
        let stop = Self::default();
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        #[expect(clippy::disallowed_methods, reason = "listens as long as the process lives; nothing waits for it")]
        tokio::spawn(stop.clone().listen(terminate, interrupt));
        Ok(stop)
    }

    /// Asks for the stop, as a signal does.
    pub fn ask(&self) {
        self.asked.cancel();
    }

    /// Whether the stop was asked for.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.asked.is_cancelled()
    }

    /// Resolves when the stop was asked for, also when that was before this call.
    pub async fn asked(&self) {
        self.asked.cancelled().await;
    }

    /// Resolves when it was asked for a second time: whoever asks twice does not want to wait.
    pub async fn insisted(&self) {
        self.insisted.cancelled().await;
    }

    async fn listen(self, mut terminate: Signal, mut interrupt: Signal) {
        for token in [&self.asked, &self.insisted] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            token.cancel();
        }
    }
}
