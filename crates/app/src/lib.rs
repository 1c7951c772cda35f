//! Use cases: the only crate that opens units of work.
