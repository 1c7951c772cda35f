//! What is asked of a database as a whole, beside units of work.

/// Who copies the database for a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    /// The store did; the file is whole and on the disk.
    IntoFile,
    /// Nobody: this database has tools of its own for it. There is no file.
    NotHere,
}

/// How thoroughly a database is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckDepth {
    /// Whether its pages can be read.
    Quick,
    /// Whether indexes agree with tables, and references with rows, too. Takes as long as reading everything several times.
    Full,
}

/// Which migrations a database has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationState {
    /// How many were applied.
    pub applied: usize,
    /// Names of those that this program knows and the database lacks, in order.
    pub missing: Vec<&'static str>,
}
