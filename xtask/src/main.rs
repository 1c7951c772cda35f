//! Checks and test set-up of the workspace.

fn main() {}
