//! What needs no server: the license as it is kept, and what the machine is called.
#![expect(unsafe_code, reason = "as for the other calls of the interface")]

use std::ffi::c_char;

use crate::client::{Client, run};
use crate::failure::{Failure, Status};
use crate::pointers::{client, place};
use crate::told;

/// `csl_license`.
///
/// # Safety
/// The handle is NULL or from [`csl_new`](super::csl_new); the place is NULL or can be written to.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_license(handle: *const Client, license: *mut *mut c_char) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, license) = unsafe { (client(handle), place(license)) };
    run(handle, |client| {
        let none = || Failure::new(Status::NotActivated, "no license is active on this machine");
        license.put(&told::license(client.opened()?.license()?.ok_or_else(none)?));
        Ok(())
    })
}

/// `csl_hardware_id`.
///
/// # Safety
/// As for [`csl_license`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_hardware_id(handle: *const Client, hardware_id: *mut *mut c_char) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, hardware_id) = unsafe { (client(handle), place(hardware_id)) };
    run(handle, |client| {
        hardware_id.needed("hardware_id")?.put(client.opened()?.hardware_id());
        Ok(())
    })
}
