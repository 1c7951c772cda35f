//! What can be said about a receiver.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use countersign_crypto::Secret;
use countersign_domain::audit::Channel;
use countersign_domain::webhook::{
    Authorization, CloudEventsMode, DeliveryOrder, DevicePayload, Endpoint, EndpointSettings, EventTypes, Family,
    FamilySet, PayloadFormat, PayloadSize,
};
use serde_json::{Value, json};

use crate::text_input;

/// Settings of a receiver; what is not given stays as it is.
#[derive(Args)]
pub(super) struct SettingsOptions {
    /// Text for people.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// It hears of this family: product, entitlement or device; repeat for more, `all` for all.
    #[arg(long = "family", value_name = "FAMILY")]
    families: Vec<String>,
    /// It hears of events of this type, such as lineitem.expired or device.*; repeat for more, `all` for all.
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// It hears of events of this product; repeat for more, `all` for all.
    #[arg(long = "product", value_name = "NAME")]
    products: Vec<String>,
    /// It hears of changes that came on this way, such as producer-door; repeat for more, `all` for all.
    #[arg(long = "channel", value_name = "CHANNEL")]
    channels: Vec<String>,
    /// It does not hear of what this user changes; repeat for more, `none` for nobody.
    #[arg(long = "ignore-user", value_name = "NAME")]
    ignored_users: Vec<String>,
    /// In which form: standard, fno, cloudevents or license.
    #[arg(long, value_name = "FORMAT")]
    format: Option<PayloadFormat>,
    /// How an event in the form cloudevents travels: structured or binary.
    #[arg(long, value_name = "MODE")]
    cloud_events_mode: Option<CloudEventsMode>,
    /// How much is told, where the form leaves it open: full or thin.
    #[arg(long, value_name = "SIZE")]
    size: Option<PayloadSize>,
    /// How much the form fno tells of devices: core or extended.
    #[arg(long, value_name = "HOW")]
    device_payload: Option<DevicePayload>,
    /// Whether custom attributes of line items are told.
    #[arg(long, value_name = "true|false")]
    line_item_attributes: Option<bool>,
    /// Which events wait for each other: entity, none or strict.
    #[arg(long, value_name = "ORDER")]
    order: Option<DeliveryOrder>,
    /// Whether an event takes the place of one that says the same of the same thing and was not sent yet.
    #[arg(long, value_name = "true|false")]
    coalesce: Option<bool>,
    /// Minutes after which it is told, again and again, how much it must have by then; 0: never by itself.
    #[arg(long, value_name = "MINUTES")]
    checkpoints: Option<u16>,
    /// Deliveries at a time, 1 to 64.
    #[arg(long, value_name = "N")]
    concurrency: Option<u16>,
    /// Deliveries in a second, 1 to 1000; 0: any number.
    #[arg(long, value_name = "N")]
    rate: Option<u16>,
    /// Seconds of an attempt, 1 to 30.
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u8>,
    /// Whether it is asked for its consent before it is sent anything (CloudEvents web hooks).
    #[arg(long, value_name = "true|false")]
    ask_consent: Option<bool>,
    /// File with CA certificates (PEM) that are trusted as well.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

/// How a receiver is logged in to.
#[derive(Args)]
pub(super) struct AuthorizationOptions {
    /// none, basic, bearer, or header:NAME.
    #[arg(long = "auth", value_name = "KIND")]
    kind: Option<String>,
    /// File with the secret on its first line, - for the standard input: USER:PASSWORD, the token, or the value of the header.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

impl SettingsOptions {
    /// Changes settings as it is said.
    pub(super) fn apply(self, settings: &mut EndpointSettings) -> Result<()> {
        if let Some(description) = self.description {
            settings.description = description;
        }
        if let Some(names) = given(self.families) {
            let families = names.iter().map(|name| name.parse::<Family>().map_err(anyhow::Error::msg));
            settings.families = FamilySet(families.collect::<Result<_>>()?);
        }
        if let Some(types) = given(self.types) {
            settings.types = EventTypes(types);
        }
        if let Some(products) = given(self.products) {
            settings.products = products;
        }
        if let Some(words) = given(self.channels) {
            let channel = |word: &String| Channel::parse(word).with_context(|| format!("there is no channel {word}"));
            settings.channels = words.iter().map(channel).collect::<Result<_>>()?;
        }
        if let Some(users) = given(self.ignored_users) {
            settings.ignored_users = users;
        }
        settings.format = self.format.unwrap_or(settings.format);
        settings.cloud_events = self.cloud_events_mode.unwrap_or(settings.cloud_events);
        settings.consent = self.ask_consent.unwrap_or(settings.consent);
        settings.size = self.size.unwrap_or(settings.size);
        settings.device_payload = self.device_payload.unwrap_or(settings.device_payload);
        settings.line_item_attributes = self.line_item_attributes.unwrap_or(settings.line_item_attributes);
        settings.coalesce = self.coalesce.unwrap_or(settings.coalesce);
        settings.order = self.order.unwrap_or(settings.order);
        settings.pace.concurrency = self.concurrency.unwrap_or(settings.pace.concurrency);
        settings.pace.attempt_seconds = self.timeout.unwrap_or(settings.pace.attempt_seconds);
        if let Some(minutes) = self.checkpoints {
            settings.checkpoint_minutes = (minutes > 0).then_some(minutes);
        }
        if let Some(rate) = self.rate {
            settings.pace.rate = (rate > 0).then_some(rate);
        }
        if let Some(file) = self.ca_file {
            settings.ca = Some(text_input::read(&file)?);
        }
        Ok(())
    }
}

impl AuthorizationOptions {
    /// Changes how the receiver is logged in to, and gives the secret: the outer `None` leaves it as it is.
    pub(super) fn apply(self, settings: &mut EndpointSettings) -> Result<Option<Option<Secret<String>>>> {
        let secret = self.secret_file.as_deref().map(text_input::password).transpose()?;
        let Some(kind) = self.kind else {
            return Ok(secret.map(Some));
        };
        let Some(authorization) = Authorization::from_text(&kind) else {
            bail!("--auth takes none, basic, bearer or header:NAME, and not {kind}");
        };
        settings.authorization = authorization;
        Ok(match settings.authorization {
            Authorization::None => Some(secret),
            Authorization::Basic | Authorization::Bearer | Authorization::Header(_) => secret.map(Some),
        })
    }
}

/// A list that was given; `all` and `none` empty it.
fn given(words: Vec<String>) -> Option<Vec<String>> {
    if words.is_empty() {
        return None;
    }
    if words.iter().any(|word| word == "all" || word == "none") { Some(Vec::new()) } else { Some(words) }
}

/// A receiver for programs.
pub(super) fn document(endpoint: &Endpoint) -> Value {
    let settings = &endpoint.settings;
    json!({
        "id": endpoint.id.0,
        "name": endpoint.name.as_str(),
        "state": endpoint.state.as_str(),
        "url": settings.url,
        "description": settings.description,
        "families": settings.families.0.iter().map(|family| family.as_str()).collect::<Vec<_>>(),
        "types": settings.types.0,
        "products": settings.products,
        "channels": settings.channels.iter().map(|channel| channel.as_str()).collect::<Vec<_>>(),
        "ignored_users": settings.ignored_users,
        "format": settings.format.as_str(),
        "cloud_events_mode": settings.cloud_events.as_str(),
        "ask_consent": settings.consent,
        "size": settings.size.as_str(),
        "device_payload": settings.device_payload.as_str(),
        "line_item_attributes": settings.line_item_attributes,
        "authorization": settings.authorization.to_text(),
        "coalesce": settings.coalesce,
        "checkpoint_minutes": settings.checkpoint_minutes,
        "order": settings.order.as_str(),
        "concurrency": settings.pace.concurrency,
        "rate": settings.pace.rate,
        "timeout_seconds": settings.pace.attempt_seconds,
        "has_ca": settings.ca.is_some(),
        "failing_since": endpoint.trouble.map(|trouble| trouble.since.to_string()),
        "failures": endpoint.trouble.map_or(0, |trouble| trouble.failures),
        "paused_until": endpoint.paused_until.map(|until| until.to_string()),
        "created_at": endpoint.created_at.to_string(),
        "changed_at": endpoint.changed_at.to_string(),
    })
}

/// A receiver for people.
pub(super) fn rows(endpoint: &Endpoint) -> Vec<(&'static str, String)> {
    let settings = &endpoint.settings;
    let all = |words: Vec<String>| if words.is_empty() { "all".to_owned() } else { words.join(", ") };
    let mut rows = vec![
        ("Name", endpoint.name.to_string()),
        ("State", endpoint.state.to_string()),
        ("URL", settings.url.clone()),
        ("Description", settings.description.clone()),
        ("Families", all(settings.families.0.iter().map(ToString::to_string).collect())),
        ("Types", all(settings.types.0.clone())),
        ("Products", all(settings.products.clone())),
        ("Format", settings.format.to_string()),
        ("Login", settings.authorization.to_text()),
        ("Order", settings.order.to_string()),
        ("At a time", settings.pace.concurrency.to_string()),
        ("In a second", settings.pace.rate.map_or_else(|| "any number".to_owned(), |rate| rate.to_string())),
    ];
    if let Some(trouble) = endpoint.trouble {
        rows.push(("Failing", format!("since {}, {} times in a row", trouble.since, trouble.failures)));
    }
    if let Some(until) = endpoint.paused_until {
        rows.push(("Paused", format!("until {until}")));
    }
    rows
}
