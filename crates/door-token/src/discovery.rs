//! Where the endpoints are (RFC 8414), and the keys that verify tokens (RFC 7517).

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use countersign_app::oauth::{ASSERTION_ALGORITHMS, endpoints, public_keys};
use countersign_app::sites::{NoSite, SiteRef, SiteSnapshot, resolve};
use countersign_crypto::Algorithm;
use countersign_domain::oauth::Scopes;

use crate::Door;
use crate::error::Error;
use crate::reply;
use crate::site::Site;
use crate::wire::{ErrorBody, KeySet, Metadata};

/// Find the endpoints
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", tag = "Discovery",
    responses(
        (status = 200, description = "Where the endpoints are, and what they can do", body = Metadata),
        (status = 421, description = "The request leads to no site", body = ErrorBody)
    )
)]
pub(crate) async fn metadata(State(door): State<Door>, site: Site) -> Response {
    describe(&door, &site.snapshot, Name::OAuth)
}

/// Find the endpoints, under the name of OpenID Connect
///
/// Many clients look only here.
#[utoipa::path(
    get, path = "/.well-known/openid-configuration", tag = "Discovery",
    responses(
        (status = 200, description = "Where the endpoints are, and what they can do", body = Metadata),
        (status = 421, description = "The request leads to no site", body = ErrorBody)
    )
)]
pub(crate) async fn openid_metadata(State(door): State<Door>, site: Site) -> Response {
    describe(&door, &site.snapshot, Name::OpenId)
}

/// The same where RFC 8414 section 3.1 puts it for an issuer with a path: between host and path.
pub(crate) async fn metadata_of_site(State(door): State<Door>, Path(site): Path<String>) -> Result<Response, Error> {
    Ok(describe(&door, &find(&door, &site).await?, Name::OAuth))
}

/// See [`metadata_of_site`].
pub(crate) async fn openid_metadata_of_site(
    State(door): State<Door>,
    Path(site): Path<String>,
) -> Result<Response, Error> {
    Ok(describe(&door, &find(&door, &site).await?, Name::OpenId))
}

async fn find(door: &Door, site: &str) -> Result<Arc<SiteSnapshot>, Error> {
    let name = site.to_ascii_lowercase();
    resolve(&door.ctx, SiteRef::Name(&name)).await?.ok_or(Error::NoSite(NoSite::Unknown))
}

/// Read the keys that verify tokens
///
/// Newest first, each named by its thumbprint (RFC 7638). A new key is here five minutes before it signs, and a replaced one
/// until its last token has expired.
#[utoipa::path(
    get, path = "/.well-known/openid-configuration/jwks", tag = "Discovery",
    responses(
        (status = 200, description = "The keys", body = KeySet, content_type = "application/jwk-set+json"),
        (status = 421, description = "The request leads to no site", body = ErrorBody)
    )
)]
pub(crate) async fn keys(State(door): State<Door>, site: Site) -> Response {
    let keys = public_keys(&door.ctx, &site.snapshot);
    let keys = keys.into_iter().filter_map(|(key, algorithm)| key.to_public(algorithm)).collect();
    reply::public_json("application/jwk-set+json", KeySet { keys })
}

/// Under which of its names the document is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    OAuth,
    OpenId,
}

fn describe(door: &Door, site: &Arc<SiteSnapshot>, name: Name) -> Response {
    let endpoints = endpoints(&door.ctx, site);
    let methods = || vec!["client_secret_post", "client_secret_basic", "private_key_jwt"];
    let algorithms = || ASSERTION_ALGORITHMS.map(Algorithm::name).to_vec();
    let document = Metadata {
        issuer: endpoints.issuer,
        token_endpoint: endpoints.token,
        jwks_uri: endpoints.keys,
        introspection_endpoint: endpoints.introspection,
        introspection_endpoint_auth_methods_supported: methods(),
        introspection_endpoint_auth_signing_alg_values_supported: algorithms(),
        revocation_endpoint: endpoints.revocation,
        revocation_endpoint_auth_methods_supported: methods(),
        revocation_endpoint_auth_signing_alg_values_supported: algorithms(),
        response_types_supported: Vec::new(),
        grant_types_supported: vec!["client_credentials"],
        token_endpoint_auth_methods_supported: methods(),
        token_endpoint_auth_signing_alg_values_supported: algorithms(),
        scopes_supported: Scopes::names_of_all(),
        subject_types_supported: (name == Name::OpenId).then(|| vec!["public"]),
        id_token_signing_alg_values_supported: (name == Name::OpenId).then(|| vec!["RS256"]),
    };
    reply::public_json("application/json", document)
}
