//! Asking and polling: POST a question, get a URL with 202, GET that URL until the answer is there.

use std::{io, time::Duration};

use countersign_crypto::secret::Secret;
use ureq::http::Uri;

use crate::{
    base_url::{BaseUrl, JoinFault},
    error::{ClientError, Subject},
    pause::Pause,
    transport::{Answer, Failure, MAX_ANSWER_BYTES, Transport},
    wire,
};

/// One question and the polls that follow it.
pub(crate) struct Exchange<'a> {
    pub(crate) transport: &'a Transport,
    pub(crate) base: &'a BaseUrl,
    pub(crate) token: &'a Secret<String>,
    pub(crate) pause: &'a dyn Pause,
}

/// What a 202 says: where to look, and when.
struct Pending {
    at: Uri,
    retry_after: Option<Duration>,
}

impl Exchange<'_> {
    /// Asks, and returns the body of the 200 that answers. The body is not verified yet.
    pub(crate) fn ask(&self, subject: Subject, question: &[u8]) -> Result<Vec<u8>, ClientError> {
        let mut pending = self.post(subject, question)?;
        // Answers are nearly always ready for the first poll, so it waits only if the server says so.
        let mut wait = pending.retry_after.unwrap_or_default();
        let mut waited = Duration::ZERO;
        let mut breaks_left = MAX_BROKEN_POLLS;
        for polls in 0..MAX_POLLS {
            let wait_now = wait.min(MAX_WAIT);
            waited = waited.saturating_add(wait_now);
            if waited > MAX_TOTAL_WAIT {
                return Err(ClientError::TooManyPolls { subject, polls, waited: waited.saturating_sub(wait_now) });
            }
            if !wait_now.is_zero() {
                self.pause.pause(wait_now);
            }
            match self.transport.poll(&pending.at) {
                Ok(answer) if answer.status == 200 => return Ok(answer.body),
                Ok(answer) if answer.status == 202 => {
                    pending = self.pending(subject, &answer)?;
                    wait = pending.retry_after.unwrap_or(DEFAULT_WAIT);
                }
                Ok(answer) => return Err(refusal(subject, &answer)),
                // The server keeps an answer for a while, so a poll that broke can be repeated.
                Err(Failure::Broken(_)) if breaks_left > 0 => {
                    breaks_left = breaks_left.saturating_sub(1);
                    wait = DEFAULT_WAIT;
                }
                Err(failure) => return Err(self.failed(subject, failure)),
            }
        }
        Err(ClientError::TooManyPolls { subject, polls: MAX_POLLS, waited })
    }

    fn post(&self, subject: Subject, question: &[u8]) -> Result<Pending, ClientError> {
        let uri = self.base.endpoint(path_of(subject)).map_err(|fault| self.not_joined(subject, fault))?;
        let answer =
            self.transport.post(&uri, self.token, question).map_err(|failure| self.failed(subject, failure))?;
        if answer.status == 202 { self.pending(subject, &answer) } else { Err(refusal(subject, &answer)) }
    }

    fn pending(&self, subject: Subject, answer: &Answer) -> Result<Pending, ClientError> {
        let url = wire::pending_url(&answer.body)
            .ok_or_else(|| ClientError::Malformed { subject, why: "the 202 answer has no url to poll".to_owned() })?;
        let at = self.base.join(&url).map_err(|fault| self.not_joined(subject, fault))?;
        Ok(Pending { at, retry_after: answer.retry_after })
    }

    fn not_joined(&self, subject: Subject, fault: JoinFault) -> ClientError {
        match fault {
            JoinFault::Foreign => ClientError::ForeignUrl { subject, origin: self.base.origin() },
            JoinFault::Malformed => {
                ClientError::Malformed { subject, why: "the url to poll is not a path or URL".to_owned() }
            }
        }
    }

    fn failed(&self, subject: Subject, failure: Failure) -> ClientError {
        match failure {
            Failure::Broken(source) => network(subject, self.base.origin(), source),
            Failure::TooLarge => ClientError::AnswerTooLarge { subject, limit: MAX_ANSWER_BYTES },
        }
    }
}

fn path_of(subject: Subject) -> &'static str {
    match subject {
        Subject::Event => "/uai/2.0/events",
        Subject::File | Subject::Manifest => "/uai/2.0/signed-updates/manifests",
        Subject::Registration => "/uai/2.0/devices/registrations",
        Subject::StatusReport => "/uai/2.0/updates/statusLog",
        Subject::UpdateList => "/uai/2.0/signed-updates",
    }
}

/// The error for a status that brings nothing. What the server says beside it is not signed, so it is only told.
pub(crate) fn refusal(subject: Subject, answer: &Answer) -> ClientError {
    let status = answer.status;
    let message = wire::server_message(&answer.body);
    match status {
        300..=399 => ClientError::Redirected { subject, status },
        401 => ClientError::Unauthorized { subject, message },
        404 => ClientError::NotFound { subject, message },
        410 => ClientError::Gone { subject, message },
        429 | 503 => ClientError::Busy { subject, status, retry_after: answer.retry_after },
        _ => ClientError::UnexpectedStatus { subject, status, message },
    }
}

pub(crate) fn network(subject: Subject, origin: String, source: io::Error) -> ClientError {
    ClientError::Network { subject, origin, source }
}

/// More polls than this mean that the answer will not come: even at one a second it is a minute.
const MAX_POLLS: u32 = 60;
/// How often a poll may break before the network is taken for gone.
const MAX_BROKEN_POLLS: u32 = 2;
/// The wait between polls when the server names none.
const DEFAULT_WAIT: Duration = Duration::from_secs(1);
/// The longest single wait, whatever the server asks for.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// The longest wait for one answer.
const MAX_TOTAL_WAIT: Duration = Duration::from_secs(300);
