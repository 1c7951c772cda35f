//! The form of the HTML product: paths in the query (contract §8.3).

use countersign_app::storages::Place;
use http::Method;

use super::call::{Call, UploadTarget};
use super::error::Error;
use super::query::Query;
use super::target::{STORAGE, only_get};

/// The call of a request. `rest` is what follows `/html/` in its path.
///
/// # Errors
/// [`Error`] when it is none.
pub(crate) fn read(method: &Method, rest: &str, query: &Query) -> Result<Call, Error> {
    let place = || Ok::<_, Error>(Place { storage: query.storage(STORAGE)?, path: query.path(&["path"])? });
    match (rest.trim_end_matches('/'), method.as_str()) {
        ("file", "POST" | "PUT") => {
            let ends_open = query.text(&["path"])?.is_none_or(|path| path.ends_with('/'));
            let target = if ends_open { UploadTarget::Folder } else { UploadTarget::FolderOrFile };
            Ok(Call::Upload { place: place()?, target })
        }
        ("file", "GET" | "HEAD") => Ok(Call::Download { place: place()?, version: query.version()? }),
        ("file", "DELETE") => Ok(Call::DeleteFile { place: place()?, version: query.version()? }),
        ("folder", "POST" | "PUT") => Ok(Call::CreateFolder { place: place()? }),
        ("folder", "GET" | "HEAD") => Ok(Call::ListFolder { place: place()?, page: query.part()? }),
        ("folder", "DELETE") => Ok(Call::DeleteFolder { place: place()?, contents: query.contents()? }),
        ("file" | "folder", _) => Err(Error::Method("GET, HEAD, POST, PUT, DELETE")),
        ("storage/exist", _) => {
            only_get(method)?;
            Ok(Call::Exists { place: place()?, version: query.version()? })
        }
        ("storage/exist/storage", _) => {
            only_get(method)?;
            query.text(STORAGE)?.ok_or(Error::Missing("storageName"))?;
            Ok(Call::StorageExists { name: query.storage(STORAGE).ok().flatten() })
        }
        ("storage/disc/usage", _) => {
            only_get(method)?;
            Ok(Call::Usage { storage: query.storage(STORAGE)? })
        }
        _ => Err(Error::Route),
    }
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
            ("POST", "file/?path=in/a.html", "Upload"),
            ("POST", "file", "Upload"),
            ("GET", "file?path=a&storageName=&versionId=", "Download"),
            ("DELETE", "file?path=a", "DeleteFile"),
            ("GET", "folder?path=a", "ListFolder"),
            ("POST", "folder?path=a", "CreateFolder"),
            ("DELETE", "folder?path=a&recursive=true", "DeleteFolder"),
            ("GET", "storage/exist?path=a", "Exists"),
            ("GET", "storage/exist/storage?storageName=Main", "StorageExists"),
            ("GET", "storage/disc/usage", "Usage"),
        ] {
            let found = format!("{:?}", call(method, target).unwrap());
            assert!(found.starts_with(expected), "{method} {target}: {found}");
        }
        assert!(matches!(call("PATCH", "file"), Err(Error::Method(_))));
        assert!(matches!(call("GET", "storage/disc"), Err(Error::Route)));
        assert!(matches!(call("POST", "storage/exist"), Err(Error::Method(_))));
    }
}
