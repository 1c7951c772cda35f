//! What the program needs: memory, time to start, and room on a disk.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::door::{self, open_question, request, sample};
use crate::bench::{Bench, Log};
use crate::report::{Bound, Figure};
use crate::statistics::Spread;
use crate::stopwatch::{Stopwatch, pause};

/// Memory of an idle server, time to ready, and the size of the program.
pub(super) async fn footprint(bench: &mut Bench, name: &str) -> Result<Vec<Figure>> {
    let devices = bench.amount.devices;
    let installation = bench.large(devices).await?;
    let (mut memory, mut ready) = (Vec::new(), Vec::new());
    for _ in 0..bench.amount.rounds {
        let began = Stopwatch::start();
        let server = bench.serve(&installation, Log::Usual)?;
        ready.push(began.seconds() * 1e3);
        // It is really ready: a whole check is answered.
        let ask = request(door::SIGNED_UPDATES, &installation.token(0)?, &open_question());
        sample(server.address(), &ask).await?;
        pause(IDLE).await;
        memory.push(server.resident_bytes().context("the system does not tell how much memory a process has")? / 1e6);
        server.stop()?;
    }
    let size = std::fs::metadata(&bench.program).context("the program cannot be read")?.len() as f64 / 1e6;
    let of = |values| Spread::of(values).context("nothing was measured");
    let many = format!("{devices} devices and licenses");
    Ok(vec![
        Figure::alone(format!("{name} memory"), "MB", of(memory)?, "MB", Bound::AtMost(50.0)).note(many.clone()),
        Figure::alone(format!("{name} ready"), "ms", of(ready)?, "ms", Bound::AtMost(1000.0)).note(many),
        Figure::alone(format!("{name} program"), "MB", Spread::single(size), "MB", Bound::AtMost(40.0)),
    ])
}

/// How long the server is left alone before its memory counts.
const IDLE: Duration = Duration::from_secs(1);
