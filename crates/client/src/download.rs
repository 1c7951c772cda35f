//! One file from a manifest to the disk: resumed where possible, never longer than declared, published only when its
//! digest is the signed one.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use ureq::{
    Body,
    http::{
        HeaderMap, Response,
        header::{CONTENT_RANGE, ETAG},
    },
};

use crate::{
    content_range::is_rest_of_file,
    error::{ClientError, Subject},
    exchange::{network, refusal},
    manifest::ManifestFile,
    part_file::{PartFile, is_complete},
    pause::Pause,
    progress::Progress,
    transport::{Resume, Transport, read_refusal},
};

/// A download about to run.
pub(crate) struct Download<'a> {
    pub(crate) transport: &'a Transport,
    pub(crate) pause: &'a dyn Pause,
    pub(crate) file: &'a ManifestFile,
    pub(crate) folder: &'a Path,
}

/// How one request for the file, or for its rest, ended.
enum Outcome {
    /// As many bytes as declared are there.
    Complete,
    /// The connection failed or broke; what arrived is good so far.
    Broken(io::Error),
    /// The server cannot go on where the unfinished download ends.
    NotResumable,
}

impl Download<'_> {
    pub(crate) fn run(&self, progress: &mut dyn Progress) -> Result<PathBuf, ClientError> {
        let target = self.folder.join(self.file.name.as_str());
        progress.started(self.file.size);
        if is_complete(&target, self.file)? {
            progress.advanced(self.file.size);
            progress.finished();
            return Ok(target);
        }
        let mut part = PartFile::open(self.folder, &self.file.name, self.file.digest)?;
        match self.fill(&mut part, progress) {
            Ok(()) => {
                part.publish(&target)?;
                progress.finished();
                Ok(target)
            }
            Err(error) => {
                // Bytes that were refused must not be resumed; bytes of a broken download should be.
                if part.length() == 0 || is_about_content(&error) {
                    part.discard();
                }
                Err(error)
            }
        }
    }

    /// Requests until the file is complete and its digest right, or until a limit is reached.
    fn fill(&self, part: &mut PartFile, progress: &mut dyn Progress) -> Result<(), ClientError> {
        part.take_over(self.file.size)?;
        progress.advanced(part.length());
        let mut furthest = part.length();
        let mut breaks: u32 = 0;
        let mut restarts_left = MAX_RESTARTS;
        loop {
            let (refused, may_be_stale) = match self.attempt(part, progress)? {
                Outcome::Complete => {
                    let computed = part.finish_digest();
                    if computed == self.file.digest {
                        return Ok(());
                    }
                    let refused = ClientError::DigestMismatch {
                        file: self.file.name.to_string(),
                        algorithm: computed.algorithm(),
                        declared: self.file.digest.to_hex(),
                        computed: computed.to_hex(),
                    };
                    (refused, part.is_resumed())
                }
                Outcome::NotResumable => (ClientError::RangeMismatch { file: self.file.name.to_string() }, true),
                Outcome::Broken(source) => {
                    // Only real progress earns new attempts, and the file's size bounds how much of it there can be.
                    if part.length() >= furthest.saturating_add(REAL_PROGRESS_BYTES) {
                        furthest = part.length();
                        breaks = 0;
                    }
                    if breaks >= MAX_BREAKS {
                        return Err(network(Subject::File, self.file.url.origin(), source));
                    }
                    self.pause.pause(Duration::from_secs(1_u64.checked_shl(breaks).unwrap_or(1)));
                    breaks = breaks.saturating_add(1);
                    continue;
                }
            };
            // What was put together from several answers may be wrong without anybody's malice: the earlier run was
            // cut off by a power failure, or the file changed. It gets one fresh start.
            if !may_be_stale || restarts_left == 0 {
                return Err(refused);
            }
            restarts_left = restarts_left.saturating_sub(1);
            self.restart(part, progress)?;
        }
    }

    /// Makes one request, for the whole file or for what is missing, and takes what comes.
    fn attempt(&self, part: &mut PartFile, progress: &mut dyn Progress) -> Result<Outcome, ClientError> {
        if part.length() == self.file.size {
            return Ok(Outcome::Complete);
        }
        let etag = part.etag().map(str::to_owned);
        if part.length() > 0 && etag.is_none() {
            self.restart(part, progress)?;
        }
        let from = part.length();
        let resume = etag.as_deref().filter(|_| from > 0).map(|etag| Resume { from, etag });
        let response = match self.transport.open(self.file.url.uri(), resume.as_ref()) {
            Ok(response) => response,
            Err(source) => return Ok(Outcome::Broken(source)),
        };
        match (response.status().as_u16(), resume) {
            (200, _) => {
                if from > 0 {
                    self.restart(part, progress)?;
                }
                part.remember_etag(response.headers().get(ETAG).and_then(|etag| etag.to_str().ok()))?;
            }
            (206, Some(resume)) if self.continues(response.headers(), &resume) => part.mark_resumed(),
            (206, _) => return Err(ClientError::RangeMismatch { file: self.file.name.to_string() }),
            (416, Some(_)) => return Ok(Outcome::NotResumable),
            (_, _) => return Err(refusal(Subject::File, &read_refusal(response))),
        }
        self.receive(response, part, progress)
    }

    /// Reads the body to its end. The declared size is the most that is taken, whatever the server announces.
    fn receive(
        &self,
        response: Response<Body>,
        part: &mut PartFile,
        progress: &mut dyn Progress,
    ) -> Result<Outcome, ClientError> {
        let body = response.into_body();
        if let Some(announced) = body.content_length() {
            self.check_size(part.length().saturating_add(announced))?;
        }
        let mut reader = body.into_reader();
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => return self.check_size(part.length()).map(|()| Outcome::Complete),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) if part.length() == self.file.size => return Ok(Outcome::Complete),
                Err(source) => return Ok(Outcome::Broken(source)),
            };
            let chunk = buffer.get(..count).unwrap_or_default();
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            if count > self.file.size.saturating_sub(part.length()) {
                return Err(self.too_long());
            }
            part.append(chunk)?;
            progress.advanced(count);
        }
    }

    /// Whether a 206 is the rest of the same file (RFC 9110 §15.3.7): the range that was asked for, of a file of the
    /// declared size, and of the version whose beginning is here.
    fn continues(&self, headers: &HeaderMap, resume: &Resume<'_>) -> bool {
        let range = headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
        let same_version = headers.get(ETAG).is_none_or(|etag| etag.as_bytes() == resume.etag.as_bytes());
        same_version && range.is_some_and(|range| is_rest_of_file(range, resume.from, self.file.size))
    }

    fn check_size(&self, received: u64) -> Result<(), ClientError> {
        let declared = self.file.size;
        if received > declared {
            return Err(self.too_long());
        }
        if received < declared {
            return Err(ClientError::FileTooShort { file: self.file.name.to_string(), declared, received });
        }
        Ok(())
    }

    fn too_long(&self) -> ClientError {
        ClientError::FileTooLong { file: self.file.name.to_string(), declared: self.file.size }
    }

    fn restart(&self, part: &mut PartFile, progress: &mut dyn Progress) -> Result<(), ClientError> {
        part.restart()?;
        progress.started(self.file.size);
        Ok(())
    }
}

/// Whether the bytes themselves were refused, so that keeping them for a resume would be wrong.
fn is_about_content(error: &ClientError) -> bool {
    matches!(
        error,
        ClientError::DigestMismatch { .. }
            | ClientError::FileTooLong { .. }
            | ClientError::FileTooShort { .. }
            | ClientError::RangeMismatch { .. }
    )
}

const READ_BYTES: usize = 64 * 1024;
/// Attempts after the first; the waits before them double from one second to eight.
const MAX_BREAKS: u32 = 4;
/// How often a download that was put together wrongly begins at zero again.
const MAX_RESTARTS: u32 = 1;
/// A link that brings less than this between two breaks is not worth endless patience.
const REAL_PROGRESS_BYTES: u64 = 1024 * 1024;
