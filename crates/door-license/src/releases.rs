//! Releases that a device with an active license is told about.

use axum::response::Response;
use countersign_app::license_api::{installation_file as find, versions as list};

use crate::error::{Error, ErrorBody};
use crate::reply::{self, Draft, Object};
use crate::request::Asked;
use crate::wire::documented::ReleaseQuery;
use crate::wire::question;
use crate::wire::release::{AskedRelease, ListedRelease, listed};

/// The releases that fit, newest first.
#[utoipa::path(get, path = "/versions", tag = "Products", params(ReleaseQuery),
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The releases; signed", body = Vec<ListedRelease>),
        (status = 400, description = "It is refused", body = ErrorBody)
    ))]
pub(crate) async fn versions(asked: Asked) -> Result<Response, Error> {
    let Asked { proved, members } = asked;
    let (identity, releases) = (question::identity(&members)?, question::releases(&members)?);
    let found = list(&proved.ctx, &proved.caller, identity, releases).await?;
    let objects = found.iter().map(|release| Object::new(&listed(release)));
    Draft::Array(objects.collect::<Result<_, _>>()?).send(&proved, None).await
}

/// One release: that of `version`, or the newest that fits.
#[utoipa::path(get, path = "/installation_file", tag = "Products", params(ReleaseQuery),
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The release; signed", body = AskedRelease),
        (status = 400, description = "It is refused", body = ErrorBody)
    ))]
pub(crate) async fn installation_file(asked: Asked) -> Result<Response, Error> {
    let Asked { proved, members } = asked;
    let (identity, releases) = (question::identity(&members)?, question::releases(&members)?);
    let release = find(&proved.ctx, &proved.caller, identity, releases).await?;
    reply::object(&proved, &proved.places().asked(proved.caller.site, &release)).await
}
