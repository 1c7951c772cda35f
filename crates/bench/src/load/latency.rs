//! How long one answer takes when nobody else asks.

use std::time::Duration;

use anyhow::Result;

use super::{Connection, Load};
use crate::statistics::percentile;
use crate::stopwatch::Stopwatch;

/// Microseconds between a request and its answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Latency {
    /// Half of all answers take at most this long.
    pub(crate) p50: f64,
    /// 99 of 100 answers take at most this long.
    pub(crate) p99: f64,
}

/// Asks on one connection, for `warm_up` and then for `length`, which is what counts.
///
/// # Errors
/// When the connection breaks or an answer is not the expected one.
pub(crate) async fn latency(load: &Load, warm_up: Duration, length: Duration) -> Result<Latency> {
    let mut connection = Connection::open(load.address, load.buffer).await?;
    let (mut request, mut url, mut times) = (Vec::new(), Vec::new(), Vec::new());
    let began = Stopwatch::start();
    while began.elapsed() < warm_up + length {
        let counts = began.elapsed() >= warm_up;
        let asked = Stopwatch::start();
        load.exchange(&mut connection, &mut request, &mut url).await?;
        if counts {
            times.push(asked.seconds() * 1e6);
        }
    }
    load.check_kept(&mut connection, &url).await?;
    times.sort_by(f64::total_cmp);
    Ok(Latency { p50: percentile(&times, 0.5), p99: percentile(&times, 0.99) })
}
