//! What the server counts, and the page that shows it in the text format of Prometheus (version 0.0.4).
//!
//! No label has a value that a client can choose: routes are patterns, and sites are left out.

mod commits;
mod page;
mod process;
mod requests;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use countersign_app::{Clock, Ctx};
use countersign_http_kit::access_log::Finished;
use http::header::CONTENT_TYPE;

use self::page::{Kind, Page};
use self::requests::Requests;
use crate::connections::Connections;

/// What is counted in this process.
pub(crate) struct Metrics {
    started_millis: i64,
    ctx: Ctx,
    connections: Connections,
    requests: Requests,
}

impl Metrics {
    /// Nothing counted yet. The process counts as started now.
    pub(crate) fn new(clock: &dyn Clock, ctx: Ctx, connections: Connections) -> Self {
        let started_millis = clock.now().as_millis();
        Self { started_millis, ctx, connections, requests: Requests::default() }
    }

    /// Counts a finished request.
    pub(crate) fn count(&self, request: &Finished<'_>) {
        self.requests.count(request);
    }

    /// The page.
    pub(crate) fn render(&self) -> String {
        let mut page = Page::default();
        page.family("countersign_build_info", Kind::Gauge, "The program; always 1.");
        page.sample("countersign_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
        self.requests.write(&mut page);
        self.write_connections(&mut page);
        self.write_work(&mut page);
        process::write(&mut page, self.started_millis);
        page.into_text()
    }

    fn write_connections(&self, page: &mut Page) {
        let counts = self.connections.counts();
        page.single("countersign_connections_open", Kind::Gauge, "Connections that are open.", self.connections.open());
        let name = "countersign_connections_accepted_total";
        page.single(name, Kind::Counter, "Connections that were accepted and got a place.", counts.accepted());
        let name = "countersign_connections_refused_total";
        page.single(name, Kind::Counter, "Connections that were closed at once: too many.", counts.refused());
        let name = "countersign_connections_cut_total";
        page.family(
            name,
            Kind::Counter,
            "Connections that were ended because a time had passed, by what was waited for.",
        );
        for (reason, count) in counts.cut() {
            page.sample(name, &[("reason", reason)], count);
        }
        let name = "countersign_tls_handshake_failures_total";
        page.single(name, Kind::Counter, "TLS handshakes that failed or took too long.", counts.failed_handshakes());
    }

    fn write_work(&self, page: &mut Page) {
        let work = self.ctx.work();
        let (hits, misses) = ("countersign_memo_hits_total", "countersign_memo_misses_total");
        page.family(hits, Kind::Counter, "Values that were remembered when they were needed.");
        for memo in &work.memos {
            page.sample(hits, &[("memo", memo.name)], memo.hits);
        }
        page.family(misses, Kind::Counter, "Values that were not remembered when they were needed.");
        for memo in &work.memos {
            page.sample(misses, &[("memo", memo.name)], memo.misses);
        }
        let name = "countersign_signatures_total";
        page.single(name, Kind::Counter, "Signatures that were made.", work.signing.made);
        let name = "countersign_signing_busy_total";
        page.single(name, Kind::Counter, "Signatures that were not made because too many waited.", work.signing.busy);
        let name = "countersign_signing_limited_total";
        let help = "Signatures that were put off because too many of one authorization key were under way.";
        page.single(name, Kind::Counter, help, work.limited_signatures);
        let name = "countersign_signing_queue_length";
        page.single(name, Kind::Gauge, "Signatures that wait for a thread.", work.signing.waiting);
        let name = "countersign_passwords_checking";
        page.single(name, Kind::Gauge, "Passwords that are being checked, or wait for it.", work.passwords);
        let name = "countersign_logins_limited_total";
        page.single(
            name,
            Kind::Counter,
            "Logins that were not tried: too many had failed before.",
            work.limited_logins,
        );
        let name = "countersign_device_tokens_limited_total";
        page.single(name, Kind::Counter, "Refusals of device tokens beyond the limit.", work.limited_tokens);
        let name = "countersign_store_writes_total";
        page.family(name, Kind::Counter, "Units of work that may write, by outcome.");
        page.sample(name, &[("outcome", "committed")], work.writes.committed);
        page.sample(name, &[("outcome", "refused")], work.writes.refused);
        page.sample(name, &[("outcome", "deferred")], work.writes.deferred);
        let name = "countersign_store_write_seconds_total";
        page.single(
            name,
            Kind::Counter,
            "Time from the begin of a unit of work to its commit, all together.",
            work.writes.seconds,
        );
        commits::write(page, &work.commits);
        webhooks::write(page, &work.webhooks);
    }
}

/// `GET /metrics`.
pub(crate) fn router(metrics: Arc<Metrics>) -> Router {
    Router::new().route("/metrics", get(show)).with_state(metrics)
}

async fn show(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.render())
}
