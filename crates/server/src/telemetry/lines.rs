//! One line an event: for people, or a JSON object for machines. A line about a request says which.

use std::error::Error;
use std::fmt::{self, Debug, Write as _};

use countersign_http_kit::current_request::CurrentRequest;
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::timestamp::Now;
use crate::config::LogFormat;

/// Writes the lines of one format.
#[derive(Clone, Copy)]
pub(super) struct Lines(pub(super) LogFormat);

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let (level, target) = (event.metadata().level(), event.metadata().target());
        let mut members = match self.0 {
            LogFormat::Text => {
                Now.format_time(&mut writer)?;
                write!(writer, " {level:>5} {target}:")?;
                Members::new(&mut writer, write_text)
            }
            LogFormat::Json => {
                writer.write_str("{\"timestamp\":\"")?;
                Now.format_time(&mut writer)?;
                write!(writer, "\",\"level\":\"{level}\",\"target\":\"{target}\"")?;
                Members::new(&mut writer, write_json)
            }
        };
        event.record(&mut members);
        if !members.name_request
            && let Some(request) = CurrentRequest::get()
        {
            members.text("request.id", request.id());
            if let Some(route) = request.route() {
                members.text("route", route);
            }
            if let Some(site) = request.site() {
                members.text("site", site);
            }
        }
        members.outcome?;
        writer.write_str(if self.0 == LogFormat::Json { "}\n" } else { "\n" })
    }
}

/// Writes one member of a line.
type WriteMember = fn(&mut Writer<'_>, &str, Member<'_>) -> fmt::Result;

/// What a member can be.
#[derive(Clone, Copy)]
enum Member<'m> {
    Text(&'m str),
    /// Reads the same in both formats.
    Literal(fmt::Arguments<'m>),
}

/// Takes the members of an event.
struct Members<'w, 'b> {
    writer: &'w mut Writer<'b>,
    write: WriteMember,
    /// Whether the event itself says which request it is about.
    name_request: bool,
    outcome: fmt::Result,
}

impl<'w, 'b> Members<'w, 'b> {
    fn new(writer: &'w mut Writer<'b>, write: WriteMember) -> Self {
        Self { writer, write, name_request: false, outcome: Ok(()) }
    }

    fn member(&mut self, name: &str, member: Member<'_>) {
        self.name_request |= name == "request.id";
        self.outcome = self.outcome.and_then(|()| (self.write)(self.writer, name, member));
    }

    fn text(&mut self, name: &str, text: &str) {
        self.member(name, Member::Text(text));
    }
}

impl Visit for Members<'_, '_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.member(field.name(), Member::Literal(format_args!("{value}")));
        } else {
            self.text(field.name(), &value.to_string());
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field.name(), Member::Literal(format_args!("{value}")));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field.name(), Member::Literal(format_args!("{value}")));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field.name(), Member::Literal(format_args!("{value}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    /// An error, and what caused it.
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut chain = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            let _ = write!(chain, ": {error}");
            cause = error.source();
        }
        self.text(field.name(), &chain);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field.name(), &format!("{value:?}"));
    }
}

/// ` name=value`, and the message without a name. A value that is more than a word stands in quotes, as Rust writes them:
/// nothing in it can begin a line.
fn write_text(writer: &mut Writer<'_>, name: &str, member: Member<'_>) -> fmt::Result {
    match member {
        Member::Text(text) if name == MESSAGE && !text.contains(char::is_control) => write!(writer, " {text}"),
        Member::Text(text) if is_word(text) => {
            for part in [" ", name, "=", text] {
                writer.write_str(part)?;
            }
            Ok(())
        }
        Member::Text(text) => write!(writer, " {name}={text:?}"),
        Member::Literal(literal) => write!(writer, " {name}={literal}"),
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'=' | b'\\'))
}

fn write_json(writer: &mut Writer<'_>, name: &str, member: Member<'_>) -> fmt::Result {
    match member {
        Member::Text(text) if is_word(text) => {
            for part in [",\"", name, "\":\"", text, "\""] {
                writer.write_str(part)?;
            }
            Ok(())
        }
        Member::Text(text) => write!(writer, ",\"{name}\":{}", Value::from(text)),
        Member::Literal(literal) => write!(writer, ",\"{name}\":{literal}"),
    }
}

/// The member that holds what the event says.
const MESSAGE: &str = "message";

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    fn written(format: LogFormat, log: impl FnOnce()) -> String {
        let sink = Sink::default();
        let subscriber = tracing_subscriber::fmt().with_writer(sink.clone()).event_format(Lines(format)).finish();
        tracing::subscriber::with_default(subscriber, log);
        let bytes = sink.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn talk() {
        let broken = std::io::Error::other("disk");
        let error: &dyn Error = &broken;
        tracing::warn!(
            error,
            words = "two words",
            word = "one",
            number = 7_u64,
            part = 0.25,
            none = Option::<u8>::None,
            "it's so"
        );
        tracing::error!("first\nsecond {}", "\"third\"");
    }

    #[test]
    fn lines_for_people() {
        let text = written(LogFormat::Text, talk);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        let behind = |line: &str| line.split_once(' ').unwrap().1.to_owned();
        let target = "countersign_server::telemetry::lines::tests:";
        let members = r#"error=disk words="two words" word=one number=7 part=0.25"#;
        assert_eq!(behind(lines[0]), format!(" WARN {target} it's so {members}"));
        assert_eq!(behind(lines[1]), format!(r#"ERROR {target} message="first\nsecond \"third\"""#));
    }

    #[test]
    fn lines_for_machines() {
        let text = written(LogFormat::Json, talk);
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["message"], "it's so");
        assert_eq!(
            (&lines[0]["level"], &lines[0]["number"], &lines[0]["part"]),
            (&"WARN".into(), &7.into(), &0.25.into())
        );
        assert_eq!((&lines[0]["words"], &lines[0]["error"]), (&"two words".into(), &"disk".into()));
        assert_eq!(lines[1]["message"], "first\nsecond \"third\"");
        assert!(lines[0]["timestamp"].as_str().unwrap().ends_with('Z'));
    }

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Sink {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }
}
