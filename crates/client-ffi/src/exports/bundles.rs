//! Bundles: all licenses under one key or user, with the server and without a connection.
#![expect(unsafe_code, reason = "as for the other calls of the interface")]

use std::ffi::c_char;

use super::{by_key, by_user};
use crate::client::{Client, run};
use crate::failure::{Failure, Status};
use crate::pointers::{client, place, text};
use crate::told;

/// `csl_bundle_activate_key`.
///
/// # Safety
/// The handle is NULL or from [`csl_new`](super::csl_new); the text is NULL or ends with NUL; the place is NULL or can be written to.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_bundle_activate_key(
    handle: *const Client,
    key: *const c_char,
    licenses: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, key, licenses) = unsafe { (client(handle), text(key, "key"), place(licenses)) };
    run(handle, |client| {
        let activation = client.activation(by_key(key?))?;
        licenses.put(&told::licenses(client.opened()?.activate_bundle(&activation)?));
        Ok(())
    })
}

/// `csl_bundle_activate_user`.
///
/// # Safety
/// As for [`csl_bundle_activate_key`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_bundle_activate_user(
    handle: *const Client,
    user: *const c_char,
    password: *const c_char,
    licenses: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, licenses) = unsafe { (client(handle), place(licenses)) };
    // SAFETY: as the caller promises.
    let (user, password) = unsafe { (text(user, "user"), text(password, "password")) };
    run(handle, |client| {
        let activation = client.activation(by_user(user?, password?))?;
        licenses.put(&told::licenses(client.opened()?.activate_bundle(&activation)?));
        Ok(())
    })
}

/// `csl_bundle_check`.
///
/// # Safety
/// The handle is NULL or from [`csl_new`](super::csl_new); the place is NULL or can be written to.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_bundle_check(handle: *const Client, licenses: *mut *mut c_char) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, licenses) = unsafe { (client(handle), place(licenses)) };
    run(handle, |client| {
        licenses.put(&told::licenses(client.opened()?.check_bundle()?));
        Ok(())
    })
}

/// `csl_bundle_licenses`.
///
/// # Safety
/// As for [`csl_bundle_check`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_bundle_licenses(handle: *const Client, licenses: *mut *mut c_char) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, licenses) = unsafe { (client(handle), place(licenses)) };
    run(handle, |client| {
        let kept = client.opened()?.bundle()?;
        if kept.is_empty() {
            return Err(Failure::new(Status::NotActivated, "no bundle is active on this machine"));
        }
        licenses.put(&told::licenses(kept));
        Ok(())
    })
}

/// `csl_bundle_offline_activate`.
///
/// # Safety
/// As for [`csl_bundle_activate_key`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_bundle_offline_activate(
    handle: *const Client,
    response: *const c_char,
    licenses: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, response, licenses) = unsafe { (client(handle), text(response, "response"), place(licenses)) };
    run(handle, |client| {
        licenses.put(&told::licenses(client.opened()?.read_bundle_response(response?)?));
        Ok(())
    })
}

/// `csl_bundle_deactivate`.
///
/// # Safety
/// The handle is NULL or from [`csl_new`](super::csl_new).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_bundle_deactivate(handle: *const Client) -> i32 {
    // SAFETY: as the caller promises.
    run(unsafe { client(handle) }, |client| Ok(client.opened()?.deactivate_bundle()?))
}
