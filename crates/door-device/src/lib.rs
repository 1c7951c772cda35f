//! The device door: producer-signed JWT in, polled and signed answers out.
