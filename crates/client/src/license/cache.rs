//! Files that are bound to this machine: sealed with a key of hardware ID and product, written as a whole or not at all, and by
//! one process at a time.
//!
//! The key is no secret to whoever can read both; what is sealed keeps copies and edits out, and the signatures inside keep
//! everybody out. Only the times beside them are no more than sealed.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use countersign_crypto::{
    digest::sha256,
    encoding::hex_encode,
    hmac::HmacKey,
    random::Rng,
    seal::SealingKey,
    secret::{Secret, constant_time_eq},
};
use serde::{Serialize, de::DeserializeOwned};

use super::LicenseError;
use crate::{error::ClientError, locked_file::open_locked, pause::Pause};

/// The files of one product on this machine.
pub(crate) struct Cache {
    folder: PathBuf,
    stem: String,
    key: SealingKey,
    machine: [u8; TAG_LEN],
}

/// Which file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The license.
    License,
    /// What is remembered beside it: first of all, what was asked for in a request file whose response is still on its way.
    Request,
}

/// Why a sealed file is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenFault {
    WrongMachine,
    Altered,
}

impl Cache {
    pub(crate) fn new(folder: &Path, hardware_id: &str, product: &str) -> Self {
        // A name for the file that every product code can have.
        let digest = sha256(product.as_bytes());
        let stem = format!("license-{}", hex_encode(digest.get(..8).unwrap_or(&digest)));
        // The length keeps the two apart.
        let bound = format!("{}\n{hardware_id}\n{product}", hardware_id.len());
        let key = Secret::new(HmacKey::new(b"countersign license cache 1").sign(bound.as_bytes()));
        let tag = HmacKey::new(key.expose()).sign(b"machine");
        let mut machine = [0; TAG_LEN];
        machine.iter_mut().zip(tag).for_each(|(to, from)| *to = from);
        Self { folder: folder.to_owned(), stem, key: SealingKey::new(key.expose()), machine }
    }

    /// Where a file is.
    pub(crate) fn path(&self, kind: Kind) -> PathBuf {
        self.folder.join(format!("{}.{}", self.stem, kind.extension()))
    }

    /// Reads a file; `None` when there is none.
    ///
    /// # Errors
    /// `WrongMachine` and `CacheAltered` when it must not be used, `Io` when it cannot be read.
    pub(crate) fn read<T: DeserializeOwned>(&self, kind: Kind) -> Result<Option<T>, LicenseError> {
        let path = self.path(kind);
        let mut sealed = Vec::new();
        match File::open(&path) {
            Ok(file) => file.take(MAX_FILE_BYTES).read_to_end(&mut sealed).map_err(|source| io_fault(&path, source))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(io_fault(&path, source)),
        };
        self.open(kind, &sealed).map(Some).map_err(|fault| match fault {
            OpenFault::WrongMachine => LicenseError::WrongMachine { path },
            OpenFault::Altered => LicenseError::CacheAltered { path },
        })
    }

    /// Replaces a file by what `change` makes of it; `None` takes it away. One process does this at a time.
    ///
    /// # Errors
    /// What `change` says; `CacheInUse` and `Io` when it cannot be written.
    pub(crate) fn update<T: DeserializeOwned + Serialize>(
        &self,
        kind: Kind,
        pause: &dyn Pause,
        rng: &dyn Rng,
        change: impl FnOnce(Result<Option<T>, LicenseError>) -> Result<Option<T>, LicenseError>,
    ) -> Result<(), LicenseError> {
        let _lock = self.lock(pause)?;
        match change(self.read(kind))? {
            Some(value) => self.write(kind, rng, &value),
            None => self.remove(kind),
        }
    }

    /// Makes sure that files can be written, before anybody is asked for what they will hold: as it is done then, but with a file
    /// that goes again.
    ///
    /// # Errors
    /// `CacheInUse` and `Io`, as when something is written.
    pub(crate) fn prepare(&self, pause: &dyn Pause) -> Result<(), LicenseError> {
        let _lock = self.lock(pause)?;
        let new = self.path(Kind::License).with_extension(NEW);
        let tried = create_new(&new).and_then(|mut file| file.write_all(&[0; TRIED_BYTES]));
        // Also when it was only begun, as on a disk that is full.
        let gone = fs::remove_file(&new);
        tried.and(gone).map_err(|source| io_fault(&new, source))
    }

