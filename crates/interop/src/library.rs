//! The C library of the license client: programs that are compiled against it, and Python with the wheel that holds it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::foreign::{clean_command, prepared};

/// Which form of the library a program gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linking {
    /// It is loaded when the program starts.
    Shared,
    /// It becomes a part of the program.
    Static,
}

/// Compiles a C program against the header and the library, without a warning.
///
/// # Errors
/// When the library or the compiler are not named by the environment, or the program does not compile; the message holds what the
/// compiler says.
pub fn compile_c(source: &Path, program: &Path, linking: Linking) -> Result<()> {
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

/// Installs the wheel into a folder, as pip does it, and gives a command of a Python that finds it there.
///
/// # Errors
/// When the wheel or Python are not named by the environment, or pip refuses it.
pub fn python_with_wheel(folder: &Path) -> Result<Command> {
    let python = prepared("COUNTERSIGN_PYTHON")?;
    let mut pip = clean_command(&python);
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-index", "--no-deps", "--target"]);
    must(pip.arg(folder).arg(prepared("COUNTERSIGN_LICENSE_WHEEL")?))?;
    let mut command = clean_command(&python);
    command.args(["-B", "-u"]).env("PYTHONPATH", folder);
    Ok(command)
}

/// The root of the repository.
#[must_use]
pub fn repository() -> PathBuf {
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
