//! Settings that limit connections and callers: whole numbers, each within a range.

use std::ops::RangeInclusive;
use std::time::Duration;

use countersign_app::RateLimits;
use countersign_app::storages::{UPLOAD_LIMIT, UPLOAD_LIMITS};

use super::file::File;
use super::{ConfigError, value};
use crate::connections::ConnectionLimits;

/// What flags say about limits.
#[derive(Clone, Debug, Default)]
pub struct LimitOverrides {
    /// Seconds for the head of a request, and for a TLS handshake.
    pub header_timeout: Option<u64>,
    /// Seconds that a connection may wait for its next request.
    pub idle_timeout: Option<u64>,
    /// Connections that are open at once.
    pub max_connections: Option<u64>,
    /// The same from one address.
    pub max_connections_per_address: Option<u64>,
    /// Bytes of the head of a request.
    pub max_header_bytes: Option<u64>,
    /// Seconds in which a client may take next to nothing of its answer.
    pub stall_timeout: Option<u64>,
}

/// The limits that are in force.
pub(super) fn limits(
    variable: &dyn Fn(&str) -> Option<String>,
    flags: &LimitOverrides,
    file: &File,
) -> Result<ConnectionLimits, ConfigError> {
    let built_in = ConnectionLimits::default();
    let number = |key: Key, flag: Option<u64>, file: Option<u64>| number(&key, flag, variable(key.variable), file);
    let connections = number(CONNECTIONS, flags.max_connections, file.max_connections)?;
    let per_address = number(PER_ADDRESS, flags.max_connections_per_address, file.max_connections_per_address)?;
    let header_bytes = number(HEADER_BYTES, flags.max_header_bytes, file.max_header_bytes)?;
    let header_time = number(HEADER_TIMEOUT, flags.header_timeout, file.header_timeout)?;
    let idle_time = number(IDLE_TIMEOUT, flags.idle_timeout, file.idle_timeout)?;
    let stall_time = number(STALL_TIMEOUT, flags.stall_timeout, file.stall_timeout)?;
    // The ranges fit into every type.
    let count = |number: Option<u64>| number.and_then(|number| usize::try_from(number).ok());
    Ok(ConnectionLimits {
        connections: count(connections).unwrap_or(built_in.connections),
        connections_per_address: count(per_address).unwrap_or(built_in.connections_per_address),
        header_bytes: header_bytes.and_then(|bytes| u32::try_from(bytes).ok()).unwrap_or(built_in.header_bytes),
        header_time: header_time.map_or(built_in.header_time, Duration::from_secs),
        idle_time: idle_time.map_or(built_in.idle_time, Duration::from_secs),
        stall_time: stall_time.map_or(built_in.stall_time, Duration::from_secs),
    })
}

/// The largest file of a storage that is in force, in bytes.
pub(super) fn max_upload_bytes(
    variable: &dyn Fn(&str) -> Option<String>,
    flag: Option<u64>,
    file: &File,
) -> Result<u64, ConfigError> {
    Ok(number(&UPLOAD_BYTES, flag, variable(UPLOAD_BYTES.variable), file.max_upload_bytes)?.unwrap_or(UPLOAD_LIMIT))
}

/// How often callers may fail, and how much devices may tell, that is in force.
pub(super) fn rate_limits(variable: &dyn Fn(&str) -> Option<String>, file: &File) -> Result<RateLimits, ConfigError> {
    let built_in = RateLimits::default();
    let number = |key: Key, file: Option<u64>, built_in: u32| {
        let number = number(&key, None, variable(key.variable), file)?;
        // The range fits.
        Ok(number.and_then(|number| u32::try_from(number).ok()).unwrap_or(built_in))
    };
    Ok(RateLimits {
        failed_logins: number(FAILED_LOGINS, file.max_failed_logins, built_in.failed_logins)?,
        refused_tokens: number(REFUSED_TOKENS, file.max_refused_tokens, built_in.refused_tokens)?,
        device_events: number(DEVICE_EVENTS, file.max_device_events, built_in.device_events)?,
    })
}

/// A setting, its variable, and what it may be.
struct Key {
    name: &'static str,
    variable: &'static str,
    range: RangeInclusive<u64>,
    hint: &'static str,
}

fn number(
    key: &Key,
    flag: Option<u64>,
    variable: Option<String>,
    file: Option<u64>,
) -> Result<Option<u64>, ConfigError> {
    let unusable = |text: &str| value(key.name, text, key.hint);
    let number = match (flag, variable) {
        (Some(number), _) => Some(number),
        (None, Some(text)) => Some(text.parse().map_err(|_| unusable(&text))?),
        (None, None) => file,
    };
    match number {
        Some(number) if !key.range.contains(&number) => Err(unusable(&number.to_string())),
        number => Ok(number),
    }
}

const MANY: RangeInclusive<u64> = 1..=1_000_000;
const HOW_MANY: &str = "write a number from 1 to 1000000";
/// At most an hour: a connection that may do nothing for longer is no limit.
const SECONDS: RangeInclusive<u64> = 1..=3600;
const HOW_LONG: &str = "write seconds, from 1 to 3600";

const CONNECTIONS: Key =
    Key { name: "max_connections", variable: "COUNTERSIGN_MAX_CONNECTIONS", range: MANY, hint: HOW_MANY };
const PER_ADDRESS: Key = Key {
    name: "max_connections_per_address",
    variable: "COUNTERSIGN_MAX_CONNECTIONS_PER_ADDRESS",
    range: MANY,
    hint: HOW_MANY,
};
/// Tokens have up to 8 KiB; and the head of a request is held in memory.
const HEADER_BYTES: Key = Key {
    name: "max_header_bytes",
    variable: "COUNTERSIGN_MAX_HEADER_BYTES",
    range: 16_384..=262_144,
    hint: "write bytes, from 16384 to 262144",
};
const HEADER_TIMEOUT: Key =
    Key { name: "header_timeout", variable: "COUNTERSIGN_HEADER_TIMEOUT", range: SECONDS, hint: HOW_LONG };
const IDLE_TIMEOUT: Key =
    Key { name: "idle_timeout", variable: "COUNTERSIGN_IDLE_TIMEOUT", range: SECONDS, hint: HOW_LONG };
const STALL_TIMEOUT: Key =
    Key { name: "stall_timeout", variable: "COUNTERSIGN_STALL_TIMEOUT", range: SECONDS, hint: HOW_LONG };
const DEVICE_EVENTS: Key =
    Key { name: "max_device_events", variable: "COUNTERSIGN_MAX_DEVICE_EVENTS", range: MANY, hint: HOW_MANY };
const FAILED_LOGINS: Key =
    Key { name: "max_failed_logins", variable: "COUNTERSIGN_MAX_FAILED_LOGINS", range: MANY, hint: HOW_MANY };
const REFUSED_TOKENS: Key =
    Key { name: "max_refused_tokens", variable: "COUNTERSIGN_MAX_REFUSED_TOKENS", range: MANY, hint: HOW_MANY };
const UPLOAD_BYTES: Key = Key {
    name: "max_upload_bytes",
    variable: "COUNTERSIGN_MAX_UPLOAD_BYTES",
    range: UPLOAD_LIMITS,
    hint: "write bytes, from 1048576 (1 MiB) to 68719476736 (64 GiB)",
};
