//! The store port: unit of work, repository traits, store errors, conformance suite.
