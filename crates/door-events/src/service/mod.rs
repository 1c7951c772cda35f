//! `notificationService`: who is told of what, as one document for each site. It answers at two paths, because the vendor's
//! pages, read literally, double the last segment; a redirect would make clients drop their credentials.

mod body;
mod document;
mod field;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use countersign_app::Ctx;
use countersign_app::webhooks::endpoints::EndpointError;
use countersign_app::webhooks::service::{self, ServiceSettings};
use countersign_crypto::{Secret, sha256};
use countersign_domain::ids::SiteId;
use countersign_domain::outbound::{OutboundHost, OutboundUrl, judge_address};
use countersign_domain::webhook::{Authorization, EndpointSettings};
use countersign_http_kit::body::read_whole;
use countersign_http_kit::conditional::{Verdict, evaluate};
use countersign_http_kit::entity_tag::EntityTag;
use countersign_http_kit::http_time::HttpTime;
use http::header::{ALLOW, ETAG, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use self::body::{BODY_LIMIT, Masked, read, show};
use self::document::{EventService, SUBSCRIPTIONS};
use crate::auth::{Configurer, Reader};
use crate::error::Error;
use crate::reply;
use crate::wire::{ErrorBody, ServiceBody};

pub(crate) use self::body::check_media_type;
pub use self::document::ServiceProblem;
pub use self::field::Field;

/// Read the settings
///
/// Secrets are masked; a mask that is sent back leaves them as they are.
#[utoipa::path(
    get, path = "/notifications/api/v1/notificationService", tag = "Settings",
    responses(
        (status = 200, description = "The settings", body = ServiceBody),
        (status = 304, description = "They are those of `If-None-Match`"),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 404, description = "There are none yet", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn find(reader: Reader, headers: HeaderMap) -> Result<Response, Error> {
    let (_, current) = load(&reader.ctx, reader.site_id()).await?.ok_or(Error::NoService)?;
    if judge(&Method::GET, &headers, &current) == Verdict::NotModified {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        put_tag(response.headers_mut(), &current);
        return Ok(response);
    }
    Ok(answer(StatusCode::OK, &current, Vec::new()))
}

/// Lay down the settings
///
/// All of them: what is not given takes its default. Later changes alone are told of.
#[utoipa::path(
    post, path = "/notifications/api/v1/notificationService", tag = "Settings", request_body = ServiceBody,
    responses(
        (status = 200, description = "They replace those that were there", body = ServiceBody),
        (status = 201, description = "They are the first", body = ServiceBody),
        (status = 400, description = "A value cannot be used", body = ErrorBody),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 403, description = "The role may not configure", body = ErrorBody),
        (status = 412, description = "They are not those of `If-Match`", body = ErrorBody),
        (status = 415, description = "The body is no JSON", body = ErrorBody),
        (status = 422, description = "A URL leads to where this server does not send", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn replace(caller: Configurer, headers: HeaderMap, body: Body) -> Result<Response, Error> {
    check_media_type(&headers)?;
    let bytes = read_whole(body, BODY_LIMIT).await?;
    let site = caller.site_id();
    let before = load(&caller.ctx, site).await?;
    if let Some((_, current)) = &before {
        judge_change(&headers, current)?;
    }
    let mut after = EventService::after(before.as_ref().map(|(_, current)| current));
    let read = read(&bytes, Masked::Refuse)?;
    after.apply(read.changes)?;
    let status = if before.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    save(&caller.ctx, site, before.map(|(text, _)| text), &after).await?;
    tracing::info!("the settings of the event service were replaced");
    Ok(answer(status, &after, with(read.warnings, &after)))
}

/// Change the settings
///
/// JSON merge: what is not given stays, null is the default, a mask leaves a secret as it is.
#[utoipa::path(
    patch, path = "/notifications/api/v1/notificationService", tag = "Settings", request_body = ServiceBody,
    responses(
        (status = 200, description = "The settings from now on", body = ServiceBody),
        (status = 400, description = "A value cannot be used", body = ErrorBody),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 403, description = "The role may not configure", body = ErrorBody),
        (status = 404, description = "There are none yet", body = ErrorBody),
        (status = 409, description = "Somebody else has changed them at the same moment", body = ErrorBody),
        (status = 412, description = "They are not those of `If-Match`", body = ErrorBody),
        (status = 415, description = "The body is no JSON", body = ErrorBody),
        (status = 422, description = "A URL leads to where this server does not send", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn change(caller: Configurer, headers: HeaderMap, body: Body) -> Result<Response, Error> {
    check_media_type(&headers)?;
    let bytes = read_whole(body, BODY_LIMIT).await?;
    let site = caller.site_id();
    let (before, mut service) = load(&caller.ctx, site).await?.ok_or(Error::NoService)?;
    judge_change(&headers, &service)?;
    let read = read(&bytes, Masked::Keep)?;
    service.apply(read.changes)?;
    save(&caller.ctx, site, Some(before), &service).await?;
    tracing::info!("the settings of the event service were changed");
    Ok(answer(StatusCode::OK, &service, with(read.warnings, &service)))
}

/// Forget the settings
///
/// Nobody is told of anything from then on, and the secrets are gone.
#[utoipa::path(
    delete, path = "/notifications/api/v1/notificationService", tag = "Settings",
    responses(
        (status = 204, description = "There are none"),
        (status = 401, description = "The token is missing or not valid", body = ErrorBody),
        (status = 403, description = "The role may not configure", body = ErrorBody)
    ),
    security(("token" = []))
)]
pub(crate) async fn forget(caller: Configurer) -> Result<Response, Error> {
    service::forget(&caller.ctx, caller.site_id()).await?;
    tracing::info!("the settings of the event service were forgotten");
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Ask what can be done with the settings
#[utoipa::path(
    options, path = "/notifications/api/v1/notificationService", tag = "Settings",
    responses((status = 204, description = "`Allow` lists the methods"))
)]
pub(crate) async fn options() -> Response {
    let allowed = HeaderValue::from_static("GET, HEAD, POST, PATCH, DELETE, OPTIONS");
    (StatusCode::NO_CONTENT, [(ALLOW, allowed)]).into_response()
}

/// The settings of a site, and their text as it was kept.
async fn load(ctx: &Ctx, site: SiteId) -> Result<Option<(Secret<Vec<u8>>, EventService)>, Error> {
    let Some(kept) = service::find(ctx, site).await? else { return Ok(None) };
    let read = std::str::from_utf8(kept.expose()).ok().and_then(EventService::from_text);
    Ok(Some((kept, read.ok_or(Error::BrokenService)?)))
}

/// Keeps settings, unless somebody else has kept others since they were loaded.
async fn save(ctx: &Ctx, site: SiteId, before: Option<Secret<Vec<u8>>>, after: &EventService) -> Result<(), Error> {
    check_urls(ctx, site, after).await?;
    let (authorization, secret) = match after.get(Field::AuthType) {
        "basic" => {
            let pair = format!("{}:{}", after.get(Field::BasicUserId), after.get(Field::BasicPassword));
            (Authorization::Basic, Some(Secret::new(pair)))
        }
        "bearer" => (Authorization::Bearer, Some(Secret::new(after.get(Field::AuthToken).to_owned()))),
        _ => (Authorization::None, None),
    };
    let on = SUBSCRIPTIONS.iter().filter(|(_, flag, _)| after.is_on(*flag));
    let settings = ServiceSettings {
        document: Secret::new(after.to_text().expose().clone().into_bytes()),
        authorization,
        secret,
        line_item_attributes: after.is_on(Field::IncludeLineItemCustomAttributes),
        subscriptions: on.map(|(family, _, url)| (*family, after.get(*url).to_owned())).collect(),
    };
    Ok(service::save(ctx, site, before, settings).await?)
}

/// Whether this server sends to where the URLs lead. Those that are not used yet are looked at as well.
async fn check_urls(ctx: &Ctx, site: SiteId, service: &EventService) -> Result<(), Error> {
    let sender = ctx.webhook_ports().ok_or(EndpointError::Unavailable)?.sender;
    for (_, _, field) in SUBSCRIPTIONS {
        let text = service.get(field);
        if text.is_empty() {
            continue;
        }
        if let Err(reason) = sender.check(site, &EndpointSettings::new(text)).await {
            let is_inside = OutboundUrl::parse(text).is_ok_and(|url| match url.host() {
                OutboundHost::Address(address) => judge_address(*address).is_err(),
                OutboundHost::Name(_) => false,
            });
            let is_plain = !text.to_ascii_lowercase().starts_with("https");
            let problem = if is_plain && !is_inside {
                ServiceProblem::Invalid { field, reason: "must begin with https://".to_owned() }
            } else {
                ServiceProblem::Refused { field, reason }
            };
            return Err(problem.into());
        }
    }
    Ok(())
}

/// What was passed over, and what is kept without being used.
fn with(mut warnings: Vec<String>, service: &EventService) -> Vec<String> {
    warnings.extend(service.warnings());
    warnings
}

fn judge_change(headers: &HeaderMap, current: &EventService) -> Result<(), Error> {
    match judge(&Method::PATCH, headers, current) {
        Verdict::Failed | Verdict::NotModified => Err(Error::OtherRevision),
        Verdict::Proceed | Verdict::ProceedWhole => Ok(()),
    }
}

/// What the conditions of a request say. Dates are not looked at: the settings have none.
fn judge(method: &Method, headers: &HeaderMap, current: &EventService) -> Verdict {
    let Some(tag) = tag(current) else { return Verdict::Proceed };
    let mut conditions = HeaderMap::new();
    for name in [IF_MATCH, IF_NONE_MATCH] {
        for value in headers.get_all(&name) {
            conditions.append(&name, value.clone());
        }
    }
    evaluate(method, &conditions, &tag, HttpTime::from_unix_seconds(0))
}

/// The revision, and a digest of what is shown: settings that were forgotten and made anew count from one again.
fn tag(service: &EventService) -> Option<EntityTag> {
    let shown = serde_json::to_vec(&show(service, Vec::new())).unwrap_or_default();
    let digest = countersign_crypto::encoding::hex_encode(&sha256(&shown));
    EntityTag::strong(&format!("{}-{}", service.revision(), digest.get(..16).unwrap_or_default()))
}

fn put_tag(headers: &mut HeaderMap, service: &EventService) {
    let value = tag(service).and_then(|tag| HeaderValue::try_from(format!("\"{}\"", tag.opaque())).ok());
    if let Some(value) = value {
        headers.insert(ETAG, value);
    }
}

fn answer(status: StatusCode, service: &EventService, warnings: Vec<String>) -> Response {
    let mut response = reply::private_json(status, show(service, warnings));
    put_tag(response.headers_mut(), service);
    response
}

/// Reads settings and keeps them, and reads what was kept: it is the same.
#[cfg(fuzzing)]
pub(crate) fn fuzzing(body: &[u8]) {
    let Ok(read) = read(body, Masked::Keep) else { return };
    let mut service = EventService::default();
    if service.apply(read.changes).is_ok() {
        let text = service.to_text();
        let kept = EventService::from_text(text.expose());
        assert!(kept.is_some_and(|kept| kept.to_text().expose() == text.expose()));
    }
}
