//! Telling an endpoint how much it must have by now.

use axum::response::Response;
use countersign_app::webhooks::checkpoints;
use countersign_domain::ids::EndpointId;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Configurer;
use crate::error::Error;
use crate::reply;
use crate::request::NameInPath;
use crate::wire::ErrorBody;

/// What an endpoint must have by now
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CheckpointBody {
    #[schema(example = 12)]
    endpoint_id: i64,
    /// Which one it is for the endpoint, from 1
    #[schema(example = 17)]
    number: u32,
    /// Everything up to this number has ended
    #[schema(example = 1207)]
    sequence: i64,
    /// The last number of the site
    #[schema(example = 1211)]
    last: i64,
    /// Events up to that number that the endpoint has taken, since it was made
    #[schema(example = 1180)]
    delivered: u64,
    /// Those that were given up
    #[schema(example = 2)]
    dead: u64,
    /// Those that were cancelled
    #[schema(example = 0)]
    cancelled: u64,
}

/// Tell an endpoint how much it must have by now
///
/// It is sent a checkpoint, with these counts, like an event.
#[utoipa::path(
    post, path = "/notifications/api/v1/endpoints/{id}/checkpoint", tag = "Endpoints",
    params(("id" = i64, Path, description = "ID of the endpoint", example = 12)),
    responses(
        (status = 202, description = "It is on its way", body = CheckpointBody),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 403, description = "The role may not configure", body = ErrorBody),
        (status = 404, description = "There is no such endpoint", body = ErrorBody),
        (status = 409, description = "Nothing is ever sent to the endpoint", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn tell(caller: Configurer, id: NameInPath) -> Result<Response, Error> {
    let made = checkpoints::tell(&caller.ctx, caller.site_id(), EndpointId(id.row())).await?;
    let body = CheckpointBody {
        endpoint_id: made.endpoint.0,
        number: made.counts.number,
        sequence: made.counts.sequence,
        last: made.last,
        delivered: made.counts.delivered,
        dead: made.counts.dead,
        cancelled: made.counts.cancelled,
    };
    Ok(reply::private_json(StatusCode::ACCEPTED, body))
}
