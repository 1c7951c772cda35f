//! One function for each line of the header, which says what it does and what its caller promises. All of them catch panics.
#![expect(
    unsafe_code,
    reason = "a C interface has names that nothing else may have, and pointers that callers vouch for"
)]

mod air_gap;
mod bundles;
mod kept;
mod offline;
mod password;
mod seats;
mod sign_on;

use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use countersign_client::license::{ActivatedBy, Consumption, LicenseState};
use countersign_crypto::secret::Secret;

use crate::client::{Client, run};
use crate::failure::Failure;
use crate::pointers::{self, NumberPlace, Place, client, optional_text, place, text};
use crate::told;

/// `csl_new`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn csl_new() -> *mut Client {
    catch_unwind(|| pointers::give_client(Client::default())).unwrap_or(ptr::null_mut())
}

/// `csl_free`.
///
/// # Safety
/// The handle is NULL, or from [`csl_new`], freed once, and not used any more.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_free(handle: *mut Client) {
    // SAFETY: as the caller promises.
    let taken = unsafe { pointers::take_client(handle) };
    drop(catch_unwind(AssertUnwindSafe(|| drop(taken))));
}

/// `csl_text_free`.
///
/// # Safety
/// The text is NULL, or came out of this library and was not freed.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_text_free(given: *mut c_char) {
    // SAFETY: as the caller promises.
    unsafe { pointers::take_text(given) };
}

/// `csl_version`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn csl_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// `csl_message`.
///
/// # Safety
/// The handle is NULL or from [`csl_new`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_message(handle: *const Client) -> *mut c_char {
    // SAFETY: as the caller promises.
    last(unsafe { client(handle) }, |failure| Some(failure.message))
}

/// `csl_code`.
///
/// # Safety
/// The handle is NULL or from [`csl_new`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_code(handle: *const Client) -> *mut c_char {
    // SAFETY: as the caller promises.
    last(unsafe { client(handle) }, |failure| failure.code)
}

/// `csl_set`.
///
/// # Safety
/// The handle is NULL or from [`csl_new`]; texts are NULL or end with NUL.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_set(handle: *const Client, name: *const c_char, value: *const c_char) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, name, value) = unsafe { (client(handle), text(name, "name"), text(value, "value")) };
    run(handle, |client| client.set(name?, value?))
}

/// `csl_open`.
///
/// # Safety
/// The handle is NULL or from [`csl_new`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_open(handle: *const Client) -> i32 {
    // SAFETY: as the caller promises.
    run(unsafe { client(handle) }, Client::open)
}

/// `csl_activate_key`.
///
/// # Safety
/// The handle is NULL or from [`csl_new`]; texts are NULL or end with NUL; the place is NULL or can be written to.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_activate_key(
    handle: *const Client,
    key: *const c_char,
    license: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, key, license) = unsafe { (client(handle), text(key, "key"), place(license)) };
    run(handle, |client| activate(client, by_key(key?), license))
}

/// `csl_activate_user`.
///
/// # Safety
/// As for [`csl_activate_key`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_activate_user(
    handle: *const Client,
    user: *const c_char,
    password: *const c_char,
    license: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, license) = unsafe { (client(handle), place(license)) };
    // SAFETY: as the caller promises.
    let (user, password) = unsafe { (text(user, "user"), text(password, "password")) };
    run(handle, |client| activate(client, by_user(user?, password?), license))
}

/// `csl_check`.
///
/// # Safety
/// The handle is NULL or from [`csl_new`]; the place is NULL or can be written to.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_check(handle: *const Client, license: *mut *mut c_char) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, license) = unsafe { (client(handle), place(license)) };
    run(handle, |client| {
        license.put(&told::license(client.opened()?.check()?));
        Ok(())
    })
}

/// `csl_check_feature`.
///
/// # Safety
/// As for [`csl_activate_key`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_check_feature(
    handle: *const Client,
    feature: *const c_char,
    answer: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, feature, answer) = unsafe { (client(handle), text(feature, "feature"), place(answer)) };
    run(handle, |client| {
        answer.put(&told::feature(&client.opened()?.check_feature(feature?)?));
        Ok(())
    })
}

/// `csl_state`.
///
/// # Safety
/// The handle is NULL or from [`csl_new`]; the places are NULL or can be written to.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_state(
    handle: *const Client,
    standing: *mut i32,
    until: *mut *mut c_char,
    reason: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, standing) = unsafe { (client(handle), pointers::number(standing)) };
    // SAFETY: as the caller promises.
    let (until, reason) = unsafe { (place(until), place(reason)) };
    run(handle, |client| {
        tell(&client.opened()?.state()?, &standing, until, reason);
        Ok(())
    })
}

/// `csl_check_or_grace`.
///
/// # Safety
/// As for [`csl_state`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_check_or_grace(
    handle: *const Client,
    standing: *mut i32,
    until: *mut *mut c_char,
    reason: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, standing) = unsafe { (client(handle), pointers::number(standing)) };
    // SAFETY: as the caller promises.
    let (until, reason) = unsafe { (place(until), place(reason)) };
    run(handle, |client| {
        tell(&client.opened()?.check_or_grace()?, &standing, until, reason);
        Ok(())
    })
}

/// `csl_consume`.
///
/// # Safety
/// As for [`csl_activate_key`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_consume(
    handle: *const Client,
    feature: *const c_char,
    units: i64,
    once: *const c_char,
    counters: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, counters) = unsafe { (client(handle), place(counters)) };
    // SAFETY: as the caller promises.
    let (feature, once) = unsafe { (optional_text(feature, "feature"), optional_text(once, "once")) };
    run(handle, |client| {
        let (feature, idempotency_key) = (feature?.map(str::to_owned), once?.map(str::to_owned));
        let counted = client.opened()?.consume(&Consumption { units, feature, idempotency_key })?;
        counters.put(&told::units(&counted).to_string());
        Ok(())
    })
}

/// `csl_deactivate`.
///
/// # Safety
/// The handle is NULL or from [`csl_new`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_deactivate(handle: *const Client) -> i32 {
    // SAFETY: as the caller promises.
    run(unsafe { client(handle) }, |client| Ok(client.opened()?.deactivate()?))
}

fn activate(client: &Client, by: ActivatedBy, license: Place) -> Result<(), Failure> {
    let activation = client.activation(by)?;
    license.put(&told::license(client.opened()?.activate(&activation)?));
    Ok(())
}

fn by_key(key: &str) -> ActivatedBy {
    ActivatedBy::Key(Secret::new(key.to_owned()))
}

fn by_user(email: &str, password: &str) -> ActivatedBy {
    ActivatedBy::User { email: email.to_owned(), password: Secret::new(password.to_owned()) }
}

fn tell(state: &LicenseState, standing: &NumberPlace, until: Place, reason: Place) {
    let (number, time) = told::standing(state);
    standing.put(number);
    if let Some(time) = time {
        until.put(&told::time(time));
    }
    if let Some(word) = told::reason(state) {
        reason.put(word);
    }
}

/// Something of this thread's last failure, as a text of the caller's; NULL when there is nothing.
fn last(client: Option<&Client>, choose: impl FnOnce(Failure) -> Option<String>) -> *mut c_char {
    let find = || client.and_then(Client::last_failure).and_then(choose);
    let found = catch_unwind(AssertUnwindSafe(find)).unwrap_or(None);
    found.map_or(ptr::null_mut(), |text| pointers::give_text(&text))
}

#[cfg(test)]
mod tests;
