//! People whom licenses are assigned to, and lists of licenses.

use axum::response::Response;
use countersign_app::license_api::{
    LicenseView, change_password as change, customer_license_users as users_of, device_licenses as on_device,
    user_licenses as of_user,
};
use countersign_crypto::Secret;
use countersign_http_kit::client_address::ClientAddress;

use crate::auth::Proved;
use crate::codes::Code;
use crate::error::{Error, ErrorBody};
use crate::reply::{self, Draft, Object};
use crate::request::{Asked, Told};
use crate::wire::documented::{CustomerQuery, HardwareQuery, PasswordRequest, UserQuery};
use crate::wire::license::{Listing, UserLicense};
use crate::wire::people::CustomerUsers;
use crate::wire::question;

/// Changes the password of a user, who gives the one that he has.
#[utoipa::path(post, path = "/change_password", tag = "Users", request_body = PasswordRequest,
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The word password_changed", body = String, content_type = "text/plain"),
        (status = 400, description = "It is refused", body = ErrorBody)
    ))]
pub(crate) async fn change_password(told: Told) -> Result<Response, Error> {
    let Told { proved, members, .. } = told;
    if members.first_text(&["id_token", "code", "customer_account_code"])?.is_some() {
        // Who logs in elsewhere has no password here.
        return Err(Code::ChangePasswordNotAllowed.into());
    }
    let [user, password, new] = members.all_needed(["username", "password", "new_password"])?;
    let (email, password) = question::password_login(&user, password)?;
    change(&proved.ctx, &proved.caller, email, (password, Secret::new(new)), from(&proved)).await?;
    Ok(reply::text("password_changed"))
}

/// The users of a customer's licenses for a product. Their passwords are not told.
#[utoipa::path(get, path = "/customer_license_users", tag = "Users", params(CustomerQuery),
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The users; signed", body = CustomerUsers),
        (status = 400, description = "It is refused", body = ErrorBody)
    ))]
pub(crate) async fn customer_license_users(asked: Asked) -> Result<Response, Error> {
    let Asked { proved, members } = asked;
    let [_, customer] = members.all_needed(["product", "customer"])?;
    let product = question::product(&members)?;
    let (customer, users) = users_of(&proved.ctx, &proved.caller, product, customer).await?;
    reply::object(&proved, &CustomerUsers::new(proved.caller.site.into(), customer.email, users)).await
}

/// The licenses of a user, who gives name and password, or what an account's provider has given.
#[utoipa::path(get, path = "/user_licenses", tag = "Users", params(UserQuery),
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The licenses; signed", body = Vec<UserLicense>),
        (status = 400, description = "It is refused", body = ErrorBody)
    ))]
pub(crate) async fn user_licenses(asked: Asked) -> Result<Response, Error> {
    let Asked { proved, members } = asked;
    let product = match members.text("product")? {
        Some(_) => Some(question::product(&members)?),
        None => None,
    };
    let login = question::login(&members)?.ok_or_else(|| Error::told(Code::MissingParameters, MISSING))?;
    let views = of_user(&proved.ctx, &proved.caller, product, login, from(&proved)).await?;
    list(&proved, &views, |view| Object::new(&UserLicense::new(view))).await
}

/// The licenses that are active on a device.
#[utoipa::path(get, path = "/device_licenses", tag = "Devices", params(HardwareQuery),
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The licenses; signed", body = Vec<Listing>),
        (status = 400, description = "It is refused", body = ErrorBody)
    ))]
pub(crate) async fn device_licenses(asked: Asked) -> Result<Response, Error> {
    let Asked { proved, members } = asked;
    let views = on_device(&proved.ctx, &proved.caller, question::hardware(&members)?).await?;
    list(&proved, &views, |view| Object::new(&Listing::new(view))).await
}

async fn list(
    proved: &Proved,
    views: &[LicenseView],
    object: impl Fn(&LicenseView) -> Result<Object, Error>,
) -> Result<Response, Error> {
    Draft::Array(views.iter().map(object).collect::<Result<_, _>>()?).send(proved, None).await
}

fn from(proved: &Proved) -> Option<std::net::IpAddr> {
    proved.client.map(ClientAddress::ip)
}

const MISSING: &str = "Missing: username and password, or customer_account_code with id_token or code.";
