//! Printing: results on the standard output, everything else on the error output.

use std::io::{IsTerminal as _, Write as _};

use serde_json::Value;

/// How results are printed.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    /// One JSON document instead of text.
    pub(crate) json: bool,
    /// Results and errors only.
    pub(crate) quiet: bool,
}

impl Output {
    /// Prints what the command was asked for: the document, or the text made from the same values.
    pub(crate) fn result(self, document: &Value, text: impl FnOnce() -> String) {
        if self.json {
            line(&format!("{document:#}"));
        } else {
            line(text().trim_end());
        }
    }

    /// Confirms that something was done. Quiet programs say nothing then, like the tools around them.
    pub(crate) fn done(self, document: &Value, sentence: &str) {
        if self.json {
            line(&format!("{document:#}"));
        } else if !self.quiet {
            line(sentence);
        }
    }

    /// Prints a line of a longer story for people; a program reads the document at its end instead.
    pub(crate) fn tell(self, sentence: &str) {
        if !self.json && !self.quiet {
            line(sentence);
        }
    }

    /// Says something beside the result, on the error output.
    pub(crate) fn note(self, sentence: &str) {
        if !self.quiet {
            eprintln!("{sentence}");
        }
    }

    /// Whether somebody watches, so that a progress bar makes sense.
    pub(crate) fn is_watched(self) -> bool {
        !self.quiet && !self.json && std::io::stderr().is_terminal()
    }
}

/// Writes a line, or several, to the standard output. Nobody can be told that it is closed, so a failure is not reported.
///
/// Titles and descriptions are texts of others: a control character in one must not steer the terminal.
pub(crate) fn line(text: &str) {
    let text: String =
        text.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { ' ' } else { c }).collect();
    let mut output = std::io::stdout().lock();
    let _ = writeln!(output, "{text}");
    let _ = output.flush();
}
