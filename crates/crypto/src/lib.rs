//! Digests, HMAC, RSA, sealing, passwords, and JOSE on top of aws-lc-rs: bytes in, bytes out.
