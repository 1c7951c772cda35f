//! An installation of the real program: a data directory, on the embedded store or on a database, with commands and servers.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::foreign::{clean_command, prepared};

/// An installation of its own, gone when it is dropped.
#[derive(Debug)]
pub struct Installation {
    folder: TempDir,
    database: Option<String>,
}

impl Installation {
    /// One on the embedded store, or on a PostgreSQL database. Nothing is written yet.
    ///
    /// # Errors
    /// When no directory can be made.
    pub fn new(database: Option<String>) -> Result<Self> {
        Ok(Self { folder: tempfile::tempdir().context("cannot make a directory")?, database })
    }

    /// A path beside the data directory.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command to its end and gives what it prints.
    ///
    /// # Errors
    /// When it fails; the message holds what it printed.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command(arguments)?.output().context("the program cannot be started")?;
        let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        ensure!(output.status.success(), "`{}` failed: {stdout}{stderr}", arguments.join(" "));
        Ok(stdout)
    }

    /// The same with `--json`.
    ///
    /// # Errors
    /// When it fails, or prints no JSON.
    pub fn json(&self, arguments: &[&str]) -> Result<Value> {
        let printed = self.run(&[arguments, &["--json"]].concat())?;
        serde_json::from_str(&printed).with_context(|| format!("`{}` printed no JSON", arguments.join(" ")))
    }

    /// Starts a command that is not waited for; what it prints is lost.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(&self, arguments: &[&str]) -> Result<Child> {
        let mut command = self.command(arguments)?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().context("the program cannot be started")
    }

    /// Starts a server on a port of its own and waits until it says that it is ready.
    ///
    /// # Errors
    /// When it ends instead.
    pub fn serve(&self, arguments: &[&str]) -> Result<Serving> {
        let mut command = self.command(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat())?;
        let log = std::fs::File::options().create(true).append(true).open(self.path("server.log"));
        let log = log.context("cannot make a log file")?;
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn()?;
        let stdout = child.stdout.take().context("the server was started without an output pipe")?;
        let mut serving = Serving { child, base_url: String::new() };
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.next().transpose()? {
            if let Some(url) = line.strip_prefix(READY_LINE) {
                serving.base_url = url.split_whitespace().next().unwrap_or_default().to_owned();
                // Nothing more is printed there; a pipe that nobody reads would not matter.
                return Ok(serving);
            }
        }
        anyhow::bail!("the server ended instead of serving\n{}", self.log())
    }

    /// What all servers of this installation have logged; for the messages of failed tests.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("server.log")).unwrap_or_default()
    }

    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = clean_command(&prepared("COUNTERSIGN_PROGRAM")?);
        command.current_dir(self.folder.path()).args(arguments).arg("--data").arg(self.data());
        if let Some(database) = &self.database {
            command.env("COUNTERSIGN_DATABASE_URL", database).env("COUNTERSIGN_MASTER_KEY", "5c".repeat(32));
        }
        Ok(command)
    }

    /// The data directory.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Another node on the same database, with the same files: its directory is a link to this one's.
    ///
    /// # Errors
    /// When the link cannot be made.
    pub fn second_node(&self) -> Result<Self> {
        let second = Self::new(self.database.clone())?;
        std::fs::create_dir_all(second.data())?;
        std::os::unix::fs::symlink(self.data().join("files"), second.data().join("files"))?;
        Ok(second)
    }

    /// Whether something is there at a path of the data directory.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        Path::new(&self.data()).join(name).exists()
    }
}

/// A server that runs beside the test. Dropping it kills it.
#[derive(Debug)]
pub struct Serving {
    child: Child,
    base_url: String,
}

impl Serving {
    /// Where it serves.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Number of its process.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it, as a machine that fails does: it learns nothing of its end (SIGKILL).
    ///
    /// # Errors
    /// When it has ended before.
    pub fn kill(mut self) -> Result<()> {
        let ended = self.child.try_wait()?;
        ensure!(ended.is_none(), "the server had ended by itself: {ended:?}");
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const READY_LINE: &str = "Countersign is ready at ";
