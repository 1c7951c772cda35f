//! Writes the text format of Prometheus.

use std::fmt::{Display, Write};

/// What a number is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Only grows while the process lives.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How many values were at most so large.
    Histogram,
}

/// A page that is being written.
#[derive(Default)]
pub(super) struct Page {
    text: String,
}

impl Page {
    /// Begins a family of samples.
    pub(super) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    /// One sample. Label values are quoted as the format wants it.
    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let mut text = String::new();
        for (label, value) in labels {
            let separator = if text.is_empty() { '{' } else { ',' };
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            // Writing into a string cannot fail.
            let _ = write!(text, "{separator}{label}=\"{value}\"");
        }
        let end = if text.is_empty() { "" } else { "}" };
        self.line(format_args!("{name}{text}{end} {value}"));
    }

    /// A family of one sample without labels.
    pub(super) fn single(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    /// All of it.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.text, "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_quoted() {
        let mut page = Page::default();
        page.single("up", Kind::Gauge, "Whether it is up.", 1);
        page.sample("odd_total", &[("a", "x\"\\\n"), ("b", "")], 0.5);
        let text = "# HELP up Whether it is up.\n# TYPE up gauge\nup 1\nodd_total{a=\"x\\\"\\\\\\n\",b=\"\"} 0.5\n";
        assert_eq!(page.into_text(), text);
    }
}
