//! Any number of receivers: making, changing, stopping and trying them, and the secrets that sign for them.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::FromRequest;
use axum::response::{IntoResponse, Response};
use countersign_app::webhooks::endpoints::{self, EndpointChange, Switch};
use countersign_app::webhooks::secrets::{self, OpenedSecret};
use countersign_app::webhooks::{log, trying};
use countersign_crypto::webhook::WebhookSecret;
use countersign_domain::ids::EndpointId;
use countersign_domain::webhook::{Endpoint, SignatureKind};
use countersign_http_kit::body::read_whole;
use countersign_http_kit::json::read_object;
use http::header::LOCATION;
use http::{HeaderValue, Request, StatusCode};
use serde::de::DeserializeOwned;

use crate::auth::{Configurer, Reader};
use crate::error::Error;
use crate::reply;
use crate::request::NameInPath;
use crate::service::check_media_type;
use crate::wire::ErrorBody;
use crate::wire::endpoints::{
    EndpointBody, EndpointInput, EndpointList, RotateInput, SecretBody, SecretList, StateCount, StatsAnswer,
    TestAnswer, TestInput,
};

/// A JSON object as body.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Error;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, Error> {
        check_media_type(request.headers())?;
        let bytes: Bytes = read_whole(request.into_body(), BODY_LIMIT).await?;
        let bytes = if bytes.is_empty() { Bytes::from_static(b"{}") } else { bytes };
        read_object(&bytes).map(JsonBody).map_err(Error::Members)
    }
}

