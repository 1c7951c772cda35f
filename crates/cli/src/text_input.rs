//! Short texts from files, from the standard input, or from an argument itself.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use countersign_crypto::Secret;

/// Reads a file, or the standard input when the path is `-`.
pub(crate) fn read(source: &Path) -> Result<String> {
    if source.as_os_str() == "-" {
        return bounded(std::io::stdin().lock()).context("the standard input cannot be read");
    }
    let open = || bounded(File::open(source)?);
    open().with_context(|| format!("{} cannot be read", source.display()))
}

/// The argument itself, or the content of a file when it is written as `@FILE`. White space at both ends is dropped.
pub(crate) fn text_or_file(argument: &str) -> Result<String> {
    let text = match argument.strip_prefix('@') {
        Some(path) => read(Path::new(path))?,
        None => argument.to_owned(),
    };
    Ok(text.trim().to_owned())
}

/// Reads a password: the first line, without its end.
pub(crate) fn password(source: &Path) -> Result<Secret<String>> {
    let text = Secret::new(read(source)?);
    let line = text.expose().lines().next().unwrap_or_default();
    ensure!(!line.is_empty(), "{} holds no password; write it on the first line", source.display());
    Ok(Secret::new(line.to_owned()))
}

fn bounded(source: impl Read) -> Result<String> {
    let mut text = String::new();
    source.take(LIMIT + 1).read_to_string(&mut text)?;
    ensure!(text.len() <= usize::try_from(LIMIT)?, "it is longer than {LIMIT} bytes");
    Ok(text)
}

/// Keys, tokens and passwords are far shorter.
const LIMIT: u64 = 64 * 1024;
