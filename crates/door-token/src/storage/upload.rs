//! Uploads in all the forms in which clients send a file (contract §7.2): as the body, or as a part of a multipart body,
//! whatever the part is called.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use countersign_app::Ctx;
use countersign_app::storages::{self, Place, StorageCaller, Upload};
use countersign_http_kit::body::{BodyError, read_pieces};
use countersign_http_kit::form_data::{Boundary, FormData, FormDataError, PartHead};
use futures_util::stream::{self, BoxStream, StreamExt};
use futures_util::{Stream, TryStreamExt};
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http::request::Parts;
use tokio::time::timeout;

use super::call::UploadTarget;
use super::error::{Error, UploadProblem};

/// The body of a request.
pub(crate) struct Incoming {
    pieces: BoxStream<'static, Result<Bytes, BodyError>>,
    /// Whether anybody has asked for the first piece.
    begun: Arc<AtomicBool>,
    /// Whether the client waits for our consent before it sends (RFC 9110 §10.1.1).
    waits: bool,
    announced: Option<u64>,
    content_type: Option<HeaderValue>,
    /// How many bytes were drained, once they were.
    drained: Option<u64>,
}

/// Where the file of an upload goes.
pub(crate) struct Destination {
    pub(crate) place: Place,
    pub(crate) target: UploadTarget,
}

impl Incoming {
    /// The body of a request, of which nothing has been read.
    pub(crate) fn new(parts: &Parts, body: Body) -> Self {
        let header = parts.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let announced = body.size_hint().exact().or(header);
        let begun = Arc::new(AtomicBool::new(false));
        let mark = begun.clone();
        let pieces = stream::once(async move {
            mark.store(true, Ordering::Relaxed);
            read_pieces(body)
        });
        Self {
            pieces: pieces.flatten().boxed(),
            begun,
            waits: parts.headers.contains_key(EXPECT),
            announced,
            content_type: parts.headers.get(CONTENT_TYPE).cloned(),
            drained: None,
        }
    }

    /// How many bytes the sender has announced.
    pub(crate) fn announced(&self) -> Option<u64> {
        self.announced
    }

    /// Reads what has not been read, within limits, so that a client which is still sending sees its answer and no reset
    /// connection. Says how many bytes came, also when asked again. A client that waits for our consent sends nothing.
    pub(crate) async fn drain(&mut self) -> u64 {
        if let Some(read) = self.drained {
            return read;
        }
        if self.waits && !self.begun.load(Ordering::Relaxed) {
            return 0;
        }
        let mut read = 0_u64;
        let all = async {
            while read < DRAIN_LIMIT
                && let Some(Ok(bytes)) = self.pieces.next().await
            {
                read = read.saturating_add(bytes.len() as u64);
            }
        };
        // Too slow is as good as too long.
        let _ = timeout(DRAIN_TIME, all).await;
        self.drained = Some(read);
        read
    }

    /// Stores what comes, and gives the names of the stored files.
    ///
    /// # Errors
    /// [`Error`] says why nothing was stored; of several files, the first may be.
    pub(crate) async fn store(
        &mut self,
        ctx: &Ctx,
        caller: &StorageCaller,
        to: Destination,
    ) -> Result<Vec<String>, Error> {
        let boundary = self.content_type.as_ref().and_then(Boundary::of);
        if let Some(boundary) = boundary {
            let begin = self.begin(boundary.begin_length()).await?;
            let rest = &mut self.pieces;
            let begins = boundary.begins(&begin);
            let pieces = stream::iter((!begin.is_empty()).then_some(Ok(begin))).chain(rest);
            if begins {
                let form = FormData::new(pieces.boxed(), &boundary);
                return Parcel { ctx, caller, to }.store_parts(form).await;
            }
            // A document that is multipart itself.
            let parcel = Parcel { ctx, caller, to };
            return parcel.store_raw(pieces.map_err(UploadProblem::Body), self.announced, None).await;
        }
        let media_type = self.content_type.as_ref().and_then(media_type);
        let announced = self.announced;
        let pieces = (&mut self.pieces).map_err(UploadProblem::Body);
        Parcel { ctx, caller, to }.store_raw(pieces, announced, media_type).await
    }

