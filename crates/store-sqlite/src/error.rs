//! Why a database file cannot be used.

/// Why a database file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A migration in the file differs from the one of that number in this program.
    #[error(
        "migration {number} in the database is not the one that this program knows; restore the file from a backup"
    )]
    Altered {
        /// Number of the migration.
        number: usize,
    },
    /// SQLite refused.
    #[error("the database file cannot be opened or migrated")]
    Database(#[from] rusqlite::Error),
    /// The database file, or the lock file beside it, cannot be made or given to the owner of its directory.
    #[error("the database file or its lock file cannot be made")]
    File(#[source] std::io::Error),
    /// The database does not take a write-ahead log: its file system cannot share memory, or it is not a file at all.
    #[error("the database cannot use a write-ahead log here: its journal mode stays {found:?}, not \"wal\"")]
    JournalMode {
        /// The journal mode that SQLite reports.
        found: String,
    },
    /// The lock file cannot be locked.
    #[error("the lock file beside the database cannot be locked")]
    Lock(#[source] std::io::Error),
    /// A thread could not be started.
    #[error("a database thread cannot be started")]
    Thread(#[source] std::io::Error),
    /// The file was written by a newer program.
    #[error("the database has {found} migrations, this program knows {known}; run the newer program again")]
    TooNew {
        /// Migrations in the file.
        found: usize,
        /// Migrations in this program.
        known: usize,
    },
}
