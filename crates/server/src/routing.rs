//! From a request to its door: request id, site, access log, panics, then the routes of all doors.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use countersign_app::Ctx;
use countersign_app::sites::{NoSite, SiteRef, resolve};
use countersign_door_device as device;
use countersign_door_producer as producer;
use countersign_http_kit::access_log::Observer;
use countersign_http_kit::panics::{self, PanicAnswer};
use countersign_http_kit::request_id::RequestId;
use countersign_http_kit::site_path::{BadHost, SiteLabel, host_of, normalize, split_site};
use countersign_http_kit::site_prefix::SitePrefix;
use countersign_http_kit::{access_log, request_id as request_ids, security_headers};
use http::uri::PathAndQuery;
use http::{StatusCode, Uri};
use serde_json::json;

use crate::metrics::Metrics;
use crate::stop::Stop;
use crate::{health, pages};

/// The whole application: every door on one router.
///
/// Layers from the outside: a request gets its id, then its site (which may shorten the path), and only then a route,
/// so that the log names the route and never the path as it was sent.
pub fn app(ctx: Ctx) -> Router {
    routes(ctx, None, Stop::default())
}

/// The same, for a server: its requests are counted, and it is not ready while it stops.
pub(crate) fn watched(ctx: Ctx, metrics: Arc<Metrics>, stop: Stop) -> Router {
    routes(ctx, Some(metrics), stop)
}

fn routes(ctx: Ctx, observer: Option<Observer>, stop: Stop) -> Router {
    let (device, device_document) = device::router(&ctx);
    let (producer, producer_document) = producer::router(ctx.clone());
    let rng = ctx.shared_rng();
    let doors = Router::new()
        .merge(device)
        .merge(producer)
        .merge(pages::router(vec![("device", device_document), ("producer", producer_document)]))
        .fallback(no_route)
        .layer(middleware::from_fn_with_state(PanicAnswer::new(|_| panicked()), panics::catch))
        .layer(middleware::from_fn_with_state(observer, access_log::record));
    let sites = Router::new().fallback_service(doors).layer(middleware::from_fn_with_state(ctx.clone(), find_site));
    Router::new()
        // Whoever watches the server asks often, and about the process and not about a site.
        .merge(health::router(ctx, stop))
        .fallback_service(sites)
        .layer(middleware::from_fn_with_state(rng, request_ids::assign))
}

/// Finds the site of a request and puts it, or why it cannot be given, beside the request. Doors refuse requests that need
/// a site and have none; so every refusal is logged and shaped like any other answer.
async fn find_site(State(ctx): State<Ctx>, mut request: Request, next: Next) -> Response {
    // A path that names two sites stays as it is: no route begins like this.
    let Ok((label, path)) = split_site(request.uri().path()).map(|(label, rest)| (label, normalize(rest).to_owned()))
    else {
        return next.run(request).await;
    };
    let found = match host_of(request.headers(), request.uri()) {
        Err(BadHost) => Err(NoSite::BadHost),
        Ok(host) => {
            let reference =
                label.as_ref().map_or(SiteRef::Host(host.as_deref()), |label| SiteRef::Name(label.as_str()));
            match resolve(&ctx, reference).await {
                Ok(found) => found.ok_or(NoSite::Unknown),
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::error!(error, request.id = request_id(&request), "a site is not available");
                    Err(NoSite::Unavailable)
                }
            }
        }
    };
    let uri = with_path(request.uri(), &path);
    let extensions = request.extensions_mut();
    if let Ok(snapshot) = &found
        && let Some(label) = SiteLabel::parse(snapshot.site().name.as_str())
    {
        extensions.insert(label);
    }
    extensions.insert(SitePrefix(label.map(|label| format!("/t/{label}")).unwrap_or_default()));
    extensions.insert(found);
    if let Some(uri) = uri {
        *request.uri_mut() = uri;
    }
    next.run(request).await
}

fn request_id(request: &Request) -> Option<&str> {
    request.extensions().get::<RequestId>().map(RequestId::as_str)
}

/// The same URI with another path; `None` when the path is the same or does not fit.
fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    if uri.path() == path {
        return None;
    }
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(text).ok()?);
    Uri::from_parts(parts).ok()
}

async fn no_route() -> Response {
    device::Error::Route.into_response()
}

fn panicked() -> Response {
    let body = json!({ "arguments": "", "key": "internal.error", "message": "The server failed. Try again later." });
    let mut response = (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response();
    security_headers::private(response.headers_mut());
    response
}
