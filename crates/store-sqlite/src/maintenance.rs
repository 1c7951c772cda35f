//! The database as a whole: a copy while units go on, and a look for damage.

use std::fs::File;
use std::path::{Path, PathBuf};

use countersign_store::{CheckDepth, Copied, StoreError};
use rusqlite::Connection;

use crate::{connection, files};

/// Most lines of one check: a database that is broken in many places is broken.
const LINES: usize = 20;

/// Writes the database as it is at one moment into a new file. Units go on meanwhile: the copy is one long read.
pub(crate) async fn copy(from: PathBuf, to: PathBuf) -> Result<Copied, StoreError> {
    blocking(move || {
        // SQLite takes an empty file, and would make one that others can read.
        let file = files::create_private(&to).map_err(StoreError::backend)?;
        let target = to.to_str().ok_or_else(|| StoreError::backend("the path of the copy is not UTF-8"))?;
        // Not a reader: its connection could not write the copy either.
        let connection = connection::open_plain(&from).map_err(StoreError::backend)?;
        connection.execute("vacuum into ?1", [target]).map_err(StoreError::backend)?;
        sync(&file, &to)?;
        Ok(Copied::IntoFile)
    })
    .await
}

/// Looks for damage, and gives a line for each kind that was found.
pub(crate) async fn check(path: PathBuf, depth: CheckDepth) -> Result<Vec<String>, StoreError> {
    blocking(move || {
        let connection = connection::open_reader(&path).map_err(StoreError::backend)?;
        let pages = match depth {
            CheckDepth::Quick => "pragma quick_check(20)",
            CheckDepth::Full => "pragma integrity_check(20)",
        };
        let mut found = lines(&connection, pages)?;
        found.retain(|line| line != "ok");
        if depth == CheckDepth::Full {
            let broken = "select 'a row of ' || \"table\" || ' refers to a row of ' || parent || ' that is not there'
                from pragma_foreign_key_check limit 20";
            found.extend(lines(&connection, broken)?);
        }
        found.truncate(LINES);
        Ok(found)
    })
    .await
}

fn lines(connection: &Connection, sql: &str) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare(sql).map_err(StoreError::backend)?;
    let rows = statement.query_map([], |row| row.get(0)).map_err(StoreError::backend)?;
    rows.collect::<Result<_, _>>().map_err(StoreError::backend)
}

/// Makes bytes and name of a copy durable, which SQLite leaves to the system.
fn sync(file: &File, path: &Path) -> Result<(), StoreError> {
    file.sync_all().map_err(StoreError::backend)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(StoreError::backend)
}

/// Does what takes long where blocking is allowed.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Panicked)?
}
