//! What is done with an installation as a whole: backup and restore, migrations, a look for what is wrong.

mod backup;
mod clock;
mod config_check;
mod digest;
mod doctor;
mod manifest;
mod master_key;
mod migrations;
mod restore;

pub use backup::{Backup, backup};
pub use clock::repair_clock;
pub use config_check::{Origin, SettingInForce, check_config};
pub use doctor::{Finding, Level, Look, doctor};
#[cfg(fuzzing)]
pub(crate) use manifest::reread;
pub use manifest::{BackedUpDatabase, BackedUpFiles, Manifest};
pub use master_key::{NewMasterKey, rotate_master_key};
pub use migrations::{migrate, migration_state};
pub use restore::{Restored, begin_epoch, restore};

/// Name of the embedded store in a data directory and in a backup.
const DATABASE: &str = "countersign.db";
/// Name of the directory of files in both.
const FILES: &str = "files";

/// What long work does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Bytes are copied.
    Copying,
    /// Bytes are read and compared with their digests.
    Verifying,
}

/// Somebody who watches long work.
pub trait Progress: Sync {
    /// A stage begins, in which so many bytes are to be moved.
    fn begin(&self, stage: Stage, bytes: u64);

    /// So many bytes more were moved.
    fn advance(&self, bytes: u64);
}
