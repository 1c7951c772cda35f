//! The storage routes: files and folders in named storages, as SDKs for document clouds ask for them.
//!
//! One storage stands behind all products and versions: a file that was put through one is read through another. The same
//! calls come in three forms, and answers are written in two casings.
//!
//! | file | what |
//! |---|---|
//! | `family.rs`, `casing.rs` | which form and casing a path belongs to |
//! | `target.rs`, `html.rs`, `legacy.rs` | path and query of each form → `call.rs` |
//! | `query.rs` | parameters as clients write them |
//! | `caller.rs` | the application behind a bearer token, and refused uploads that may be repeated empty |
//! | `run.rs`, `upload.rs`, `download.rs` | call → use case → answer |
//! | `wire.rs` | JSON answers |
//! | `error.rs`, `refuse.rs` | every error: cause, status, code, text; its object |
//! | `document.rs` | the calls in the OpenAPI document |

mod call;
mod caller;
mod casing;
mod document;
mod download;
mod error;
mod family;
mod html;
mod legacy;
mod query;
mod refuse;
mod run;
mod target;
mod upload;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use countersign_app::Ctx;
use countersign_app::sites::{NoSite, RequestedSite, SiteSnapshot};
use countersign_http_kit::site_path::TrailingSlash;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderValue, Method};

use self::caller::{Caller, Software, note_lost_upload};
use self::casing::Casing;
pub(crate) use self::document::describe;
use self::error::Error;
use self::family::Family;
use self::query::Query;
use self::target::Sent;
use self::upload::Incoming;

/// The storage routes.
pub(crate) fn router(ctx: Ctx) -> Router {
    Router::new()
        .route("/v1.1/storage/{*rest}", any(handle))
        .route("/{version}/html/file", any(handle))
        .route("/{version}/html/folder", any(handle))
        .route("/{version}/{product}/storage/{*rest}", any(handle))
        .route("/{version}/{product}/async/storage/{*rest}", any(handle))
        .with_state(ctx)
}

/// Answers a request to any of the routes. Who may do what is decided in [`answer`].
async fn handle(State(ctx): State<Ctx>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let sent = if body.is_end_stream() { Sent::Nothing } else { Sent::Body };
    let software = Software::of(&parts.headers);
    let mut path = parts.uri.path().to_owned();
    if parts.extensions.get::<TrailingSlash>().is_some() {
        path.push('/');
    }
    let Some((family, rest)) = Family::of(&path) else {
        return refuse::refuse(&Error::Route, Casing::Both, &software, ctx.now());
    };
    let mut incoming = Incoming::new(&parts, body);
    tracing::debug!(client.sdk = software.name(), client.sdk_version = software.version(), "a storage request");
    let response = match answer(&ctx, family, (rest, sent), &parts, &mut incoming).await {
        Ok(response) => response,
        Err(error) => {
            incoming.drain().await;
            refuse::refuse(&error, family.casing, &software, ctx.now())
        }
    };
    for_method(&parts.method, response)
}

async fn answer(
    ctx: &Ctx,
    family: Family,
    (rest, sent): (&str, Sent),
    parts: &Parts,
    incoming: &mut Incoming,
) -> Result<Response, Error> {
    let site = site(parts)?;
    let query = parts.uri.query().unwrap_or_default();
    let call = Query::read(query).and_then(|query| {
        if query.text(&["access_token"])?.is_some() {
            // A token in a URL ends up in logs and histories (RFC 9700 §4.3.2).
            return Err(Error::Refused(caller::Refusal::SeveralTokens));
        }
        family.read(&parts.method, rest, &query, sent)
    });
    let caller = match Caller::authenticate(ctx, &site, &parts.headers).await {
        Ok(caller) => caller,
        Err(error) => {
            let had_content = incoming.drain().await > 0 || incoming.announced().is_some_and(|length| length > 0);
            if had_content && let Ok(call) = &call {
                note_lost_upload(ctx, &error, call).await;
            }
            return Err(error);
        }
    };
    let call = call?;
    caller.check(&call)?;
    run::run(&caller.ctx, &caller.storages, family, call, (parts, incoming)).await
}

fn site(parts: &Parts) -> Result<Arc<SiteSnapshot>, Error> {
    let found = parts.extensions.get::<RequestedSite>().cloned();
    found.unwrap_or(Err(NoSite::Unknown)).map_err(Error::NoSite)
}

/// The answer to a HEAD has every header of that to a GET, and no body (RFC 9110 §9.3.2).
fn for_method(method: &Method, mut response: Response) -> Response {
    if method == Method::HEAD {
        let length = response.body().size_hint().exact().filter(|length| *length > 0);
        *response.body_mut() = Body::empty();
        if let Some(length) = length {
            response.headers_mut().entry(CONTENT_LENGTH).or_insert(HeaderValue::from(length));
        }
    }
    response
}
