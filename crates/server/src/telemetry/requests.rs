//! The line about a finished request: as all other lines, but written by hand, because there are so many of them.

use std::sync::atomic::{AtomicBool, Ordering};

use countersign_http_kit::access_log::Finished;
use tracing::Level;

use super::output::OUTPUT;
use super::timestamp;
use crate::config::LogFormat;

/// Whether lines are for machines. A process has one log.
static JSON: AtomicBool = AtomicBool::new(false);

/// Lines are written in this format from now on.
pub(super) fn use_format(format: LogFormat) {
    JSON.store(format == LogFormat::Json, Ordering::Relaxed);
}

/// Writes the line about a request, if such lines are wanted.
pub(crate) fn write(request: &Finished<'_>) {
    if !tracing::enabled!(Level::INFO) {
        return;
    }
    let json = JSON.load(Ordering::Relaxed);
    OUTPUT.add(|lines| append(lines, json, request));
}

fn append(lines: &mut String, json: bool, request: &Finished<'_>) {
    lines.reserve(LENGTH);
    if json {
        lines.push_str("{\"timestamp\":\"");
        timestamp::append_now(lines);
        lines.push_str(concat!(
            "\",\"level\":\"INFO\",\"target\":\"",
            module_path!(),
            "\",\"message\":\"request finished\""
        ));
    } else {
        timestamp::append_now(lines);
        lines.push_str(concat!("  INFO ", module_path!(), ": request finished"));
    }
    Members { line: lines, json }.write(request);
    lines.push_str(if json { "}\n" } else { "\n" });
}

/// Writes the members of a line. No text among them has anything that would have to be escaped: patterns of routes are
/// ours, and ids and sites are letters, digits and a few signs.
struct Members<'l> {
    line: &'l mut String,
    json: bool,
}

/// How a member begins, as text and in JSON. Made here, because a line would otherwise be put together from fifty pieces.
struct Begin(&'static str, &'static str);

macro_rules! member {
    ($name:literal) => {
        Begin(concat!(" ", $name, "="), concat!(",\"", $name, "\":"))
    };
}

impl Members<'_> {
    fn write(&mut self, request: &Finished<'_>) {
        self.text(&member!("method"), Some(request.method));
        self.text(&member!("route"), request.route);
        self.number(&member!("status"), request.status.into());
        let micros = u64::try_from(request.duration.as_micros()).unwrap_or(u64::MAX);
        self.number(&member!("duration_ms"), micros / 1000);
        self.line.push('.');
        digits(self.line, micros % 1000, 3);
        self.number(&member!("response.bytes"), request.bytes);
        self.text(&member!("response.ending"), Some(request.ending.as_str()));
        self.text(&member!("request.id"), request.id);
        self.text(&member!("site"), request.site);
    }

    fn text(&mut self, begin: &Begin, text: Option<&str>) {
        let Some(text) = text else { return };
        self.begin(begin);
        if self.json {
            self.line.push('"');
        }
        self.line.push_str(text);
        if self.json {
            self.line.push('"');
        }
    }

    fn number(&mut self, begin: &Begin, number: u64) {
        self.begin(begin);
        digits(self.line, number, 1);
    }

    fn begin(&mut self, Begin(text, json): &Begin) {
        self.line.push_str(if self.json { json } else { text });
    }
}

/// Adds a number of at least so many digits. A line has half a dozen, and formatting them was 1.7 % of a remembered check.
pub(super) fn digits(line: &mut String, number: u64, least: usize) {
    let mut buffer = itoa::Buffer::new();
    let text = buffer.format(number);
    for _ in text.len()..least {
        line.push('0');
    }
    line.push_str(text);
}

/// More bytes than a line has, unless its ids are long.
const LENGTH: usize = 512;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use countersign_http_kit::access_log::Ending;
    use serde_json::Value;

    use super::*;

    fn finished<'a>(route: Option<&'a str>, site: Option<&'a str>) -> Finished<'a> {
        let (duration, ending) = (Duration::from_micros(12_034), Ending::Complete);
        Finished { method: "GET", route, status: 200, duration, bytes: 32, ending, id: Some("r-1"), site }
    }

    #[test]
    fn a_line_for_people_and_one_for_machines() {
        let mut line = String::new();
        append(&mut line, false, &finished(Some("/polls/{id}"), Some("acme")));
        let (time, rest) = line.split_once(' ').unwrap();
        assert_eq!((time.len(), time.ends_with('Z')), (27, true));
        let members = "method=GET route=/polls/{id} status=200 duration_ms=12.034 response.bytes=32 response.ending=complete \
                       request.id=r-1 site=acme";
        assert_eq!(rest, format!(" INFO countersign_server::telemetry::requests: request finished {members}\n"));

        let mut line = String::new();
        append(&mut line, true, &finished(None, None));
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&line["message"], &line["level"]), (&"request finished".into(), &"INFO".into()));
        assert_eq!((&line["duration_ms"], &line["response.bytes"]), (&12.034.into(), &32.into()));
        assert_eq!((line.get("route"), line.get("site"), &line["request.id"]), (None, None, &"r-1".into()));
    }
}
