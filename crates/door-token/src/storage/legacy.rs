//! The old form: `/v1.1/storage/…` with paths in the query (contract §8.2).

use countersign_app::storages::Place;
use countersign_domain::storage::StoragePath;
use countersign_http_kit::lenient::decode_path;
use http::Method;

use super::call::{Call, UploadTarget};
use super::error::Error;
use super::query::{Query, Separators, storage_name};
use super::target::{STORAGE, only_get};

/// The call of a request. `rest` is what follows `/v1.1/storage/` in its path.
///
/// # Errors
/// [`Error`] when it is none.
pub(crate) fn read(method: &Method, rest: &str, query: &Query) -> Result<Call, Error> {
    let rest = rest.trim_end_matches('/');
    match (rest, method.as_str()) {
        ("file", "PUT") => match copy(query)? {
            Some((from, to)) => Ok(Call::CopyFile { from, to, version: query.version()? }),
            None => {
                let ends_open = query.text(&["path"])?.is_some_and(|path| path.ends_with(['/', '\\']));
                let target = if ends_open { UploadTarget::Folder } else { UploadTarget::Path };
                Ok(Call::Upload { place: needed(query)?, target })
            }
        },
        ("file", "POST") => {
            let (from, to) = from_to(query, "src", "dest")?;
            Ok(Call::MoveFile { from, to, version: query.version()? })
        }
        ("file", "GET" | "HEAD") => Ok(Call::Download { place: needed(query)?, version: query.version()? }),
        ("file", "DELETE") => Ok(Call::DeleteFile { place: needed(query)?, version: query.version()? }),
        ("folder", "PUT") => Ok(match copy(query)? {
            Some((from, to)) => Call::CopyFolder { from, to },
            None => Call::CreateFolder { place: needed(query)? },
        }),
        ("folder", "POST") => {
            let (from, to) = from_to(query, "src", "dest")?;
            Ok(Call::MoveFolder { from, to })
        }
        ("folder", "GET" | "HEAD") => Ok(Call::ListFolder { place: place(query)?, page: query.part()? }),
        ("folder", "DELETE") => Ok(Call::DeleteFolder { place: needed(query)?, contents: query.contents()? }),
        ("file" | "folder", _) => Err(Error::Method("GET, HEAD, PUT, POST, DELETE")),
        ("exist", _) => {
            only_get(method)?;
            Ok(Call::Exists { place: place(query)?, version: query.version()? })
        }
        ("version", _) => {
            only_get(method)?;
            Ok(Call::Versions { place: needed(query)? })
        }
        ("disc", _) => {
            only_get(method)?;
            Ok(Call::Usage { storage: query.storage(STORAGE)? })
        }
        (other, _) => match other.split_once('/') {
            Some((name, "exist")) => {
                only_get(method)?;
                Ok(Call::StorageExists { name: storage_name(&decode_path(name)).ok() })
            }
            _ => Err(Error::Route),
        },
    }
}

fn copy(query: &Query) -> Result<Option<(Place, Place)>, Error> {
    if query.text(&["newdest"])?.is_none() {
        return Ok(None);
    }
    from_to(query, "path", "newdest").map(Some)
}

fn from_to(query: &Query, from: &'static str, to: &'static str) -> Result<(Place, Place), Error> {
    let storage = query.storage(STORAGE)?;
    let destination = query.storage(&["destStorage", "destStorageName"])?.or_else(|| storage.clone());
    let path = |name| query.needed_path(name, Separators::SlashAndBackslash);
    Ok((Place { storage, path: path(from)? }, Place { storage: destination, path: path(to)? }))
}

fn needed(query: &Query) -> Result<Place, Error> {
    query.text(&["path"])?.ok_or(Error::Missing("path"))?;
    place(query)
}

/// Without a path, the root.
fn place(query: &Query) -> Result<Place, Error> {
    let path = query.text(&["path"])?.unwrap_or_default();
    let path = StoragePath::new(&Separators::SlashAndBackslash.plain(path))?;
    Ok(Place { storage: query.storage(STORAGE)?, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, target: &str) -> Result<Call, Error> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        read(&method.parse().unwrap(), path, &Query::read(query).unwrap())
    }

    #[test]
    fn every_call_is_known() {
        for (method, target, expected) in [
            ("PUT", "file?path=a", "Upload"),
            ("PUT", "file?path=a&newdest=b", "CopyFile"),
            ("POST", "file?src=a&dest=b", "MoveFile"),
            ("GET", "file?path=a", "Download"),
            ("DELETE", "file?path=a", "DeleteFile"),
            ("PUT", "folder?path=a", "CreateFolder"),
            ("PUT", "folder?path=a&newdest=b", "CopyFolder"),
            ("POST", "folder?src=a&dest=b", "MoveFolder"),
            ("DELETE", "folder?path=a&recursive=true", "DeleteFolder"),
            ("GET", "folder", "ListFolder"),
            ("GET", "exist?path=a", "Exists"),
            ("GET", "Main/exist", "StorageExists"),
            ("GET", "disc", "Usage"),
            ("GET", "version?path=a", "Versions"),
        ] {
            let found = format!("{:?}", call(method, target).unwrap());
            assert!(found.starts_with(expected), "{method} {target}: {found}");
        }
        for (method, target) in [("PUT", "file"), ("POST", "file?src=a"), ("GET", "file"), ("POST", "folder?dest=a")] {
            assert!(matches!(call(method, target), Err(Error::Missing(_))), "{method} {target}");
        }
        assert!(matches!(call("PATCH", "file?path=a"), Err(Error::Method(_))));
        assert!(matches!(call("GET", "other"), Err(Error::Route)));
    }

    #[test]
    fn a_backslash_separates_names() {
        let Call::Upload { place, .. } = call("PUT", "file?path=Word%20Documents%5Ca.doc").unwrap() else {
            panic!("no upload")
        };
        assert_eq!(place.path.as_str(), "Word Documents/a.doc");
    }
}
