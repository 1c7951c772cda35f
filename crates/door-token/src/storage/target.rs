//! The common form: `/{version}/{product}/storage/…` (contract §7).
//!
//! The path is split as it was sent, and decoded behind the fixed words: `%2F` in the rest separates names, and does not make
//! fixed words of them.

use countersign_app::storages::Place;
use countersign_domain::storage::StoragePath;
use countersign_http_kit::lenient::decode_path;
use http::Method;

use super::call::{Call, UploadTarget};
use super::error::Error;
use super::query::{Query, Separators, storage_name};

/// Whether a body comes with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    Body,
    Nothing,
}

/// The call of a request. `rest` is what follows `/storage/` in its path, as it was sent.
///
/// # Errors
/// [`Error`] when it is none.
pub(crate) fn read(method: &Method, rest: &str, query: &Query, sent: Sent) -> Result<Call, Error> {
    let (word, behind) = split(rest);
    match word {
        "file" => file(method, behind, query, sent),
        "folder" => folder(method, behind, query),
        "exist" => {
            only_get(method)?;
            Ok(Call::Exists { place: place(behind, query)?, version: query.version()? })
        }
        "version" => {
            only_get(method)?;
            Ok(Call::Versions { place: place(behind, query)? })
        }
        "disc" if behind.is_empty() => {
            only_get(method)?;
            Ok(Call::Usage { storage: query.storage(STORAGE)? })
        }
        name if behind == "exist" => {
            only_get(method)?;
            // A name that no storage can have, such as one of the words above, is that of none.
            Ok(Call::StorageExists { name: storage_name(&decode_path(name)).ok() })
        }
        _ => Err(Error::Route),
    }
}

fn file(method: &Method, path: &str, query: &Query, sent: Sent) -> Result<Call, Error> {
    let version = query.version();
    match method.as_str() {
        "PUT" => {
            let (verb, source) = split(path);
            let is_verb = matches!(verb, "copy" | "move") && !source.is_empty();
            // A file may be called so, too; an upload has content, and no destination.
            if is_verb && (query.text(&["destPath"])?.is_some() || sent == Sent::Nothing) {
                let (from, to) = source_and_destination(source, query)?;
                return Ok(match verb {
                    "copy" => Call::CopyFile { from, to, version: version? },
                    _ => Call::MoveFile { from, to, version: version? },
                });
            }
            let target = if path.ends_with('/') { UploadTarget::Folder } else { UploadTarget::Path };
            Ok(Call::Upload { place: place(path, query)?, target })
        }
        "GET" | "HEAD" => Ok(Call::Download { place: place(path, query)?, version: version? }),
        "DELETE" => Ok(Call::DeleteFile { place: place(path, query)?, version: version? }),
        _ => Err(Error::Method("GET, HEAD, PUT, DELETE")),
    }
}

fn folder(method: &Method, path: &str, query: &Query) -> Result<Call, Error> {
    match method.as_str() {
        "PUT" => {
            let (verb, source) = split(path);
            // Without a destination this is a mistake rather than a folder of that name.
            match verb {
                "copy" | "move" if !source.is_empty() => {
                    let (from, to) = source_and_destination(source, query)?;
                    Ok(if verb == "copy" { Call::CopyFolder { from, to } } else { Call::MoveFolder { from, to } })
                }
                _ => Ok(Call::CreateFolder { place: place(path, query)? }),
            }
        }
        "GET" | "HEAD" => Ok(Call::ListFolder { place: place(path, query)?, page: query.part()? }),
        "DELETE" => Ok(Call::DeleteFolder { place: place(path, query)?, contents: query.contents()? }),
        _ => Err(Error::Method("GET, HEAD, PUT, DELETE")),
    }
}

fn source_and_destination(source: &str, query: &Query) -> Result<(Place, Place), Error> {
    let from = Place { storage: query.storage(&["srcStorageName", "storageName", "storage"])?, path: path(source)? };
    let storage = query.storage(&["destStorageName", "storageName", "storage"])?;
    Ok((from, Place { storage, path: query.needed_path("destPath", Separators::Slash)? }))
}

fn place(encoded: &str, query: &Query) -> Result<Place, Error> {
    Ok(Place { storage: query.storage(STORAGE)?, path: path(encoded)? })
}

fn path(encoded: &str) -> Result<StoragePath, Error> {
    Ok(StoragePath::new(&decode_path(encoded))?)
}

/// Refuses methods that change something.
pub(crate) fn only_get(method: &Method) -> Result<(), Error> {
    if method == Method::GET || method == Method::HEAD { Ok(()) } else { Err(Error::Method("GET, HEAD")) }
}

/// The first segment, and what follows its slash.
fn split(path: &str) -> (&str, &str) {
    path.split_once('/').unwrap_or((path, ""))
}

/// Names of the parameter that names a storage.
pub(crate) const STORAGE: &[&str] = &["storageName", "storage"];

#[cfg(test)]
mod tests {
    use countersign_domain::storage::StorageName;

