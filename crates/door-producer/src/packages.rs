//! The packages of a site as a resource. A package never changes, so there is no PUT.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use countersign_app::packages;
use countersign_domain::text::PackageId;
use countersign_http_kit::body::read_whole;
use countersign_http_kit::site_prefix::SitePrefix;
use http::StatusCode;

use crate::CATALOG_BODY_LIMIT;
use crate::auth::{LoggedIn, Publisher};
use crate::error::Error;
use crate::reply;
use crate::request::{NameInPath, Query};
use crate::wire::{ErrorBody, PackageBody, PackageList, read_package};

/// List packages, by ID
#[utoipa::path(
    get, path = "/operations/api/download-packages", tag = "Download packages",
    params(
        ("q" = Option<String>, Query, description = "Part of the ID, the product or the description, in any case"),
        ("page" = Option<u32>, Query, description = "Page, from 1"),
        ("size" = Option<u32>, Query, description = "Most packages on a page: 1 to 500, 50 when not given")
    ),
    responses(
        (status = 200, description = "A page of packages", body = PackageList),
        (status = 400, description = "A parameter cannot be used", body = ErrorBody),
        (status = 401, description = "The login is not valid", body = ErrorBody)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn list(login: LoggedIn, query: Query) -> Result<Response, Error> {
    let page = query.page()?;
    let listing = packages::search(&login.ctx, &login.site, &query.search()?, page).await?;
    Ok(reply::json(StatusCode::OK, PackageList::new(page, &listing)))
}

/// Create a package
///
/// Its files are stored ones, named by their SHA-256, or lie on another server. Without files it is one that devices have
/// installed already, and that updates can start from.
#[utoipa::path(
    post, path = "/operations/api/download-packages", tag = "Download packages",
    request_body = PackageBody,
    responses(
        (status = 201, description = "The package; `Location` says where it is", body = PackageBody),
        (status = 400, description = "A member cannot be used, or a rule is broken", body = ErrorBody),
        (status = 401, description = "The login is not valid", body = ErrorBody),
        (status = 403, description = "The role may not manage updates", body = ErrorBody),
        (status = 409, description = "The ID is taken", body = ErrorBody)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn create(publisher: Publisher, prefix: SitePrefix, body: Body) -> Result<Response, Error> {
    let draft = read_package(&read_whole(body, CATALOG_BODY_LIMIT).await?)?;
    let created = packages::create_with_files(&publisher.ctx, publisher.site_id(), draft).await?;
    Ok(reply::created(&prefix, "download-packages", created.id.as_str(), PackageBody::from(&created)))
}

/// Read a package
#[utoipa::path(
    get, path = "/operations/api/download-packages/{packageId}", tag = "Download packages",
    params(("packageId" = String, Path, description = "ID of the package, percent-encoded")),
    responses(
        (status = 200, description = "The package", body = PackageBody),
        (status = 401, description = "The login is not valid", body = ErrorBody),
        (status = 404, description = "No such package", body = ErrorBody)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn find(login: LoggedIn, NameInPath(name): NameInPath) -> Result<Response, Error> {
    let found = packages::find(&login.ctx, login.site_id(), id(name)?).await?;
    Ok(reply::json(StatusCode::OK, PackageBody::from(&found.ok_or(Error::UnknownPackage)?)))
}

/// Delete a package that no update refers to
///
/// Its stored files stay.
#[utoipa::path(
    delete, path = "/operations/api/download-packages/{packageId}", tag = "Download packages",
    params(("packageId" = String, Path, description = "ID of the package, percent-encoded")),
    responses(
        (status = 204, description = "The package is gone"),
        (status = 401, description = "The login is not valid", body = ErrorBody),
        (status = 403, description = "The role may not manage updates", body = ErrorBody),
        (status = 404, description = "No such package", body = ErrorBody),
        (status = 409, description = "An update refers to it", body = ErrorBody)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn delete(publisher: Publisher, NameInPath(name): NameInPath) -> Result<Response, Error> {
    packages::delete(&publisher.ctx, publisher.site_id(), id(name)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What is no ID names no package.
fn id(name: String) -> Result<PackageId, Error> {
    PackageId::new(name).map_err(|_| Error::UnknownPackage)
}
