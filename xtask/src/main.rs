//! Checks and test set-up of the workspace, behind `cargo xtask`.
//!
//! It runs other programs (cargo, git, Python, PostgreSQL) and reads files; it must never know how anything inside the server works,
//! so that a broken server cannot keep it from building.
#![expect(clippy::print_stdout, reason = "the terminal is where this program reports")]

mod c_compiler;
mod check;
mod command;
mod deny;
mod node;
mod openapi;
mod postgres;
mod program;
mod python;
mod s3;
mod soak;
mod test;
mod tidy;
mod wheel;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;

use crate::workspace::Workspace;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some(task) = Task::parse(&arguments) else {
        eprintln!("cargo xtask does not know `{}`\n\n{HELP}", arguments.join(" "));
        return ExitCode::from(EXIT_USAGE);
    };
    match task.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// One thing that `cargo xtask` can be asked to do.
#[derive(Debug, PartialEq, Eq)]
enum Task {
    Check,
    Ci,
    Help,
    OpenApi,
    Soak,
    Test { only: Option<String> },
    Tidy,
    Wheel,
}

impl Task {
    /// `None` when the words are not a command.
    fn parse(arguments: &[&str]) -> Option<Self> {
        match arguments {
            ["check"] => Some(Self::Check),
            ["ci"] => Some(Self::Ci),
            [] | ["help" | "-h" | "--help"] => Some(Self::Help),
            ["openapi"] => Some(Self::OpenApi),
            ["soak"] => Some(Self::Soak),
            ["test"] => Some(Self::Test { only: None }),
            ["test", "--only", filter] => Some(Self::Test { only: Some((*filter).to_owned()) }),
            ["tidy"] => Some(Self::Tidy),
            ["wheel"] => Some(Self::Wheel),
            _ => None,
        }
    }

    fn run(&self) -> Result<()> {
        if *self == Self::Help {
            println!("{HELP}");
            return Ok(());
        }
        let workspace = Workspace::open()?;
        match self {
            Self::Check => check::run(&workspace),
            Self::Ci => {
                check::run(&workspace)?;
                test::run(&workspace, None)
            }
            Self::Help => Ok(()),
            Self::OpenApi => openapi::update(&workspace),
            Self::Soak => soak::run(&workspace),
            Self::Test { only } => test::run(&workspace, only.as_deref()),
            Self::Tidy => tidy::run(&workspace),
            Self::Wheel => wheel::run(&workspace),
        }
    }
}

const EXIT_USAGE: u8 = 2;

const HELP: &str = "\
Usage: cargo xtask <command>

  check                 formatting, tidy, clippy, rustdoc, generated documents, third-party rules (cargo-deny)
  tidy                  only the rules of this repository: direction between crates, file sizes, names, words
  test                  every test, with everything the tests need set up first
  test --only <text>    only the tests whose name contains <text>
  soak                  what takes too long for every run: servers killed 200 times on each store, 10^7 operations on licenses
                        and 10^7 on seats
  ci                    check, then test
  openapi               write the documents in openapi/ anew
  wheel                 write the Python package of the license client, for this platform, into target/wheels

Downloads and tools are kept in .cache (or $COUNTERSIGN_CACHE_DIR). Exit status: 0 all is well, 1 something is not,
2 the command is not one of these.";

#[cfg(test)]
mod tests {
    use super::Task;

    #[test]
    fn known_commands_are_understood() {
        assert_eq!(Task::parse(&["check"]), Some(Task::Check));
        assert_eq!(Task::parse(&["soak"]), Some(Task::Soak));
        assert_eq!(Task::parse(&["wheel"]), Some(Task::Wheel));
        assert_eq!(Task::parse(&["test"]), Some(Task::Test { only: None }));
        assert_eq!(Task::parse(&["test", "--only", "poll"]), Some(Task::Test { only: Some("poll".to_owned()) }));
        assert_eq!(Task::parse(&[]), Some(Task::Help));
        assert_eq!(Task::parse(&["--help"]), Some(Task::Help));
    }

    #[test]
    fn anything_else_is_refused() {
        assert_eq!(Task::parse(&["chekc"]), None);
        assert_eq!(Task::parse(&["test", "--only"]), None);
        assert_eq!(Task::parse(&["check", "now"]), None);
    }
}
