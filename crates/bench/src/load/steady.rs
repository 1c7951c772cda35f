//! A load at a fixed rate: what an answer takes while the program has something to do, and not too much.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::task::JoinSet;

use super::{Connection, Latency, Load};
use crate::statistics::percentile;
use crate::stopwatch::{Stopwatch, pause};

/// Does the plan of a load so many times a second, spread evenly over its connections, for `warm_up` and then for `length`,
/// which is what counts. Whoever is late goes on at once, and the time that counts begins when it should have asked: an
/// answer that holds up others is not forgotten.
///
/// # Errors
/// When a connection breaks or an answer is not the expected one.
pub(crate) async fn steady(load: &Arc<Load>, rate: f64, warm_up: Duration, length: Duration) -> Result<Latency> {
    let connections = load.connections;
    let period = Duration::from_secs_f64(connections as f64 / rate);
    let began = Stopwatch::start();
    let mut asking = JoinSet::new();
    for number in 0..connections {
        let (load, first) = (load.clone(), period.mul_f64(number as f64 / connections as f64));
        asking.spawn(async move {
            let mut connection = Connection::open(load.address, load.buffer).await?;
            let (mut request, mut url, mut times) = (Vec::new(), Vec::new(), Vec::new());
            let mut due = first;
            while due < warm_up + length {
                if let Some(left) = due.checked_sub(began.elapsed()) {
                    pause(left).await;
                }
                // A timer rings up to a millisecond late, which is no fault of the program.
                let due_or_awake = if began.elapsed().saturating_sub(due) < GRAIN { began.elapsed() } else { due };
                load.exchange(&mut connection, &mut request, &mut url).await?;
                if due >= warm_up {
                    times.push(began.elapsed().saturating_sub(due_or_awake).as_secs_f64() * 1e6);
                }
                due += period;
            }
            anyhow::Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(asked) = asking.join_next().await {
        times.extend(asked.context("a connection panicked")??);
    }
    times.sort_by(f64::total_cmp);
    Ok(Latency { p50: percentile(&times, 0.5), p99: percentile(&times, 0.99) })
}

/// How late a timer may ring.
const GRAIN: Duration = Duration::from_millis(2);
