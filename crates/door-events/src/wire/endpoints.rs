//! Endpoints as JSON.

use countersign_crypto::Secret;
use countersign_domain::audit::Channel;
use countersign_domain::text::EndpointName;
use countersign_domain::webhook::{Authorization, Endpoint, EndpointSettings, EventTypes, FamilySet};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::error::Error;

/// An endpoint: who is told of what, in which form, and how fast
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EndpointBody {
    #[schema(example = 12)]
    id: i64,
    /// What people call it
    #[schema(example = "billing")]
    name: String,
    #[schema(example = "https://hooks.lumen.example/in")]
    url: String,
    description: String,
    /// Of what it hears: device, entitlement, product; none: all
    families: Vec<&'static str>,
    /// Of which types, such as lineitem.expired or device.*; none: all
    event_types: Vec<String>,
    /// Only what came on these ways; none: all
    channels: Vec<&'static str>,
    /// Users whose changes it does not hear of
    ignored_users: Vec<String>,
    /// Names of products that it hears of; none: all
    products: Vec<String>,
    /// fno, standard, cloudevents or license
    #[schema(example = "standard")]
    format: &'static str,
    /// structured or binary
    #[schema(example = "structured")]
    cloud_events_mode: &'static str,
    /// full or thin
    #[schema(example = "full")]
    size: &'static str,
    /// core or extended
    #[schema(example = "extended")]
    device_payload: &'static str,
    include_line_item_custom_attributes: bool,
    /// none, basic, bearer, or header: and a name
    #[schema(example = "header:X-Api-Key")]
    auth_type: String,
    /// entity, none or strict
    #[schema(example = "entity")]
    order: &'static str,
    /// Whether an event takes the place of one that says the same of the same thing and was not sent yet
    coalesce: bool,
    /// It is told how much it must have by then each time that so many minutes have passed; null: only on demand
    #[schema(example = 60)]
    checkpoint_minutes: Option<u16>,
    #[schema(example = 8)]
    concurrency: u16,
    /// Null: any number
    rate_per_second: Option<u16>,
    #[schema(example = 5)]
    connect_timeout_seconds: u8,
    #[schema(example = 15)]
    timeout_seconds: u8,
    /// Whether it is asked for its consent (OPTIONS with WebHook-Request-Origin) before it is sent anything
    ask_consent: bool,
    /// Root certificates that are trusted as well (PEM)
    ca: Option<String>,
    /// enabled, disabled, failed, gone or off
    #[schema(example = "enabled")]
    state: &'static str,
    /// Since when all attempts have failed
    failing_since: Option<String>,
    /// Nothing is sent before
    paused_until: Option<String>,
    #[schema(example = 1)]
    revision: i64,
    created_at: String,
    changed_at: String,
}

impl From<&Endpoint> for EndpointBody {
    fn from(endpoint: &Endpoint) -> Self {
        let settings = &endpoint.settings;
        Self {
            id: endpoint.id.0,
            name: endpoint.name.to_string(),
            url: settings.url.clone(),
            description: settings.description.clone(),
            families: settings.families.0.iter().map(|family| family.as_str()).collect(),
            event_types: settings.types.0.clone(),
            channels: settings.channels.iter().map(|channel| channel.as_str()).collect(),
            ignored_users: settings.ignored_users.clone(),
            products: settings.products.clone(),
            format: settings.format.as_str(),
            cloud_events_mode: settings.cloud_events.as_str(),
            size: settings.size.as_str(),
            device_payload: settings.device_payload.as_str(),
            include_line_item_custom_attributes: settings.line_item_attributes,
            auth_type: settings.authorization.to_text(),
            order: settings.order.as_str(),
            coalesce: settings.coalesce,
            checkpoint_minutes: settings.checkpoint_minutes,
            concurrency: settings.pace.concurrency,
            rate_per_second: settings.pace.rate,
            connect_timeout_seconds: settings.pace.connect_seconds,
            timeout_seconds: settings.pace.attempt_seconds,
            ask_consent: settings.consent,
            ca: settings.ca.clone(),
            state: endpoint.state.as_str(),
            failing_since: endpoint.trouble.map(|trouble| trouble.since.to_string()),
            paused_until: endpoint.paused_until.map(|time| time.to_string()),
            revision: endpoint.revision,
            created_at: endpoint.created_at.to_string(),
            changed_at: endpoint.changed_at.to_string(),
        }
    }
}

/// All endpoints
#[derive(Serialize, ToSchema)]
pub(crate) struct EndpointList {
    /// One for each
    pub(crate) endpoints: Vec<EndpointBody>,
}

/// What an endpoint is to be; what is not given stays, or takes its default
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EndpointInput {
    #[schema(example = "billing")]
    name: Option<String>,
    #[schema(example = "https://hooks.lumen.example/in")]
    url: Option<String>,
    description: Option<String>,
    families: Option<Vec<String>>,
    event_types: Option<Vec<String>>,
    channels: Option<Vec<String>>,
    ignored_users: Option<Vec<String>>,
    products: Option<Vec<String>>,
    format: Option<String>,
    cloud_events_mode: Option<String>,
    size: Option<String>,
    device_payload: Option<String>,
    include_line_item_custom_attributes: Option<bool>,
    auth_type: Option<String>,
    /// USER:PASSWORD, the token, or the value of the header; never shown. Null forgets it
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "n0t-a-real-token")]
    auth_secret: Option<Option<String>>,
    order: Option<String>,
    coalesce: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u16>)]
    checkpoint_minutes: Option<Option<u16>>,
    concurrency: Option<u16>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u16>)]
    rate_per_second: Option<Option<u16>>,
    connect_timeout_seconds: Option<u8>,
    timeout_seconds: Option<u8>,
    ask_consent: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    ca: Option<Option<String>>,
    /// The revision that was seen; another one is a conflict
    revision: Option<i64>,
}

