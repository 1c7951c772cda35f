//! The stored files of a site as a resource. A file is its bytes: it never changes, and is named by its SHA-256.

use axum::body::{Body, HttpBody};
use axum::response::{IntoResponse, Response};
use countersign_app::Page;
use countersign_app::files::{self, Kept, StoreFileError};
use countersign_app::releases::FILE_LIMIT;
use countersign_crypto::encoding::hex_encode;
use countersign_http_kit::body::read_pieces;
use countersign_http_kit::site_prefix::SitePrefix;
use http::StatusCode;

use crate::auth::{LoggedIn, Publisher};
use crate::error::Error;
use crate::reply;
use crate::request::{NameInPath, Query};
use crate::wire::{ErrorBody, FileBody, FileBytes, FileList, digest};

/// List stored files, in the order in which they were stored
#[utoipa::path(
    get, path = "/operations/api/files", tag = "Files",
    params(
        ("after" = Option<i64>, Query, description = "`next` of the part before; not given for the first part"),
        ("size" = Option<u32>, Query, description = "Most files in the answer: 1 to 500, 50 when not given")
    ),
    responses(
        (status = 200, description = "A part of the files", body = FileList),
        (status = 400, description = "A parameter cannot be used", body = ErrorBody),
        (status = 401, description = "The login is not valid", body = ErrorBody)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn list(login: LoggedIn, query: Query) -> Result<Response, Error> {
    let after = query.number("after", 0, i64::MAX)?.unwrap_or(0);
    let size = query.size()?;
    // One more than is shown says whether others follow.
    let page = Page { after, limit: size.saturating_add(1) };
    let found = files::list(&login.ctx, login.site_id(), page).await?;
    Ok(reply::json(StatusCode::OK, FileList::new(&found, usize::try_from(size).unwrap_or(usize::MAX))))
}

/// Store a file
///
/// The body is the file itself, of any content type, and may be long: it is not kept in memory. Bytes that are there
/// already are kept once, and answered with 200. An upload that breaks off leaves nothing.
#[utoipa::path(
    post, path = "/operations/api/files", tag = "Files",
    request_body(content = FileBytes, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "The file was there already", body = FileBody),
        (status = 201, description = "The file; `Location` says where it is", body = FileBody),
        (status = 401, description = "The login is not valid", body = ErrorBody),
        (status = 403, description = "The role may not manage updates", body = ErrorBody),
        (status = 408, description = "Nothing came for 60 seconds", body = ErrorBody),
        (status = 413, description = "The file has more than 1 TiB", body = ErrorBody)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn create(publisher: Publisher, prefix: SitePrefix, body: Body) -> Result<Response, Error> {
    if body.size_hint().lower() > FILE_LIMIT {
        return Err(StoreFileError::TooLarge { limit: FILE_LIMIT }.into());
    }
    let (file, kept) = files::store(&publisher.ctx, publisher.site_id(), read_pieces(body)).await?;
    let shown = FileBody::from(&file);
    Ok(match kept {
        Kept::New => reply::created(&prefix, "files", &hex_encode(&file.sha256), shown),
        Kept::There => reply::json(StatusCode::OK, shown),
    })
}

/// Read what is known about a stored file
#[utoipa::path(
    get, path = "/operations/api/files/{sha256}", tag = "Files",
    params(("sha256" = String, Path, description = "SHA-256 of the file, hexadecimal")),
    responses(
        (status = 200, description = "The file, without its bytes", body = FileBody),
        (status = 401, description = "The login is not valid", body = ErrorBody),
        (status = 404, description = "No such file", body = ErrorBody)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn find(login: LoggedIn, NameInPath(name): NameInPath) -> Result<Response, Error> {
    let found = files::find(&login.ctx, login.site_id(), digest(&name).ok_or(Error::UnknownFile)?).await?;
    Ok(reply::json(StatusCode::OK, FileBody::from(&found.ok_or(Error::UnknownFile)?)))
}

/// Delete a stored file that no package refers to
#[utoipa::path(
    delete, path = "/operations/api/files/{sha256}", tag = "Files",
    params(("sha256" = String, Path, description = "SHA-256 of the file, hexadecimal")),
    responses(
        (status = 204, description = "The file and its bytes are gone"),
        (status = 401, description = "The login is not valid", body = ErrorBody),
        (status = 403, description = "The role may not manage updates", body = ErrorBody),
        (status = 404, description = "No such file", body = ErrorBody),
        (status = 409, description = "A package refers to it", body = ErrorBody)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn delete(publisher: Publisher, NameInPath(name): NameInPath) -> Result<Response, Error> {
    let sha256 = digest(&name).ok_or(Error::UnknownFile)?;
    files::delete(&publisher.ctx, publisher.site_id(), sha256).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
