//! The limits: programs that do nothing but what cannot be avoided. They are started as subcommands of this program, on the
//! core on which the server is measured.

pub(crate) mod bare;
mod group_commit;
mod hyper;
pub(crate) mod nginx;
mod outbox;
mod postgres;
mod signer;
mod writer;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use clap::Subcommand;

/// What can be run as a limit.
#[derive(Subcommand)]
pub(crate) enum Limit {
    /// A bare hyper server that answers every POST and every GET with ready bytes.
    Hyper {
        /// File with the body of the answer to a POST.
        #[arg(long)]
        accepted: PathBuf,
        /// File with the body of the answer to a GET.
        #[arg(long)]
        answer: PathBuf,
        /// File with the public key (DER) that verifies the bearer token of every POST.
        #[arg(long)]
        verify: Option<PathBuf>,
        /// Sign the body of every POST with RSA-2048 and throw the signature away.
        #[arg(long, conflicts_with = "verify")]
        sign: bool,
    },
    /// A bare hyper server whose POST reads and inserts a row of SQLite, durably.
    Commits {
        /// File for the database.
        #[arg(long)]
        database: PathBuf,
        /// Rows that can be read.
        #[arg(long)]
        rows: u32,
        /// Commit every request by itself, and not all that wait together.
        #[arg(long)]
        each: bool,
        /// RSA-2048 signatures that are made for every request and thrown away.
        #[arg(long, default_value_t = 0)]
        signatures: u32,
    },
    /// Posts rows of SQLite with a signature each, and keeps durably what became of them.
    Outbox {
        /// File for the database.
        #[arg(long)]
        database: PathBuf,
        /// Rows to post.
        #[arg(long)]
        rows: u32,
        /// Bytes of each.
        #[arg(long)]
        bytes: usize,
        /// The receiver.
        #[arg(long)]
        to: SocketAddr,
    },
    /// A bare hyper server whose POST reads, changes and inserts rows of PostgreSQL, durably.
    Postgres {
        /// Connection string.
        #[arg(long)]
        database: String,
        /// Rows that can be changed.
        #[arg(long)]
        rows: u32,
        /// Rows that every request inserts.
        #[arg(long)]
        inserts: u32,
    },
    /// A bare hyper server that writes each body into a file, durably.
    Writer {
        /// Folder for the files.
        #[arg(long)]
        folder: PathBuf,
    },
    /// RSA-2048 signatures with a kept key, one after the other; prints how many a second.
    Signer {
        /// Bytes of each message.
        #[arg(long)]
        bytes: usize,
        /// Milliseconds before it counts.
        #[arg(long)]
        warm_up: u64,
        /// Milliseconds for which it counts.
        #[arg(long)]
        length: u64,
    },
}

impl Limit {
    /// Runs until it is stopped; the signer until its time is over.
    pub(crate) fn run(self) -> Result<()> {
        match self {
            Self::Hyper { accepted, answer, verify, sign } => hyper::run(&accepted, &answer, verify.as_deref(), sign),
            Self::Commits { database, rows, each, signatures } => group_commit::run(&database, rows, each, signatures),
            Self::Outbox { database, rows, bytes, to } => outbox::run(&database, rows, bytes, to),
            Self::Postgres { database, rows, inserts } => postgres::run(&database, rows, inserts),
            Self::Writer { folder } => writer::run(&folder),
            Self::Signer { bytes, warm_up, length } => signer::run(bytes, warm_up, length),
        }
    }
}
