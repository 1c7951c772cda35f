//! From a request to its door: request id, site, access log, panics, then the routes of all doors.

mod site;

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use countersign_app::Ctx;
use countersign_door_device as device;
use countersign_door_events as events;
use countersign_door_license as license;
use countersign_door_producer as producer;
use countersign_door_token as token;
use countersign_http_kit::access_log::{AccessLog, Finished};
use countersign_http_kit::panics::CatchPanics;
use countersign_http_kit::request_id::RequestIds;
use countersign_http_kit::security_headers;
use countersign_store::BoxFuture;
use http::StatusCode;
use serde_json::json;
use tower::{Layer, Service};

use crate::connections::Application;
use crate::metrics::Metrics;
use crate::stop::Stop;
use crate::{health, pages, telemetry};

/// The whole application: every door behind one service. Clones are the same one.
///
/// A request gets its id, then its site (which may shorten the path), and only then a route, so that the log names the
/// route and never the path as it was sent.
#[derive(Clone)]
pub struct Doors(Arc<Front>);

/// What stands in front of the routes.
struct Front {
    ctx: Ctx,
    ids: RequestIds,
    health: Router,
    routes: Router,
}

/// The application, when nobody watches it.
pub fn app(ctx: Ctx) -> Doors {
    observed(ctx, |_| {})
}

/// The application, and a function that is told of each finished request. It must not wait.
pub fn observed(ctx: Ctx, observe: impl Fn(&Finished<'_>) + Send + Sync + 'static) -> Doors {
    Doors::new(ctx, Stop::default(), observe)
}

/// The application for a server: its requests are counted and logged, and it is not ready while it stops.
pub(crate) fn watched(ctx: Ctx, metrics: Arc<Metrics>, stop: Stop) -> Doors {
    Doors::new(ctx, stop, move |request| {
        metrics.count(request);
        telemetry::requests::write(request);
    })
}

impl Doors {
    fn new(ctx: Ctx, stop: Stop, observe: impl Fn(&Finished<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Front {
            ids: RequestIds::new(ctx.shared_rng()),
            health: health::router(ctx.clone(), stop.clone()),
            routes: routes(&ctx, stop, AccessLog::new(observe)),
            ctx,
        }))
    }

    /// Answers a request.
    pub async fn answer(&self, mut request: Request) -> Response {
        let Front { ctx, ids, health, routes } = &*self.0;
        let id = ids.assign(request.headers());
        // Whoever watches the server asks often, and about the process and not about a site.
        let asked = if health::is_asked(request.uri().path()) {
            health
        } else {
            site::find(ctx, &id, &mut request).await;
            routes
        };
        // A router is always ready.
        let Ok(mut response) = asked.clone().call(request).await;
        id.write_to(response.headers_mut());
        response
    }
}

impl Application for Doors {
    fn answer(&self, request: Request) -> impl Future<Output = Response> + Send {
        Self::answer(self, request)
    }
}

impl Service<Request> for Doors {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let doors = self.clone();
        Box::pin(async move { Ok(doors.answer(request).await) })
    }
}

/// The routes of all doors. What stands around each of them is one service, because every layer of a router costs each
/// request two allocations.
fn routes(ctx: &Ctx, stop: Stop, log: AccessLog) -> Router {
    let (device, device_document) = device::router(ctx);
    let (events, events_document) = events::router(ctx, move || stop.is_asked());
    let (license, license_document) = license::router(ctx.clone());
    let (producer, producer_document) = producer::router(ctx.clone());
    let (token, token_document) = token::router(ctx.clone());
    let panics = CatchPanics::new(panicked);
    Router::new()
        .merge(device)
        .merge(events)
        .merge(license)
        .merge(producer)
        .merge(token)
        .merge(pages::router(vec![
            ("device", device_document),
            ("events", events_document),
            ("license", license_document),
            ("producer", producer_document),
            ("token", token_document),
        ]))
        .fallback(no_route)
        .layer(tower::layer::layer_fn(move |route| log.layer(panics.layer(route))))
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