    use super::super::call::{Contents, Part};
    use super::*;

    fn call(method: &str, target: &str, sent: Sent) -> Result<Call, Error> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        read(&method.parse().unwrap(), path, &Query::read(query).unwrap(), sent)
    }

    fn at(storage: Option<&str>, path: &str) -> Place {
        let storage = storage.map(|name| StorageName::new(name).unwrap());
        Place { storage, path: StoragePath::new(path).unwrap() }
    }

    #[track_caller]
    fn check(method: &str, target: &str, expected: &Call) {
        assert_eq!(call(method, target, Sent::Nothing).unwrap(), *expected, "{method} {target}");
    }

    fn upload(path: &str, target: UploadTarget) -> Call {
        Call::Upload { place: at(None, path), target }
    }

    #[test]
    fn files() {
        check("PUT", "file/a/b.txt", &upload("a/b.txt", UploadTarget::Path));
        check("PUT", "file/a%2Fb+c%20(1).bin", &upload("a/b+c (1).bin", UploadTarget::Path));
        check("PUT", "file//a/./b%.txt", &upload("a/b%.txt", UploadTarget::Path));
        check("PUT", "file/a/", &upload("a", UploadTarget::Folder));
        let place = at(Some("Main"), "caf\u{e9}");
        check("GET", "file/caf%E9?storageName=Main", &Call::Download { place, version: None });
        check("DELETE", "file/copy/x", &Call::DeleteFile { place: at(None, "copy/x"), version: None });
        assert!(matches!(call("PUT", "file/a/../b", Sent::Body), Err(Error::Path(_))));
        assert!(matches!(call("PATCH", "file/a", Sent::Nothing), Err(Error::Method(_))));
    }

    #[test]
    fn copies_and_files_of_that_name() {
        let (from, to) = (at(None, "x"), at(None, "y"));
        check("PUT", "file/copy/x?destPath=/y", &Call::CopyFile { from: from.clone(), to: to.clone(), version: None });
        let move_call = Call::MoveFile { from: at(Some("A"), "x"), to: at(Some("B"), "y"), version: None };
        check("PUT", "file/move/x?destpath=y&srcStorageName=A&destStorageName=B", &move_call);
        assert!(matches!(call("PUT", "file/copy/x", Sent::Nothing), Err(Error::Missing("destPath"))));
        let content = call("PUT", "file/copy/x", Sent::Body).unwrap();
        assert_eq!(content, upload("copy/x", UploadTarget::Path));
        let both = call("PUT", "file/copy/x?destPath=y", Sent::Body).unwrap();
        assert_eq!(both, Call::CopyFile { from: from.clone(), to: to.clone(), version: None });
        check("PUT", "file/copy", &upload("copy", UploadTarget::Path));
        check("PUT", "file/copy%2Fx", &upload("copy/x", UploadTarget::Path));
        check("PUT", "folder/copy/x?destPath=y", &Call::CopyFolder { from: from.clone(), to: to.clone() });
        check("PUT", "folder/move/x?destPath=y", &Call::MoveFolder { from, to });
        assert!(matches!(call("PUT", "folder/move/x", Sent::Nothing), Err(Error::Missing("destPath"))));
    }

    #[test]
    fn the_root_folder_in_all_its_spellings() {
        for rest in ["folder", "folder/", "folder//", "folder/%2F"] {
            check("GET", rest, &Call::ListFolder { place: at(None, ""), page: Part::default() });
        }
        let contents = Contents::Delete;
        check("DELETE", "folder/a?recursive=True", &Call::DeleteFolder { place: at(None, "a"), contents });
        check("PUT", "folder/a/b/", &Call::CreateFolder { place: at(None, "a/b") });
    }

    #[test]
    fn fixed_words_come_first() {
        check("GET", "exist/a", &Call::Exists { place: at(None, "a"), version: None });
        check("GET", "exist", &Call::Exists { place: at(None, ""), version: None });
        check("GET", "exist/exist", &Call::Exists { place: at(None, "exist"), version: None });
        check("GET", "version/exist", &Call::Versions { place: at(None, "exist") });
        check("GET", "file/exist", &Call::Download { place: at(None, "exist"), version: None });
        check("GET", "disc?storage=Main", &Call::Usage { storage: Some(StorageName::new("Main").unwrap()) });
        let name = Some(StorageName::new("First Storage").unwrap());
        check("GET", "First%20Storage/exist", &Call::StorageExists { name });
        check("GET", "a%2Fb/exist", &Call::StorageExists { name: None });
        check("GET", "disc/exist", &Call::StorageExists { name: None });
        for rest in ["disc/x", "other", "other/x", "", "a/exist/b"] {
            assert!(matches!(call("GET", rest, Sent::Nothing), Err(Error::Route)), "{rest}");
        }
        for rest in ["exist/a", "version/a", "disc", "a/exist"] {
            assert!(matches!(call("DELETE", rest, Sent::Nothing), Err(Error::Method("GET, HEAD"))), "{rest}");
        }
    }
}
