//! The keys that verify sessions (RFC 7517), for receivers that want to know who they are talking to.

use axum::extract::State;
use axum::response::Response;
use countersign_app::oauth::public_keys;
use countersign_crypto::Algorithm;

use crate::Door;
use crate::reply;
use crate::site::Site;
use crate::wire::{ErrorBody, KeySet};

/// List the keys that verify tokens
#[utoipa::path(
    get, path = "/notifications/.well-known/jwks.json", tag = "Login",
    responses(
        (status = 200, description = "The public keys, newest first; none before the first login", body = KeySet),
        (status = 421, description = "The request leads to no site", body = ErrorBody)
    )
)]
pub(crate) async fn list(State(door): State<Door>, site: Site) -> Response {
    let keys = public_keys(&door.ctx, &site.snapshot).into_iter();
    let keys = keys.filter(|(_, algorithm)| *algorithm == Algorithm::RS256);
    reply::public_json(KeySet { keys: keys.filter_map(|(key, algorithm)| key.to_public(algorithm)).collect() })
}
