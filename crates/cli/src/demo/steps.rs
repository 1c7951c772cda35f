//! The steps of the walk, as they are told to people or listed for programs.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::tour::Tour;
use crate::output::{Output, line};

/// What was verified so far.
pub(super) struct Steps {
    output: Output,
    done: Vec<Value>,
}

impl Steps {
    pub(super) fn new(output: Output) -> Self {
        Self { output, done: Vec::new() }
    }

    /// How to print.
    pub(super) fn output(&self) -> Output {
        self.output
    }

    /// Takes one step. `work` gives what was verified, in words, and a value for the steps to come; when it fails, the
    /// error names the step and says what to do.
    pub(super) fn take<T>(
        &mut self,
        step: &str,
        advice: &str,
        work: impl FnOnce() -> Result<(String, T)>,
    ) -> Result<T> {
        let (verified, value) = work().with_context(|| format!("the step \"{step}\" failed; {advice}"))?;
        self.output.tell(&format!("✓ {step}: {verified}"));
        self.done.push(json!({ "step": step, "verified": verified }));
        Ok(value)
    }

    /// Says what all steps together have verified: the last line of the walk, or the document about it.
    pub(super) fn finish(self, tour: &Tour, summary: &str) {
        if self.output.json {
            let document = json!({
                "base_url": tour.base_url,
                "credentials": tour.credentials_file.display().to_string(),
                "steps": self.done,
                "summary": summary,
            });
            line(&format!("{document:#}"));
        } else {
            line(summary);
        }
    }
}
