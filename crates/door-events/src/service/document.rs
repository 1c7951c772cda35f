//! The settings of the event service as its clients know them: named texts, of which some are secrets. They are kept as one
//! sealed text; what follows from them for receivers is in `mod.rs`.

use std::collections::BTreeMap;

use countersign_crypto::Secret;
use countersign_domain::outbound::OutboundUrl;
use countersign_domain::webhook::Family;

use super::field::{Field, FieldKind};

/// The settings of a site's event service.
#[derive(Debug, Default)]
pub(crate) struct EventService {
    /// Values that differ from the default.
    values: BTreeMap<Field, Secret<String>>,
    /// Texts that clients have given under other names: kept, shown, and not used.
    extra: BTreeMap<String, String>,
    /// Counts how often they were changed: two states that look alike, because secrets are masked, differ in it.
    revision: u64,
}

/// One change of the settings. `None`: back to the default.
#[derive(Debug, Default)]
pub(crate) struct ServiceChanges {
    /// Fields, each at most once.
    pub(crate) fields: Vec<(Field, Option<Secret<String>>)>,
    /// Texts under other names, each at most once.
    pub(crate) extra: Vec<(String, Option<String>)>,
}

/// Why settings cannot be kept. The text goes to whoever sent them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceProblem {
    /// A value cannot be used.
    #[error("{} {reason}", field.name())]
    Invalid {
        /// The field.
        field: Field,
        /// The broken rule.
        reason: String,
    },
    /// A value is needed and empty.
    #[error("{} is empty, but {needed_by}", field.name())]
    Missing {
        /// The field.
        field: Field,
        /// What needs it.
        needed_by: String,
    },
    /// A URL leads to where this server does not send.
    #[error("{}: {reason}", field.name())]
    Refused {
        /// The field.
        field: Field,
        /// Why.
        reason: String,
    },
    /// Too many texts under other names, or too long ones.
    #[error("at most {EXTRA} further fields are kept, with names and values of at most {EXTRA_LIMIT} bytes")]
    TooMuch,
}

impl EventService {
    /// Settings with no values, that come after others.
    pub(crate) fn after(before: Option<&Self>) -> Self {
        Self { revision: before.map_or(0, |before| before.revision), ..Self::default() }
    }

    /// The value of a field.
    pub(crate) fn get(&self, field: Field) -> &str {
        self.values.get(&field).map_or(field.default_value(), |value| value.expose())
    }

    /// How often they were changed.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether a flag is set.
    pub(crate) fn is_on(&self, field: Field) -> bool {
        self.get(field) == "true"
    }

    /// Texts under other names.
    pub(crate) fn extra(&self) -> impl Iterator<Item = (&str, &str)> {
        self.extra.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Applies changes, and checks what comes out.
    ///
    /// # Errors
    /// [`ServiceProblem`] names the first fault; the settings must not be used then.
    pub(crate) fn apply(&mut self, changes: ServiceChanges) -> Result<(), ServiceProblem> {
        for (field, value) in changes.fields {
            match value {
                Some(value) if value.expose() != field.default_value() => {
                    check_value(field, value.expose())?;
                    self.values.insert(field, value);
                }
                Some(_) | None => {
                    self.values.remove(&field);
                }
            }
        }
        for (name, value) in changes.extra {
            match value {
                Some(value) => self.extra.insert(name, value),
                None => self.extra.remove(&name),
            };
        }
        let fits = |text: &str| text.len() <= EXTRA_LIMIT && !text.contains('\0');
        if self.extra.len() > EXTRA || !self.extra().all(|(name, value)| fits(name) && fits(value)) {
            return Err(ServiceProblem::TooMuch);
        }
        self.revision = self.revision.saturating_add(1);
        self.check_whole()
    }

    /// What is needed together.
    fn check_whole(&self) -> Result<(), ServiceProblem> {
        let needed: &[Field] = match self.get(Field::AuthType) {
            "basic" => &[Field::BasicUserId, Field::BasicPassword],
            "bearer" => &[Field::AuthToken],
            _ => &[],
        };
        let by_type = needed.iter().map(|field| (*field, format!("authType is {}", self.get(Field::AuthType))));
        let on = SUBSCRIPTIONS.iter().filter(|(_, flag, _)| self.is_on(*flag));
        let by_flag = on.map(|(_, flag, url)| (*url, format!("{} is on", flag.name())));
        match by_type.chain(by_flag).find(|(field, _)| self.get(*field).is_empty()) {
            Some((field, needed_by)) => Err(ServiceProblem::Missing { field, needed_by }),
            None => Ok(()),
        }
    }

    /// What is kept and not used, as sentences.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let auth_type = self.get(Field::AuthType);
        let unused = [(Field::AuthToken, "bearer"), (Field::BasicUserId, "basic"), (Field::BasicPassword, "basic")];
        let unused = unused.into_iter().filter(|(field, used)| !self.get(*field).is_empty() && auth_type != *used);
        unused.map(|(field, _)| format!("{} is kept and not sent: authType is {auth_type}", field.name())).collect()
    }

    /// All of it in one text, to be sealed.
    pub(crate) fn to_text(&self) -> Secret<String> {
        let mut text = format!("#{}\0", self.revision);
        let fields = self.values.iter().map(|(field, value)| (field.name(), value.expose().as_str()));
        let extra = self.extra.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (mark, name, value) in
            fields.map(|(name, value)| ('=', name, value)).chain(extra.map(|(name, value)| ('+', name, value)))
        {
            text.push(mark);
            text.push_str(name);
            text.push('\0');
            text.push_str(value);
            text.push('\0');
        }
        Secret::new(text)
    }

