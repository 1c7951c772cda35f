//! The producer door: update keys behind a producer login.
