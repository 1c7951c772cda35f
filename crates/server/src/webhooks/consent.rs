//! Asking a receiver for its consent (CloudEvents HTTP 1.1 web hooks, section 4): whoever can be sent anything by anybody
//! who knows its address would be a weapon.

use countersign_domain::webhook::EndpointSettings;
use http::{HeaderMap, HeaderValue};

/// The headers that ask.
pub(super) fn question(settings: &EndpointSettings, origin: &str) -> anyhow::Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert("webhook-request-origin", HeaderValue::try_from(origin)?);
    if let Some(rate) = per_minute(settings) {
        headers.insert("webhook-request-rate", HeaderValue::from(rate));
    }
    Ok(headers)
}

/// Whether the headers of an answer consent. A status alone does not.
///
/// # Errors
/// A sentence for people.
pub(super) fn judge(settings: &EndpointSettings, origin: &str, answer: &HeaderMap) -> Result<(), String> {
    let value = |name: &str| answer.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    match value("webhook-allowed-origin") {
        Some("*") => {}
        Some(allowed) if allowed.eq_ignore_ascii_case(origin) => {}
        Some(_) => return Err(format!("WebHook-Allowed-Origin of its answer names somebody else than {origin}")),
        None => return Err("its answer to OPTIONS has no WebHook-Allowed-Origin".to_owned()),
    }
    let allowed = match value("webhook-allowed-rate") {
        None | Some("*") => return Ok(()),
        Some(text) => text.parse::<u64>().map_err(|_| "WebHook-Allowed-Rate of its answer is no number".to_owned())?,
    };
    let seconds = allowed.checked_div(60).unwrap_or_default().min(1000);
    match per_minute(settings) {
        Some(rate) if u64::from(rate) <= allowed => Ok(()),
        _ if seconds == 0 => {
            Err(format!("it allows {allowed} requests in a minute, and this server needs at least 60"))
        }
        _ => Err(format!("it allows {allowed} requests in a minute; set a rate of at most {seconds} in a second")),
    }
}

/// Requests in a minute; `None`: any number.
fn per_minute(settings: &EndpointSettings) -> Option<u32> {
    settings.pace.rate.map(|rate| u32::from(rate) * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_headers_consent() {
        let judged = |rate: Option<u16>, answer: &[(&'static str, &'static str)]| {
            let mut settings = EndpointSettings::new("https://hooks.example/");
            settings.pace.rate = rate;
            let headers = answer.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
            judge(&settings, "updates.example", &headers.collect())
        };
        let origin = |value| ("webhook-allowed-origin", value);
        let allowed = |value| ("webhook-allowed-rate", value);
        for (rate, answer) in [
            (None, vec![origin("*")]),
            (None, vec![origin("Updates.Example"), allowed("*")]),
            (Some(2), vec![origin("updates.example"), allowed("120")]),
        ] {
            assert_eq!(judged(rate, &answer), Ok(()), "{answer:?}");
        }
        for (rate, answer, why) in [
            (None, vec![], "has no WebHook-Allowed-Origin"),
            (None, vec![allowed("*")], "has no WebHook-Allowed-Origin"),
            (None, vec![origin("other.example")], "somebody else"),
            (None, vec![origin("*"), allowed("150")], "at most 2 in a second"),
            (Some(3), vec![origin("*"), allowed("150")], "at most 2 in a second"),
            (Some(1), vec![origin("*"), allowed("59")], "at least 60"),
            (Some(1), vec![origin("*"), allowed("many")], "no number"),
        ] {
            let judged = judged(rate, &answer).unwrap_err();
            assert!(judged.contains(why), "{judged}");
        }
    }

    #[test]
    fn the_question_names_who_asks_and_how_often() {
        let mut settings = EndpointSettings::new("https://hooks.example/");
        let headers = question(&settings, "updates.example").unwrap();
        assert_eq!((headers.len(), headers["webhook-request-origin"].to_str().unwrap()), (1, "updates.example"));
        settings.pace.rate = Some(10);
        assert_eq!(question(&settings, "x").unwrap()["webhook-request-rate"], "600");
        assert!(question(&settings, "a\nb").is_err());
    }
}
