//! What the questions of this door have in common: a POST that is judged and sealed, and a poll that answers it.

use axum::body::Body;
use axum::response::Response;
use countersign_app::devices;
use countersign_app::polling::{self, Asked, Endpoint};
use countersign_app::updates::{self, ManifestAnswer};
use countersign_http_kit::body::{JSON_BODY_LIMIT, read_whole};
use countersign_http_kit::json::read_object;
use http::{HeaderMap, Uri};
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

/// A body that asks something.
pub(crate) trait Question: DeserializeOwned {
    /// The question, or what is wrong with it: that is reported on the poll.
    fn into_asked(self) -> Asked;
}

impl Call {
    /// Takes a question, judges its token, and answers where to poll.
    ///
    /// # Errors
    /// [`Error`] when the body is not a JSON object; every other fault is reported on the poll.
    pub(crate) async fn ask<Q: Question>(
        self,
        door: &Door,
        site: &Site,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Response, Error> {
        let bytes = read_whole(body, JSON_BODY_LIMIT).await?;
        let question: Q = read_object(&bytes)?;
        let (snapshot, verdict) = devices::authenticate(&door.ctx, &site.snapshot, auth::bearer(headers)).await?;
        let id = polling::issue(&door.ctx, &snapshot, self.endpoint, verdict, question.into_asked())?;
        Ok(reply::accepted(&site.prefix, self.path, &id))
    }

    /// Answers a poll about updates.
    ///
    /// # Errors
    /// [`Error`] when the polling ID is not valid, its token was refused, or nothing can be signed.
    pub(crate) async fn poll_updates(self, door: &Door, site: &Site, uri: &Uri) -> Result<Response, Error> {
        let id = last_segment(uri);
        let (snapshot, answer) = updates::answer(&door.ctx, &site.snapshot, self.endpoint, id).await?;
        let list = wire::UpdateList::new(&answer, self.endpoint);
        reply::ready(&door.ctx, &snapshot, self.endpoint, &list, || reply::accepted(&site.prefix, self.path, id)).await
    }

    /// Answers a poll about a manifest.
    ///
    /// # Errors
    /// [`Error`] as for updates. A manifest has no place for an error, so what is wrong with the question, too, ends with
    /// a status of its own.
    pub(crate) async fn poll_manifest(self, door: &Door, site: &Site, uri: &Uri) -> Result<Response, Error> {
        let id = last_segment(uri);
        let (snapshot, answer) = updates::answer_manifest(&door.ctx, &site.snapshot, self.endpoint, id).await?;
        match answer {
            ManifestAnswer::Files(files) => {
                let manifest = wire::Manifest::from(files.as_slice());
                let later = || reply::accepted(&site.prefix, self.path, id);
                reply::ready(&door.ctx, &snapshot, self.endpoint, &manifest, later).await
            }
            ManifestAnswer::Problem(problem) => Err(Error::ManifestQuestion(self.endpoint, problem)),
            ManifestAnswer::Refused(refusal, uuid) => Err(Error::Manifest(self.endpoint, refusal, uuid)),
        }
    }
}
