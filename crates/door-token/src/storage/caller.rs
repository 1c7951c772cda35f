//! Who calls: the application of a bearer token (RFC 6750), as the storages know it, and the software that it uses.

use std::sync::Arc;

use countersign_app::Ctx;
use countersign_app::oauth::{AuthenticatedApplication, BearerError, authenticate_bearer};
use countersign_app::sites::SiteSnapshot;
use countersign_app::storages::{self, StorageCaller};
use countersign_crypto::Secret;
use countersign_domain::audit::{Actor, Channel};
use countersign_domain::oauth::Scope;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::call::Call;
use super::error::Error;
use super::refuse::ascii;

/// Why a caller may not do what it asks (RFC 6750 §3).
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// There is no good token.
    #[error(transparent)]
    Bearer(BearerError),
    /// The token is not meant for this.
    #[error("the token does not have the scope {}", .0.as_str())]
    Scope(Scope),
    /// There is more than one token.
    #[error("the request has several credentials")]
    SeveralTokens,
}

/// An application that is let in.
pub(crate) struct Caller {
    /// Acts in the name of the application.
    pub(crate) ctx: Ctx,
    pub(crate) storages: StorageCaller,
    application: AuthenticatedApplication,
}

impl Caller {
    /// The application whose token came with a request.
    ///
    /// # Errors
    /// [`Error::Refused`], or a fault.
    pub(crate) async fn authenticate(ctx: &Ctx, site: &Arc<SiteSnapshot>, headers: &HeaderMap) -> Result<Self, Error> {
        let token = bearer(headers)?;
        let application = authenticate_bearer(ctx, site, token.as_ref()).await.map_err(refused)?;
        let grants = application.grants();
        let storages = StorageCaller {
            site: application.site(),
            client: application.client_id().to_string(),
            default_storage: application.default_storage().cloned(),
            grants: (!grants.is_empty()).then(|| grants.to_vec()),
        };
        let actor = Actor { channel: Channel::TokenDoor, name: storages.client.clone() };
        Ok(Self { ctx: ctx.acting_as(actor), storages, application })
    }

    /// Checks that the token is meant for a call.
    ///
    /// # Errors
    /// [`Refusal::Scope`].
    pub(crate) fn check(&self, call: &Call) -> Result<(), Refusal> {
        let scope = scope_of(call);
        if self.application.may(scope) { Ok(()) } else { Err(Refusal::Scope(scope)) }
    }
}

impl Refusal {
    /// Status, code and text.
    pub(crate) fn told(&self) -> (StatusCode, &'static str, String) {
        match self {
            Self::Bearer(BearerError::Missing) => {
                (StatusCode::UNAUTHORIZED, INVALID_TOKEN, "Send an access token as a bearer token.".to_owned())
            }
            Self::Bearer(BearerError::Expired { .. }) => {
                (StatusCode::UNAUTHORIZED, INVALID_TOKEN, "The access token has expired.".to_owned())
            }
            Self::Bearer(BearerError::Invalid(_) | BearerError::Revoked { .. } | BearerError::Fault(_)) => {
                (StatusCode::UNAUTHORIZED, INVALID_TOKEN, "The access token is not accepted.".to_owned())
            }
            Self::Scope(scope) => {
                let text = format!("The access token does not have the scope {}.", scope.as_str());
                (StatusCode::FORBIDDEN, "insufficient_scope", text)
            }
            Self::SeveralTokens => {
                (StatusCode::BAD_REQUEST, "invalid_request", "Send one access token, and in one place.".to_owned())
            }
        }
    }

    /// The value of `WWW-Authenticate`; without a token it has no error code (RFC 6750 §3.1).
    pub(crate) fn challenge(&self) -> Option<HeaderValue> {
        let (_, code, text) = self.told();
        let text = ascii(&text);
        let value = match self {
            Self::Bearer(BearerError::Missing) => REALM.to_owned(),
            Self::Scope(scope) => format!("{REALM}, error=\"{code}\", scope=\"{}\"", scope.as_str()),
            Self::Bearer(_) | Self::SeveralTokens => {
                format!("{REALM}, error=\"{code}\", error_description=\"{text}\"")
            }
        };
        HeaderValue::try_from(value).ok()
    }
}

fn refused(error: BearerError) -> Error {
    if let BearerError::Fault(fault) = error { Error::Fault(fault) } else { Refusal::Bearer(error).into() }
}

/// Remembers that an upload with content was refused for its token, if the token was genuine: some clients get a new one
/// and repeat the request without its content (contract §6.3).
pub(crate) async fn note_lost_upload(ctx: &Ctx, error: &Error, call: &Call) {
    let Error::Refused(Refusal::Bearer(BearerError::Expired { owner } | BearerError::Revoked { owner })) = error else {
        return;
    };
    let Call::Upload { place, .. } = call else { return };
    let noted = storages::note_refused_upload(
        ctx,
        owner.site,
        owner.client_id.as_str(),
        place.storage.clone(),
        place.path.clone(),
    );
    if let Err(error) = noted.await {
        let error: &dyn std::error::Error = &error;
        tracing::error!(error, "a refused upload was not noted; an empty repetition would be stored");
    }
}

/// The bearer token of a request. An empty one is one that is not good: some clients send it to get a refusal.
fn bearer(headers: &HeaderMap) -> Result<Option<Secret<String>>, Refusal> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err(Refusal::SeveralTokens);
    }
    let text = line.to_str().unwrap_or_default().trim();
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    let token = if scheme.eq_ignore_ascii_case("bearer") { token.trim() } else { "" };
    Ok(Some(Secret::new(token.to_owned())))
}

const INVALID_TOKEN: &str = "invalid_token";
const REALM: &str = "Bearer realm=\"api\"";

/// Which client library is calling, as it says itself; for the log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Software {
    name: Option<String>,
    version: Option<String>,
}

impl Software {
    /// What the headers say.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let find = |names: &[&str]| names.iter().find_map(|name| word(headers.get(*name)?));
        Self {
            name: find(&["x-aspose-client", "x-groupdocs-client"]),
            version: find(&["x-aspose-client-version", "x-aspose-version", "x-groupdocs-version"]),
        }
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }
}

/// A short value of visible characters; nothing else gets into the log.
fn word(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?;
    let fits = (1..=LONGEST_WORD).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    fits.then(|| text.to_owned())
}

/// The right that a call needs.
pub(crate) fn scope_of(call: &Call) -> Scope {
    match call {
        Call::Download { .. }
        | Call::ListFolder { .. }
        | Call::Exists { .. }
        | Call::StorageExists { .. }
        | Call::Usage { .. }
        | Call::Versions { .. } => Scope::StorageRead,
        Call::Upload { .. }
        | Call::CopyFile { .. }
        | Call::MoveFile { .. }
        | Call::DeleteFile { .. }
        | Call::CreateFolder { .. }
        | Call::CopyFolder { .. }
        | Call::MoveFolder { .. }
        | Call::DeleteFolder { .. } => Scope::StorageWrite,
    }
}

/// Bytes of the name of a library.
const LONGEST_WORD: usize = 64;
