//! What a run has found, and the forms in which it is told.

mod figures;
mod json;
mod page;
mod plot;
mod table;

pub(crate) use figures::{Bound, Curve, Figure, Goal};
pub(crate) use json::document;
pub(crate) use page::write_page;
pub(crate) use table::{markdown, text};

/// What became of a row.
pub(crate) enum Outcome {
    /// It could not run; the reason.
    Failed(String),
    /// It was measured.
    Measured(Vec<Figure>),
    /// It cannot run on this machine; the reason.
    Skipped(String),
}

/// What became of a row, with its name.
pub(crate) type Entry = (&'static str, Outcome);
