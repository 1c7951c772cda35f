//! Which files of a folder belong to a release: regular files in the folder itself, in the order of their names.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use countersign_domain::catalog::release::FILES_PER_PACKAGE;
use countersign_domain::file_name::PlainFileName;

use crate::storage::Target;

/// A file that is to be published.
pub(crate) struct FolderFile {
    /// The name under which devices download it.
    pub(crate) name: PlainFileName,
    /// Where it lies now.
    pub(crate) origin: Origin,
    /// Its length in bytes when the folder was listed.
    pub(crate) size: u64,
}

/// Where a file lies that is to be published.
pub(crate) enum Origin {
    /// On this machine.
    Disk(PathBuf),
    /// In a storage of the site.
    Storage(Target),
}

/// What happens to files whose name begins with a dot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hidden {
    /// They are published, too.
    Include,
    /// They are left out: editors and version control leave such files behind.
    Skip,
}

/// Lists the files of a folder. What cannot be part of a release is refused, so that nothing is left out unnoticed.
pub(crate) fn files(folder: &Path, hidden: Hidden) -> Result<Vec<FolderFile>> {
    let entries = fs::read_dir(folder).with_context(|| format!("the folder {} cannot be read", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("the folder {} cannot be read", folder.display()))?.path();
        let name = file_name(&path)?;
        if hidden == Hidden::Skip && name.starts_with('.') {
            continue;
        }
        files.push(file(path, &name)?);
        ensure!(files.len() <= FILES_PER_PACKAGE, "a release has at most {FILES_PER_PACKAGE} files");
    }
    ensure!(!files.is_empty(), "there is no file in {}", folder.display());
    files.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(files)
}

/// Looks at a file that was named by itself. A link that was named is followed.
pub(crate) fn single(path: &Path) -> Result<FolderFile> {
    let name = file_name(path)?;
    let found = fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?;
    ensure!(found.is_file(), "{} is not a regular file", path.display());
    Ok(FolderFile { name: checked_name(&name)?, size: found.len(), origin: Origin::Disk(path.to_owned()) })
}

/// A file in a storage; how long it is will be seen when it is read.
pub(crate) fn in_storage(target: &Target) -> Result<FolderFile> {
    let name = target.path.name().filter(|_| !target.is_folder);
    let name = name.with_context(|| format!("{target} names no file"))?;
    Ok(FolderFile { name: checked_name(name)?, size: 0, origin: Origin::Storage(target.clone()) })
}

/// Looks at one entry of a folder.
fn file(path: PathBuf, name: &str) -> Result<FolderFile> {
    // The entry itself is looked at, never what a link points to.
    let found = fs::symlink_metadata(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let kind = found.file_type();
    if kind.is_symlink() {
        bail!("{} is a symbolic link; put the file itself into the folder", path.display());
    }
    if kind.is_dir() {
        bail!("{} is a folder; a release is flat, so pack it into an archive or move its files up", path.display());
    }
    ensure!(kind.is_file(), "{} is not a regular file; take it out of the folder", path.display());
    Ok(FolderFile { name: checked_name(name)?, size: found.len(), origin: Origin::Disk(path) })
}

/// A name that devices take.
fn checked_name(name: &str) -> Result<PlainFileName> {
    PlainFileName::new(name).with_context(|| format!("devices refuse the file name {name:?}; rename the file"))
}

fn file_name(path: &Path) -> Result<String> {
    let name = path.file_name().and_then(|name| name.to_str());
    Ok(name.with_context(|| format!("the name of {} is not UTF-8; rename the file", path.display()))?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path, hidden: Hidden) -> Vec<String> {
        files(folder, hidden).unwrap().into_iter().map(|file| file.name.to_string()).collect()
    }

    #[test]
    fn files_come_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.bin", "a.bin", ".hidden", "C.bin"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        assert_eq!(names(folder.path(), Hidden::Skip), ["C.bin", "a.bin", "b.bin"]);
        assert_eq!(names(folder.path(), Hidden::Include), [".hidden", "C.bin", "a.bin", "b.bin"]);
    }

    #[test]
    fn what_cannot_be_published_is_refused_by_name() {
        let refusal = |prepare: &dyn Fn(&Path)| {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("good.bin"), "good").unwrap();
            prepare(folder.path());
            format!("{:#}", files(folder.path(), Hidden::Skip).err().unwrap())
        };
        assert!(refusal(&|folder| fs::create_dir(folder.join("sub")).unwrap()).contains("sub is a folder"));
        let link = |folder: &Path| std::os::unix::fs::symlink("good.bin", folder.join("link")).unwrap();
        assert!(refusal(&link).contains("link is a symbolic link"));
        assert!(refusal(&|folder| fs::write(folder.join("a:b"), "").unwrap()).contains("must not contain ':'"));
        assert!(refusal(&|folder| fs::write(folder.join("CON"), "").unwrap()).contains("device on Windows"));
        for name in ["app.part", "re\u{301}sume\u{301}.txt"] {
            assert!(refusal(&|folder| fs::write(folder.join(name), "").unwrap()).contains("devices refuse"), "{name}");
        }
        let empty = tempfile::tempdir().unwrap();
        assert!(files(empty.path(), Hidden::Skip).err().unwrap().to_string().contains("there is no file"));
        assert!(files(&empty.path().join("no"), Hidden::Skip).is_err());
    }
}
