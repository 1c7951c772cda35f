//! Where programs run: the measured one on core 0, and this one, which makes the load, on core 1.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

/// Whether the two sides of a measurement are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// Each has a core of its own.
    Apart,
    /// They run where the system puts them.
    Anywhere,
}

impl Placement {
    /// A command that runs a program on the core of measured programs.
    pub(crate) fn measured(self, program: &Path) -> Command {
        match self {
            Self::Apart => {
                let mut command = Command::new("taskset");
                command.args(["-c", MEASURED_CORE]).arg(program);
                command
            }
            Self::Anywhere => Command::new(program),
        }
    }
}

/// Becomes this program again, on the core of the load and ahead of what else the machine does, with `mark` as a further
/// argument. Comes back only when that cannot be done, with the reason.
///
/// # Errors
/// When this program cannot be found or started again.
pub(crate) fn begin_again(mark: &str) -> Result<String> {
    if std::thread::available_parallelism().map_or(1, std::num::NonZero::get) < 2 {
        return Ok("this machine has one core only".to_owned());
    }
    if !works("taskset", &["-c", LOAD_CORE, "true"]) {
        return Ok(format!("taskset cannot be used for core {LOAD_CORE} (package util-linux)"));
    }
    let mut words: Vec<OsString> = Vec::new();
    // Only root may; without it other programs disturb more, which the report shows.
    if works("nice", &["-n", PRIORITY, "true"]) {
        words.extend(["nice", "-n", PRIORITY].map(OsString::from));
    }
    words.extend(["taskset", "-c", LOAD_CORE].map(OsString::from));
    words.push(std::env::current_exe().context("this program cannot be found")?.into());
    words.extend(std::env::args_os().skip(1));
    words.push(mark.into());
    let mut words = words.into_iter();
    let mut command = Command::new(words.next().context("there is nothing to start")?);
    Err(command.args(words).exec()).context("this program cannot be started on a core of its own")
}

/// How much this process goes before others: -20 is the most, 0 the usual.
pub(crate) fn niceness() -> Option<i32> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in parentheses and may hold anything.
    text.rsplit_once(')')?.1.split_whitespace().nth(16)?.parse().ok()
}

/// Puts all programs of this session ahead of others, where the system shares its time between sessions first and between
/// programs only then: there the niceness of a program alone means nothing. Taken back on drop.
pub(crate) struct Ahead {
    before: Option<String>,
}

impl Ahead {
    /// Goes ahead, if this process may.
    pub(crate) fn go() -> Self {
        let before =
            std::fs::read_to_string(SESSION).ok().and_then(|text| Some(text.split_whitespace().last()?.to_owned()));
        Self { before: before.filter(|_| std::fs::write(SESSION, PRIORITY).is_ok()) }
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // It could be set, so it can be set back.
            let _ = std::fs::write(SESSION, before);
        }
    }
}

/// Whether a command ends well and has nothing to complain about.
fn works(program: &str, arguments: &[&str]) -> bool {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    output.is_ok_and(|output| output.status.success() && output.stderr.is_empty())
}

const MEASURED_CORE: &str = "0";
const LOAD_CORE: &str = "1";
const PRIORITY: &str = "-20";
/// Where the priority of the session is, in Linux with automatic groups.
const SESSION: &str = "/proc/self/autogroup";
