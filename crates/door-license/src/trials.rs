//! Trials.

use axum::response::Response;
use countersign_app::license_api::{TrialRequest, trial};
use countersign_app::license_proof::take_place;
use countersign_crypto::Secret;
use countersign_domain::licensing::Contact;
use countersign_domain::text::UserEmail;
use countersign_http_kit::client_address::ClientAddress;

use crate::codes::Code;
use crate::error::{Error, ErrorBody};
use crate::members::Members;
use crate::reply::{Draft, Object};
use crate::request::Asked;
use crate::wire::documented::TrialQuery;
use crate::wire::question;
use crate::wire::trial::TrialBody;

/// Makes a trial license for a device, or finds the one that it had.
#[utoipa::path(get, path = "/trial_key", tag = "Products", params(TrialQuery),
    security(("api_key" = []), ("access_token" = [])),
    responses(
        (status = 200, description = "The trial; signed", body = TrialBody),
        (status = 400, description = "It is refused", body = ErrorBody)
    ))]
pub(crate) async fn trial_key(asked: Asked) -> Result<Response, Error> {
    let Asked { proved, members } = asked;
    let request = TrialRequest {
        product: question::product(&members)?,
        hardware: question::hardware(&members)?,
        email: email(&members)?,
        password: members.text("password")?.map(Secret::new),
        policy: members.text("license_policy")?,
        contact: contact(&members)?,
        from: proved.client.map(ClientAddress::ip),
    };
    // A new user's password is told in this answer alone.
    let place = take_place(&proved.ctx, &proved.site)?;
    let trial = trial(&proved.ctx, &proved.caller, request).await?;
    Draft::Object(Object::new(&TrialBody::new(&trial))?).send(&proved, Some(&place)).await
}

fn email(members: &Members) -> Result<Option<UserEmail>, Error> {
    let email = members.text("email")?.map(|text| UserEmail::new(text.to_lowercase())).transpose();
    email.map_err(|error| Error::told(Code::ValidationError, format!("{error}.")))
}

fn contact(members: &Members) -> Result<Contact, Error> {
    let text = |name: &str| {
        let text = members.text(name)?.unwrap_or_default();
        let refused =
            || Error::told(Code::ValidationError, format!("{name} must have at most {} bytes.", Contact::LIMIT));
        if text.len() <= Contact::LIMIT { Ok(text) } else { Err(refused()) }
    };
    Ok(Contact {
        first_name: text("first_name")?,
        last_name: text("last_name")?,
        company_name: text("company_name")?,
        phone: text("phone")?,
        reference: text("reference")?,
        address: text("address")?,
        postcode: text("postcode")?,
        city: text("city")?,
        state: text("state")?,
        country: text("country")?,
    })
}