    /// The first bytes, at least so many unless there are fewer.
    async fn begin(&mut self, length: usize) -> Result<Bytes, Error> {
        let mut begin = BytesMut::new();
        while begin.len() < length
            && let Some(bytes) = self.pieces.next().await
        {
            begin.extend_from_slice(&bytes?);
        }
        Ok(begin.freeze())
    }
}

/// Files on their way to a place.
struct Parcel<'a> {
    ctx: &'a Ctx,
    caller: &'a StorageCaller,
    to: Destination,
}

type Form<'a> = FormData<BoxStream<'a, Result<Bytes, BodyError>>>;

impl Parcel<'_> {
    async fn store_raw(
        &self,
        pieces: impl Stream<Item = Result<Bytes, UploadProblem>> + Send,
        announced: Option<u64>,
        media_type: Option<String>,
    ) -> Result<Vec<String>, Error> {
        if self.to.target == UploadTarget::Folder {
            return Err(Error::NoName);
        }
        self.keep(self.to.place.clone(), pieces, announced, media_type).await.map(|name| vec![name])
    }

    /// Stores the first part that has a file name, or else the first part; in a folder, all that have one.
    async fn store_parts(&self, mut form: Form<'_>) -> Result<Vec<String>, Error> {
        let mut first = None;
        let mut next = next_part(&mut form).await?;
        while let Some(head) = next {
            if has_file(&head) {
                return self.store_files(form, head).await;
            }
            let field = read_field(&mut form).await?;
            if field.len() > FIELD_LIMIT {
                // Too long for a field that goes with a file, so it is the file.
                let place = self.place_of(&head).await?;
                let pieces = part(&mut form, field, FollowedBy::Fields);
                return self.keep(place, pieces, None, type_of(&head)).await.map(|name| vec![name]);
            }
            first = first.or(Some((head, field)));
            next = next_part(&mut form).await?;
        }
        let (head, field) = first.ok_or(Error::NoFile)?;
        let place = self.place_of(&head).await?;
        let announced = Some(field.len() as u64);
        let pieces = stream::iter([Ok(field)]);
        self.keep(place, pieces, announced, type_of(&head)).await.map(|name| vec![name])
    }

    async fn store_files(&self, mut form: Form<'_>, first: PartHead) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        let mut next = Some(first);
        let into_folder = self.is_folder().await?;
        while let Some(head) = next {
            let place = self.place_in(&head, into_folder)?;
            let followed_by = if into_folder { FollowedBy::Files } else { FollowedBy::Fields };
            let pieces = part(&mut form, Bytes::new(), followed_by);
            names.push(self.keep(place, pieces, None, type_of(&head)).await?);
            next = if into_folder { next_file(&mut form).await? } else { None };
        }
        Ok(names)
    }

    async fn keep(
        &self,
        place: Place,
        pieces: impl Stream<Item = Result<Bytes, UploadProblem>> + Send,
        announced: Option<u64>,
        media_type: Option<String>,
    ) -> Result<String, Error> {
        let name = place.path.name().unwrap_or_default().to_owned();
        let requested = Some(self.to.place.path.clone());
        let upload = Upload { place, requested, announced, media_type, limit: self.ctx.upload_limit() };
        storages::upload(self.ctx, self.caller, upload, pieces).await?;
        Ok(name)
    }

    /// Where the file of a part goes.
    async fn place_of(&self, head: &PartHead) -> Result<Place, Error> {
        if !has_file(head) && self.to.target == UploadTarget::Path {
            return Ok(self.to.place.clone());
        }
        let into_folder = self.is_folder().await?;
        self.place_in(head, into_folder)
    }

    fn place_in(&self, head: &PartHead, into_folder: bool) -> Result<Place, Error> {
        let Place { storage, path } = &self.to.place;
        let sent = head.file_name.as_deref().unwrap_or_default();
        // A folder of the sender's machine is nothing to us.
        let name = sent.rsplit(['/', '\\']).next().unwrap_or_default();
        let names_file = self.to.target == UploadTarget::FolderOrFile && !into_folder && path.name() == Some(name);
        if self.to.target == UploadTarget::Path && !into_folder || names_file {
            return Ok(self.to.place.clone());
        }
        if matches!(name, "" | "." | "..") {
            return Err(Error::NoName);
        }
        Ok(Place { storage: storage.clone(), path: path.join(name)? })
    }

    /// Whether the path of the request is that of a folder.
    async fn is_folder(&self) -> Result<bool, Error> {
        match self.to.target {
            UploadTarget::Folder => Ok(true),
            UploadTarget::FolderOrFile | UploadTarget::Path => {
                Ok(storages::exists(self.ctx, self.caller, &self.to.place, None).await? == Some(true))
            }
        }
    }
}

