//! Files that somebody with a connection brings for a device without one.

use axum::extract::{FromRequest, Request};
use axum::response::Response;
use bytes::Bytes;
use countersign_app::license_proof::take_place;
use countersign_http_kit::body::{JSON_BODY_LIMIT, read_whole};
use countersign_http_kit::form_data::{Boundary, FormData};
use futures_util::stream;
use http::header::CONTENT_TYPE;

use crate::Door;
use crate::activations::DEACTIVATED;
use crate::auth::Proved;
use crate::codes::Code;
use crate::error::{Error, ErrorBody};
use crate::files::{self, About, Bringer};
use crate::reply::{self, Draft, Object};
use crate::wire::documented::OfflineBundle;

/// A proved caller with a file.
pub(crate) struct Carried {
    proved: Proved,
    file: Bytes,
}

impl FromRequest<Door> for Carried {
    type Rejection = Error;

    async fn from_request(request: Request, door: &Door) -> Result<Self, Error> {
        let (mut parts, body) = request.into_parts();
        let proved = <Proved as axum::extract::FromRequestParts<Door>>::from_request_parts(&mut parts, door).await?;
        let boundary = parts.headers.get(CONTENT_TYPE).and_then(Boundary::of);
        let body = read_whole(body, JSON_BODY_LIMIT).await?;
        let file = match boundary.filter(|boundary| boundary.begins(&body)) {
            Some(boundary) => part(body, &boundary).await?,
            None => body,
        };
        Ok(Self { proved, file })
    }
}

/// The part named `file` of a body in parts.
async fn part(body: Bytes, boundary: &Boundary) -> Result<Bytes, Error> {
    let unreadable = |_| Error::told(Code::ValidationError, "The body in parts cannot be read.");
    let mut form = FormData::new(stream::iter([Ok::<_, std::convert::Infallible>(body)]), boundary);
    while let Some(head) = form.next_part().await.map_err(unreadable)? {
        if head.name.as_deref() != Some(PART) {
            continue;
        }
        let mut file = Vec::new();
        while let Some(bytes) = form.next_bytes().await.map_err(unreadable)? {
            file.extend_from_slice(&bytes);
        }
        return Ok(file.into());
    }
    Err(Code::MissingContent.into())
}

/// Name of the part that is the file.
const PART: &str = "file";

impl Carried {
    fn bringer(&self) -> Bringer {
        let Proved { ctx, site, caller, client } = &self.proved;
        Bringer { ctx: ctx.clone(), site: site.clone(), caller: Some(caller.clone()), client: *client }
    }

    async fn activate(self, about: About) -> Result<Response, Error> {
        // What was done is answered: its place at the signer comes first.
        let place = take_place(&self.proved.ctx, &self.proved.site)?;
        let json = files::activate(&self.bringer(), &self.file, about, Some(&place)).await?;
        Draft::Object(Object::of(json)).send(&self.proved, Some(&place)).await
    }

    async fn deactivate(self, about: About) -> Result<Response, Error> {
        files::deactivate(&self.bringer(), &self.file, about).await?;
        Ok(reply::text(DEACTIVATED))
    }
}

/// Activates a license by a request file, in base64 as its device has written it, as the body or as a part named `file`.
///
/// The answer is the response for the device, which takes it in base64. The same file again gives the same response.
#[utoipa::path(post, path = "/activate_offline", tag = "Offline",
    request_body(content = String, content_type = "text/plain"),
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The license; signed", body = files::response::OfflineLicense),
        (status = 400, description = "It is refused; nothing was changed", body = ErrorBody)
    ))]
pub(crate) async fn activate_offline(carried: Carried) -> Result<Response, Error> {
    carried.activate(About::License).await
}

/// Takes a license off a device by a deactivation file.
#[utoipa::path(post, path = "/deactivate_offline", tag = "Offline",
    request_body(content = String, content_type = "text/plain"),
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The word license_deactivated", body = String, content_type = "text/plain"),
        (status = 400, description = "It is refused; nothing was changed", body = ErrorBody)
    ))]
pub(crate) async fn deactivate_offline(carried: Carried) -> Result<Response, Error> {
    carried.deactivate(About::License).await
}

/// Activates all licenses of a bundle by a request file.
#[utoipa::path(post, path = "/activate_bundle_offline", tag = "Offline",
    request_body(content = String, content_type = "text/plain"),
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The licenses; signed", body = OfflineBundle),
        (status = 400, description = "It is refused; nothing was changed", body = ErrorBody)
    ))]
pub(crate) async fn activate_bundle_offline(carried: Carried) -> Result<Response, Error> {
    carried.activate(About::Bundle).await
}

/// Takes all licenses of a bundle off a device by a deactivation file.
#[utoipa::path(post, path = "/deactivate_bundle_offline", tag = "Offline",
    request_body(content = String, content_type = "text/plain"),
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The word license_deactivated", body = String, content_type = "text/plain"),
        (status = 400, description = "It is refused; nothing was changed", body = ErrorBody)
    ))]
pub(crate) async fn deactivate_bundle_offline(carried: Carried) -> Result<Response, Error> {
    carried.deactivate(About::Bundle).await
}
