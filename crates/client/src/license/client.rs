//! [`LicenseClient`]: what it is made of, and what it keeps.

use std::{fmt, sync::Mutex};

use countersign_crypto::{
    P256PublicKey,
    encoding::base64_decode,
    random::{Rng, SystemRng},
};
use serde_json::{Map, Value};

use super::{
    AwayPolicy, Clock, LicenseConfig, LicenseConfigError, LicenseError, LicenseState, SystemClock, Timestamp, air_gap,
    answer::{self, Whose},
    cache::{Cache, Kind},
    config::is_name,
    door::Door,
    entry::{Entry, Licensee, Signed},
    machine_fingerprint, offline,
    proof::Prover,
    read,
    view::License,
    watch::Watch,
};
use crate::{
    base_url::BaseUrl,
    pause::{Pause, ThreadPause},
    pinned_keys::PinnedKeys,
    transport::agent,
};

/// The license of one product (or bundle) on this machine: asks the server, verifies what it says, keeps it, and decides
/// whether the application may run.
///
/// One client can be shared between threads. Several processes may use one folder.
pub struct LicenseClient {
    pub(crate) door: Door,
    pub(crate) product: String,
    pub(crate) hardware_id: String,
    pub(crate) air_gap_key: Option<P256PublicKey>,
    pub(crate) cache: Cache,
    pub(crate) away: AwayPolicy,
    pub(crate) watch: Mutex<Option<Watch>>,
}

/// What a client takes its effects from; tests bring their own.
pub struct LicensePorts {
    /// What tells the time.
    pub clock: Box<dyn Clock>,
    /// How it waits before it asks again.
    pub pause: Box<dyn Pause>,
    /// Where randomness comes from.
    pub rng: Box<dyn Rng>,
}

impl Default for LicensePorts {
    /// The system's clock and randomness, and waiting by putting the calling thread to sleep.
    fn default() -> Self {
        Self { clock: Box::new(SystemClock), pause: Box::new(ThreadPause), rng: Box::new(SystemRng) }
    }
}

impl LicenseClient {
    /// Makes a client with the clock of the system. Nothing is sent, and no file is written yet.
    ///
    /// # Errors
    ///
    /// When something in the configuration cannot be used; the error says what and why.
    pub fn new(config: LicenseConfig) -> Result<Self, LicenseConfigError> {
        Self::with_ports(config, LicensePorts::default())
    }

    /// Makes a client with a clock, a way to wait and a source of randomness.
    ///
    /// # Errors
    ///
    /// The same as [`LicenseClient::new`].
    pub fn with_ports(config: LicenseConfig, ports: LicensePorts) -> Result<Self, LicenseConfigError> {
        if !is_name(&config.product) {
            return Err(LicenseConfigError::Product);
        }
        let hardware_id = match config.hardware_id {
            Some(id) => id,
            None => machine_fingerprint().ok_or(LicenseConfigError::NoMachineId)?,
        };
        if !is_name(&hardware_id) {
            return Err(LicenseConfigError::HardwareId);
        }
        if config.answer_keys.is_empty() {
            return Err(LicenseConfigError::NoAnswerKey);
        }
        let keys = PinnedKeys::parse(&config.answer_keys)?;
        let cache = Cache::new(&config.folder, &hardware_id, &config.product);
        let door = Door {
            base: BaseUrl::parse(&config.base_url)?,
            agent: agent(&config.timeouts, config.proxy, config.timeouts.exchange),
            prover: Prover::new(config.credential)?,
            keys,
            clock: ports.clock,
            pause: ports.pause,
            rng: ports.rng,
            retries: config.retries,
            token: Mutex::new(None),
        };
        let air_gap_key = config.air_gap_key.as_deref().map(air_gap_key).transpose()?;
        Ok(Self {
            door,
            product: config.product,
            hardware_id,
            air_gap_key,
            cache,
            away: config.away,
            watch: Mutex::new(None),
        })
    }

    /// What names this machine.
    #[must_use]
    pub fn hardware_id(&self) -> &str {
        &self.hardware_id
    }

