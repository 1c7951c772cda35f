//! Progress of long work on an installation: a bar for each stage.

use std::sync::{Mutex, PoisonError};

use countersign_server::maintenance::{Progress, Stage};
use indicatif::ProgressBar;

use crate::output::Output;
use crate::progress::bar;

/// Shows the stages one after the other, when somebody watches.
pub(crate) struct Stages {
    output: Output,
    current: Mutex<ProgressBar>,
}

impl Stages {
    pub(crate) fn new(output: Output) -> Self {
        Self { output, current: Mutex::new(ProgressBar::hidden()) }
    }

    /// Takes the last bar away.
    pub(crate) fn finish(&self) {
        self.with(|bar| bar.finish_and_clear());
    }

    fn with(&self, work: impl FnOnce(&mut ProgressBar)) {
        work(&mut self.current.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Progress for Stages {
    fn begin(&self, stage: Stage, bytes: u64) {
        let name = match stage {
            Stage::Copying => "copying",
            Stage::Verifying => "verifying",
        };
        let output = self.output;
        self.with(|current| {
            current.finish_and_clear();
            *current = bar(output, name, bytes);
        });
    }

    fn advance(&self, bytes: u64) {
        self.with(|bar| bar.inc(bytes));
    }
}
