//! What has become of webhooks.

use countersign_app::webhooks::WebhookCounts;

use super::page::{Kind, Page};

/// Writes the families of webhooks.
pub(super) fn write(page: &mut Page, counts: &WebhookCounts) {
    let name = "countersign_webhook_attempts_total";
    page.family(name, Kind::Counter, "Attempts to deliver a webhook, by how they ended.");
    for (outcome, count) in &counts.attempts {
        page.sample(name, &[("outcome", outcome.as_str())], *count);
    }
    let name = "countersign_webhook_delivered_total";
    page.single(name, Kind::Counter, "Webhooks that a receiver has taken.", counts.delivered);
    let name = "countersign_webhook_dead_total";
    page.single(name, Kind::Counter, "Webhooks that were given up after their last attempt.", counts.dead);
    let name = "countersign_webhook_delivery_seconds_total";
    let help = "Time from queuing a webhook to its being taken, all together.";
    page.single(name, Kind::Counter, help, counts.delivery_seconds);
    let name = "countersign_webhook_waiting";
    let help = "Webhooks of the installation that are not delivered yet, held ones included; counted every 15 seconds.";
    page.single(name, Kind::Gauge, help, counts.waiting);
    let name = "countersign_webhook_oldest_waiting_seconds";
    page.single(name, Kind::Gauge, "Age of the oldest of them.", counts.oldest_seconds);
}
