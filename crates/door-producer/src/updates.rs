//! The updates of a site as a resource.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use countersign_app::updates::{self, UpdateFilter};
use countersign_domain::catalog::update::UpdateStatus;
use countersign_domain::text::UpdateId;
use countersign_http_kit::body::read_whole;
use countersign_http_kit::site_prefix::SitePrefix;
use http::StatusCode;

use crate::CATALOG_BODY_LIMIT;
use crate::auth::{LoggedIn, Publisher};
use crate::error::Error;
use crate::reply;
use crate::request::{NameInPath, Query};
use crate::wire::{ErrorBody, UpdateBody, UpdateList, read_update, status};

/// List updates, by ID
#[utoipa::path(
    get, path = "/operations/api/updates", tag = "Updates",
    params(
        ("status" = Option<String>, Query, description = "`active` (when not given), `inactive` or `all`"),
        ("q" = Option<String>, Query, description = "Part of the ID or the name, in any case"),
        ("page" = Option<u32>, Query, description = "Page, from 1"),
        ("size" = Option<u32>, Query, description = "Most updates on a page: 1 to 500, 50 when not given")
    ),
    responses(
        (status = 200, description = "A page of updates", body = UpdateList),
        (status = 400, description = "A parameter cannot be used", body = ErrorBody),
        (status = 401, description = "The login is not valid", body = ErrorBody)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn list(login: LoggedIn, query: Query) -> Result<Response, Error> {
    let page = query.page()?;
    let filter = UpdateFilter { status: wanted(&query)?, text: query.search()? };
    let listing = updates::search(&login.ctx, &login.site, &filter, page).await?;
    Ok(reply::json(StatusCode::OK, UpdateList::new(page, &listing)))
}

/// Create an update between packages that exist
#[utoipa::path(
    post, path = "/operations/api/updates", tag = "Updates",
    request_body = UpdateBody,
    responses(
        (status = 201, description = "The update; `Location` says where it is", body = UpdateBody),
        (status = 400, description = "A member cannot be used, or a rule is broken", body = ErrorBody),
        (status = 401, description = "The login is not valid", body = ErrorBody),
        (status = 403, description = "The role may not manage updates", body = ErrorBody),
        (status = 409, description = "The ID is taken", body = ErrorBody)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn create(publisher: Publisher, prefix: SitePrefix, body: Body) -> Result<Response, Error> {
    let update = read_update(&read_whole(body, CATALOG_BODY_LIMIT).await?, None)?;
    let created = updates::create(&publisher.ctx, publisher.site_id(), update).await?;
    Ok(reply::created(&prefix, "updates", created.id.as_str(), UpdateBody::from(&created)))
}

/// Read an update
#[utoipa::path(
    get, path = "/operations/api/updates/{updateId}", tag = "Updates",
    params(("updateId" = String, Path, description = "ID of the update, percent-encoded")),
    responses(
        (status = 200, description = "The update", body = UpdateBody),
        (status = 401, description = "The login is not valid", body = ErrorBody),
        (status = 404, description = "No such update", body = ErrorBody)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn find(login: LoggedIn, NameInPath(name): NameInPath) -> Result<Response, Error> {
    let found = updates::find(&login.ctx, login.site_id(), id(name)?).await?;
    Ok(shown(&found.ok_or(Error::UnknownUpdate)?))
}

/// Replace all of an update but its ID
///
/// Devices that have learned of a file list go on to get it only while its platform, package and entitlement check stay the
/// same.
#[utoipa::path(
    put, path = "/operations/api/updates/{updateId}", tag = "Updates",
    params(("updateId" = String, Path, description = "ID of the update, percent-encoded")),
    request_body = UpdateBody,
    responses(
        (status = 200, description = "The update as it is now", body = UpdateBody),
        (status = 400, description = "A member cannot be used, or a rule is broken", body = ErrorBody),
        (status = 401, description = "The login is not valid", body = ErrorBody),
        (status = 403, description = "The role may not manage updates", body = ErrorBody),
        (status = 404, description = "No such update", body = ErrorBody)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn replace(publisher: Publisher, NameInPath(name): NameInPath, body: Body) -> Result<Response, Error> {
    let id = id(name)?;
    let update = read_update(&read_whole(body, CATALOG_BODY_LIMIT).await?, Some(&id))?;
    Ok(shown(&updates::replace(&publisher.ctx, publisher.site_id(), update).await?))
}

/// Delete an update
///
/// Its packages stay.
#[utoipa::path(
    delete, path = "/operations/api/updates/{updateId}", tag = "Updates",
    params(("updateId" = String, Path, description = "ID of the update, percent-encoded")),
    responses(
        (status = 204, description = "The update is gone"),
        (status = 401, description = "The login is not valid", body = ErrorBody),
        (status = 403, description = "The role may not manage updates", body = ErrorBody),
        (status = 404, description = "No such update", body = ErrorBody)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn delete(publisher: Publisher, NameInPath(name): NameInPath) -> Result<Response, Error> {
    updates::delete(&publisher.ctx, publisher.site_id(), id(name)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Offer an update to devices, between its dates
#[utoipa::path(
    post, path = "/operations/api/updates/{updateId}/activate", tag = "Updates",
    params(("updateId" = String, Path, description = "ID of the update, percent-encoded")),
    responses(
        (status = 200, description = "The update as it is now", body = UpdateBody),
        (status = 401, description = "The login is not valid", body = ErrorBody),
        (status = 403, description = "The role may not manage updates", body = ErrorBody),
        (status = 404, description = "No such update", body = ErrorBody)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn activate(publisher: Publisher, name: NameInPath) -> Result<Response, Error> {
    set_status(&publisher, name, UpdateStatus::Active).await
}

/// Withdraw an update: devices do not see it any more
#[utoipa::path(
    post, path = "/operations/api/updates/{updateId}/deactivate", tag = "Updates",
    params(("updateId" = String, Path, description = "ID of the update, percent-encoded")),
    responses(
        (status = 200, description = "The update as it is now", body = UpdateBody),
        (status = 401, description = "The login is not valid", body = ErrorBody),
        (status = 403, description = "The role may not manage updates", body = ErrorBody),
        (status = 404, description = "No such update", body = ErrorBody)
    ),
    security(("password" = []), ("access_token" = []))
)]
pub(crate) async fn deactivate(publisher: Publisher, name: NameInPath) -> Result<Response, Error> {
    set_status(&publisher, name, UpdateStatus::Inactive).await
}

async fn set_status(publisher: &Publisher, name: NameInPath, status: UpdateStatus) -> Result<Response, Error> {
    Ok(shown(&updates::set_status(&publisher.ctx, publisher.site_id(), id(name.0)?, status).await?))
}

fn shown(update: &countersign_domain::catalog::update::Update) -> Response {
    reply::json(StatusCode::OK, UpdateBody::from(update))
}

/// What is no ID names no update.
fn id(name: String) -> Result<UpdateId, Error> {
    UpdateId::new(name).map_err(|_| Error::UnknownUpdate)
}

/// `status` of the query.
fn wanted(query: &Query) -> Result<Option<UpdateStatus>, Error> {
    let Some(word) = query.text("status")? else { return Ok(Some(UpdateStatus::Active)) };
    if word.eq_ignore_ascii_case("all") {
        return Ok(None);
    }
    let refused = || Error::Parameter { name: "status", reason: "must be active, inactive or all".to_owned() };
    status(word).map(Some).ok_or_else(refused)
}
