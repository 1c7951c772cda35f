//! Seats: of the license, or of the feature that is named.
#![expect(unsafe_code, reason = "as for the other calls of the interface")]

use std::ffi::c_char;

use countersign_client::license::{LicenseClient, Timestamp};

use crate::client::{Client, run};
use crate::failure::Failure;
use crate::pointers::{Place, client, optional_text, place};
use crate::told;

/// `csl_seat_take`.
///
/// # Safety
/// The handle is NULL or from [`csl_new`](super::csl_new); the text is NULL or ends with NUL; the place is NULL or can be written to.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_seat_take(
    handle: *const Client,
    feature: *const c_char,
    seat: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, feature, seat) = unsafe { (client(handle), optional_text(feature, "feature"), place(seat)) };
    run(handle, |client| hold(client, feature?, seat))
}

/// `csl_seat_heartbeat`.
///
/// # Safety
/// As for [`csl_seat_take`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_seat_heartbeat(
    handle: *const Client,
    feature: *const c_char,
    seat: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, feature, seat) = unsafe { (client(handle), optional_text(feature, "feature"), place(seat)) };
    run(handle, |client| hold(client, feature?, seat))
}

/// `csl_seat_borrow`.
///
/// # Safety
/// As for [`csl_seat_take`]; the other text as well.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_seat_borrow(
    handle: *const Client,
    feature: *const c_char,
    until: *const c_char,
    granted: *mut *mut c_char,
) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, granted) = unsafe { (client(handle), place(granted)) };
    // SAFETY: as the caller promises.
    let (feature, until) = unsafe { (optional_text(feature, "feature"), optional_text(until, "until")) };
    run(handle, |client| {
        let no_time = || Failure::argument("until is no time such as 2031-05-06T00:00:00Z");
        let until = until?.map(|until| Timestamp::parse_iso(until).ok_or_else(no_time)).transpose()?;
        let client = client.opened()?;
        let borrowed = match feature? {
            Some(code) => client.borrow_feature_seat(code, until)?,
            None => client.borrow_seat(until)?,
        };
        granted.put(&told::time(borrowed));
        Ok(())
    })
}

/// `csl_seat_release`.
///
/// # Safety
/// The handle is NULL or from [`csl_new`](super::csl_new); the text is NULL or ends with NUL.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_seat_release(handle: *const Client, feature: *const c_char) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, feature) = unsafe { (client(handle), optional_text(feature, "feature")) };
    run(handle, |client| release(client.opened()?, feature?))
}

/// `csl_seat_leave`.
///
/// # Safety
/// As for [`csl_seat_release`].
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csl_seat_leave(handle: *const Client, feature: *const c_char) -> i32 {
    // SAFETY: as the caller promises.
    let (handle, feature) = unsafe { (client(handle), optional_text(feature, "feature")) };
    run(handle, |client| release(client.hasty()?, feature?))
}

/// Takes a seat or keeps it: the server makes no difference.
fn hold(client: &Client, feature: Option<&str>, seat: Place) -> Result<(), Failure> {
    seat.put(&told::seats(client.opened()?.hold_seat(feature)?).to_string());
    Ok(())
}

fn release(client: &LicenseClient, feature: Option<&str>) -> Result<(), Failure> {
    match feature {
        Some(code) => client.release_feature_seat(code)?,
        None => client.release_seat()?,
    }
    Ok(())
}
