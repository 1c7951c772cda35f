//! Where people log in with single sign-on.

use axum::response::Response;
use countersign_app::license_api::{ResponseType, SsoQuestion, sso_url as find_url};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::codes::Code;
use crate::error::{Error, ErrorBody};
use crate::reply;
use crate::request::Asked;
use crate::wire::documented::SsoQuery;
use crate::wire::question;

/// Where to log in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SsoUrlBody {
    /// To be opened in a browser.
    #[schema(example = "https://id.example.test/authorize?response_type=id_token")]
    url: String,
    /// What the provider publishes of itself.
    #[schema(value_type = Object)]
    openid_configuration: Box<RawValue>,
    /// Always empty: an account has one provider.
    alternate_urls: Vec<String>,
}

/// Where a person of an account logs in. The ID token or code that comes back activates a license.
#[utoipa::path(get, path = "/sso_url", tag = "Users", params(SsoQuery),
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The URL; signed", body = SsoUrlBody),
        (status = 400, description = "It is refused", body = ErrorBody)
    ))]
pub(crate) async fn sso_url(asked: Asked) -> Result<Response, Error> {
    let Asked { proved, members } = asked;
    let [_, account] = members.all_needed(["product", "customer_account_code"])?;
    let (product, account) = (question::product(&members)?, question::account(&account)?);
    let wanted = match members.text("response_type")?.as_deref() {
        None | Some("token" | "id_token") => ResponseType::Token,
        Some("code") => ResponseType::Code,
        Some(_) => return Err(Error::told(Code::ValidationError, "response_type must be token or code.")),
    };
    let (redirect_uri, state) = (members.text("redirect_uri")?, question::login_state(&members)?);
    let asked = SsoQuestion { product, account, wanted, redirect_uri, state };
    let found = find_url(&proved.ctx, &proved.caller, asked).await?;
    let openid_configuration = crate::script_json::object(&found.configuration);
    let body = SsoUrlBody { url: found.url, openid_configuration, alternate_urls: Vec::new() };
    reply::object(&proved, &body).await
}
