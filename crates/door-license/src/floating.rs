//! Seats: given back, and kept for devices that go away. Checks take them.

use axum::response::Response;
use countersign_app::license_api::{Borrow, Borrowed, LicenseName, borrow_seat, log_in, release_seat};
use countersign_domain::text::FeatureCode;
use countersign_domain::time::Timestamp;
use countersign_http_kit::client_address::ClientAddress;

use crate::checks::feature_code;
use crate::codes::Code;
use crate::error::{Error, ErrorBody};
use crate::members::Members;
use crate::reply::{self, Draft, Object};
use crate::request::Told;
use crate::wire::documented::{BorrowRequest, SeatRequest};
use crate::wire::question;
use crate::wire::seat::{BorrowedBody, BorrowedFeature};

/// Gives a seat back, also one that was borrowed. Nothing happens when the device holds none.
#[utoipa::path(post, path = "/floating/release", tag = "Seats", request_body = SeatRequest,
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The word license_released", body = String, content_type = "text/plain"),
        (status = 400, description = "It is refused", body = ErrorBody)
    ))]
pub(crate) async fn release(told: Told) -> Result<Response, Error> {
    give_back(&told, None).await?;
    Ok(reply::text("license_released"))
}

/// Gives a seat of a feature back.
#[utoipa::path(post, path = "/floating/feature_release", tag = "Seats", request_body = SeatRequest,
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The word feature_released", body = String, content_type = "text/plain"),
        (status = 400, description = "It is refused", body = ErrorBody)
    ))]
pub(crate) async fn feature_release(told: Told) -> Result<Response, Error> {
    give_back(&told, Some(feature_code(&told.members)?)).await?;
    Ok(reply::text("feature_released"))
}

/// Keeps a seat for a device that goes away, until a date.
#[utoipa::path(post, path = "/floating/borrow", tag = "Seats", request_body = BorrowRequest,
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "Until when; signed", body = BorrowedBody),
        (status = 400, description = "It is refused; nothing was changed", body = ErrorBody)
    ))]
pub(crate) async fn borrow(told: Told) -> Result<Response, Error> {
    let place = countersign_app::license_proof::take_place(&told.proved.ctx, &told.proved.site)?;
    let borrowed = keep(&told, None).await?;
    let body = BorrowedBody::new(told.proved.caller.site, &borrowed);
    Draft::Object(Object::new(&body)?).send(&told.proved, Some(&place)).await
}

/// Keeps a seat of a feature for a device that goes away, until a date.
#[utoipa::path(post, path = "/floating/feature_borrow", tag = "Seats", request_body = BorrowRequest,
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The feature, and until when; signed", body = BorrowedFeature),
        (status = 400, description = "It is refused; nothing was changed", body = ErrorBody)
    ))]
pub(crate) async fn feature_borrow(told: Told) -> Result<Response, Error> {
    let place = countersign_app::license_proof::take_place(&told.proved.ctx, &told.proved.site)?;
    let borrowed = keep(&told, Some(feature_code(&told.members)?)).await?;
    let body = BorrowedFeature::new(told.proved.caller.site, &borrowed);
    Draft::Object(Object::new(&body)?).send(&told.proved, Some(&place)).await
}

async fn give_back(told: &Told, feature: Option<FeatureCode>) -> Result<(), Error> {
    let identity = question::identity(&told.members)?;
    Ok(release_seat(&told.proved.ctx, &told.proved.caller, identity, feature).await?)
}

async fn keep(told: &Told, feature: Option<FeatureCode>) -> Result<Borrowed, Error> {
    let Told { proved, members, .. } = told;
    let until = until(members)?;
    // The license is active on the device, so nobody needs to prove himself; who does so must succeed.
    let login = match members.text("license_key")? {
        Some(_) => None,
        None => question::login(members)?,
    };
    let (identity, caller) = match login {
        Some(login) => {
            let from = proved.client.map(ClientAddress::ip);
            let (email, caller) = log_in(&proved.ctx, &proved.caller, login, from).await?;
            (question::identity_of(members, LicenseName::User(email))?, caller)
        }
        None => (question::identity(members)?, proved.caller.clone()),
    };
    Ok(borrow_seat(&proved.ctx, &caller, Borrow { identity, feature, until }).await?)
}

/// Until when a seat is to be kept: a date that cannot be read is told like one that cannot be.
fn until(members: &Members) -> Result<Option<Timestamp>, Error> {
    let text = members.text("borrowed_until")?;
    let read = |text: String| Timestamp::read_tolerantly(&text).ok_or(Code::BorrowUntilNotValid);
    Ok(text.map(read).transpose()?)
}
