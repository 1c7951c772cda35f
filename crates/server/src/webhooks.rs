//! The way of webhooks to their receivers: what the engine of use cases asks for, done by the guarded sender.

mod consent;
mod message;
mod rules;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use countersign_app::sites;
use countersign_app::webhooks::{Outgoing, Sender, Sent, WebhookPorts};
use countersign_domain::ids::SiteId;
use countersign_domain::outbound::{OutboundPolicy, OutboundUrl};
use countersign_domain::webhook::{AttemptOutcome, EndpointSettings};
use countersign_door_events::EventFormats;
use countersign_outbound::{CaBundle, Limits, OutboundRequest, SendError, SystemResolver, TrustError};
use countersign_store::{BoxFuture, Store};
use http::Method;
use tokio::time::Instant;

pub use self::rules::{WebhookRules, WebhookRulesError};

/// What sends to addresses that others have named, for one process: through the operator's proxy if there is one.
///
/// # Errors
/// When TLS cannot be set up.
pub fn sender(rules: &WebhookRules) -> Result<Arc<countersign_outbound::Sender>, TrustError> {
    let sender = countersign_outbound::Sender::new(Arc::new(SystemResolver::default()), rules.proxy().cloned())?;
    Ok(Arc::new(sender))
}

/// What the engine needs, for one process.
pub fn ports(rules: &WebhookRules, store: Store, sender: Arc<countersign_outbound::Sender>) -> WebhookPorts {
    let sender = GuardedSender { sender, rules: rules.clone(), store, policies: Mutex::default() };
    WebhookPorts { sender: Arc::new(sender), formats: Arc::new(EventFormats) }
}

/// Sends webhooks where the operator allows it.
struct GuardedSender {
    sender: Arc<countersign_outbound::Sender>,
    rules: WebhookRules,
    /// Knows the names of sites, by which the operator allows addresses.
    store: Store,
    policies: Mutex<HashMap<SiteId, Arc<OutboundPolicy>>>,
}

impl Sender for GuardedSender {
    fn send(&self, outgoing: Outgoing) -> BoxFuture<'_, Sent> {
        Box::pin(async move {
            let (at, begun) = (outgoing.timestamp, Instant::now());
            match self.try_send(outgoing).await {
                Ok(answer) => Sent {
                    outcome: AttemptOutcome::Answered,
                    status: Some(answer.status.as_u16()),
                    retry_after: answer.retry_after.map(|wait| wait.from(at)),
                    duration: answer.took,
                    address: answer.address.to_string(),
                    tls: answer.tls.unwrap_or_default(),
                    excerpt: answer.body,
                    error: String::new(),
                },
                Err(failure) => Sent { duration: begun.elapsed(), ..failure },
            }
        })
    }

    fn ask_consent<'a>(
        &'a self,
        site: SiteId,
        settings: &'a EndpointSettings,
        origin: &'a str,
    ) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let headers = consent::question(settings, origin).map_err(|error| error.to_string())?;
            let pace = settings.pace;
            let limits = Limits { connect: pace.connect_timeout(), whole: pace.attempt_timeout(), kept: 0 };
            let request = OutboundRequest {
                site,
                policy: self.policy(site).await.map_err(|error| error.to_string())?,
                method: Method::OPTIONS,
                url: OutboundUrl::parse(&settings.url).map_err(|error| format!("the URL {error}"))?,
                headers,
                body: Bytes::new(),
                ca: settings.ca.as_deref().map(CaBundle::from_pem).transpose().map_err(|error| error.to_string())?,
                limits,
            };
            let answer = self.sender.send(request).await.map_err(|error| describe(&error))?;
            if !answer.status.is_success() {
                return Err(format!("it answers OPTIONS with status {}", answer.status.as_u16()));
            }
            consent::judge(settings, origin, &answer.headers)
        })
    }

    fn check<'a>(&'a self, site: SiteId, settings: &'a EndpointSettings) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let url = OutboundUrl::parse(&settings.url).map_err(|error| format!("the URL {error}"))?;
            if let Some(pem) = &settings.ca {
                CaBundle::from_pem(pem).map_err(|error| format!("the CA certificates: {error}"))?;
            }
            let policy = self.policy(site).await.map_err(|error| error.to_string())?;
            self.sender.judge(site, &policy, &url).await.map_err(|blocked| blocked.to_string())
        })
    }
}

impl GuardedSender {
    async fn try_send(&self, outgoing: Outgoing) -> Result<countersign_outbound::OutboundAnswer, Sent> {
        let ours = |error: String| Sent::without_answer(AttemptOutcome::Ours, &error);
        let blocked = |error: String| Sent::without_answer(AttemptOutcome::Blocked, &error);
        let policy = self.policy(outgoing.site).await.map_err(|error| ours(error.to_string()))?;
        let url = OutboundUrl::parse(&outgoing.url).map_err(|error| blocked(error.to_string()))?;
        let ca = outgoing.ca.as_deref().map(CaBundle::from_pem).transpose();
        let ca = ca.map_err(|error| blocked(error.to_string()))?;
        let outgoing = message::take_apart(outgoing);
        let headers = message::headers(&outgoing).map_err(|error| ours(error.to_string()))?;
        let limits =
            Limits { connect: outgoing.connect_timeout, whole: outgoing.attempt_timeout, kept: outgoing.excerpt_limit };
        let request = OutboundRequest {
            site: outgoing.site,
            policy,
            method: Method::POST,
            url,
            headers,
            body: outgoing.body,
            ca,
            limits,
        };
        self.sender.send(request).await.map_err(|error| Sent::without_answer(outcome(&error), &describe(&error)))
    }

    /// Where a site may send. Names of sites do not change.
    async fn policy(&self, site: SiteId) -> Result<Arc<OutboundPolicy>, countersign_store::StoreError> {
        let known = self.policies.lock().unwrap_or_else(PoisonError::into_inner).get(&site).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let name = sites::find_name(&self.store, site).await?;
        let policy = Arc::new(self.rules.policy_of(name.as_ref()));
        self.policies.lock().unwrap_or_else(PoisonError::into_inner).insert(site, policy.clone());
        Ok(policy)
    }
}

fn outcome(error: &SendError) -> AttemptOutcome {
    match error {
        SendError::Blocked(_) => AttemptOutcome::Blocked,
        SendError::Broken(_) => AttemptOutcome::Broken,
        SendError::Connect(_) | SendError::Resolve(_) | SendError::Tls(_) => AttemptOutcome::Unreachable,
        SendError::Busy | SendError::Proxy(_) | SendError::Request(_) | SendError::Trust(_) => AttemptOutcome::Ours,
        SendError::TimedOut(..) => AttemptOutcome::TimedOut,
    }
}

/// With the cause, which tells more than that there was none.
fn describe(error: &SendError) -> String {
    match std::error::Error::source(error) {
        Some(cause) if !matches!(error, SendError::Blocked(_)) => format!("{error}: {cause}"),
        _ => error.to_string(),
    }
}
