//! Whether the process lives, and whether it can do its work.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use countersign_app::{Ctx, storages};
use http::StatusCode;

use crate::stop::Stop;

/// `/healthz` answers as long as the process lives; `/readyz` only while the store can be read and nobody has asked the
/// server to stop.
pub(crate) fn router(ctx: Ctx, stop: Stop) -> Router {
    Router::new().route(LIVE, get(|| async { "OK" })).route(READY, get(ready)).with_state((ctx, stop))
}

/// Whether a path asks how the process is.
pub(crate) fn is_asked(path: &str) -> bool {
    [LIVE, READY].contains(&path)
}

async fn ready(State((ctx, stop)): State<(Ctx, Stop)>) -> Response {
    if stop.is_asked() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the server is stopping").into_response();
    }
    match ctx.refresh().await {
        // Not 503: devices are answered all the same, and only the next upload shows that there is room again.
        Ok(()) if storages::is_any_full(&ctx) => "OK; a storage has no room left".into_response(),
        Ok(()) => "OK".into_response(),
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read").into_response()
        }
    }
}

const LIVE: &str = "/healthz";
const READY: &str = "/readyz";

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use countersign_testkit::World;
    use http::Request;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_server_that_stops_lives_and_is_not_ready() {
        let world = World::new().await;
        let stop = Stop::default();
        let router = router(world.ctx.clone(), stop.clone());
        let status = async |path: &str| {
            let request = Request::get(path).body(Body::empty()).unwrap();
            router.clone().oneshot(request).await.unwrap().status()
        };
        assert_eq!((status("/healthz").await, status("/readyz").await), (StatusCode::OK, StatusCode::OK));
        stop.ask();
        let stopping = (status("/healthz").await, status("/readyz").await);
        assert_eq!(stopping, (StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE));
    }

    #[tokio::test]
    async fn check_13_the_event_service_is_down_while_the_server_stops() {
        let (world, stop) = (World::new().await, Stop::default());
        let asked = stop.clone();
        let (router, _) = countersign_door_events::router(&world.ctx, move || asked.is_asked());
        let status = async || {
            let request = Request::get("/notifications/health/status").body(Body::empty()).unwrap();
            let answer = router.clone().oneshot(request).await.unwrap();
            (answer.status(), axum::body::to_bytes(answer.into_body(), 99).await.unwrap())
        };
        assert_eq!(status().await, (StatusCode::OK, r#"{"status":"UP"}"#.into()));
        stop.ask();
        assert_eq!(status().await, (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"DOWN"}"#.into()));
    }
}
