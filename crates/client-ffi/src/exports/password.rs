//! Passwords of license users.
#![expect(unsafe_code, reason = "as for the other calls of the interface")]

use std::ffi::c_char;

use countersign_crypto::secret::Secret;

use crate::client::{Client, run};
use crate::pointers::{client, text};

/// `csl_change_password`.
///
/// # Safety
/// The handle is NULL or from [`csl_new`](super::csl_new); texts are NULL or end with NUL.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_change_password(
    handle: *const Client,
    user: *const c_char,
    password: *const c_char,
    new_password: *const c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, user) = unsafe { (client(handle), text(user, "user")) };
    // SAFETY: as the caller promises.
    let (password, new_password) = unsafe { (text(password, "password"), text(new_password, "new_password")) };
    run(handle, |client| {
        let (old, new) = (Secret::new(password?.to_owned()), Secret::new(new_password?.to_owned()));
        Ok(client.opened()?.change_password(user?, &old, &new)?)
    })
}
