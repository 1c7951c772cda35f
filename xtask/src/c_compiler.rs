//! The C compiler that the tests of the C library compile their programs with.

use std::process::Command;

use anyhow::{Result, bail};

use crate::command::{announce, ask};

/// The name of a C compiler: what `CC` says, as it does for the C code in our dependencies, or the first of the usual ones that runs.
///
/// # Errors
/// When there is none; the message says what to install.
pub(crate) fn find() -> Result<String> {
    announce("looking for a C compiler");
    let named = std::env::var("CC").ok().filter(|name| !name.is_empty());
    let candidates = named.map_or_else(|| USUAL.map(str::to_owned).to_vec(), |name| vec![name]);
    let runs = |name: &String| ask(Command::new(name).arg("--version")).is_ok();
    let Some(found) = candidates.iter().find(|name| runs(name)) else {
        bail!(
            "none of these C compilers runs: {}. Install one (Debian: apt-get install gcc libc6-dev; macOS: xcode-select --install), \
             or name one in CC",
            candidates.join(", ")
        );
    };
    println!("    {found}");
    Ok(found.clone())
}

const USUAL: [&str; 3] = ["cc", "gcc", "clang"];