    /// Whether the application may run, from what is kept alone: nothing is sent. Of a bundle, all licenses must let it. The signatures of what is kept are verified
    /// each time (some 0.1 ms); that time has passed is noted on the disk once a minute, and when a license is over or the clock was set back.
    ///
    /// # Errors
    ///
    /// [`LicenseError::Io`] and [`LicenseError::CacheInUse`] when the folder cannot be read or written. An application that
    /// treats them as a valid license lets its users stop the clock by taking a permission away.
    pub fn state(&self) -> Result<LicenseState, LicenseError> {
        let entry = match self.kept_or_state()? {
            Ok(entry) => entry,
            Err(state) => return Ok(state),
        };
        let mut states = self.states_of(&entry)?.into_iter().map(|(_, state)| state);
        let first = states.next().unwrap_or(LicenseState::NeverActivated);
        Ok(if first.may_run() { states.find(|state| !state.may_run()).unwrap_or(first) } else { first })
    }

    /// The license as it was last signed; `None` when none was activated here. It may be over: see [`LicenseClient::state`].
    ///
    /// # Errors
    ///
    /// When what is kept must not be used, or cannot be read.
    pub fn license(&self) -> Result<Option<License>, LicenseError> {
        match self.kept()? {
            Some(entry) => Ok(self.licenses_of(&entry)?.drain(..).next()),
            None => Ok(None),
        }
    }

    /// Forgets the license and what was asked for in files, without asking anybody. The server counts this device still.
    ///
    /// # Errors
    ///
    /// [`LicenseError::Io`] and [`LicenseError::CacheInUse`] when the folder cannot be written.
    pub fn forget(&self) -> Result<(), LicenseError> {
        self.close_past()?;
        self.update(|_| Ok(None))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.door.clock.now()
    }

    /// What is kept.
    pub(crate) fn kept(&self) -> Result<Option<Entry>, LicenseError> {
        self.cache.read(Kind::License)
    }

    /// What is kept, or the error that there is nothing.
    pub(crate) fn activated(&self) -> Result<Entry, LicenseError> {
        self.kept()?.ok_or(LicenseError::NeverActivated)
    }

    /// What is kept of a license that the server can be asked about.
    pub(crate) fn online(&self) -> Result<Entry, LicenseError> {
        let entry = self.activated()?;
        if entry.is_online() {
            Ok(entry)
        } else {
            Err(LicenseError::NotPossible {
                what: "this license was activated without a connection; the server is not asked",
            })
        }
    }

