//! Embeddable device client: asks, polls, verifies, downloads.
