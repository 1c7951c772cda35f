//! What a producer lays down for a receiver: where it is, what it hears, in which form, and how fast.

use std::time::Duration;

use super::matching::{EventTypes, FamilySet, join, split};
use crate::audit::{Actor, Channel};
use crate::event::Event;
use crate::licensing::lines::{Reader, Writer, words};
use crate::outbound::{OutboundUrl, OutboundUrlError};

/// Longest description, in bytes.
const DESCRIPTION_LIMIT: usize = 1000;
/// Longest name of a header, in bytes.
const HEADER_LIMIT: usize = 64;
/// Longest bundle of CA certificates, in bytes: a few certificates as PEM.
const CA_LIMIT: usize = 64 * 1024;
/// Most names in a list of the filter.
const NAMES: usize = 100;

words! {
    /// How an event in the form of CloudEvents travels.
    CloudEventsMode {
        /// Its attributes are headers, and the body is its data.
        Binary = "binary",
        /// It is the body.
        Structured = "structured",
    }

    /// In which form events are told.
    PayloadFormat {
        /// CloudEvents 1.0.
        CloudEvents = "cloudevents",
        /// The bodies of the FlexNet event service: every value is a string.
        Fno = "fno",
        /// The bodies of license webhooks.
        License = "license",
        /// The bodies that Standard Webhooks advises: type, timestamp, data.
        Standard = "standard",
    }

    /// Which events wait for each other.
    DeliveryOrder {
        /// Events of one order, product or device.
        PerEntity = "entity",
        /// None.
        None = "none",
        /// All: one that fails holds up those behind it.
        Strict = "strict",
    }

    /// How much an event of a device tells in the form of the event service.
    DevicePayload {
        /// Its nine documented members.
        Core = "core",
        /// Further members behind them.
        Extended = "extended",
    }

    /// How much a body tells, where the form leaves it open.
    PayloadSize {
        /// All that is known.
        Full = "full",
        /// What happened, to which row.
        Thin = "thin",
    }
}

/// How a receiver is logged in to. What is secret lies sealed beside the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Authorization {
    /// `Authorization: Basic`; the secret is `user:password`.
    Basic,
    /// `Authorization: Bearer`; the secret is the token.
    Bearer,
    /// A header of this name; the secret is its value.
    Header(String),
    /// Not at all.
    #[default]
    None,
}

impl Authorization {
    /// The word for it, with the name of the header behind a colon.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Basic => "basic".to_owned(),
            Self::Bearer => "bearer".to_owned(),
            Self::Header(name) => format!("header:{name}"),
            Self::None => "none".to_owned(),
        }
    }

    /// What such a word means.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        match text {
            "basic" => Some(Self::Basic),
            "bearer" => Some(Self::Bearer),
            "none" => Some(Self::None),
            _ => text.strip_prefix("header:").map(|name| Self::Header(name.to_owned())),
        }
    }
}

/// How fast a receiver is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pace {
    /// Deliveries that may be under way at the same time on one node, 1 to 64.
    pub concurrency: u16,
    /// Deliveries that one node begins in a second, 1 to 1,000; `None`: any number.
    pub rate: Option<u16>,
    /// Seconds until a connection must stand, 1 to 10.
    pub connect_seconds: u8,
    /// Seconds that a whole attempt may take, 1 to 30.
    pub attempt_seconds: u8,
}

impl Default for Pace {
    fn default() -> Self {
        Self { concurrency: 8, rate: None, connect_seconds: 5, attempt_seconds: 15 }
    }
}

impl Pace {
    /// How long a connection may take.
    #[must_use]
    pub fn connect_timeout(self) -> Duration {
        Duration::from_secs(self.connect_seconds.into())
    }

    /// How long an attempt may take.
    #[must_use]
    pub fn attempt_timeout(self) -> Duration {
        Duration::from_secs(self.attempt_seconds.into())
    }
}

/// What a producer lays down for a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointSettings {
    /// Where it is; the query is kept.
    pub url: String,
    /// Text for people; may be empty.
    pub description: String,
    /// What it hears of.
    pub families: FamilySet,
    /// Of which types.
    pub types: EventTypes,
    /// Only what came on these ways; none: all.
    pub channels: Vec<Channel>,
    /// Users whose changes it does not hear of, so that two systems do not echo each other.
    pub ignored_users: Vec<String>,
    /// Names of products that line items and product events must be of; none: all.
    pub products: Vec<String>,
    /// In which form.
    pub format: PayloadFormat,
    /// How it travels, where the form is CloudEvents.
    pub cloud_events: CloudEventsMode,
    /// How much.
    pub size: PayloadSize,
    /// How much about devices.
    pub device_payload: DevicePayload,
    /// Whether custom attributes of line items are told.
    pub line_item_attributes: bool,
    /// How it is logged in to.
    pub authorization: Authorization,
    /// Which events wait for each other.
    pub order: DeliveryOrder,
    /// Whether an event takes the place of one that says the same of the same thing and was not sent yet.
    pub coalesce: bool,
    /// After so many minutes it is told how much it must have by then, and again; `None`: never by itself.
    pub checkpoint_minutes: Option<u16>,
    /// How fast it is sent to.
    pub pace: Pace,
    /// Whether it is asked for its consent before it is sent anything (CloudEvents web hooks, section 4).
    pub consent: bool,
    /// CA certificates (PEM) that its certificate may be issued by, beside the usual ones.
    pub ca: Option<String>,
}

