//! What calls name: a product, a device, a license by key or by user.

use countersign_app::license_api::{
    Activate, Credentials, Identity, LicenseName, ReleaseFilter, SsoLogin, SsoProof, UserLogin,
};
use countersign_crypto::Secret;
use countersign_domain::ids::LicenseId;
use countersign_domain::licensing::{DeviceFacts, LoginState};
use countersign_domain::text::{AccountName, HardwareId, LicenseKey, ProductCode, TextError, UserEmail};
use countersign_http_kit::client_address::ClientAddress;

use crate::codes::Code;
use crate::error::Error;
use crate::members::Members;

/// The product that a call names.
pub(crate) fn product(members: &Members) -> Result<ProductCode, Error> {
    // What cannot be a code is the code of no product.
    ProductCode::new(members.needed("product")?).map_err(|_| Code::UnknownProduct.into())
}

/// The device that a call names.
pub(crate) fn hardware(members: &Members) -> Result<HardwareId, Error> {
    let text = members.text("hardware_id")?.ok_or(Code::MissingHardwareId)?;
    HardwareId::new(text).map_err(unfit)
}

/// A license on a device: `product`, `hardware_id`, and `license_key` or `username`.
pub(crate) fn identity(members: &Members) -> Result<Identity, Error> {
    let name = match (members.text("license_key")?, members.text("username")?) {
        // A user name beside a key says nothing: the key is enough.
        (Some(key), _) => LicenseName::Key(key_of(key)?),
        (None, Some(user)) => LicenseName::User(user_of(&user)?),
        (None, None) => return Err(Code::LicenseKeyRequired.into()),
    };
    identity_of(members, name)
}

/// A license on a device whose name is known from elsewhere.
pub(crate) fn identity_of(members: &Members, name: LicenseName) -> Result<Identity, Error> {
    Ok(Identity {
        product: product(members)?,
        bundle: bundle(members)?,
        hardware: hardware(members)?,
        name,
        license: license(members)?,
    })
}

/// What activates a license: an identity in which a user proves himself with his password.
pub(crate) fn activate(members: &Members, client: Option<ClientAddress>) -> Result<Activate, Error> {
    Ok(Activate {
        product: product(members)?,
        bundle: bundle(members)?,
        hardware: hardware(members)?,
        by: credentials(members)?,
        license: license(members)?,
        facts: facts(members, client)?,
        variables: members.texts("variables")?.unwrap_or_default(),
        releases: releases(members)?,
    })
}

fn credentials(members: &Members) -> Result<Credentials, Error> {
    if let Some(key) = members.text("license_key")? {
        return Ok(Credentials::Key(key_of(key)?));
    }
    match login(members)? {
        Some(login) => Ok(Credentials::User(login)),
        None if members.text("username")?.is_some() => Err(Error::told(Code::MissingParameters, "Missing: password.")),
        None => Err(Code::LicenseKeyRequired.into()),
    }
}

/// What proves a user, if it is there: what an account's provider has given, or name and password.
pub(crate) fn login(members: &Members) -> Result<Option<UserLogin>, Error> {
    if let Some(login) = sso(members)? {
        return Ok(Some(UserLogin::Sso(login)));
    }
    match (members.text("username")?, members.text("password")?) {
        (Some(user), Some(password)) => {
            let (email, password) = password_login(&user, password)?;
            Ok(Some(UserLogin::Password { email, password }))
        }
        (Some(_), None) | (None, _) => Ok(None),
    }
}

/// What an OpenID provider has given, if it is there.
fn sso(members: &Members) -> Result<Option<SsoLogin>, Error> {
    let Some(account) = members.text("customer_account_code")? else {
        return match members.first_text(&["id_token", "code"])? {
            Some(_) => Err(Error::told(Code::MissingParameters, "Missing: customer_account_code.")),
            None => Ok(None),
        };
    };
    let account = self::account(&account)?;
    let proof = match (members.text("id_token")?, members.text("code")?) {
        (Some(token), _) => SsoProof::IdToken(Secret::new(token)),
        (None, Some(code)) => SsoProof::Code { code: Secret::new(code), redirect_uri: members.text("redirect_uri")? },
        (None, None) => return Err(Error::told(Code::MissingParameters, "Missing: id_token or code.")),
    };
    Ok(Some(SsoLogin { account, proof, state: login_state(members)? }))
}

/// What ties the outcome of a login to its beginning, if the application does so.
pub(crate) fn login_state(members: &Members) -> Result<Option<LoginState>, Error> {
    let wrong = || Error::told(Code::ValidationError, "state must be 16 to 255 visible ASCII characters.");
    members.text("state")?.map(|text| LoginState::new(text).ok_or_else(wrong)).transpose()
}

/// The account that a login names.
pub(crate) fn account(code: &str) -> Result<AccountName, Error> {
    // What cannot be a name is the name of no account.
    AccountName::new(code).map_err(|_| Code::SsoFailed.into())
}

/// A user and his password.
pub(crate) fn password_login(user: &str, password: String) -> Result<(UserEmail, Secret<String>), Error> {
    // A name that nobody can have is refused like a wrong one.
    let email = UserEmail::new(user.to_lowercase()).map_err(|_| Code::InvalidCredentials)?;
    Ok((email, Secret::new(password)))
}

/// What an application tells of its device. Older clients have other names for some of it.
fn facts(members: &Members, client: Option<ClientAddress>) -> Result<DeviceFacts, Error> {
    let text = |names: &[&str]| Ok::<_, Error>(DeviceFacts::text(&members.first_text(names)?.unwrap_or_default()));
    Ok(DeviceFacts {
        hostname: text(&["hostname", "os_hostname"])?,
        os_version: text(&["os_ver"])?,
        ip: text(&["ip", "ip_local"])?,
        seen_ip: client.map(|client| client.ip().to_string()).unwrap_or_default(),
        mac_address: text(&["mac_address"])?,
        is_vm: members.flag("is_vm")?.unwrap_or(false),
        vm_info: text(&["vm_info"])?,
        sdk_version: text(&["sdk_ver"])?,
        app_version: text(&["app_ver"])?,
    })
}

/// Which releases an answer may name.
pub(crate) fn releases(members: &Members) -> Result<ReleaseFilter, Error> {
    Ok(ReleaseFilter {
        environment: members.text("env")?,
        channel: members.text("channel")?,
        version: members.text("version")?,
    })
}

fn bundle(members: &Members) -> Result<Option<ProductCode>, Error> {
    let code = members.text("bundle_code")?.map(ProductCode::new).transpose();
    code.map_err(|_| Code::UnknownProduct.into())
}

fn license(members: &Members) -> Result<Option<LicenseId>, Error> {
    Ok(members.integer("license_id")?.map(LicenseId))
}

fn key_of(text: String) -> Result<LicenseKey, Error> {
    // What cannot be a key is the key of no license.
    LicenseKey::new(text).map_err(|_| Code::LicenseNotFound.into())
}

fn user_of(text: &str) -> Result<UserEmail, Error> {
    UserEmail::new(text.to_lowercase()).map_err(|_| Code::LicenseNotFound.into())
}

/// A text that breaks a rule of its kind.
#[expect(clippy::needless_pass_by_value, reason = "it is the shape that map_err wants")]
fn unfit(error: TextError) -> Error {
    Error::told(Code::ValidationError, format!("{error}."))
}