/// What may come behind the part of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FollowedBy {
    /// Further files, which have parts of their own.
    Files,
    /// No further file: the end of the part is the end of the file only if the body goes on as it should.
    Fields,
}

/// The rest of the current part, behind bytes that were read before.
fn part<'a>(
    form: &'a mut Form<'_>,
    begin: Bytes,
    followed_by: FollowedBy,
) -> impl Stream<Item = Result<Bytes, UploadProblem>> + Send + 'a {
    let begin = stream::iter((!begin.is_empty()).then_some(Ok(begin)));
    let rest = stream::try_unfold(form, move |form| async move {
        match form.next_bytes().await.map_err(problem)? {
            Some(bytes) => Ok(Some((bytes, form))),
            None if followed_by == FollowedBy::Files => Ok(None),
            None => match next_file(form).await? {
                Some(_) => Err(UploadProblem::SeveralFiles),
                None => Ok(None),
            },
        }
    });
    begin.chain(rest)
}

/// The next part that has a file name.
async fn next_file(form: &mut Form<'_>) -> Result<Option<PartHead>, UploadProblem> {
    while let Some(head) = next_part(form).await? {
        if has_file(&head) {
            return Ok(Some(head));
        }
    }
    Ok(None)
}

async fn next_part(form: &mut Form<'_>) -> Result<Option<PartHead>, UploadProblem> {
    form.next_part().await.map_err(problem)
}

/// The current part, or more than [`FIELD_LIMIT`] bytes of it.
async fn read_field(form: &mut Form<'_>) -> Result<Bytes, UploadProblem> {
    let mut field = BytesMut::new();
    while field.len() <= FIELD_LIMIT
        && let Some(bytes) = form.next_bytes().await.map_err(problem)?
    {
        field.extend_from_slice(&bytes);
    }
    Ok(field.freeze())
}

fn problem(error: FormDataError<BodyError>) -> UploadProblem {
    match error {
        FormDataError::Malformed(reason) => UploadProblem::Form(reason),
        FormDataError::Source(error) => UploadProblem::Body(error),
    }
}

fn has_file(head: &PartHead) -> bool {
    head.file_name.as_deref().is_some_and(|name| !name.is_empty())
}

fn type_of(head: &PartHead) -> Option<String> {
    head.content_type.as_deref().and_then(|text| media_type(&HeaderValue::try_from(text).ok()?))
}

/// The type of a file, if it says something about it: `multipart/…` speaks of the body, and the type of forms is what some
/// programs say unless they are told.
fn media_type(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?.trim();
    let lower = text.to_ascii_lowercase();
    let says_nothing = lower.starts_with("multipart/") || lower == "application/x-www-form-urlencoded";
    (lower.contains('/') && !says_nothing).then(|| text.to_owned())
}

/// Most bytes that are read for an answer which is clear without them. Clients that send more may see their connection end.
const DRAIN_LIMIT: u64 = 64 << 20;
/// How long that may take.
const DRAIN_TIME: Duration = Duration::from_secs(30);
/// Longest part without a file name that is taken for a field beside a file.
const FIELD_LIMIT: usize = 64 * 1024;
