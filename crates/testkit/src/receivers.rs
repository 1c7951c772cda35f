//! Receivers of webhooks that are not there: what they answer is up to the test.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_app::Ctx;
use countersign_app::webhooks::{Formats, Outgoing, Sender, Sent, WebhookPorts};
use countersign_domain::ids::SiteId;
use countersign_domain::webhook::{AttemptOutcome, Checkpoint, EndpointSettings, EventFacts};
use countersign_store::BoxFuture;

/// A webhook that has reached its receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Where.
    pub url: String,
    /// Its `webhook-id`.
    pub message_id: String,
    /// Its `webhook-timestamp`, in seconds since 1970.
    pub seconds: i64,
    /// With how many secrets it was to be signed.
    pub secrets: usize,
    /// The header that the receiver is logged in to with.
    pub authorization: Option<(String, String)>,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// Its bytes.
    pub body: Vec<u8>,
}

impl Received {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(its, _)| *its == name).map(|(_, value)| value.as_str())
    }
}

/// What a receiver does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It takes the webhook and never answers: whoever waits must be ended.
    Never,
    /// It is not asked: something of our own is in the way.
    Ours,
    /// It answers with a status, and perhaps asks to be left alone.
    Status(u16, Option<Duration>),
    /// It answers too late.
    TimesOut,
    /// It is not there.
    Unreachable,
}

type Behavior = Arc<dyn Fn(&Received) -> Answer + Send + Sync>;

/// All receivers of a test, by URL. What has no behavior answers 204.
#[derive(Clone, Default)]
pub struct Receivers {
    behaviors: Arc<Mutex<HashMap<String, Behavior>>>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receivers {
    /// Connects a process with them.
    #[must_use]
    pub fn ports(&self) -> WebhookPorts {
        WebhookPorts { sender: Arc::new(self.clone()), formats: Arc::new(PlainFormats) }
    }

    /// The same, also for its use cases.
    pub fn connect(&self, ctx: &Ctx) {
        ctx.connect_webhooks(self.ports());
    }

    /// Says what a receiver does from now on.
    pub fn behave(&self, url: &str, behavior: impl Fn(&Received) -> Answer + Send + Sync + 'static) {
        let mut behaviors = self.behaviors.lock().unwrap_or_else(PoisonError::into_inner);
        behaviors.insert(url.to_owned(), Arc::new(behavior));
    }

    /// What has arrived so far, in order.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What has arrived at a receiver so far, in order.
    #[must_use]
    pub fn received_at(&self, url: &str) -> Vec<Received> {
        self.received().into_iter().filter(|one| one.url == url).collect()
    }

    fn take(&self, outgoing: &Outgoing) -> Answer {
        let received = Received {
            url: outgoing.url.clone(),
            message_id: outgoing.message_id.clone(),
            seconds: outgoing.timestamp.as_seconds(),
            secrets: outgoing.secrets.len(),
            authorization: outgoing.authorization.as_ref().map(|(name, value)| (name.clone(), value.expose().clone())),
            headers: outgoing.headers.clone(),
            body: outgoing.body.to_vec(),
        };
        let behavior = self.behaviors.lock().unwrap_or_else(PoisonError::into_inner).get(&outgoing.url).cloned();
        let answer = behavior.map_or(Answer::Status(204, None), |behavior| behavior(&received));
        if !matches!(answer, Answer::Ours | Answer::Unreachable) {
            self.received.lock().unwrap_or_else(PoisonError::into_inner).push(received);
        }
        answer
    }
}

impl Sender for Receivers {
    fn send(&self, outgoing: Outgoing) -> BoxFuture<'_, Sent> {
        Box::pin(async move {
            match self.take(&outgoing) {
                Answer::Never => std::future::pending().await,
                Answer::Status(status, retry_after) => {
                    Sent { status: Some(status), retry_after, ..Sent::without_answer(AttemptOutcome::Answered, "") }
                }
                Answer::Ours => Sent::without_answer(AttemptOutcome::Ours, "the proxy is down"),
                Answer::TimesOut => Sent::without_answer(AttemptOutcome::TimedOut, "no answer in time"),
                Answer::Unreachable => Sent::without_answer(AttemptOutcome::Unreachable, "nobody is there"),
            }
        })
    }

    fn ask_consent<'a>(
        &'a self,
        _site: SiteId,
        settings: &'a EndpointSettings,
        origin: &'a str,
    ) -> BoxFuture<'a, Result<(), String>> {
        let consents = !settings.url.contains("silent.");
        Box::pin(async move { if consents { Ok(()) } else { Err(format!("the test does not know {origin}")) } })
    }

    fn check<'a>(&'a self, _site: SiteId, settings: &'a EndpointSettings) -> BoxFuture<'a, Result<(), String>> {
        let refused = settings.url.contains("refused.");
        Box::pin(async move { if refused { Err("the test refuses it".to_owned()) } else { Ok(()) } })
    }
}

/// Bodies with just enough to see which event they tell: number, type and entity.
pub struct PlainFormats;

impl Formats for PlainFormats {
    fn render(&self, facts: &EventFacts, _settings: &EndpointSettings) -> Vec<u8> {
        format!("{} {} {}", facts.sequence, facts.event.type_name(), facts.entity()).into_bytes()
    }

    fn checkpoint(&self, checkpoint: &Checkpoint, _settings: &EndpointSettings) -> Vec<u8> {
        let counts = checkpoint.counts;
        format!("checkpoint {} up to {}: {}", counts.number, counts.sequence, counts.delivered).into_bytes()
    }

    fn sample(&self, event_type: &str, _settings: &EndpointSettings) -> Option<Vec<u8>> {
        event_type.contains('.').then(|| format!("sample {event_type}").into_bytes())
    }
}
