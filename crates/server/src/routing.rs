//! From a request to its door: request id, site, access log, panics, then the routes of all doors.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use countersign_app::Ctx;
use countersign_app::sites::{SiteRef, resolve};
use countersign_crypto::{Rng, SystemRng};
use countersign_door_device as device;
use countersign_door_producer as producer;
use countersign_http_kit::panics::{self, PanicAnswer};
use countersign_http_kit::site_path::{SiteLabel, host_of, normalize, split_site};
use countersign_http_kit::site_prefix::SitePrefix;
use countersign_http_kit::{access_log, request_id};
use http::uri::PathAndQuery;
use http::{StatusCode, Uri};
use serde_json::json;

use crate::{health, pages};

/// The whole application: every door on one router.
///
/// Layers from the outside: a request gets its id, then its site (which may shorten the path), and only then a route,
/// so that the log names the route and never the path as it was sent.
pub fn app(ctx: Ctx) -> Router {
    let (device, device_document) = device::router(ctx.clone());
    let (producer, producer_document) = producer::router(ctx.clone());
    let rng: Arc<dyn Rng> = Arc::new(SystemRng);
    let doors = Router::new()
        .merge(device)
        .merge(producer)
        .merge(pages::router(vec![("device", device_document), ("producer", producer_document)]))
        .fallback(no_route)
        .layer(middleware::from_fn_with_state(PanicAnswer::new(|_| panicked()), panics::catch))
        .layer(middleware::from_fn(access_log::record));
    let sites = Router::new().fallback_service(doors).layer(middleware::from_fn_with_state(ctx.clone(), find_site));
    Router::new()
        // Whoever watches the server asks often, and about the process and not about a site.
        .merge(health::router(ctx))
        .fallback_service(sites)
        .layer(middleware::from_fn_with_state(rng, request_id::assign))
}

/// Finds the site of a request and puts it beside the request; doors refuse requests that need one and have none.
async fn find_site(State(ctx): State<Ctx>, mut request: Request, next: Next) -> Response {
    let (label, path) = match split_site(request.uri().path()) {
        Ok((label, rest)) => (label, normalize(rest).to_owned()),
        // No route begins like this, so the answer will be that there is nothing at this path.
        Err(_) => return no_route().await,
    };
    let host = host_of(request.headers(), request.uri());
    let reference = label.as_ref().map_or(SiteRef::Host(host.as_deref()), |label| SiteRef::Name(label.as_str()));
    match resolve(&ctx, reference).await {
        Ok(Some(snapshot)) => {
            let extensions = request.extensions_mut();
            if let Some(label) = SiteLabel::parse(snapshot.site().name.as_str()) {
                extensions.insert(label);
            }
            extensions.insert(snapshot);
        }
        Ok(None) => {}
        Err(error) => return device::Error::from(error).into_response(),
    }
    if let Some(label) = label {
        request.extensions_mut().insert(SitePrefix(format!("/t/{label}")));
    }
    if let Some(uri) = with_path(request.uri(), &path) {
        *request.uri_mut() = uri;
    }
    next.run(request).await
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
    (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
}
