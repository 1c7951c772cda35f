//! The real program as a child process: started, waited for until it serves, and stopped like an operator stops it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::foreign::prepared;

/// A running `countersign demo` with a data directory of its own, on a port of its own.
/// Dropping it kills the program and removes the directory.
#[derive(Debug)]
pub struct Demo {
    credentials: String,
    process_id: u32,
    ended: Receiver<ExitStatus>,
    directory: TempDir,
}

impl Demo {
    /// Starts the program and returns when it says that it is ready.
    ///
    /// # Errors
    /// When the program is not named by the environment, does not become ready in time, or its credentials file does
    /// not belong to the address that it serves. The message holds what the program printed.
    pub fn start() -> Result<Self> {
        let program = prepared("COUNTERSIGN_PROGRAM")?;
        let directory = tempfile::tempdir().context("cannot make a directory for the demo")?;
        let log = File::create(log_path(&directory)).context("cannot make a log file")?;
        let mut child = Command::new(&program)
            .args(["demo", "--listen", "127.0.0.1:0", "--data"])
            .arg(directory.path().join("demo"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let process_id = child.id();
        let stdout = child.stdout.take().context("the program was started without an output pipe")?;
        let ready = watch_output(stdout)?;
        let ended = watch_end(child)?;

        let mut demo = Self { credentials: String::new(), process_id, ended, directory };
        let url = match ready.recv_timeout(READY) {
            Ok(Ok(url)) => url,
            Ok(Err(printed)) => bail!("the program closed its output before it was ready\n{printed}\n{}", demo.log()),
            Err(_) => bail!("the program was not ready within {READY:?}\n{}", demo.log()),
        };
        let path = demo.directory.path().join("demo").join("credentials.json");
        demo.credentials = std::fs::read_to_string(&path).context("the demo wrote no credentials file")?;
        let document: Value = serde_json::from_str(&demo.credentials).context("the credentials file is not JSON")?;
        ensure!(
            document["base_url"].as_str().map(|base| base.trim_end_matches('/')) == Some(url.as_str()),
            "the program says it is ready at {url}, its credentials file says {}",
            document["base_url"]
        );
        Ok(demo)
    }

    /// The text of the credentials file (JSON).
    #[must_use]
    pub fn credentials(&self) -> &str {
        &self.credentials
    }

    /// Asks the program to stop, as a service manager does, and waits for its end.
    ///
    /// # Errors
    /// When it does not end in time, or not with status 0; the message holds its log.
    pub fn stop(self) -> Result<()> {
        signal("TERM", self.process_id)?;
        let status = match self.ended.recv_timeout(STOP) {
            Ok(status) => status,
            Err(RecvTimeoutError::Timeout) => bail!("the program did not stop within {STOP:?}\n{}", self.log()),
            Err(RecvTimeoutError::Disconnected) => bail!("nobody knows how the program ended"),
        };
        ensure!(status.code() == Some(0), "the program ended with {status} after SIGTERM\n{}", self.log());
        Ok(())
    }

    /// What the program has written to its error output so far; for the messages of failed tests.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(log_path(&self.directory)).unwrap_or_default()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Only while it still runs: the number of a process that has ended may belong to another one.
        if matches!(self.ended.try_recv(), Err(mpsc::TryRecvError::Empty)) {
            let _ = signal("KILL", self.process_id);
            let _ = self.ended.recv_timeout(STOP);
        }
    }
}

fn log_path(directory: &TempDir) -> PathBuf {
    directory.path().join("program.log")
}

/// Reads the program's output to its end, so that the program never blocks on a full pipe. The receiver gets the URL of
/// the ready line, or, when the output ends without one, its last lines.
fn watch_output(stdout: impl Read + Send + 'static) -> Result<Receiver<Result<String, String>>> {
    let (sender, receiver) = mpsc::channel();
    let watch = move || {
        let mut last = VecDeque::new();
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(url) = ready_url(&line) {
                let _ = sender.send(Ok(url));
            }
            last.push_back(line);
            if last.len() > KEPT_LINES {
                last.pop_front();
            }
        }
        let _ = sender.send(Err(last.make_contiguous().join("\n")));
    };
    spawn("demo output", watch)?;
    Ok(receiver)
}

fn watch_end(mut child: Child) -> Result<Receiver<ExitStatus>> {
    let (sender, receiver) = mpsc::channel();
    let watch = move || {
        if let Ok(status) = child.wait() {
            let _ = sender.send(status);
        }
    };
    spawn("demo end", watch)?;
    Ok(receiver)
}

/// The base URL in the line with which the program says that it is ready.
fn ready_url(line: &str) -> Option<String> {
    let (_, after) = line.split_once(READY_LINE)?;
    let url = after.split_whitespace().next()?.trim_end_matches(['/', '.', ',']);
    (url.starts_with("http://") || url.starts_with("https://")).then(|| url.to_owned())
}

/// Sends a signal by the shell's own `kill`: there is no separate program of that name everywhere, and the standard
/// library has no call for it.
fn signal(name: &str, process_id: u32) -> Result<()> {
    let status = Command::new("sh").arg("-c").arg(format!("kill -{name} {process_id}")).status()?;
    if status.success() { Ok(()) } else { Err(anyhow!("cannot send SIG{name} to process {process_id}: {status}")) }
}

fn spawn(name: &str, watch: impl FnOnce() + Send + 'static) -> Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(watch).context("cannot start a thread")?;
    Ok(())
}

const READY_LINE: &str = "Countersign is ready at ";
/// An unoptimized program makes its keys and hashes its passwords in this time even on a busy machine.
const READY: Duration = Duration::from_secs(120);
/// The program finishes requests that are under way, of which the tests leave none.
const STOP: Duration = Duration::from_secs(30);
const KEPT_LINES: usize = 50;

#[cfg(test)]
mod tests {
    use super::{ready_url, watch_output};

    #[test]
    fn the_ready_line_is_recognized() {
        let url = Some("http://127.0.0.1:40123".to_owned());
        assert_eq!(ready_url("Countersign is ready at http://127.0.0.1:40123"), url);
        assert_eq!(ready_url("Countersign is ready at http://127.0.0.1:40123/ (site demo)"), url);
        assert_eq!(ready_url("Countersign is ready"), None);
        assert_eq!(ready_url("listening on http://127.0.0.1:40123"), None);
    }

    #[test]
    fn the_first_message_is_the_url_or_the_last_words() {
        let ready = watch_output(&b"starting\nCountersign is ready at http://[::1]:8080\n"[..]).unwrap();
        assert_eq!(ready.recv().unwrap(), Ok("http://[::1]:8080".to_owned()));
        let failed = watch_output(&b"starting\nthe port is taken\n"[..]).unwrap();
        assert_eq!(failed.recv().unwrap(), Err("starting\nthe port is taken".to_owned()));
    }
}