    /// Opens the bytes of a file.
    pub(crate) fn open<T: DeserializeOwned>(&self, kind: Kind, bytes: &[u8]) -> Result<T, OpenFault> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(OpenFault::Altered)?;
        let (machine, sealed) = rest.split_first_chunk::<TAG_LEN>().ok_or(OpenFault::Altered)?;
        if !constant_time_eq(machine, &self.machine) {
            return Err(OpenFault::WrongMachine);
        }
        let json = Secret::new(self.key.open(kind.extension().as_bytes(), sealed).map_err(|_| OpenFault::Altered)?);
        serde_json::from_slice(json.expose()).map_err(|_| OpenFault::Altered)
    }

    fn write<T: Serialize>(&self, kind: Kind, rng: &dyn Rng, value: &T) -> Result<(), LicenseError> {
        let path = self.path(kind);
        let json = serde_json::to_vec(value).map_err(|error| io_fault(&path, io::Error::other(error)))?;
        let sealed = self.key.seal(rng, kind.extension().as_bytes(), Secret::new(json).expose());
        let bytes = [MAGIC, &self.machine[..], &sealed].concat();
        self.replace(&path, &bytes).map_err(|source| io_fault(&path, source))
    }

    /// Whoever reads sees the old bytes or the new ones, also after a loss of power.
    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let new = path.with_extension(NEW);
        let mut file = create_new(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        self.sync_folder();
        Ok(())
    }

    fn remove(&self, kind: Kind) -> Result<(), LicenseError> {
        let path = self.path(kind);
        match fs::remove_file(&path) {
            Ok(()) => {
                self.sync_folder();
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(io_fault(&path, source)),
        }
    }

    /// Makes the name durable where folders can be synced. Where they cannot, an older license is found after a loss of power.
    fn sync_folder(&self) {
        #[cfg(unix)]
        if let Ok(folder) = File::open(&self.folder) {
            let _ = folder.sync_all();
        }
    }

    /// Makes the folder, for its owner alone, where only the one that it is in is there.
    fn make_folder(&self) -> io::Result<()> {
        // An empty path is the folder in which the program runs.
        if self.folder.as_os_str().is_empty() || self.folder.is_dir() {
            return Ok(());
        }
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&self.folder) {
            // Another process was faster.
            Err(_) if self.folder.is_dir() => Ok(()),
            made => made,
        }
    }

    fn lock(&self, pause: &dyn Pause) -> Result<File, LicenseError> {
        self.make_folder().map_err(|source| io_fault(&self.folder, source))?;
        let path = self.folder.join(format!("{}.lock", self.stem));
        for attempt in 0..MAX_LOCK_ATTEMPTS {
            if attempt > 0 {
                pause.pause(LOCK_WAIT);
            }
            match open_locked(&path) {
                Ok(file) => return Ok(file),
                Err(ClientError::Io { path, source }) => return Err(LicenseError::Io { path, source }),
                // A write of another process takes milliseconds.
                Err(_) => {}
            }
        }
        Err(LicenseError::CacheInUse { path })
    }
}

impl Kind {
    fn extension(self) -> &'static str {
        match self {
            Self::License => "sealed",
            Self::Request => "request",
        }
    }
}

/// Creates a file for its owner alone, in place of one that was left when a write broke off.
fn create_new(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn io_fault(path: &Path, source: io::Error) -> LicenseError {
    LicenseError::Io { path: path.to_owned(), source }
}

/// What every file begins with: its form.
const MAGIC: &[u8] = b"CSLC1\n";
/// What a file is called while it is written.
const NEW: &str = "new";
/// More than most licenses have with their envelope.
const TRIED_BYTES: usize = 32 * 1024;
/// Bytes that tell one machine from another.
const TAG_LEN: usize = 16;
/// The largest answer, and its envelope.
const MAX_FILE_BYTES: u64 = 12 * 1024 * 1024;
/// With the wait below, five seconds.
const MAX_LOCK_ATTEMPTS: u32 = 250;
const LOCK_WAIT: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use std::fs;

    use countersign_crypto::random::SystemRng;

    use super::{Cache, Kind, LicenseError, OpenFault};
    use crate::pause::ThreadPause;

    fn write(cache: &Cache, kind: Kind, text: Option<&str>) {
        cache.update(kind, &ThreadPause, &SystemRng, |_| Ok(text.map(str::to_owned))).unwrap();
    }

    #[test]
    fn a_file_is_read_on_its_machine_for_its_product_and_purpose_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path(), "HW-1", "pump");
        assert!(matches!(cache.read::<String>(Kind::License), Ok(None)));
        write(&cache, Kind::License, Some("secret"));
        assert_eq!(cache.read::<String>(Kind::License).unwrap().as_deref(), Some("secret"));
        let bytes = fs::read(cache.path(Kind::License)).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"secret"));

        let opened = |hardware: &str, product: &str, kind| {
            Cache::new(folder.path(), hardware, product).open::<String>(kind, &bytes)
        };
        assert_eq!(opened("HW-1", "pump", Kind::License).as_deref(), Ok("secret"));
        assert_eq!(opened("HW-2", "pump", Kind::License), Err(OpenFault::WrongMachine));
        assert_eq!(opened("HW-1", "pumq", Kind::License), Err(OpenFault::WrongMachine));
        assert_eq!(opened("HW-1", "pump", Kind::Request), Err(OpenFault::Altered));
        let copied = Cache::new(folder.path(), "HW-2", "pump");
        assert!(matches!(copied.read::<String>(Kind::License), Err(LicenseError::WrongMachine { .. })));

        write(&cache, Kind::License, None);
        assert!(matches!(cache.read::<String>(Kind::License), Ok(None)));
    }

    #[test]
    fn no_byte_of_a_file_can_be_changed_or_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path(), "HW-1", "pump");
        write(&cache, Kind::License, Some("x"));
        let bytes = fs::read(cache.path(Kind::License)).unwrap();
        for position in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[position] ^= 1;
            assert!(cache.open::<String>(Kind::License, &altered).is_err(), "{position}");
            assert!(cache.open::<String>(Kind::License, &bytes[..position]).is_err(), "{position}");
        }
        assert!(cache.open::<String>(Kind::License, &[&bytes[..], b"x"].concat()).is_err());
    }

    #[test]
    fn writers_wait_for_each_other_and_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let cache = Cache::new(folder.path(), "HW-1", "pump");
                    for _ in 0..10 {
                        cache
                            .update::<u32>(Kind::License, &ThreadPause, &SystemRng, |old| {
                                Ok(Some(old?.unwrap_or(0) + 1))
                            })
                            .unwrap();
                    }
                });
            }
        });
        assert_eq!(Cache::new(folder.path(), "HW-1", "pump").read::<u32>(Kind::License).unwrap(), Some(40));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_a_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path(), "HW-1", "pump");
        write(&cache, Kind::License, Some("x"));
        assert_eq!(fs::metadata(cache.path(Kind::License)).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
