//! File storage port and the local directory: digest-checked streams and ranges.
