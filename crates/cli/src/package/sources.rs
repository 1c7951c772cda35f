//! The files of a package on the command line: those to store, and those that lie on another server.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use countersign_app::Ctx;
use countersign_app::packages::{DraftFile, FileSource, name_in_url};
use countersign_crypto::digest::{Md5, Sha256};
use countersign_domain::catalog::external_url::check_external_url;
use countersign_domain::catalog::package::ExternalFile;
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::SiteId;

use crate::output::Output;
use crate::progress;
use crate::release::folder::{FolderFile, in_storage, single};
use crate::release::upload_or_discard;
use crate::storage::Target;

/// The files of a package, looked at and not yet read.
pub(super) struct Sources {
    stored: Vec<FolderFile>,
    external: Vec<External>,
    execute: Vec<String>,
}

struct External {
    name: PlainFileName,
    url: String,
    copy: PathBuf,
}

impl Sources {
    /// Looks at all files, before any is uploaded or digested.
    pub(super) fn check(
        (files, storage_files): (&[PathBuf], &[Target]),
        external: &[(String, PathBuf)],
        execute: &[String],
    ) -> Result<Self> {
        let stored = files.iter().map(|path| single(path)).chain(storage_files.iter().map(in_storage));
        let stored = stored.collect::<Result<Vec<_>>>()?;
        let external = external.iter().map(|(url, copy)| checked(url, copy)).collect::<Result<Vec<_>>>()?;
        let names: Vec<_> =
            stored.iter().map(|file| &file.name).chain(external.iter().map(|file| &file.name)).collect();
        for wanted in execute {
            let is_there = names.iter().any(|name| name.as_str() == wanted);
            ensure!(is_there, "--execute {wanted}: the package has no such file");
        }
        Ok(Self { stored, external, execute: execute.to_vec() })
    }

    /// The names of all files.
    pub(super) fn names(&self) -> Vec<PlainFileName> {
        let stored = self.stored.iter().map(|file| file.name.clone());
        stored.chain(self.external.iter().map(|file| file.name.clone())).collect()
    }

    /// Stores what is to be stored and digests the rest. Stored files come first, both kinds in the order of the command
    /// line.
    pub(super) async fn prepare(&self, ctx: &Ctx, site: SiteId, output: Output) -> Result<Vec<DraftFile>> {
        let mut files = Vec::with_capacity(self.stored.len() + self.external.len());
        for file in &self.external {
            let digested = digest(file, output)?;
            let execute = self.execute.iter().any(|name| name == file.name.as_str());
            files.push(DraftFile { name: file.name.clone(), source: FileSource::External(digested), execute });
        }
        // Last, so that no other failure leaves bytes behind that no package names.
        let uploaded = upload_or_discard((ctx, site), output, &self.stored, &self.execute).await?;
        let stored = uploaded.into_iter().map(|file| DraftFile {
            name: file.name,
            source: FileSource::Received(file.received),
            execute: file.execute,
        });
        Ok(stored.chain(files).collect())
    }
}

/// Splits `URL=PATH` at the last equals sign: URLs have more of them than paths.
pub(super) fn external(text: &str) -> Result<(String, PathBuf), String> {
    let (url, path) = text.rsplit_once('=').ok_or("write it as URL=PATH, the path being that of a local copy")?;
    check_external_url(url).map_err(|error| error.to_string())?;
    Ok((url.to_owned(), PathBuf::from(path)))
}

fn checked(url: &str, copy: &Path) -> Result<External> {
    let name = name_in_url(url).with_context(|| {
        format!("{url} does not end with a plain file name, and devices know the file by that alone")
    })?;
    ensure!(copy.is_file(), "{} is not a file; name a local copy of {url}", copy.display());
    Ok(External { name, url: url.to_owned(), copy: copy.to_owned() })
}

/// Size and digests of a local copy.
fn digest(file: &External, output: Output) -> Result<ExternalFile> {
    let context = || format!("{} cannot be read", file.copy.display());
    let mut source = File::open(&file.copy).with_context(context)?;
    let expected = source.metadata().with_context(context)?.len();
    let bar = progress::bar(output, file.name.as_str(), expected);
    let (mut sha256, mut md5, mut size) = (Sha256::new(), Md5::new(), 0_u64);
    let mut piece = vec![0; PIECE];
    loop {
        let length = source.read(&mut piece).with_context(context)?;
        let Some(read) = piece.get(..length).filter(|read| !read.is_empty()) else { break };
        sha256.update(read);
        md5.update(read);
        size = size.saturating_add(read.len() as u64);
        bar.set_position(size);
    }
    bar.finish_and_clear();
    if size != expected {
        bail!("{} changed while it was read", file.copy.display());
    }
    Ok(ExternalFile { url: file.url.clone(), sha256: sha256.finish(), md5: md5.finish(), size })
}

/// Bytes that are read at once.
const PIECE: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_ends_at_the_last_equals_sign() {
        let found = external("https://h/get?a=1&b=2=./out/pump.bin");
        assert_eq!(found, Ok(("https://h/get?a=1&b=2".to_owned(), PathBuf::from("./out/pump.bin"))));
        assert!(external("https://h/pump.bin").unwrap_err().contains("URL=PATH"));
        assert!(external("ftp://h/pump.bin=pump.bin").unwrap_err().contains("https://"));
    }
}