/// Why settings were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointSettingsError {
    /// The header cannot be set.
    #[error("{0:?} is not a header that can be set; take a name such as X-Api-Key")]
    Header(String),
    /// A number is out of its range.
    #[error("{what} must be from {least} to {most}")]
    Range {
        /// What was given.
        what: &'static str,
        /// The smallest value.
        least: u16,
        /// The largest value.
        most: u16,
    },
    /// A text is too long.
    #[error("{what} must be at most {limit} bytes long")]
    TooLong {
        /// What was given.
        what: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// A list is too long.
    #[error("at most {NAMES} names fit into a list")]
    TooMany,
    /// No event has such a type.
    #[error("there are no events of type {0:?}")]
    UnknownType(String),
    /// The URL cannot be used.
    #[error("the URL {0}")]
    Url(#[from] OutboundUrlError),
}

impl EndpointSettings {
    /// Settings for a URL, the rest as usual.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            description: String::new(),
            families: FamilySet::default(),
            types: EventTypes::default(),
            channels: Vec::new(),
            ignored_users: Vec::new(),
            products: Vec::new(),
            format: PayloadFormat::Standard,
            cloud_events: CloudEventsMode::Structured,
            size: PayloadSize::Full,
            device_payload: DevicePayload::Extended,
            line_item_attributes: false,
            authorization: Authorization::None,
            order: DeliveryOrder::PerEntity,
            coalesce: false,
            checkpoint_minutes: None,
            pace: Pace::default(),
            consent: false,
            ca: None,
        }
    }

    /// Whether the settings can be used. Where the URL leads is not looked at.
    ///
    /// # Errors
    /// [`EndpointSettingsError`] names the first broken rule.
    pub fn check(&self) -> Result<(), EndpointSettingsError> {
        OutboundUrl::parse(&self.url)?;
        let bounded = |what, text: &str, limit| {
            if text.len() > limit { Err(EndpointSettingsError::TooLong { what, limit }) } else { Ok(()) }
        };
        bounded("a description", &self.description, DESCRIPTION_LIMIT)?;
        bounded("a bundle of certificates", self.ca.as_deref().unwrap_or_default(), CA_LIMIT)?;
        for names in [&self.ignored_users, &self.products, &self.types.0] {
            if names.len() > NAMES {
                return Err(EndpointSettingsError::TooMany);
            }
            for name in names {
                bounded("a name", name, 255)?;
            }
        }
        if let Some(unknown) = self.types.unknown() {
            return Err(EndpointSettingsError::UnknownType(unknown.to_owned()));
        }
        if let Authorization::Header(name) = &self.authorization
            && !is_free_header(name)
        {
            return Err(EndpointSettingsError::Header(name.clone()));
        }
        let Pace { concurrency, rate, connect_seconds, attempt_seconds } = self.pace;
        in_range("the number of deliveries at a time", concurrency, 1, 64)?;
        in_range("deliveries in a second", rate.unwrap_or(1), 1, 1000)?;
        in_range("seconds to connect", connect_seconds.into(), 1, 10)?;
        in_range("minutes between checkpoints", self.checkpoint_minutes.unwrap_or(1), 1, LONGEST_CHECKPOINT)?;
        in_range("seconds of an attempt", attempt_seconds.into(), 1, 30)
    }

    /// How much time lies between two checkpoints; `None`: none is made by itself.
    #[must_use]
    pub fn checkpoints(&self) -> Option<Duration> {
        self.checkpoint_minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60))
    }

    /// Whether an event is one that the receiver wants. Products are looked at with [`EndpointSettings::wants_product`].
    #[must_use]
    pub fn wants(&self, event: Event, actor: &Actor) -> bool {
        self.families.has(event.family())
            && self.types.has(event.type_name())
            && (self.channels.is_empty() || self.channels.contains(&actor.channel))
            && !self.ignored_users.contains(&actor.name)
    }

    /// Whether an event about some products is one that the receiver wants. Events about none are.
    #[must_use]
    pub fn wants_product<'p>(&self, mut products: impl Iterator<Item = &'p str>) -> bool {
        if self.products.is_empty() {
            return true;
        }
        let mut none = true;
        let found = products.any(|product| {
            none = false;
            self.products.iter().any(|wanted| wanted == product)
        });
        found || none
    }

    /// The settings as one text, without the URL.
    #[must_use]
    pub fn to_text(&self) -> String {
        let (mut to, usual) = (Writer::default(), Self::new(""));
        to.put("description", &self.description, &usual.description);
        to.put("families", &join(&self.families.0), &String::new());
        to.put("types", &join(&self.types.0), &String::new());
        let channels: Vec<_> = self.channels.iter().map(|channel| channel.as_str()).collect();
        to.put("channels", &channels.join(","), &String::new());
        for (name, values) in [("ignored-user", &self.ignored_users), ("product", &self.products)] {
            for value in values {
                to.line(name, value);
            }
        }
        to.put("format", &self.format, &usual.format);
        to.put("cloud-events", &self.cloud_events, &usual.cloud_events);
        to.put("size", &self.size, &usual.size);
        to.put("device-payload", &self.device_payload, &usual.device_payload);
        to.put("line-item-attributes", &self.line_item_attributes, &false);
        to.put("authorization", &self.authorization.to_text(), &usual.authorization.to_text());
        to.put("order", &self.order, &usual.order);
        to.put("coalesce", &self.coalesce, &false);
        to.put_some("checkpoint-minutes", self.checkpoint_minutes);
        to.put("concurrency", &self.pace.concurrency, &usual.pace.concurrency);
        to.put_some("rate", self.pace.rate);
        to.put("connect-seconds", &self.pace.connect_seconds, &usual.pace.connect_seconds);
        to.put("attempt-seconds", &self.pace.attempt_seconds, &usual.pace.attempt_seconds);
        to.put("consent", &self.consent, &false);
        to.put_some("ca", self.ca.as_ref());
        to.finish()
    }

    /// The settings of a URL and such a text; `None` when it is none.
    #[must_use]
    pub fn from_text(url: &str, text: &str) -> Option<Self> {
        let (mut from, usual) = (Reader::new(text)?, Self::new(url));
        let channels: String = from.take("channels", String::new())?;
        let channels = channels.split(',').filter(|word| !word.is_empty()).map(Channel::parse);
        let settings = Self {
            url: usual.url,
            description: from.take("description", usual.description)?,
            families: FamilySet(split(&from.take("families", String::new())?)?),
            types: EventTypes(split(&from.take("types", String::new())?)?),
            channels: channels.collect::<Option<_>>()?,
            ignored_users: from.take_all("ignored-user"),
            products: from.take_all("product"),
            format: from.take("format", usual.format)?,
            cloud_events: from.take("cloud-events", usual.cloud_events)?,
            size: from.take("size", usual.size)?,
            device_payload: from.take("device-payload", usual.device_payload)?,
            line_item_attributes: from.take("line-item-attributes", false)?,
            authorization: Authorization::from_text(&from.take("authorization", "none".to_owned())?)?,
            order: from.take("order", usual.order)?,
            coalesce: from.take("coalesce", false)?,
            checkpoint_minutes: from.take_some("checkpoint-minutes")?,
            pace: Pace {
                concurrency: from.take("concurrency", usual.pace.concurrency)?,
                rate: from.take_some("rate")?,
                connect_seconds: from.take("connect-seconds", usual.pace.connect_seconds)?,
                attempt_seconds: from.take("attempt-seconds", usual.pace.attempt_seconds)?,
            },
            consent: from.take("consent", false)?,
            ca: from.take_some("ca")?,
        };
        from.finish().map(|()| settings)
    }
}

fn in_range(what: &'static str, value: u16, least: u16, most: u16) -> Result<(), EndpointSettingsError> {
    if (least..=most).contains(&value) { Ok(()) } else { Err(EndpointSettingsError::Range { what, least, most }) }
}

/// Whether a header can be set by producers: a token (RFC 9110 section 5.6.2) that is not one of those that we set.
fn is_free_header(name: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let name = name.to_ascii_lowercase();
    !name.is_empty()
        && name.len() <= HEADER_LIMIT
        && name.bytes().all(is_token)
        && !OUR_HEADERS.contains(&name.as_str())
        && !["webhook-", "x-event-", "ce-", "proxy-"].iter().any(|start| name.starts_with(start))
}

/// Longest time between checkpoints, in minutes: a week.
const LONGEST_CHECKPOINT: u16 = 7 * 24 * 60;

const OUR_HEADERS: [&str; 13] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "licensespring-signature",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

#[cfg(test)]
mod tests;