/// List the endpoints
#[utoipa::path(
    get, path = "/notifications/api/v1/endpoints", tag = "Endpoints",
    responses(
        (status = 200, description = "All, oldest first", body = EndpointList),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn list(reader: Reader) -> Result<Response, Error> {
    let all = endpoints::list(&reader.ctx, reader.site_id()).await?;
    Ok(reply::private_json(StatusCode::OK, EndpointList { endpoints: all.iter().map(EndpointBody::from).collect() }))
}

/// Make an endpoint
///
/// It hears of what is committed from now on. `GET …/secret` gives what its webhooks are signed with.
#[utoipa::path(
    post, path = "/notifications/api/v1/endpoints", tag = "Endpoints", request_body = EndpointInput,
    responses(
        (status = 201, description = "The endpoint", body = EndpointBody),
        (status = 400, description = "A member cannot be used", body = ErrorBody),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 403, description = "The role may not configure", body = ErrorBody),
        (status = 409, description = "The name is taken, or there are too many", body = ErrorBody),
        (status = 422, description = "The URL leads to where this server does not send, or the endpoint does not consent", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn create(caller: Configurer, JsonBody(input): JsonBody<EndpointInput>) -> Result<Response, Error> {
    let wanted = input.over(None)?;
    let name = wanted.name.ok_or(Error::member("name", "is missing"))?;
    let secret = wanted.secret.flatten();
    let (made, _) = endpoints::create(&caller.ctx, caller.site_id(), name, wanted.settings, secret).await?;
    let mut response = reply::private_json(StatusCode::CREATED, EndpointBody::from(&made));
    let place = format!("/notifications/api/v1/endpoints/{}", made.id);
    if let Ok(place) = HeaderValue::try_from(place) {
        response.headers_mut().insert(LOCATION, place);
    }
    Ok(response)
}

/// Read an endpoint
#[utoipa::path(
    get, path = "/notifications/api/v1/endpoints/{id}", tag = "Endpoints",
    params(("id" = i64, Path, description = "ID of the endpoint", example = 12)),
    responses(
        (status = 200, description = "The endpoint", body = EndpointBody),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 404, description = "There is no such endpoint", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn find(reader: Reader, id: NameInPath) -> Result<Response, Error> {
    let found = known(&reader.ctx, reader.site_id(), &id).await?;
    Ok(reply::private_json(StatusCode::OK, EndpointBody::from(&found)))
}

/// Change an endpoint
///
/// What is not given stays. What waits goes to the new URL with the new credentials.
#[utoipa::path(
    patch, path = "/notifications/api/v1/endpoints/{id}", tag = "Endpoints", request_body = EndpointInput,
    params(("id" = i64, Path, description = "ID of the endpoint", example = 12)),
    responses(
        (status = 200, description = "The endpoint from now on", body = EndpointBody),
        (status = 400, description = "A member cannot be used", body = ErrorBody),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 403, description = "The role may not configure", body = ErrorBody),
        (status = 404, description = "There is no such endpoint", body = ErrorBody),
        (status = 409, description = "The name is taken, or somebody else has changed it", body = ErrorBody),
        (status = 422, description = "The URL leads to where this server does not send, or the endpoint does not consent", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn change(
    caller: Configurer,
    id: NameInPath,
    JsonBody(input): JsonBody<EndpointInput>,
) -> Result<Response, Error> {
    let before = known(&caller.ctx, caller.site_id(), &id).await?;
    let wanted = input.over(Some(before.settings))?;
    let change = EndpointChange {
        name: wanted.name,
        settings: Some(wanted.settings),
        authorization: wanted.secret,
        // What was laid over the settings that were read here must not undo what came in between.
        revision: Some(wanted.revision.unwrap_or(before.revision)),
    };
    let changed = endpoints::change(&caller.ctx, caller.site_id(), before.id, change).await?;
    Ok(reply::private_json(StatusCode::OK, EndpointBody::from(&changed)))
}

/// Remove an endpoint, with all that was ever sent to it
#[utoipa::path(
    delete, path = "/notifications/api/v1/endpoints/{id}", tag = "Endpoints",
    params(("id" = i64, Path, description = "ID of the endpoint", example = 12)),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 403, description = "The role may not configure", body = ErrorBody),
        (status = 404, description = "There is no such endpoint", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn remove(caller: Configurer, id: NameInPath) -> Result<Response, Error> {
    endpoints::remove(&caller.ctx, caller.site_id(), EndpointId(id.row())).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Let an endpoint be sent to, beginning with what was held for it
#[utoipa::path(
    post, path = "/notifications/api/v1/endpoints/{id}/enable", tag = "Endpoints",
    params(("id" = i64, Path, description = "ID of the endpoint", example = 12)),
    responses(
        (status = 200, description = "The endpoint", body = EndpointBody),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 403, description = "The role may not configure", body = ErrorBody),
        (status = 404, description = "There is no such endpoint", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn enable(caller: Configurer, id: NameInPath) -> Result<Response, Error> {
    switch(&caller, &id, Switch::Enable).await
}

/// Send an endpoint nothing until it is enabled; events are held for it
#[utoipa::path(
    post, path = "/notifications/api/v1/endpoints/{id}/disable", tag = "Endpoints",
    params(("id" = i64, Path, description = "ID of the endpoint", example = 12)),
    responses(
        (status = 200, description = "The endpoint", body = EndpointBody),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 403, description = "The role may not configure", body = ErrorBody),
        (status = 404, description = "There is no such endpoint", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn disable(caller: Configurer, id: NameInPath) -> Result<Response, Error> {
    switch(&caller, &id, Switch::Disable).await
}

async fn switch(caller: &Configurer, id: &NameInPath, to: Switch) -> Result<Response, Error> {
    let switched = endpoints::switch(&caller.ctx, caller.site_id(), EndpointId(id.row()), to).await?;
    Ok(reply::private_json(StatusCode::OK, EndpointBody::from(&switched)))
}

/// Send an endpoint an invented event, signed like all others, and see what it answers
#[utoipa::path(
    post, path = "/notifications/api/v1/endpoints/{id}/test", tag = "Endpoints", request_body = TestInput,
    params(("id" = i64, Path, description = "ID of the endpoint", example = 12)),
    responses(
        (status = 200, description = "What became of it", body = TestAnswer),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 403, description = "The role may not configure", body = ErrorBody),
        (status = 404, description = "There is no such endpoint, or no such type of events", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn test(
    caller: Configurer,
    id: NameInPath,
    JsonBody(input): JsonBody<TestInput>,
) -> Result<Response, Error> {
    let event_type = input.event_type.as_deref().unwrap_or("product.updated");
    let tried = trying::send_sample(&caller.ctx, caller.site_id(), EndpointId(id.row()), event_type).await?;
    let tried = tried.ok_or(Error::UnknownEventType)?;
    let answer = TestAnswer {
        outcome: tried.sent.outcome.as_str(),
        status: tried.sent.status,
        duration_ms: u64::try_from(tried.sent.duration.as_millis()).unwrap_or(u64::MAX),
        address: tried.sent.address,
        tls: tried.sent.tls,
        answer: String::from_utf8_lossy(&tried.sent.excerpt).into_owned(),
        error: tried.sent.error,
        body: String::from_utf8_lossy(&tried.body).into_owned(),
    };
    Ok(reply::private_json(StatusCode::OK, answer))
}

/// See how far the deliveries of an endpoint are
#[utoipa::path(
    get, path = "/notifications/api/v1/endpoints/{id}/stats", tag = "Endpoints",
    params(("id" = i64, Path, description = "ID of the endpoint", example = 12)),
    responses(
        (status = 200, description = "How many are in which state", body = StatsAnswer),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 404, description = "There is no such endpoint", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn stats(reader: Reader, id: NameInPath) -> Result<Response, Error> {
    let endpoint = known(&reader.ctx, reader.site_id(), &id).await?;
    let counts = log::stats(&reader.ctx, reader.site_id(), endpoint.id).await?;
    let count = |one: &countersign_app::webhooks::DeliveryCount| StateCount {
        state: one.state.as_str(),
        count: one.count,
        oldest: one.oldest.to_string(),
    };
    Ok(reply::private_json(StatusCode::OK, StatsAnswer { deliveries: counts.iter().map(count).collect() }))
}

/// Read what the webhooks of an endpoint are signed with now
#[utoipa::path(
    get, path = "/notifications/api/v1/endpoints/{id}/secret", tag = "Endpoints",
    params(("id" = i64, Path, description = "ID of the endpoint", example = 12)),
    responses(
        (status = 200, description = "The current one, and those that it replaces", body = SecretList),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 403, description = "The role may not configure", body = ErrorBody),
        (status = 404, description = "There is no such endpoint", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn list_secrets(caller: Configurer, id: NameInPath) -> Result<Response, Error> {
    let all = secrets::list(&caller.ctx, caller.site_id(), EndpointId(id.row())).await?;
    let secrets = all.iter().map(secret).collect::<Result<_, _>>()?;
    Ok(reply::private_json(StatusCode::OK, SecretList { secrets }))
}

/// Replace what the webhooks of an endpoint are signed with
///
/// The old one goes on signing beside the new one, 24 hours unless something else is said.
#[utoipa::path(
    post, path = "/notifications/api/v1/endpoints/{id}/secret/rotate", tag = "Endpoints", request_body = RotateInput,
    params(("id" = i64, Path, description = "ID of the endpoint", example = 12)),
    responses(
        (status = 200, description = "The new one", body = SecretBody),
        (status = 400, description = "A member cannot be used", body = ErrorBody),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 403, description = "The role may not configure", body = ErrorBody),
        (status = 404, description = "There is no such endpoint", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn rotate_secret(
    caller: Configurer,
    id: NameInPath,
    JsonBody(input): JsonBody<RotateInput>,
) -> Result<Response, Error> {
    let grace = Duration::from_secs(input.grace_seconds.unwrap_or(USUAL_GRACE).into());
    if grace > endpoints::LONGEST_OVERLAP {
        return Err(Error::member("graceSeconds", "must be at most 604800, which is seven days"));
    }
    let kind = match input.kind.as_deref() {
        None => SignatureKind::Hmac,
        Some(word) => word.parse().map_err(|_| Error::member("kind", "must be hmac or ed25519"))?,
    };
    let made = secrets::rotate(&caller.ctx, caller.site_id(), EndpointId(id.row()), kind, grace).await?;
    tracing::info!(endpoint.id = id.row(), "a secret of an endpoint was replaced");
    Ok(reply::private_json(StatusCode::OK, secret(&made)?))
}

/// A secret in the text form of Standard Webhooks. Of a key pair its public half is all that a receiver needs.
fn secret(opened: &OpenedSecret) -> Result<SecretBody, Error> {
    let made = match opened.kind {
        SignatureKind::Ed25519 => WebhookSecret::from_ed25519_seed(opened.bytes.expose()),
        SignatureKind::Hmac => WebhookSecret::from_hmac_key(opened.bytes.expose()),
    };
    let made = made.map_err(|_| Error::BrokenSecret)?;
    let public_key = made.public_text();
    Ok(SecretBody {
        kind: opened.kind.as_str(),
        secret: public_key.is_none().then(|| made.text().expose().clone()),
        public_key,
        created_at: opened.created_at.to_string(),
        ends_at: opened.ends_at.map(|time| time.to_string()),
    })
}

/// The endpoint of a path.
pub(crate) async fn known(
    ctx: &countersign_app::Ctx,
    site: countersign_domain::ids::SiteId,
    id: &NameInPath,
) -> Result<Endpoint, Error> {
    let found = endpoints::find(ctx, site, EndpointId(id.row())).await?;
    found.ok_or(Error::Endpoint(endpoints::EndpointError::Unknown))
}

/// Longest body, in bytes: a bundle of certificates fits in.
const BODY_LIMIT: usize = 128 * 1024;
/// For how long a replaced secret goes on signing unless something else is said, in seconds.
const USUAL_GRACE: u32 = 24 * 3600;
