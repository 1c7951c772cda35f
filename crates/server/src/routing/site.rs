//! Which site a request is for.

use axum::extract::Request;
use countersign_app::Ctx;
use countersign_app::sites::{NoSite, RequestedSite, SiteRef, resolve};
use countersign_http_kit::current_request::CurrentRequest;
use countersign_http_kit::request_id::RequestId;
use countersign_http_kit::site_path::{
    BadHost, SiteLabel, TrailingSlash, host_of, normalize, split_site, without_doubled_begin,
};
use countersign_http_kit::site_prefix::SitePrefix;
use http::Uri;
use http::uri::PathAndQuery;

/// Finds the site of a request and puts it, or why it cannot be given, beside the request. Doors refuse requests that need
/// a site and have none; so every refusal is logged and shaped like any other answer.
pub(super) async fn find(ctx: &Ctx, id: &RequestId, request: &mut Request) {
    // A path that names two sites stays as it is. Whatever route takes it finds no site beside it, and refuses.
    let Ok((label, rest)) = split_site(without_doubled_begin(request.uri().path())) else {
        request.extensions_mut().insert(CurrentRequest::new(id.clone(), None));
        return;
    };
    let rest = without_doubled_begin(rest);
    let path = normalize(rest);
    let trailing = path.len() < rest.len();
    let shorter = (path.len() < request.uri().path().len()).then(|| with_path(request.uri(), path)).flatten();
    let host = host_of(request.headers(), request.uri());
    let found = requested(ctx, id, host, label.as_ref()).await;
    let site = found.as_ref().ok().and_then(|snapshot| SiteLabel::parse(snapshot.site().name.as_str()));
    if let Some(uri) = shorter {
        *request.uri_mut() = uri;
    }
    let extensions = request.extensions_mut();
    extensions.insert(CurrentRequest::new(id.clone(), site));
    extensions.insert(found);
    if trailing {
        extensions.insert(TrailingSlash);
    }
    if let Some(label) = label {
        extensions.insert(SitePrefix(format!("/t/{label}")));
    }
}

async fn requested(
    ctx: &Ctx,
    id: &RequestId,
    host: Result<Option<String>, BadHost>,
    label: Option<&SiteLabel>,
) -> RequestedSite {
    let host = host.map_err(|BadHost| NoSite::BadHost)?;
    let reference = label.map_or(SiteRef::Host(host.as_deref()), |label| SiteRef::Name(label.as_str()));
    match resolve(ctx, reference).await {
        Ok(found) => found.ok_or(NoSite::Unknown),
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, request.id = id.as_str(), "a site is not available");
            Err(NoSite::Unavailable)
        }
    }
}

/// The same URI with another path; `None` when it does not fit.
fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(text).ok()?);
    Uri::from_parts(parts).ok()
}
