//! Why a database cannot be used, and what is said about a failure of PostgreSQL.

use std::fmt;

use countersign_store::StoreError;
use tokio_postgres::error::SqlState;

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A migration in the database differs from the one of that number in this program.
    #[error(
        "migration {number} in the database is not the one that this program knows; restore the database from a backup"
    )]
    Altered {
        /// Number of the migration.
        number: usize,
    },
    /// The connection string is not one. It is not repeated here, because it may hold a password.
    #[error(
        "the connection string cannot be read; write postgres://user@host/database or host=/run/postgresql dbname=database"
    )]
    ConnectionString,
    /// PostgreSQL refused, or cannot be reached.
    #[error("the database cannot be opened or migrated")]
    Database(#[from] Fault),
    /// The database keeps text in an encoding that cannot hold every text.
    #[error("the database has the encoding {found}; create it with encoding UTF8")]
    Encoding {
        /// The encoding that PostgreSQL reports.
        found: String,
    },
    /// The database was written by a newer program.
    #[error("the database has {found} migrations, this program knows {known}; run the newer program again")]
    TooNew {
        /// Migrations in the database.
        found: usize,
        /// Migrations in this program.
        known: usize,
    },
}

impl From<tokio_postgres::Error> for OpenError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(Fault::from(error))
    }
}

/// A failure of PostgreSQL or of the way to it.
///
/// Of what the server reports, only code and message are repeated: its details quote the values of rows.
#[derive(Debug)]
pub struct Fault {
    /// The five characters that say what kind of failure it is, when the server reported it.
    code: Option<SqlState>,
    text: String,
}

impl Fault {
    /// A failure that only this side has noticed.
    pub(crate) fn local(text: &str) -> Self {
        Self { code: None, text: text.to_owned() }
    }

    /// Whether the server says by itself that it did not do what it was asked for. Otherwise it may have.
    pub(crate) fn is_refusal(&self) -> bool {
        self.code.as_ref().is_some_and(|code| !UNCERTAIN.iter().any(|class| code.code().starts_with(class)))
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(reported) => Self { code: Some(reported.code().clone()), text: reported.message().to_owned() },
            None => {
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
                Self { code: None, text: format!("{error}{cause}") }
            }
        }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match &fault.code {
            Some(code) if [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED].contains(code) => Self::Busy,
            _ => Self::backend(fault),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "PostgreSQL reports {}: {}", code.code(), self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl std::error::Error for Fault {}

/// Classes of codes after which a commit may have been made: connection exception, "statement completion unknown", a
/// server that shuts down or has crashed, and an internal error.
const UNCERTAIN: [&str; 4] = ["08", "40003", "57P", "XX"];

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(code: &SqlState) -> Fault {
        Fault { code: Some(code.clone()), text: "text".to_owned() }
    }

    #[test]
    fn a_commit_is_only_certainly_refused_when_the_server_says_so() {
        assert!(reported(&SqlState::UNIQUE_VIOLATION).is_refusal());
        assert!(reported(&SqlState::T_R_SERIALIZATION_FAILURE).is_refusal());
        assert!(!reported(&SqlState::ADMIN_SHUTDOWN).is_refusal());
        assert!(!reported(&SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN).is_refusal());
        assert!(!Fault::local("no answer").is_refusal());
    }

    #[test]
    fn a_lock_that_is_not_given_in_time_may_be_tried_again() {
        assert!(matches!(StoreError::from(reported(&SqlState::LOCK_NOT_AVAILABLE)), StoreError::Busy));
        assert!(matches!(StoreError::from(reported(&SqlState::T_R_DEADLOCK_DETECTED)), StoreError::Busy));
        assert!(matches!(StoreError::from(reported(&SqlState::QUERY_CANCELED)), StoreError::Backend(_)));
    }
}
