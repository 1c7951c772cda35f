//! Settings about where webhooks may go.

use std::path::PathBuf;
use std::sync::Arc;

use countersign_outbound::EgressProxy;

use super::file::File;
use super::{ConfigError, secret_text, value};
use crate::webhooks::WebhookRules;

/// The rules that are in force.
pub(super) fn webhook_rules(
    variable: &dyn Fn(&str) -> Option<String>,
    file: &File,
) -> Result<WebhookRules, ConfigError> {
    let mut rules = WebhookRules::default();
    let allowed = variable("COUNTERSIGN_WEBHOOK_ALLOW");
    if let Some(text) = allowed.or_else(|| file.webhook_allow.as_ref().map(|entries| entries.join(","))) {
        rules.allow(&text).map_err(|error| value("webhook_allow", &text, error.hint()))?;
    }
    let joined =
        || file.webhook_ports.as_ref().map(|ports| ports.iter().map(u16::to_string).collect::<Vec<_>>().join(","));
    if let Some(text) = variable("COUNTERSIGN_WEBHOOK_PORTS").or_else(joined) {
        rules.allow_ports(&text).map_err(|error| value("webhook_ports", &text, error.hint()))?;
    }
    let plain = match variable("COUNTERSIGN_WEBHOOK_PLAIN_HTTP").as_deref() {
        Some("true") => true,
        Some("false") => false,
        Some(other) => return Err(value("COUNTERSIGN_WEBHOOK_PLAIN_HTTP", other, "write true or false")),
        None => file.webhook_plain_http.unwrap_or(false),
    };
    rules.allow_plain_http(plain);
    let names = ["COUNTERSIGN_WEBHOOK_PROXY", "COUNTERSIGN_WEBHOOK_PROXY_FILE", "webhook_proxy_file"];
    let path: Option<PathBuf> = file.webhook_proxy_file.clone();
    if let Some(text) = secret_text(variable, names, file.webhook_proxy.clone(), path)? {
        let proxy = EgressProxy::parse(text.expose());
        // The URL may hold a password, so it is not repeated.
        let hint = "write http://HOST:PORT or http://USER:PASSWORD@HOST:PORT";
        rules.leave_through(Arc::new(proxy.map_err(|_| value("webhook_proxy", "(secret)", hint))?));
    }
    Ok(rules)
}
