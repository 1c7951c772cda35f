//! [`DeviceClient`]: the things a device does, each a few lines over the modules that know how.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use countersign_crypto::secret::Secret;

use crate::{
    base_url::BaseUrl,
    config::{ClientConfig, ConfigError, checked_token},
    device_event::DeviceEvent,
    download::Download,
    error::{ClientError, Subject},
    exchange::Exchange,
    manifest::{Manifest, ManifestFile},
    pause::{Pause, ThreadPause},
    pinned_keys::PinnedKeys,
    progress::Progress,
    question::Question,
    registration::Registration,
    status_report::StatusReport,
    transport::Transport,
    updates::{UpdateItem, UpdateList},
    wire,
};

/// A device's connection to one server: where it is, who the device is, and which keys it believes.
///
/// One client can be shared between threads and reused for as long as its token is valid.
pub struct DeviceClient {
    base: BaseUrl,
    token: Secret<String>,
    keys: PinnedKeys,
    transport: Transport,
    pause: Box<dyn Pause>,
}

impl DeviceClient {
    /// Makes a client that waits by putting the calling thread to sleep. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When the base URL, the token or a signing key cannot be used; the error says which and why.
    pub fn new(config: ClientConfig) -> Result<Self, ConfigError> {
        Self::with_pause(config, Box::new(ThreadPause))
    }

    /// Makes a client that waits between polls and between download attempts through `pause`.
    ///
    /// # Errors
    ///
    /// The same as [`DeviceClient::new`].
    pub fn with_pause(config: ClientConfig, pause: Box<dyn Pause>) -> Result<Self, ConfigError> {
        let ClientConfig { base_url, token, signing_keys, timeouts, proxy } = config;
        Ok(Self {
            base: BaseUrl::parse(&base_url)?,
            token: checked_token(token)?,
            keys: PinnedKeys::parse(&signing_keys)?,
            transport: Transport::new(&timeouts, proxy),
            pause,
        })
    }

    /// Asks which updates start from the installed package, and returns the verified answer.
    ///
    /// An empty list without a notice means that nothing applies. A list may carry a
    /// [notice](UpdateList::notice), such as "the installed package is not known", beside its items.
    ///
    /// # Errors
    ///
    /// Any [`ClientError`] but those that only a download can raise.
    pub fn check(&self, question: &Question) -> Result<UpdateList, ClientError> {
        let answer = self.exchange().ask(Subject::UpdateList, &wire::question(question))?;
        let verified = self.keys.verify(Subject::UpdateList, &answer)?;
        let list = wire::update_list(&verified)?;
        list.answers(question)?;
        Ok(list)
    }

    /// Asks for the files of one update, and returns the verified manifest.
    ///
    /// The signature says that a pinned key once signed this list of files; nothing in it says for which update.
    ///
    /// Download links in a manifest expire after hours: ask for it when the device is about to download.
    ///
    /// # Errors
    ///
    /// [`ClientError::NotFound`] when the update was withdrawn meanwhile; otherwise any [`ClientError`] but those that
    /// only a download can raise.
    pub fn manifest(&self, update: &UpdateItem) -> Result<Manifest, ClientError> {
        let answer = self.exchange().ask(Subject::Manifest, &wire::manifest_request(&update.manifest))?;
        let verified = self.keys.verify(Subject::Manifest, &answer)?;
        wire::manifest(&verified)
    }

    /// Downloads one file of a manifest into the existing folder `folder`, and returns its path.
    ///
    /// The bytes go to `<name>.part` and get their name only when size and digest are right and the bytes are on the
    /// disk. A `.part` file of an earlier run is resumed; a complete file with the right digest is returned without
    /// any request. The device token is not sent.
    ///
    /// # Errors
    ///
    /// [`ClientError::Network`] when the connection broke too often: what arrived is kept, and calling again resumes.
    /// [`ClientError::DigestMismatch`], [`ClientError::FileTooLong`], [`ClientError::FileTooShort`] and
    /// [`ClientError::RangeMismatch`] when the server sent something else: nothing is kept.
    pub fn download(
        &self,
        file: &ManifestFile,
        folder: &Path,
        progress: &mut dyn Progress,
    ) -> Result<PathBuf, ClientError> {
        Download { transport: &self.transport, pause: &*self.pause, file, folder }.run(progress)
    }

    /// Registers the device. To do it again changes nothing; with another activation ID of the same account it adds to what
    /// the device is entitled to.
    ///
    /// # Errors
    ///
    /// [`ClientError::Declined`] when the server does not register the device, such as for an unknown activation ID;
    /// otherwise any [`ClientError`] about the exchange.
    pub fn register(&self, registration: &Registration) -> Result<(), ClientError> {
        let outcome = self.tell(Subject::Registration, &wire::registration(registration));
        outcome.map_err(|error| match (error, &registration.activation_id) {
            // Whoever knows an activation ID can activate with it, so no error repeats it.
            (ClientError::Declined { subject, message }, Some(id)) => {
                ClientError::Declined { subject, message: message.without(id.expose()) }
            }
            (error, _) => error,
        })
    }

    /// Reports how far an update is.
    ///
    /// # Errors
    ///
    /// [`ClientError::Declined`] when the server does not know the device or the update (it may have kept the report all
    /// the same); otherwise any [`ClientError`] about the exchange. No error here is a reason to break an update off.
    pub fn report(&self, report: &StatusReport) -> Result<(), ClientError> {
        self.tell(Subject::StatusReport, &wire::status_report(report))
    }

    /// Logs an event of the device's own.
    ///
    /// # Errors
    ///
    /// [`ClientError::Declined`] when the server does not know the device or does not take the name;
    /// [`ClientError::Busy`] when the device speaks too often; otherwise any [`ClientError`] about the exchange.
    pub fn log_event(&self, event: &DeviceEvent) -> Result<(), ClientError> {
        self.tell(Subject::Event, &wire::device_event(event))
    }

    fn tell(&self, subject: Subject, body: &[u8]) -> Result<(), ClientError> {
        wire::outcome(subject, &self.exchange().ask(subject, body)?)
    }

    fn exchange(&self) -> Exchange<'_> {
        Exchange { transport: &self.transport, base: &self.base, token: &self.token, pause: &*self.pause }
    }
}

impl fmt::Debug for DeviceClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceClient").field("base", &self.base).finish_non_exhaustive()
    }
}