    /// The settings of such a text; `None` when it is none.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let mut service = Self::default();
        let mut parts = text.strip_suffix('\0')?.split('\0');
        service.revision = parts.next()?.strip_prefix('#')?.parse().ok()?;
        while let Some(name) = parts.next() {
            let value = parts.next()?.to_owned();
            match (name.strip_prefix('='), name.strip_prefix('+')) {
                (Some(name), _) => {
                    service.values.insert(Field::of_name(name)?, Secret::new(value));
                }
                (None, Some(name)) => {
                    service.extra.insert(name.to_owned(), value);
                }
                (None, None) => return None,
            }
        }
        Some(service)
    }
}

fn check_value(field: Field, value: &str) -> Result<(), ServiceProblem> {
    let invalid = |reason: String| Err(ServiceProblem::Invalid { field, reason });
    if value.len() > field.limit() {
        return invalid(format!("must be at most {} bytes long", field.limit()));
    }
    // In a header they would begin another one.
    if value.chars().any(char::is_control) {
        return invalid("must not contain control characters".to_owned());
    }
    match (field, field.kind()) {
        (_, FieldKind::AuthType) if !AUTH_TYPES.contains(&value) => invalid("must be basic, bearer or none".to_owned()),
        (_, FieldKind::Flag) if !["true", "false"].contains(&value) => {
            invalid("must be \"true\" or \"false\"".to_owned())
        }
        (Field::BasicUserId, _) if value.contains(':') => invalid("must not contain a colon".to_owned()),
        (Field::AuthToken, _) if !value.chars().all(|c| c.is_ascii_graphic() || c == ' ') => {
            invalid("must be printable ASCII".to_owned())
        }
        (_, FieldKind::Url) => match OutboundUrl::parse(value) {
            Ok(_) => Ok(()),
            Err(error) => invalid(error.to_string()),
        },
        (_, FieldKind::AuthType | FieldKind::Flag | FieldKind::Secret) => Ok(()),
    }
}

/// Subscriptions, and where they lead.
pub(crate) const SUBSCRIPTIONS: [(Family, Field, Field); 3] = [
    (Family::Entitlement, Field::EntitlementSubscription, Field::EntitlementWebhookUrl),
    (Family::Product, Field::ProductSubscription, Field::ProductWebhookUrl),
    (Family::Device, Field::DeviceSubscription, Field::DeviceWebhookUrl),
];
const AUTH_TYPES: [&str; 3] = ["basic", "bearer", "none"];
/// Further fields that are kept.
const EXTRA: usize = 32;
/// Longest name and longest value of one, in bytes.
const EXTRA_LIMIT: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(fields: &[(Field, Option<&str>)]) -> ServiceChanges {
        let secret = |value: &&str| Secret::new((*value).to_owned());
        let fields = fields.iter().map(|(field, value)| (*field, value.as_ref().map(secret))).collect();
        ServiceChanges { fields, extra: Vec::new() }
    }

    #[test]
    fn settings_come_back_from_their_text() {
        let mut service = EventService::default();
        assert_eq!(service.to_text().expose(), "#0\0");
        let mut made = changes(&[
            (Field::AuthType, Some("basic")),
            (Field::BasicUserId, Some("ops")),
            (Field::BasicPassword, Some("pa:ss = +wörd")),
            (Field::ProductSubscription, Some("true")),
            (Field::ProductWebhookUrl, Some("https://hooks.example/")),
        ]);
        made.extra = vec![("regionCode".into(), Some(String::new())), ("x=y".into(), Some("1\n2".into()))];
        service.apply(made).unwrap();
        let text = service.to_text();
        let read = EventService::from_text(text.expose()).unwrap();
        for field in Field::ALL {
            assert_eq!(read.get(field), service.get(field), "{field:?}");
        }
        assert!(read.extra().eq(service.extra()));
        assert_eq!(read.to_text().expose(), text.expose());
        for broken in
            ["", "=authType\0none\0", "#1\0=authType", "#1\0=nobody\0x\0", "#1\0authType\0none\0", "#1\0=authType\0"]
        {
            assert!(EventService::from_text(broken).is_none(), "{broken:?}");
        }
    }

    #[test]
    fn changes_are_checked_as_a_whole() {
        let mut service = EventService::default();
        let mut apply =
            |fields: &[(Field, Option<&str>)]| service.apply(changes(fields)).map_err(|error| error.to_string());
        assert_eq!(apply(&[(Field::AuthType, Some("bearer")), (Field::AuthToken, Some("t"))]), Ok(()));
        let missing = "productWebhookUrl is empty, but productSubscription is on";
        assert_eq!(apply(&[(Field::ProductSubscription, Some("true"))]), Err(missing.into()));
        assert_eq!(apply(&[(Field::ProductSubscription, None)]), Ok(()));
        assert_eq!(apply(&[(Field::AuthToken, None)]), Err("authToken is empty, but authType is bearer".into()));
        assert_eq!(apply(&[(Field::AuthType, None)]), Ok(()), "back to none");
        for (field, value) in [
            (Field::AuthType, "digest"),
            (Field::ProductSubscription, "1"),
            (Field::BasicUserId, "a:b"),
            (Field::BasicPassword, "a\rb"),
            (Field::AuthToken, "a\nb"),
            (Field::AuthToken, "tökén"),
        ] {
            assert!(apply(&[(field, Some(value))]).is_err(), "{field:?}");
        }
        assert!(apply(&[(Field::BasicUserId, Some(&"x".repeat(256)))]).is_err());
    }
}
