//! What the calls of this door have in common: a POST that is judged and sealed, and a poll that answers it.

use axum::extract::Request;
use axum::response::Response;
use countersign_app::devices::{self, AuthenticatedDevice, NotKept};
use countersign_app::polling::{self, Asked, Endpoint, PollError, Problem};
use countersign_app::updates::{self, ManifestAnswer, ManifestFiles, UpdateAnswer};
use countersign_app::{ahead, answers};
use countersign_domain::site::AuthFailure;
use countersign_http_kit::body::{JSON_BODY_LIMIT, read_whole};
use countersign_http_kit::json::read_object;
use http::Uri;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::site::{Site, last_segment};
use crate::{Door, auth, reply, wire};

/// One of the calls: where its POST is, and which polling IDs it gives out.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    pub(crate) endpoint: Endpoint,
    pub(crate) path: &'static str,
}

/// A POST that was read and whose token was judged.
pub(crate) struct Posted<B> {
    /// The site, in the state that decided about the token.
    pub(crate) site: Site,
    /// Who has sent it and what, unless the token was refused.
    asked: Result<(AuthenticatedDevice, B), devices::TokenRefusal>,
}

impl Call {
    /// Reads a POST and judges its token.
    ///
    /// # Errors
    /// [`Error`] when the body is not a JSON object, or when the token is refused and the site wants to say so at once;
    /// every other fault is reported on the poll.
    pub(crate) async fn receive<B: DeserializeOwned>(
        self,
        door: &Door,
        site: Site,
        request: Request,
    ) -> Result<Posted<B>, Error> {
        let (head, body) = request.into_parts();
        let bytes = read_whole(body, JSON_BODY_LIMIT).await?;
        let body: B = read_object(&bytes)?;
        let (snapshot, verdict) = devices::authenticate(&door.ctx, &site.snapshot, auth::bearer(&head.headers)).await?;
        if verdict.is_err()
            && let Some(client) = site.client
            && let Some(seconds) = devices::count_refusal(&door.ctx, &snapshot, client.ip())
        {
            return Err(Error::TooManyRefused { seconds });
        }
        match (verdict, snapshot.site().settings.auth_failure) {
            (Err(refusal), AuthFailure::Immediate) => Err(PollError::Refused(refusal).into()),
            (verdict, _) => {
                let site = Site { snapshot, ..site };
                Ok(Posted { site, asked: verdict.map(|device| (device, body)) })
            }
        }
    }

    /// Takes a question and answers where to poll.
    ///
    /// # Errors
    /// [`Error`] when the machinery fails.
    pub(crate) fn ask<B>(
        self,
        door: &Door,
        posted: Posted<B>,
        read: impl FnOnce(B) -> Result<Asked, Problem>,
    ) -> Result<Response, Error> {
        let asked = posted.asked.map(|(device, body)| (device, read(body).unwrap_or_else(Asked::Invalid)));
        let id = polling::issue(&door.ctx, &posted.site.snapshot, self.endpoint, asked)?;
        Ok(reply::accepted(&posted.site.prefix, self.path, &id))
    }

    /// Takes what a device tells and, when it is kept, answers where to poll. A body behind a refused token is not even
    /// looked at.
    ///
    /// # Errors
    /// [`Error`] when the machinery fails, or the device tells too much.
    pub(crate) async fn tell<B>(
        self,
        door: &Door,
        posted: Posted<B>,
        keep: impl AsyncFnOnce(AuthenticatedDevice, &Site, B) -> Result<(), NotKept>,
    ) -> Result<Response, Error> {
        let site = posted.site;
        let asked = match posted.asked {
            Err(refusal) => Err(refusal),
            Ok((device, body)) => match keep(device, &site, body).await {
                Ok(()) => Ok((device, Asked::Kept)),
                Err(NotKept::Problem(problem)) => Ok((device, Asked::Invalid(problem))),
                Err(NotKept::Fault(fault)) => return Err(fault.into()),
                Err(NotKept::TooMany { seconds }) => return Err(Error::TooMany { seconds }),
            },
        };
        let id = polling::issue(&door.ctx, &site.snapshot, self.endpoint, asked)?;
        Ok(reply::accepted(&site.prefix, self.path, &id))
    }

    /// Answers a poll about updates.
    ///
    /// # Errors
    /// [`Error`] when the polling ID is not valid, its token was refused, or nothing can be signed.
    pub(crate) async fn poll_updates(self, door: &Door, site: &Site, uri: &Uri) -> Result<Response, Error> {
        let id = last_segment(uri);
        let polled = updates::answer(&door.ctx, &site.snapshot, self.endpoint, id).await?;
        let render = |answer: &UpdateAnswer| json(&wire::UpdateList::new(answer, self.endpoint));
        let finished = answers::finish(&door.ctx, &polled, self.endpoint, render).await;
        reply::finished(&door.ctx, finished, polled.asked_at, || reply::accepted(&site.prefix, self.path, id))
    }

    /// Answers a poll about a manifest.
    ///
    /// # Errors
    /// [`Error`] as for updates. A manifest has no place for an error, so what is wrong with the question, too, ends with
    /// a status of its own.
    pub(crate) async fn poll_manifest(self, door: &Door, site: &Site, uri: &Uri) -> Result<Response, Error> {
        let id = last_segment(uri);
        match updates::answer_manifest(&door.ctx, &site.snapshot, self.endpoint, id).await? {
            ManifestAnswer::Files(polled) => {
                let ctx = door.ctx.clone();
                let render = move |files: &ManifestFiles| json(&wire::Manifest::from(files.list(&ctx).as_slice()));
                let finished = answers::finish(&door.ctx, &polled, self.endpoint, render.clone()).await;
                if let Some(soon) = ManifestFiles::soon(&polled) {
                    ahead::prepare(&door.ctx, soon, self.endpoint, render);
                }
                reply::finished(&door.ctx, finished, polled.asked_at, || reply::accepted(&site.prefix, self.path, id))
            }
            ManifestAnswer::Problem(problem) => Err(Error::ManifestProblem(self.endpoint, problem)),
            ManifestAnswer::Refused(refusal, uuid) => Err(Error::Manifest(self.endpoint, refusal, uuid)),
        }
    }

    /// Answers a poll about something that a device has told: with the error object, whose members are empty when it is
    /// kept.
    ///
    /// # Errors
    /// [`Error`] when the polling ID is not valid, or its token was refused.
    pub(crate) async fn poll_outcome(self, door: &Door, site: &Site, uri: &Uri) -> Result<Response, Error> {
        let outcome = polling::outcome(&door.ctx, &site.snapshot, self.endpoint, last_segment(uri)).await?;
        Ok(reply::ready(json(&outcome.as_ref().map(wire::ErrorObject::from).unwrap_or_default())?.into()))
    }
}

fn json<T: Serialize>(document: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(document).map_err(Error::Serialize)
}
