//! Finished requests, by route.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use countersign_http_kit::access_log::Finished;

use super::page::{Kind, Page};

/// Counts requests by the pattern of their route. There are as many entries as there are routes.
#[derive(Default)]
pub(super) struct Requests {
    routes: RwLock<BTreeMap<Box<str>, Arc<Route>>>,
}

/// The requests of one route.
#[derive(Default)]
struct Route {
    /// By method, then by class of status.
    counts: [[AtomicU64; CLASSES.len()]; METHODS.len()],
    /// Requests that took at most so long as the bound, but longer than the one before; the last has no bound.
    durations: [AtomicU64; BOUNDS.len() + 1],
    microseconds: AtomicU64,
}

impl Requests {
    /// Counts a request.
    pub(super) fn count(&self, request: &Finished<'_>) {
        self.route(request.route.unwrap_or(NO_ROUTE)).count(request);
    }

    fn route(&self, pattern: &str) -> Arc<Route> {
        if let Some(route) = self.routes.read().unwrap_or_else(PoisonError::into_inner).get(pattern) {
            return route.clone();
        }
        self.routes.write().unwrap_or_else(PoisonError::into_inner).entry(pattern.into()).or_default().clone()
    }

    /// Writes the families of requests.
    pub(super) fn write(&self, page: &mut Page) {
        let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
        page.family(TOTAL, Kind::Counter, "Finished requests.");
        for (pattern, route) in routes.iter() {
            route.write_counts(page, pattern);
        }
        page.family(DURATION, Kind::Histogram, "Time from the routing of a request to the last byte of its answer.");
        for (pattern, route) in routes.iter() {
            route.write_durations(page, pattern);
        }
    }
}

impl Route {
    fn count(&self, request: &Finished<'_>) {
        let method = METHODS.iter().position(|method| *method == request.method).unwrap_or(METHODS.len() - 1);
        let class = usize::from(request.status / 100).saturating_sub(1);
        if let Some(count) = self.counts.get(method).and_then(|classes| classes.get(class)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let bucket = BOUNDS.iter().position(|(bound, _)| request.duration <= *bound).unwrap_or(BOUNDS.len());
        if let Some(count) = self.durations.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(request.duration.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(micros, Ordering::Relaxed);
    }

    fn write_counts(&self, page: &mut Page, pattern: &str) {
        for (method, classes) in METHODS.iter().zip(&self.counts) {
            for (class, count) in CLASSES.iter().zip(classes) {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    let labels = [("door", door(pattern)), ("method", method), ("route", pattern), ("status", class)];
                    page.sample(TOTAL, &labels, count);
                }
            }
        }
    }

    fn write_durations(&self, page: &mut Page, pattern: &str) {
        let name = format!("{DURATION}_bucket");
        let mut so_far = 0;
        let bounds = BOUNDS.iter().map(|(_, text)| *text).chain(["+Inf"]);
        for (bound, count) in bounds.zip(&self.durations) {
            so_far += count.load(Ordering::Relaxed);
            page.sample(&name, &[("door", door(pattern)), ("route", pattern), ("le", bound)], so_far);
        }
        let labels = [("door", door(pattern)), ("route", pattern)];
        #[expect(clippy::cast_precision_loss, reason = "the sum of centuries is exact enough")]
        let seconds = self.microseconds.load(Ordering::Relaxed) as f64 / 1e6;
        page.sample(&format!("{DURATION}_sum"), &labels, seconds);
        page.sample(&format!("{DURATION}_count"), &labels, so_far);
    }
}

/// The door behind a route. What belongs to none is the server's own, such as pages.
fn door(pattern: &str) -> &'static str {
    DOORS.iter().find(|(start, _)| pattern.starts_with(start)).map_or("server", |(_, door)| door)
}

const DOORS: &[(&str, &str)] = &[
    ("/uai/documentation", "server"),
    ("/flexnet/swagger-ui", "server"),
    ("/uai/", "device"),
    ("/f/", "device"),
    ("/ping", "device"),
    ("/operations/", "producer"),
];
const TOTAL: &str = "countersign_http_requests_total";
const DURATION: &str = "countersign_http_request_duration_seconds";
/// Route of requests that no route fits.
const NO_ROUTE: &str = "none";
/// As the access log names them; the last stands for all others.
const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "other"];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// From an answer out of memory to a long download.
const BOUNDS: [(Duration, &str); 14] = [
    (Duration::from_micros(100), "0.0001"),
    (Duration::from_micros(250), "0.00025"),
    (Duration::from_micros(500), "0.0005"),
    (Duration::from_millis(1), "0.001"),
    (Duration::from_micros(2500), "0.0025"),
    (Duration::from_millis(5), "0.005"),
    (Duration::from_millis(10), "0.01"),
    (Duration::from_millis(25), "0.025"),
    (Duration::from_millis(50), "0.05"),
    (Duration::from_millis(100), "0.1"),
    (Duration::from_millis(500), "0.5"),
    (Duration::from_millis(2500), "2.5"),
    (Duration::from_secs(10), "10"),
    (Duration::from_secs(60), "60"),
];

#[cfg(test)]
mod tests {
    use countersign_http_kit::access_log::Ending;

    use super::*;

    fn finished(
        method: &'static str,
        route: Option<&'static str>,
        status: u16,
        duration: Duration,
    ) -> Finished<'static> {
        Finished { method, route, status, duration, bytes: 0, ending: Ending::Complete, id: None, site: None }
    }

    #[test]
    fn a_request_is_in_every_bucket_from_its_duration_on() {
        let requests = Requests::default();
        for (millis, status) in [(1, 200), (2, 404), (70_000, 404)] {
            let duration = Duration::from_millis(millis);
            requests.count(&finished("GET", Some("/f/{site}"), status, duration));
        }
        requests.count(&finished("other", None, 999, Duration::ZERO));
        let mut page = Page::default();
        requests.write(&mut page);
        let text = page.into_text();
        let labels = "door=\"device\",route=\"/f/{site}\"";
        for line in [
            format!("{TOTAL}{{door=\"device\",method=\"GET\",route=\"/f/{{site}}\",status=\"4xx\"}} 2"),
            format!("{DURATION}_bucket{{{labels},le=\"0.0005\"}} 0"),
            format!("{DURATION}_bucket{{{labels},le=\"0.001\"}} 1"),
            format!("{DURATION}_bucket{{{labels},le=\"60\"}} 2"),
            format!("{DURATION}_bucket{{{labels},le=\"+Inf\"}} 3"),
            format!("{DURATION}_sum{{{labels}}} 70.003"),
            format!("{DURATION}_count{{{labels}}} 3"),
        ] {
            assert!(text.lines().any(|found| found == line), "no line {line} in\n{text}");
        }
    }
}
