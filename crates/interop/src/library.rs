//! The C library of the license client: programs that are compiled against it, and Python with the wheel that holds it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::foreign::{clean_command, prepared};

/// Which form of the library a program gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linking {
    /// It is loaded when the program starts.
    Shared,
    /// It becomes a part of the program.
    Static,
}

/// In which language an example of the license client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// C, with the library.
    C(Linking),
    /// Python, with the wheel.
    Python,
}

/// An example that can be run.
#[derive(Debug)]
pub struct Example {
    language: Language,
    /// Without its arguments.
    command: Command,
}

impl Language {
    /// An example of the client, ready to run; what it needs is put into a folder. C is compiled without a warning, and the wheel is
    /// installed as pip does it.
    ///
    /// # Errors
    /// When something that it needs is not named by the environment, the program does not compile, or pip refuses the wheel; the message
    /// holds what they say.
    pub fn example(self, folder: &Path, name: &str) -> Result<Example> {
        let command = match self {
            Self::C(linking) => {
                let source = repository().join("crates/client-ffi/examples").join(name).with_extension("c");
                let program = folder.join(name);
                compile_c(&source, &program, linking)?;
                clean_command(program.as_os_str())
            }
            Self::Python => {
                let mut command = python_with_wheel(&folder.join("packages"))?;
                command.arg(repository().join("clients/python/examples").join(name).with_extension("py"));
                command
            }
        };
        Ok(Example { language: self, command })
    }
}

impl Example {
    /// How it is run, with the first argument that all examples have: a file with settings, in the form that its language reads.
    /// `settings` are those of `LicenseClient` in Python.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn command(self, folder: &Path, settings: &Value) -> Result<Command> {
        let path = folder.join("settings");
        let text = match self.language {
            Language::C(_) => lines(settings),
            Language::Python => settings.to_string(),
        };
        std::fs::write(&path, text)?;
        let mut command = self.command;
        command.arg(path);
        Ok(command)
    }
}

/// The tests that come with the Python package, ready to run with the wheel, which is installed into a folder. They need no server.
///
/// # Errors
/// As for [`Language::example`].
pub fn python_package_tests(folder: &Path) -> Result<Command> {
    let mut command = python_with_wheel(&folder.join("packages"))?;
    // Where the sources of the package are not found instead of it.
    command.current_dir(repository().join("clients/python/tests")).args(["-m", "unittest", "discover"]);
    Ok(command)
}

/// Settings as lines of names and values. The lines between the first and the last one of PEM are base64, which is taken as well.
fn lines(settings: &Value) -> String {
    let line = |(name, value): (&String, &Value)| match value.as_array() {
        Some(keys) => keys.iter().filter_map(Value::as_str).map(|key| format!("answer_key {}\n", bare(key))).collect(),
        None => format!("{name} {}\n", value.as_str().unwrap_or_default()),
    };
    settings.as_object().into_iter().flatten().map(line).collect()
}

fn bare(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

fn compile_c(source: &Path, program: &Path, linking: Linking) -> Result<()> {
    let library = PathBuf::from(prepared("COUNTERSIGN_LICENSE_LIBRARY")?);
    let folder = library.parent().context("the library lies in no folder")?;
    let mut compiler = clean_command(&prepared("COUNTERSIGN_C_COMPILER")?);
    compiler.args(["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-I"]);
    compiler.arg(repository().join("crates/client-ffi/include")).arg(source).arg("-o").arg(program);
    match linking {
        Linking::Shared => {
            compiler.arg("-L").arg(folder).arg("-lcountersign_license");
            compiler.arg(format!("-Wl,-rpath,{}", folder.display()));
        }
        Linking::Static => {
            compiler.arg(folder.join("libcountersign_license.a")).args(SYSTEM_LIBRARIES);
        }
    }
    must(&mut compiler)
}

fn python_with_wheel(folder: &Path) -> Result<Command> {
    let python = prepared("COUNTERSIGN_PYTHON")?;
    let mut pip = clean_command(&python);
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-index", "--no-deps", "--target"]);
    must(pip.arg(folder).arg(prepared("COUNTERSIGN_LICENSE_WHEEL")?))?;
    let mut command = clean_command(&python);
    command.args(["-B", "-u"]).env("PYTHONPATH", folder);
    Ok(command)
}

/// The root of the repository.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn must(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    ensure!(output.status.success(), "{command:?} failed:\n{said}");
    Ok(())
}

/// What the Rust in the static library needs of the system (`rustc --print native-static-libs`).
const SYSTEM_LIBRARIES: &[&str] = if cfg!(target_os = "macos") {
    &["-framework", "Security", "-framework", "CoreFoundation", "-liconv"]
} else {
    &["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl"]
};
