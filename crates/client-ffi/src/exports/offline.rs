//! Without a connection: texts that are carried to the server, and back.
#![expect(unsafe_code, reason = "as for the other calls of the interface")]

use std::ffi::c_char;

use countersign_client::license::OfflineUnits;

use super::by_key;
use crate::client::{Client, run};
use crate::pointers::{client, place, text};
use crate::told;

/// `csl_offline_request`.
///
/// # Safety
/// The handle is NULL or from [`csl_new`](super::csl_new); the text is NULL or ends with NUL; the place is NULL or can be written to.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_offline_request(
    handle: *const Client,
    key: *const c_char,
    request: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, key, request) = unsafe { (client(handle), text(key, "key"), place(request)) };
    run(handle, |client| {
        let activation = client.activation(by_key(key?))?;
        request.needed("request")?.put(&client.opened()?.activation_request(&activation)?);
        Ok(())
    })
}

/// `csl_offline_activate`.
///
/// # Safety
/// As for [`csl_offline_request`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_offline_activate(
    handle: *const Client,
    response: *const c_char,
    license: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, response, license) = unsafe { (client(handle), text(response, "response"), place(license)) };
    run(handle, |client| {
        license.put(&told::license(client.opened()?.read_response(response?)?));
        Ok(())
    })
}

/// `csl_offline_refresh`.
///
/// # Safety
/// As for [`csl_offline_request`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_offline_refresh(
    handle: *const Client,
    refresh: *const c_char,
    license: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, refresh, license) = unsafe { (client(handle), text(refresh, "refresh"), place(license)) };
    run(handle, |client| {
        license.put(&told::license(client.opened()?.read_refresh(refresh?)?));
        Ok(())
    })
}

/// `csl_offline_deactivate`.
///
/// # Safety
/// The handle is NULL or from [`csl_new`](super::csl_new); the place is NULL or can be written to.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_offline_deactivate(handle: *const Client, request: *mut *mut c_char) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, request) = unsafe { (client(handle), place(request)) };
    run(handle, |client| {
        // Before the license is forgotten: the text is all that is left of it.
        let request = request.needed("request")?;
        request.put(&client.opened()?.deactivation_request(&OfflineUnits::default())?);
        Ok(())
    })
}
