//! Running other programs: each is printed before it starts, exactly as a person would type it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Says in one line what is about to happen and why.
pub(crate) fn announce(what: &str) {
    println!("\n==> {what}");
}

/// Prints the command and runs it with our own standard streams, but without input.
///
/// # Errors
/// When the program cannot be started or does not exit with 0; the message repeats the command.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = shell_line(command);
    println!("    $ {line}");
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Prints the command, runs it, and hands every line of its standard output to `on_line` as soon as it is there.
/// Returns whether the program exited with 0.
///
/// # Errors
/// When the program cannot be started or its output cannot be read.
pub(crate) fn run_by_line(command: &mut Command, mut on_line: impl FnMut(&str)) -> Result<bool> {
    let line = shell_line(command);
    println!("    $ {line}");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{line}`"))?;
    let stdout = child.stdout.take().context("the program was started without an output pipe")?;
    let mut reader = BufReader::new(stdout);
    let mut raw = Vec::new();
    while reader.read_until(b'\n', &mut raw).with_context(|| format!("cannot read what `{line}` prints"))? > 0 {
        // Tests may print bytes that are not UTF-8; the line is only shown and searched for counts.
        on_line(String::from_utf8_lossy(&raw).trim_end_matches(['\n', '\r']));
        raw.clear();
    }
    Ok(child.wait().with_context(|| format!("cannot wait for `{line}`"))?.success())
}

/// Runs a command that only answers a question: prints nothing, returns its standard output.
///
/// # Errors
/// When the program cannot be started or does not exit with 0; the message holds its error output.
pub(crate) fn ask(command: &mut Command) -> Result<String> {
    let line = shell_line(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` printed something that is not UTF-8"))
}

/// The command as it could be pasted into a shell, with the variables that it sets and those that it takes away.
pub(crate) fn shell_line(command: &Command) -> String {
    let (mut removed, mut set) = (Vec::new(), Vec::new());
    for (name, value) in command.get_envs() {
        match value {
            None => removed.push(format!("-u {}", quoted(name))),
            Some(value) => set.push(format!("{}={}", name.to_string_lossy(), quoted(value))),
        }
    }
    let env = if removed.is_empty() { Vec::new() } else { [vec!["env".to_owned()], removed].concat() };
    let words = std::iter::once(command.get_program()).chain(command.get_args()).map(quoted);
    env.into_iter().chain(set).chain(words).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{ask, run_by_line, shell_line};

    #[test]
    fn a_command_is_shown_as_it_is_typed() {
        let mut command = Command::new("cargo");
        command.args(["doc", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(shell_line(&command), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps");
        command.env_remove("COUNTERSIGN_UPDATE");
        let line = "env -u COUNTERSIGN_UPDATE RUSTDOCFLAGS='-D warnings' cargo doc --no-deps";
        assert_eq!(shell_line(&command), line);
    }

    #[test]
    fn a_failure_carries_what_the_program_said() {
        let error = ask(Command::new("sh").args(["-c", "echo not today >&2; exit 3"])).unwrap_err();
        assert!(error.to_string().contains("not today"), "{error}");
    }

    #[test]
    fn lines_arrive_in_order_and_the_status_is_told() {
        let mut lines = Vec::new();
        let good = run_by_line(Command::new("sh").args(["-c", "echo one; printf two; exit 1"]), |line| {
            lines.push(line.to_owned());
        });
        assert!(!good.unwrap());
        assert_eq!(lines, ["one", "two"]);
    }
}
