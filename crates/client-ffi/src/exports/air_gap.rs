//! Across an air gap: codes that people type.
#![expect(unsafe_code, reason = "as for the other calls of the interface")]

use std::ffi::c_char;

use countersign_crypto::secret::Secret;

use crate::client::{Client, run};
use crate::pointers::{client, place, text};
use crate::told;

/// `csl_air_gap_code`.
///
/// # Safety
/// The handle is NULL or from [`csl_new`](super::csl_new); texts are NULL or end with NUL; the place is NULL or can be written to.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_air_gap_code(
    handle: *const Client,
    key: *const c_char,
    initialization: *const c_char,
    code: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, key, code) = unsafe { (client(handle), text(key, "key"), place(code)) };
    // SAFETY: as the caller promises.
    let initialization = unsafe { text(initialization, "initialization") };
    run(handle, |client| {
        let initialization = Secret::new(initialization?.to_owned());
        code.needed("code")?.put(&client.opened()?.air_gap_activation_code(key?, &initialization)?);
        Ok(())
    })
}

/// `csl_air_gap_activate`.
///
/// # Safety
/// As for [`csl_air_gap_code`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_air_gap_activate(
    handle: *const Client,
    key: *const c_char,
    confirmation: *const c_char,
    policy: *const c_char,
    license: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, key, license) = unsafe { (client(handle), text(key, "key"), place(license)) };
    // SAFETY: as the caller promises.
    let (confirmation, policy) = unsafe { (text(confirmation, "confirmation"), text(policy, "policy")) };
    run(handle, |client| {
        license.put(&told::license(client.opened()?.activate_air_gap(key?, confirmation?, policy?)?));
        Ok(())
    })
}

/// `csl_air_gap_deactivate`.
///
/// # Safety
/// As for [`csl_air_gap_code`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_air_gap_deactivate(
    handle: *const Client,
    initialization: *const c_char,
    code: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, code) = unsafe { (client(handle), place(code)) };
    // SAFETY: as the caller promises.
    let initialization = unsafe { text(initialization, "initialization") };
    run(handle, |client| {
        let initialization = Secret::new(initialization?.to_owned());
        // Before the license is forgotten: the code is all that is left of it.
        let code = code.needed("code")?;
        code.put(&client.opened()?.air_gap_deactivation_code(&initialization)?);
        Ok(())
    })
}
