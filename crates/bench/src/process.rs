//! A program that is measured: started, waited for until it accepts connections, and stopped.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::stopwatch::{Stopwatch, pause};
use crate::usage;

/// A running program. Dropping it kills it.
pub(crate) struct Running {
    child: Child,
    address: SocketAddr,
    /// Kept open: a program that writes into a closed pipe would fail.
    _output: Option<BufReader<ChildStdout>>,
}

impl Running {
    /// Starts a program that prints a line `… ready at http://ADDRESS` when it accepts connections.
    ///
    /// # Errors
    /// When it cannot be started, or ends instead.
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started", command.get_program().display()))?;
        let mut output = BufReader::new(child.stdout.take().context("a program was started without an output pipe")?);
        let mut running = Self { child, address: (Ipv4Addr::LOCALHOST, 0).into(), _output: None };
        let mut line = String::new();
        while output.read_line(&mut line)? > 0 {
            if let Some(address) = ready_address(&line) {
                running.address = address;
                running._output = Some(output);
                return Ok(running);
            }
            line.clear();
        }
        let status = running.child.wait()?;
        bail!("{command:?} ended with {status} instead of serving")
    }

    /// Starts a program that says nothing when it accepts connections, on an address that it was told.
    ///
    /// # Errors
    /// When it cannot be started, or does not come to accept connections.
    pub(crate) async fn start_on(mut command: Command, address: SocketAddr) -> Result<Self> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let child = child.with_context(|| format!("{} cannot be started", command.get_program().display()))?;
        let mut running = Self { child, address, _output: None };
        let began = Stopwatch::start();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = running.child.try_wait()? {
                bail!("{command:?} ended with {status} instead of serving");
            }
            if began.elapsed() > START {
                bail!("{command:?} does not accept connections");
            }
            pause(Duration::from_millis(10)).await;
        }
        Ok(running)
    }

    /// Where it accepts connections.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Seconds for which its threads have run so far.
    pub(crate) fn processor_seconds(&self) -> Option<f64> {
        usage::processor_seconds(self.child.id())
    }

    /// Bytes of memory that it has resident now.
    pub(crate) fn resident_bytes(&self) -> Option<f64> {
        usage::resident_bytes(self.child.id())
    }

    /// Asks it to stop, as a service manager does, and waits for its end.
    ///
    /// # Errors
    /// When it cannot be told, or does not end well.
    pub(crate) fn stop(mut self) -> Result<()> {
        // There is no call for a signal in the standard library, and no program of that name everywhere.
        let told = Command::new("sh").arg("-c").arg(format!("kill -TERM {}", self.child.id())).status()?;
        if !told.success() {
            bail!("process {} cannot be told to stop", self.child.id());
        }
        let status = self.child.wait()?;
        if !status.success() {
            bail!("the measured program ended with {status}");
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address of this machine that nobody listens on now.
///
/// # Errors
/// When the system has none.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// The address in the line with which a program says that it is ready.
fn ready_address(line: &str) -> Option<SocketAddr> {
    line.split_once(READY)?.1.split_whitespace().next()?.trim_end_matches('/').parse().ok()
}

/// What stands before the address in that line.
pub(crate) const READY: &str = "ready at http://";
/// How long a program may take until it accepts connections.
const START: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ready_line_names_the_address() {
        let address = Some(SocketAddr::from(([127, 0, 0, 1], 40123)));
        assert_eq!(ready_address("Countersign is ready at http://127.0.0.1:40123\n"), address);
        assert_eq!(ready_address("ready at http://127.0.0.1:40123/"), address);
        assert_eq!(ready_address("ready at https://127.0.0.1:40123"), None);
        assert_eq!(ready_address("listening"), None);
    }
}
