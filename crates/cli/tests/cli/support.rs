//! Running the program: to its end, or beside the test.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// What a run of the program left.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Demands success.
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// Demands a failure with this exit status; returns the error text, which is for people and for nobody else.
    pub(crate) fn fails(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        assert!(self.stderr.starts_with("error: "), "{}", self.stderr);
        self.stderr
    }

    /// The output as one JSON document.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {:?}", self.stdout))
    }

    /// The last line of the output.
    pub(crate) fn last_line(&self) -> &str {
        self.stdout.trim_end().lines().last().unwrap_or_default()
    }
}

/// A directory that is gone after the test, with a data directory in it.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A path in the directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes files into a folder, and returns the folder.
    pub(crate) fn write(&self, folder: &str, files: &[(&str, &[u8])]) -> PathBuf {
        let folder = self.path(folder);
        fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in files {
            fs::write(folder.join(name), bytes).unwrap();
        }
        folder
    }

    /// Runs a command on the data directory `data`.
    pub(crate) fn run(&self, words: &[&str]) -> Run {
        self.run_with_input(words, "")
    }

    pub(crate) fn run_with_input(&self, words: &[&str], input: &str) -> Run {
        let mut command = program(self.folder.path());
        run(command.args(words).arg("--data").arg(self.path("data")), input)
    }

    /// Runs a command with `--json` and takes its document.
    pub(crate) fn json(&self, words: &[&str]) -> Value {
        self.run(&[words, &["--json"]].concat()).ok().json()
    }

    /// Starts a command on the data directory `data`; its error output goes to the file `program.log`.
    pub(crate) fn begin(&self, words: &[&str]) -> Running {
        self.begin_with(words, &[])
    }

    fn begin_with(&self, words: &[&str], variables: &[(&str, &str)]) -> Running {
        let log = fs::File::create(self.path("program.log")).unwrap();
        let mut command = program(self.folder.path());
        command.envs(variables.iter().copied()).args(words).arg("--data").arg(self.path("data"));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Running { child, stdout, base_url: String::new() }
    }

    /// Starts a command that serves, and waits until it is ready.
    pub(crate) fn serve(&self, words: &[&str]) -> Running {
        self.serve_with(words, &[])
    }

    /// The same, with settings in the environment.
    pub(crate) fn serve_with(&self, words: &[&str], variables: &[(&str, &str)]) -> Running {
        let mut running = self.begin_with(&[words, &["--listen", "127.0.0.1:0"]].concat(), variables);
        let line = running.read_until("Countersign is ready at ");
        running.base_url = line.split_whitespace().last().unwrap_or_default().to_owned();
        running
    }
}

/// The program in an environment without settings, run in `folder`.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).current_dir(folder);
    // How full the disk of whoever runs the tests is has nothing to do with what is tested.
    command.env("COUNTERSIGN_DOCTOR_ROOM", "0");
    command
}

/// Runs the program to its end.
pub(crate) fn run(command: &mut Command, input: &str) -> Run {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    // A program that does not read its input may close it before everything is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A program that runs beside the test. Dropping it kills it.
pub(crate) struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// Where it serves, if it does.
    pub(crate) base_url: String,
}

impl Running {
    /// Reads the output until a line begins with `text`; returns that line.
    pub(crate) fn read_until(&mut self, text: &str) -> String {
        let mut seen = String::new();
        loop {
            let mut line = String::new();
            assert_ne!(self.stdout.read_line(&mut line).unwrap(), 0, "the output ended without {text:?}:\n{seen}");
            if line.starts_with(text) {
                return line;
            }
            seen.push_str(&line);
        }
    }

    /// Asks the program to read its configuration anew, as a service manager does.
    pub(crate) fn hang_up(&self) {
        let kill = format!("kill -HUP {}", self.child.id());
        assert!(Command::new("sh").arg("-c").arg(kill).status().unwrap().success());
    }

    /// Asks the program to end, as a service manager does.
    pub(crate) fn terminate(self) -> ExitStatus {
        self.signal("TERM")
    }

    /// Asks the program to end, as Ctrl-C does.
    pub(crate) fn interrupt(self) -> ExitStatus {
        self.signal("INT")
    }

    fn signal(mut self, name: &str) -> ExitStatus {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").arg("-c").arg(kill).status().unwrap().success());
        self.child.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The names of all regular files below a folder, sorted; none when it is not there.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A path as an argument.
pub(crate) fn text(path: &(impl AsRef<OsStr> + ?Sized)) -> &str {
    path.as_ref().to_str().unwrap()
}
