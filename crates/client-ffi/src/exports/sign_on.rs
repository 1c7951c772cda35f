//! People who log in at a provider: where they do, and what came back.
#![expect(unsafe_code, reason = "as for the other calls of the interface")]

use std::ffi::c_char;

use countersign_client::license::{ActivatedBy, SsoAnswer};
use countersign_crypto::secret::Secret;

use crate::client::{Client, run};
use crate::failure::Failure;
use crate::pointers::{client, optional_text, place, text};

/// `csl_sign_on_url`.
///
/// # Safety
/// The handle is NULL or from [`csl_new`](super::csl_new); texts are NULL or end with NUL; the place is NULL or can be written to.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_sign_on_url(
    handle: *const Client,
    account: *const c_char,
    answer: i32,
    redirect_uri: *const c_char,
    url: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, account, url) = unsafe { (client(handle), text(account, "account"), place(url)) };
    // SAFETY: as the caller promises.
    let redirect_uri = unsafe { optional_text(redirect_uri, "redirect_uri") };
    run(handle, |client| {
        let answer = match answer {
            ID_TOKEN => SsoAnswer::IdToken,
            CODE => SsoAnswer::Code,
            _ => return Err(Failure::argument("answer is neither CSL_SIGN_ON_ID_TOKEN nor CSL_SIGN_ON_CODE")),
        };
        url.needed("url")?.put(&client.opened()?.sso_url(account?, answer, redirect_uri?)?);
        Ok(())
    })
}

/// `csl_activate_id_token`.
///
/// # Safety
/// As for [`csl_sign_on_url`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_activate_id_token(
    handle: *const Client,
    account: *const c_char,
    id_token: *const c_char,
    license: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, license) = unsafe { (client(handle), place(license)) };
    // SAFETY: as the caller promises.
    let (account, id_token) = unsafe { (text(account, "account"), text(id_token, "id_token")) };
    run(handle, |client| {
        let (account, id_token) = (account?.to_owned(), Secret::new(id_token?.to_owned()));
        super::activate(client, ActivatedBy::IdToken { account, id_token }, license)
    })
}

/// `csl_activate_code`.
///
/// # Safety
/// As for [`csl_sign_on_url`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_activate_code(
    handle: *const Client,
    account: *const c_char,
    code: *const c_char,
    redirect_uri: *const c_char,
    license: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, account, license) = unsafe { (client(handle), text(account, "account"), place(license)) };
    // SAFETY: as the caller promises.
    let (code, redirect_uri) = unsafe { (text(code, "code"), optional_text(redirect_uri, "redirect_uri")) };
    run(handle, |client| {
        let (account, code) = (account?.to_owned(), Secret::new(code?.to_owned()));
        let redirect_uri = redirect_uri?.map(str::to_owned);
        super::activate(client, ActivatedBy::Code { account, code, redirect_uri }, license)
    })
}

/// `CSL_SIGN_ON_ID_TOKEN`.
pub(super) const ID_TOKEN: i32 = 0;
/// `CSL_SIGN_ON_CODE`.
pub(super) const CODE: i32 = 1;
