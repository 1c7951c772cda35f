//! The rules of this repository that no other tool knows: direction between crates, file sizes, names and words.
//!
//! Each rule is a pure function from what was read to a list of complaints; reading happens here.

mod code_map;
mod direction;
mod manifest;
mod names;
mod size;
mod words;

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// Checks every rule and prints every complaint.
///
/// # Errors
/// When a rule is broken, or the repository cannot be read.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let files = read(workspace)?;
    let crates = manifest::crates(&workspace.metadata()?)?;
    let map = std::fs::read_to_string(workspace.root.join("ARCHITECTURE.md")).unwrap_or_default();

    let sizes = size::Sizes::measure(&files);
    println!("    {sizes}");

    let mut complaints = direction::between_our_crates(&crates);
    complaints.extend(direction::third_party(&crates));
    complaints.extend(code_map::missing(&crates, &map));
    complaints.extend(sizes.complaints());
    complaints.extend(files.iter().flat_map(size::missing_module_doc));
    complaints.extend(files.iter().flat_map(names::banned));
    complaints.extend(files.iter().flat_map(words::banned));
    for complaint in &complaints {
        println!("    {complaint}");
    }
    match complaints.len() {
        0 => println!("    tidy: {} files and {} crates keep every rule", files.len(), crates.len()),
        count => bail!("tidy: {count} complaints, listed above"),
    }
    Ok(())
}

/// One file as the rules see it.
struct SourceFile {
    /// Relative to the root, with `/` between the parts.
    path: String,
    text: String,
}

impl SourceFile {
    fn extension(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    fn is_rust(&self) -> bool {
        self.extension() == "rs"
    }
}

fn read(workspace: &Workspace) -> Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    for path in workspace.files()? {
        if !READ.iter().any(|extension| path.ends_with(extension)) && path != ".ci/run" {
            continue;
        }
        let raw =
            std::fs::read(workspace.root.join(Path::new(&path))).with_context(|| format!("cannot read {path}"))?;
        let text = String::from_utf8(raw).with_context(|| format!("{path} is not UTF-8"))?;
        files.push(SourceFile { path, text });
    }
    Ok(files)
}

/// What people write here; fixtures and generated documents follow the rules of their origin.
const READ: [&str; 6] = [".rs", ".md", ".py", ".sh", ".sql", ".toml"];

#[cfg(test)]
fn file(path: &str, text: &str) -> SourceFile {
    SourceFile { path: path.to_owned(), text: text.to_owned() }
}
