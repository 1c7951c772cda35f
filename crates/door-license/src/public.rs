//! The calls without a proof: what this server is, and where tokens come from.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::response::Response;
use countersign_app::license_proof;
use countersign_app::oauth::TOKEN_PATH;
use countersign_app::sites::SiteSnapshot;
use http::StatusCode;
use http::request::Parts;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Door;
use crate::codes::Code;
use crate::error::{Error, plain};
use crate::members::Members;
use crate::time::instant;

/// What a public call is asked: of which site, and with which query.
pub(crate) struct Public {
    site: Arc<SiteSnapshot>,
    query: Members,
}

impl FromRequestParts<Door> for Public {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &Door) -> Result<Self, Error> {
        let query = Members::from_query(parts.uri.query().unwrap_or_default())?;
        Ok(Self { site: crate::auth::site(parts)?, query })
    }
}

/// Public metadata of the API.
#[derive(Serialize, ToSchema)]
struct Metadata {
    #[schema(example = "https://licenses.example.test/api")]
    api_base_url: String,
    #[schema(example = "production")]
    environment: &'static str,
    #[schema(example = json!(["v4"]))]
    supported_api_versions: [&'static str; 1],
    #[schema(example = "v4")]
    default_api_version: &'static str,
    /// Release of the server.
    #[schema(example = "0.1.0")]
    version: &'static str,
    timestamp: String,
    /// Certificate (PEM) of the key that signs answers; null until the site has needed one.
    pub_key: Option<String>,
    endpoints: Vec<Endpoint>,
}

/// A call.
#[derive(Clone, Serialize, ToSchema)]
struct Endpoint {
    #[schema(example = "POST")]
    method: &'static str,
    #[schema(example = "/api/v4/activate_license/")]
    url: String,
}

/// All calls of this door, as its document names them.
#[derive(Clone)]
pub(crate) struct Endpoints(Arc<[Endpoint]>);

impl Endpoints {
    pub(crate) fn of(document: &utoipa::openapi::OpenApi) -> Self {
        let paths = document.paths.paths.iter();
        let endpoints = paths.flat_map(|(path, item)| {
            let url = format!("/api/v4{path}/");
            let methods = [(item.get.is_some(), "GET"), (item.post.is_some(), "POST")];
            methods
                .into_iter()
                .filter(|(is_there, _)| *is_there)
                .map(move |(_, method)| Endpoint { method, url: url.clone() })
        });
        Self(endpoints.collect())
    }
}

/// Where tokens come from.
#[derive(Serialize, ToSchema)]
struct TokenUrl {
    #[schema(example = "https://licenses.example.test/connect/token")]
    url: String,
    #[schema(example = "client_credentials")]
    login_type: &'static str,
}

/// What this API is, and the key that signs its answers.
#[utoipa::path(get, path = "/.well-known", tag = "Public",
    responses((status = 200, description = "Public metadata; not signed", body = Metadata)))]
pub(crate) async fn metadata(State(door): State<Door>, asked: Public) -> Result<Response, Error> {
    let certificate = license_proof::certificate(&door.ctx, &asked.site);
    answer(&Metadata {
        api_base_url: format!("{}/api", license_proof::base_url(&door.ctx, &asked.site)),
        environment: "production",
        supported_api_versions: ["v4"],
        default_api_version: "v4",
        version: env!("CARGO_PKG_VERSION"),
        timestamp: instant(door.ctx.now()),
        pub_key: certificate.map(|certificate| certificate.to_string()),
        endpoints: door.endpoints.0.to_vec(),
    })
}

/// Where an application gets the token with which it calls this API.
#[utoipa::path(get, path = "/oauth_url", tag = "Public",
    params(("login_type" = Option<String>, Query, description = "`client_credentials`; another one is refused")),
    responses((status = 200, description = "The token endpoint; not signed", body = TokenUrl)))]
pub(crate) async fn oauth_url(State(door): State<Door>, asked: Public) -> Result<Response, Error> {
    if asked.query.text("login_type")?.is_some_and(|kind| kind != LOGIN_TYPE) {
        return Err(Error::told(Code::ValidationError, "login_type must be client_credentials."));
    }
    let url = format!("{}{TOKEN_PATH}", license_proof::base_url(&door.ctx, &asked.site));
    answer(&TokenUrl { url, login_type: LOGIN_TYPE })
}

/// The only kind of login that this server has for applications.
const LOGIN_TYPE: &str = "client_credentials";

fn answer(body: &impl Serialize) -> Result<Response, Error> {
    serde_json::to_vec(body).map(|body| plain(StatusCode::OK, body)).map_err(Error::Json)
}