    /// Makes sure that an answer can be kept, before the server is asked for it: one that is lost here would count there.
    pub(crate) fn prepare(&self) -> Result<(), LicenseError> {
        self.cache.prepare(&*self.door.pause)?;
        for read in [self.kept().map(drop), self.past().map(drop)] {
            match read {
                // These are replaced.
                Ok(()) | Err(LicenseError::WrongMachine { .. } | LicenseError::CacheAltered { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Changes what is kept; what cannot be used is replaced.
    pub(crate) fn update(
        &self,
        change: impl FnOnce(Option<Entry>) -> Result<Option<Entry>, LicenseError>,
    ) -> Result<(), LicenseError> {
        self.replace(|kept| match kept {
            Err(LicenseError::WrongMachine { .. } | LicenseError::CacheAltered { .. }) => change(None),
            kept => change(kept?),
        })
    }

    /// Changes what is kept of a license. Another one, which another process has activated meanwhile, stays as it is.
    pub(crate) fn note(&self, licensee: &Licensee, change: impl FnOnce(&mut Entry)) -> Result<(), LicenseError> {
        self.replace(|kept| {
            let mut kept = kept?;
            if let Some(entry) = kept.as_mut().filter(|entry| entry.licensee == *licensee) {
                change(entry);
            }
            Ok(kept)
        })
    }

    /// Replaces what is kept, and remembers what has passed by then.
    fn replace(
        &self,
        change: impl FnOnce(Result<Option<Entry>, LicenseError>) -> Result<Option<Entry>, LicenseError>,
    ) -> Result<(), LicenseError> {
        let mut noted = None;
        self.cache.update(Kind::License, &*self.door.pause, &*self.door.rng, |kept| {
            let kept = change(kept)?;
            noted = kept.as_ref().map(|entry| (entry.passage, entry.is_online()));
            Ok(kept)
        })?;
        noted.map_or(Ok(()), |(passage, is_online)| self.remember(passage, is_online))
    }

    /// The licenses in what is kept, after their signatures were verified once more.
    pub(crate) fn licenses_of(&self, entry: &Entry) -> Result<Vec<License>, LicenseError> {
        const WHAT: &str = "the license that is kept here";
        let licensee = entry.licensee.text();
        match &entry.signed {
            Signed::Answer { body, signature, is_bundle } => {
                self.door.verify(WHAT, body.as_bytes(), signature)?;
                if *is_bundle {
                    self.read_bundle(WHAT, body.as_bytes(), Some(licensee))
                } else {
                    self.read_license(WHAT, body.as_bytes(), Some(licensee)).map(|license| vec![license])
                }
            }
            Signed::File { text } => {
                offline::verified_license(self, text, &entry.licensee).map(|license| vec![license])
            }
            Signed::BundleFile { text } => self.verified_bundle_file(text, &entry.licensee),
            Signed::AirGap { policy, confirmation } => {
                air_gap::verified_license(self, policy, confirmation, licensee).map(|license| vec![license])
            }
        }
    }

    /// Reads a verified answer, and verifies that it is for this device and product.
    pub(crate) fn read_license(
        &self,
        what: &str,
        body: &[u8],
        licensee: Option<&str>,
    ) -> Result<License, LicenseError> {
        let whose = Whose { hardware_id: &self.hardware_id, licensee, product: Some(&self.product) };
        answer::license(&self.door, what, body, &whose)
    }

    /// The same for the licenses of a bundle, which are of its products.
    pub(crate) fn read_bundle(
        &self,
        what: &str,
        body: &[u8],
        licensee: Option<&str>,
    ) -> Result<Vec<License>, LicenseError> {
        let whose = Whose { hardware_id: &self.hardware_id, licensee, product: None };
        read::objects(what, body)?.into_iter().map(|text| answer::license(&self.door, what, text, &whose)).collect()
    }

    /// The members by which calls name the license.
    pub(crate) fn identity(&self, licensee: &Licensee, license_id: Option<i64>) -> Map<String, Value> {
        let mut members = self.device();
        let (name, text) = match licensee {
            Licensee::Key(key) => ("license_key", key),
            Licensee::User(user) => ("username", user),
        };
        members.insert(name.to_owned(), text.as_str().into());
        if let Some(id) = license_id {
            members.insert("license_id".to_owned(), id.into());
        }
        members
    }

    /// The members by which calls name product and device.
    pub(crate) fn device(&self) -> Map<String, Value> {
        let mut members = Map::new();
        members.insert("product".to_owned(), self.product.as_str().into());
        members.insert("hardware_id".to_owned(), self.hardware_id.as_str().into());
        members.insert("sdk_ver".to_owned(), SDK.into());
        members
    }

    /// What is kept, or the state that follows from there being nothing which can be used.
    pub(crate) fn kept_or_state(&self) -> Result<Result<Entry, LicenseState>, LicenseError> {
        Ok(match self.kept() {
            Ok(Some(entry)) => Ok(entry),
            Ok(None) => Err(LicenseState::NeverActivated),
            Err(LicenseError::WrongMachine { .. }) => Err(LicenseState::WrongMachine),
            Err(LicenseError::CacheAltered { .. }) => Err(LicenseState::CacheAltered),
            Err(error) => return Err(error),
        })
    }
}

impl fmt::Debug for LicenseClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LicenseClient").field("product", &self.product).finish_non_exhaustive()
    }
}

fn air_gap_key(text: &str) -> Result<P256PublicKey, LicenseConfigError> {
    let coordinates = base64_decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
    coordinates.map(P256PublicKey::from_coordinates).ok_or(LicenseConfigError::AirGapKey)
}

/// What this client calls itself.
pub(crate) const SDK: &str = concat!("Countersign ", env!("CARGO_PKG_VERSION"));