/// What a body says about an endpoint.
pub(crate) struct Wanted {
    pub(crate) name: Option<EndpointName>,
    pub(crate) settings: EndpointSettings,
    /// The inner `None`: it is forgotten.
    pub(crate) secret: Option<Option<Secret<String>>>,
    pub(crate) revision: Option<i64>,
}

impl EndpointInput {
    /// The settings that come out when these members are laid over others. Without others, a URL is needed.
    pub(crate) fn over(self, before: Option<EndpointSettings>) -> Result<Wanted, Error> {
        let mut to = match (before, &self.url) {
            (Some(before), _) => before,
            (None, Some(url)) => EndpointSettings::new(url.as_str()),
            (None, None) => return Err(Error::member("url", "is missing")),
        };
        let name = self.name.map(EndpointName::new).transpose();
        let name = name.map_err(|error| Error::member("name", &format!("cannot be used: {error}")))?;
        set(&mut to.url, self.url);
        set(&mut to.description, self.description);
        set(&mut to.families, words("families", self.families)?.map(FamilySet));
        set(&mut to.types, self.event_types.map(EventTypes));
        let channels = self.channels.map(|words| words.iter().map(|word| Channel::parse(word)).collect::<Option<_>>());
        set(&mut to.channels, channels.map(|all| all.ok_or(unknown("channels"))).transpose()?);
        set(&mut to.ignored_users, self.ignored_users);
        set(&mut to.products, self.products);
        set(&mut to.format, word("format", self.format.as_deref())?);
        set(&mut to.cloud_events, word("cloudEventsMode", self.cloud_events_mode.as_deref())?);
        set(&mut to.size, word("size", self.size.as_deref())?);
        set(&mut to.device_payload, word("devicePayload", self.device_payload.as_deref())?);
        set(&mut to.line_item_attributes, self.include_line_item_custom_attributes);
        let authorization = self.auth_type.map(|text| Authorization::from_text(&text).ok_or(unknown("authType")));
        set(&mut to.authorization, authorization.transpose()?);
        set(&mut to.order, word("order", self.order.as_deref())?);
        set(&mut to.coalesce, self.coalesce);
        set(&mut to.checkpoint_minutes, self.checkpoint_minutes);
        set(&mut to.pace.concurrency, self.concurrency);
        set(&mut to.pace.rate, self.rate_per_second);
        set(&mut to.pace.connect_seconds, self.connect_timeout_seconds);
        set(&mut to.pace.attempt_seconds, self.timeout_seconds);
        set(&mut to.consent, self.ask_consent);
        set(&mut to.ca, self.ca);
        let secret = self.auth_secret.map(|secret| secret.map(Secret::new));
        Ok(Wanted { name, settings: to, secret, revision: self.revision })
    }
}

fn set<T>(to: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *to = value;
    }
}

fn unknown(member: &'static str) -> Error {
    Error::member(member, "has a word that is not known")
}

fn word<T: std::str::FromStr>(member: &'static str, text: Option<&str>) -> Result<Option<T>, Error> {
    text.map(|text| text.parse().map_err(|_| unknown(member))).transpose()
}

fn words<T: std::str::FromStr>(member: &'static str, texts: Option<Vec<String>>) -> Result<Option<Vec<T>>, Error> {
    let read = |texts: Vec<String>| texts.iter().map(|text| text.parse().map_err(|_| unknown(member))).collect();
    texts.map(read).transpose()
}

/// Tells null from a member that is not there.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

/// A secret that webhooks are signed with
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecretBody {
    /// hmac or ed25519
    #[schema(example = "hmac")]
    pub(crate) kind: &'static str,
    /// What both sides hold (hmac)
    #[schema(example = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=")]
    pub(crate) secret: Option<String>,
    /// What receivers verify with (ed25519)
    pub(crate) public_key: Option<String>,
    pub(crate) created_at: String,
    /// From when on it signs no more; null: it is the current one
    pub(crate) ends_at: Option<String>,
}

/// The secrets that sign now
#[derive(Serialize, ToSchema)]
pub(crate) struct SecretList {
    /// The current one first
    pub(crate) secrets: Vec<SecretBody>,
}

/// How a secret is replaced
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RotateInput {
    /// For how long the old one goes on signing beside the new one, at most seven days
    #[schema(example = 86_400)]
    pub(crate) grace_seconds: Option<u32>,
    /// hmac or ed25519
    pub(crate) kind: Option<String>,
}

/// Which sample is sent
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TestInput {
    #[schema(example = "lineitem.expired")]
    pub(crate) event_type: Option<String>,
}

/// What became of a sample
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TestAnswer {
    /// answered, blocked, broken, ours, timed-out or unreachable
    #[schema(example = "answered")]
    pub(crate) outcome: &'static str,
    #[schema(example = 204)]
    pub(crate) status: Option<u16>,
    #[schema(example = 12)]
    pub(crate) duration_ms: u64,
    pub(crate) address: String,
    pub(crate) tls: String,
    /// The beginning of the answer
    pub(crate) answer: String,
    pub(crate) error: String,
    /// What was sent
    pub(crate) body: String,
}

/// How far deliveries of an endpoint are
#[derive(Serialize, ToSchema)]
pub(crate) struct StatsAnswer {
    /// One for each state
    pub(crate) deliveries: Vec<StateCount>,
}

/// How many deliveries are in a state
#[derive(Serialize, ToSchema)]
pub(crate) struct StateCount {
    #[schema(example = "delivered")]
    pub(crate) state: &'static str,
    #[schema(example = 1207)]
    pub(crate) count: u64,
    /// When the oldest of them was queued
    pub(crate) oldest: String,
}
