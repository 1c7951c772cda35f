//! Private keys and secrets at rest: master key, sealing, signers.
