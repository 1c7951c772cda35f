//! What rows work with: the program, the installations that they share, and how long everything is measured.

use std::ops::AsyncFn;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::installation::{Installation, SITE};
use crate::load::{Load, Round, round};
use crate::placement::Placement;
use crate::process::Running;
use crate::stopwatch::Stopwatch;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Amount {
    /// How often each side is measured.
    pub(crate) rounds: usize,
    /// How long a round counts.
    pub(crate) length: Duration,
    /// How long the load runs before it counts.
    pub(crate) warm_up: Duration,
    /// Devices of the large installation.
    pub(crate) devices: u32,
    /// Updates at the end of their curve.
    pub(crate) updates: u32,
    /// Sites at the end of their curve.
    pub(crate) sites: u32,
}

/// Whether the server writes its access log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Log {
    /// As it does without options. Nobody keeps the lines, but all of the work of writing them is done.
    Usual,
    /// Warnings only (`--quiet`).
    Quiet,
}

/// What rows work with.
pub(crate) struct Bench {
    /// How much is measured.
    pub(crate) amount: Amount,
    /// Where programs run.
    pub(crate) placement: Placement,
    /// The program `countersign`.
    pub(crate) program: PathBuf,
    directory: TempDir,
    small: Option<Rc<Installation>>,
    large: Option<Rc<Installation>>,
}

impl Bench {
    /// Everything in a new directory below `place`, which goes when the bench is dropped.
    ///
    /// # Errors
    /// When there can be no such directory.
    pub(crate) fn new(amount: Amount, placement: Placement, program: PathBuf, place: &Path) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("countersign-bench-").tempdir_in(place);
        let directory = directory.with_context(|| format!("no directory can be made in {}", place.display()))?;
        Ok(Self { amount, placement, program, directory, small: None, large: None })
    }

    /// Where data directories are made.
    pub(crate) fn place(&self) -> &Path {
        self.directory.path().parent().unwrap_or(self.directory.path())
    }

    /// A path in the bench's directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The installation of rows that do not ask for many devices. It has ten thousand.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) async fn small(&mut self) -> Result<Rc<Installation>> {
        if let Some(small) = &self.small {
            return Ok(small.clone());
        }
        let small = Rc::new(self.new_installation("small").await?);
        small.grow(SMALL).await?;
        small.add_free_licenses().await?;
        Ok(self.small.insert(small).clone())
    }

    /// The installation of rows that ask for many devices. It grows as they ask, and never shrinks.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) async fn large(&mut self, devices: u32) -> Result<Rc<Installation>> {
        let large = match &self.large {
            Some(large) => large.clone(),
            None => {
                let large = Rc::new(self.new_installation("large").await?);
                self.large.insert(large).clone()
            }
        };
        let began = Stopwatch::start();
        let before = large.devices();
        large.grow(devices).await?;
        if devices > before {
            eprintln!("    {} devices and licenses were written in {:.1} s", devices - before, began.seconds());
        }
        Ok(large)
    }

    /// A new installation without devices.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) async fn new_installation(&self, name: &str) -> Result<Installation> {
        Installation::create(self.path(name), None).await
    }

    /// A new installation on a PostgreSQL database.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) async fn new_installation_on(&self, database: &str, name: &str) -> Result<Installation> {
        Installation::create(self.path(name), Some(database.to_owned())).await
    }

    /// Starts the use cases of licensed applications without doors and signatures on an installation.
    ///
    /// # Errors
    /// When they do not come to serve.
    pub(crate) fn use_cases(&self, installation: &Installation) -> Result<Running> {
        let mut command = self.ourselves()?;
        command.arg("use-cases").arg("--data").arg(&installation.data);
        Running::start(command)
    }

    /// Starts the server on an installation.
    ///
    /// # Errors
    /// When it does not come to serve.
    pub(crate) fn serve(&self, installation: &Installation, log: Log) -> Result<Running> {
        self.serve_with(installation, log, &[])
    }

    /// The same with further settings in the environment.
    ///
    /// # Errors
    /// When it does not come to serve.
    pub(crate) fn serve_with(
        &self,
        installation: &Installation,
        log: Log,
        variables: &[(&str, String)],
    ) -> Result<Running> {
        let mut command = self.placement.measured(&self.program);
        // Metrics are counted as usual; their page has a port of its own, because two servers can run at once.
        command.args(["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--default-site", SITE]);
        command.arg("--data").arg(&installation.data).current_dir(self.directory.path());
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        if log == Log::Quiet {
            command.arg("--quiet");
        }
        Running::start(log_to_nowhere(command))
    }

    /// Runs a command of the program on an installation, and gives what it prints with `--json`.
    ///
    /// # Errors
    /// When it fails.
    pub(crate) fn command(
        &self,
        installation: &Installation,
        variables: &[(&str, String)],
        words: &[&str],
    ) -> Result<Value> {
        let mut command = Command::new(&self.program);
        command.args(words).args(["--json", "--data"]).arg(&installation.data).current_dir(self.directory.path());
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        let output = command.stdin(Stdio::null()).output()?;
        ensure!(output.status.success(), "{words:?} failed: {}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Starts a limit: this program with other arguments.
    ///
    /// # Errors
    /// When it does not come to serve.
    pub(crate) fn limit(&self, arguments: &[&str]) -> Result<Running> {
        Running::start(self.limit_command(arguments)?)
    }

    /// Runs a limit to its end and gives the number that it prints.
    ///
    /// # Errors
    /// When it fails.
    pub(crate) fn limit_figure(&self, arguments: &[&str]) -> Result<f64> {
        let output = self.limit_command(arguments)?.stdin(Stdio::null()).output()?;
        ensure!(output.status.success(), "the limit failed: {}", output.stderr.escape_ascii());
        Ok(String::from_utf8(output.stdout)?.trim().parse()?)
    }

    /// Measures loads in turn, round after round, so that whatever else the machine does meets all of them. Gives the
    /// rounds of each.
    ///
    /// # Errors
    /// When a round fails.
    pub(crate) async fn in_turn(&self, sides: &[(&Running, Arc<Load>)]) -> Result<Vec<Vec<Round>>> {
        let mut rounds = vec![Vec::new(); sides.len()];
        for _ in 0..self.amount.rounds {
            for ((program, load), rounds) in sides.iter().zip(&mut rounds) {
                rounds.push(round(load, program, self.amount.warm_up, self.amount.length).await?);
            }
        }
        Ok(rounds)
    }

    /// Does something once for each round.
    ///
    /// # Errors
    /// The first that fails.
    pub(crate) async fn every_round<T>(&self, once: impl AsyncFn(usize) -> Result<T>) -> Result<Vec<T>> {
        let mut all = Vec::new();
        for number in 0..self.amount.rounds {
            all.push(once(number).await?);
        }
        Ok(all)
    }

    fn limit_command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = self.ourselves()?;
        command.arg("limit").args(arguments);
        Ok(command)
    }

    /// This program, where measured programs run.
    fn ourselves(&self) -> Result<Command> {
        let program = std::env::current_exe().context("this program cannot be found")?;
        Ok(self.placement.measured(&program))
    }
}

fn log_to_nowhere(mut command: Command) -> Command {
    command.stderr(Stdio::null());
    command
}

/// Devices of the small installation: as many rows as the floor of durable writes reads from.
pub(crate) const SMALL: u32 = 10_000;
