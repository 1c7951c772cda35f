//! SIGHUP: the configuration is read anew, and what can change while the server runs comes into force.

use anyhow::Context;
use countersign_app::{Ctx, RateLimits};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, ConfigError};
use crate::connections::{ConnectionLimits, Connections, Terms};
use crate::open_files;
use crate::telemetry::LogLevel;
use crate::tls::{Tls, TlsError};

/// Where a changed configuration comes from, and what it changes beside connections.
pub struct Reload {
    /// Reads the configuration as it was read at the start.
    pub read: Box<dyn Fn() -> Result<Config, ConfigError> + Send + Sync>,
    /// What is logged.
    pub log_level: LogLevel,
    /// What is logged when the configuration does not say.
    pub usual_log_level: &'static str,
    /// The configuration at the start.
    pub fixed: FixedSettings,
}

/// Settings that are fixed while the server runs, to see whether they have been changed.
#[derive(Clone, PartialEq)]
pub struct FixedSettings(Vec<(&'static str, String)>);

impl FixedSettings {
    /// What a configuration says.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let Config { data, listen, base_url, default_site, database, log, metrics_listen, tls, webhooks, .. } = config;
        let database = database.as_ref().map_or("", |text| text.expose());
        Self(vec![
            ("data", data.display().to_string()),
            ("listen", listen.to_string()),
            ("base_url", format!("{base_url:?}")),
            ("default_site", format!("{default_site:?}")),
            // Only to be compared: these values are printed nowhere.
            ("database", database.to_owned()),
            ("log", format!("{log:?}")),
            ("metrics_listen", format!("{metrics_listen:?}")),
            // URLs and clients know whether it is TLS; which certificate can change.
            ("tls_certificate", tls.is_some().to_string()),
            ("webhook_allow", format!("{webhooks:?}")),
        ])
    }

    /// The keys of those that differ.
    fn changed<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'static str> + 'a {
        self.0.iter().zip(&other.0).filter(|(before, after)| before != after).map(|((key, _), _)| *key)
    }
}

/// What a configuration says about callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallerLimits {
    /// How often they may fail, and how much they may tell.
    pub rates: RateLimits,
    /// The largest file that they may store, in bytes.
    pub upload_bytes: u64,
}

/// Why the configuration stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// It cannot be read.
    #[error("the configuration cannot be used")]
    Config(#[from] ConfigError),
    /// The certificate or its key cannot be used.
    #[error("the certificate cannot be used")]
    Tls(#[from] TlsError),
}

impl Reload {
    /// Listens to SIGHUP from this moment on; what is returned handles it until the server stops.
    pub(crate) fn on_hangup(
        self,
        connections: Connections,
        ctx: Ctx,
        stopping: CancellationToken,
    ) -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
        let mut hangup = signal(SignalKind::hangup()).context("SIGHUP cannot be handled")?;
        let waiting = async move {
            while hangup.recv().await.is_some() {
                match self.apply(&connections) {
                    Ok(limits) => {
                        ctx.limit_rates(limits.rates);
                        ctx.limit_uploads(limits.upload_bytes);
                        tracing::info!("the configuration was read anew");
                    }
                    Err(error) => {
                        let error: &dyn std::error::Error = &error;
                        tracing::error!(error, "the configuration stays as it was");
                    }
                }
            }
        };
        Ok(async move {
            stopping.run_until_cancelled(waiting).await;
        })
    }

    /// Reads the configuration and applies it: all of what can change, or nothing. What it says about callers is given back,
    /// for the use cases.
    ///
    /// # Errors
    /// [`ReloadError`], and everything stays as it was.
    pub fn apply(&self, connections: &Connections) -> Result<CallerLimits, ReloadError> {
        let config = (self.read)()?;
        let changed: Vec<_> = self.fixed.changed(&FixedSettings::of(&config)).collect();
        let mut terms = terms(&config)?;
        if changed.contains(&"tls_certificate") {
            terms.tls.clone_from(&connections.terms().tls);
        }
        connections.renew(terms);
        self.log_level.set(config.log_level.as_deref().unwrap_or(self.usual_log_level));
        if !changed.is_empty() {
            tracing::warn!(settings = changed.join(", "), "changed settings that need the server to be started again");
        }
        Ok(CallerLimits { rates: config.rate_limits, upload_bytes: config.max_upload_bytes })
    }
}

/// What a configuration says about connections, as far as the system allows it. Certificate and key are read.
///
/// # Errors
/// [`TlsError`] names the file.
pub(crate) fn terms(config: &Config) -> Result<Terms, TlsError> {
    let tls = config.tls.as_ref().map(Tls::load).transpose()?;
    let limits =
        ConnectionLimits { connections: open_files::possible(config.limits.connections), ..config.limits.clone() };
    Ok(Terms { limits, proxies: config.trusted_proxies.clone(), tls })
}
