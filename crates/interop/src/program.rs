//! The real program as a child process: started, waited for until it only serves, and stopped like an operator stops it.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::foreign::{clean_command, prepared};

/// A running `countersign demo` with a data directory of its own, on a port of its own.
/// Dropping it kills the program and removes the directory.
#[derive(Debug)]
pub struct Demo {
    credentials: String,
    process_id: u32,
    ended: Receiver<ExitStatus>,
    end_is_known: bool,
    directory: TempDir,
}

impl Demo {
    /// Starts the program and returns when it has walked through its own doors and goes on serving. To stop it during
    /// the walk would be an error, as a walk that was broken off proves nothing.
    ///
    /// # Errors
    /// When the program is not named by the environment, does not come so far in time, or its credentials file does
    /// not belong to the address that it serves. The message holds what the program printed.
    pub fn start() -> Result<Self> {
        let program = prepared("COUNTERSIGN_PROGRAM")?;
        let directory = tempfile::tempdir().context("cannot make a directory for the demo")?;
        let log = File::create(log_path(&directory)).context("cannot make a log file")?;
        let release = directory.path().join("release");
        write_release(&release).context("cannot write the files of a release")?;
        // In a directory of its own no `countersign.toml` is found, either.
        let mut child = clean_command(&program)
            .current_dir(directory.path())
            .args(["demo", "--listen", "127.0.0.1:0", "--data"])
            .arg(directory.path().join("demo"))
            .arg("--release")
            .arg(release)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let process_id = child.id();
        let stdout = child.stdout.take().context("the program was started without an output pipe")?;
        let serving = watch_output(stdout)?;
        let ended = watch_end(child)?;

        let mut demo = Self { credentials: String::new(), process_id, ended, end_is_known: false, directory };
        let url = match serving.recv_timeout(START) {
            Ok(Ok(url)) => url,
            Ok(Err(printed)) => bail!("the program ended its output instead of serving\n{printed}\n{}", demo.log()),
            Err(_) => bail!("the program did not come to serve within {START:?}\n{}", demo.log()),
        };
        let path = demo.directory.path().join("demo").join("credentials.json");
        demo.credentials = fs::read_to_string(&path).context("the demo wrote no credentials file")?;
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

    /// Its data directory.
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("demo")
    }

    /// Runs a command on its data, beside it, and gives what it prints.
    ///
    /// # Errors
    /// When it fails; the message holds what it printed.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let mut command = clean_command(&prepared("COUNTERSIGN_PROGRAM")?);
        command.current_dir(self.directory.path()).arg("--data").arg(self.data()).args(arguments);
        let output = command.output().context("the program cannot be started")?;
        let [printed, said] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        ensure!(output.status.success(), "`{}` failed: {printed}{said}", arguments.join(" "));
        Ok(printed)
    }

    /// Asks the program to stop, as a service manager does, and waits for its end.
    ///
    /// # Errors
    /// When it does not end in time, or not with status 0; the message holds its log.
    pub fn stop(mut self) -> Result<()> {
        signal("TERM", self.process_id)?;
        let status = match self.ended.recv_timeout(STOP) {
            Ok(status) => status,
            Err(RecvTimeoutError::Timeout) => bail!("the program did not stop within {STOP:?}\n{}", self.log()),
            Err(RecvTimeoutError::Disconnected) => bail!("nobody knows how the program ended"),
        };
        self.end_is_known = true;
        ensure!(status.code() == Some(0), "the program ended with {status} after SIGTERM\n{}", self.log());
        Ok(())
    }

    /// What the program has written to its error output so far; for the messages of failed tests.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(log_path(&self.directory)).unwrap_or_default()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Only while it still runs: the number of a process that has ended may belong to another one.
        if !self.end_is_known && matches!(self.ended.try_recv(), Err(mpsc::TryRecvError::Empty)) {
            let _ = signal("KILL", self.process_id);
            let _ = self.ended.recv_timeout(STOP);
        }
    }
}

fn log_path(directory: &TempDir) -> PathBuf {
    directory.path().join("program.log")
}

/// Files that are published in no time, unlike the program itself, yet are long enough to be sent in pieces.
fn write_release(folder: &Path) -> std::io::Result<()> {
    fs::create_dir(folder)?;
    let bytes: Vec<u8> = (0..LARGE_FILE).map(|position| position.to_le_bytes()[0]).collect();
    fs::write(folder.join("firmware.bin"), bytes)?;
    fs::write(folder.join("read me.txt"), "A release for a device in another language.\n")
}

/// Reads the program's output to its end, so that the program never blocks on a full pipe. The receiver gets the URL of
/// the ready line once the program says that it goes on serving, or, when the output ends before that, its last lines.
fn watch_output(stdout: impl Read + Send + 'static) -> Result<Receiver<Result<String, String>>> {
    let (sender, receiver) = mpsc::channel();
    let watch = move || {
        let (mut last, mut ready) = (VecDeque::new(), None);
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            ready = ready_url(&line).or(ready);
            if line.starts_with(SERVING_LINE)
                && let Some(url) = ready.take()
            {
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
const SERVING_LINE: &str = "Serving until";
/// Several times the pieces in which files are sent.
const LARGE_FILE: u32 = 300_000;
/// An unoptimized program makes its keys, hashes its passwords and takes its walk in this time even on a busy machine.
const START: Duration = Duration::from_secs(120);
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
    fn the_first_message_is_the_url_once_it_serves_or_the_last_words() {
        let output = "starting\nCountersign is ready at http://[::1]:8080\nwalking\nServing until you press Ctrl-C.\n";
        let serving = watch_output(output.as_bytes()).unwrap();
        assert_eq!(serving.recv().unwrap(), Ok("http://[::1]:8080".to_owned()));
        for failed in ["starting\nthe port is taken", "Countersign is ready at http://[::1]:8080\na step failed"] {
            assert_eq!(watch_output(failed.as_bytes()).unwrap().recv().unwrap(), Err(failed.to_owned()));
        }
    }
}
