//! What comes and goes over the C interface as pointers: texts, handles, and places for answers. The only file that follows one.
#![expect(unsafe_code, reason = "texts and handles of a C interface are pointers")]

use std::ffi::{CStr, CString, c_char};
use std::ptr;

use crate::client::Client;
use crate::failure::Failure;

/// The longest text that is taken, in bytes: more than any key, and than any file of a license.
const MAX_TEXT_BYTES: usize = 1024 * 1024;

/// `CSL_UNKNOWN`.
const UNKNOWN: i32 = -1;

/// Where an answer goes; nowhere, when the caller gave NULL.
pub(crate) struct Place(*mut *mut c_char);

/// A text that the caller must give: UTF-8, ended by NUL.
///
/// # Errors
/// [`Status::InvalidArgument`](crate::failure::Status::InvalidArgument) when it is NULL, too long, or not UTF-8.
///
/// # Safety
/// `text` is NULL, or points to bytes that end with NUL and stay as they are until the borrow ends.
pub(crate) unsafe fn text<'a>(text: *const c_char, name: &str) -> Result<&'a str, Failure> {
    // SAFETY: what the caller promises is what is asked for here.
    let found = unsafe { optional_text(text, name) }?;
    found.ok_or_else(|| Failure::argument(format!("{name} is NULL")))
}

/// A text that the caller may give.
///
/// # Errors
/// [`Status::InvalidArgument`](crate::failure::Status::InvalidArgument) when it is too long, or not UTF-8.
///
/// # Safety
/// As for [`text`].
pub(crate) unsafe fn optional_text<'a>(text: *const c_char, name: &str) -> Result<Option<&'a str>, Failure> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: it is not NULL, and the caller promises that NUL ends it and that nobody changes it.
    let text = unsafe { CStr::from_ptr(text) };
    if text.count_bytes() > MAX_TEXT_BYTES {
        return Err(Failure::argument(format!("{name} has more than {MAX_TEXT_BYTES} bytes")));
    }
    text.to_str().map(Some).map_err(|_| Failure::argument(format!("{name} is not UTF-8")))
}

/// The client behind a handle; nothing for NULL.
///
/// # Safety
/// `client` is NULL, or came from [`give_client`] and is not freed before the borrow ends.
pub(crate) unsafe fn client<'a>(client: *const Client) -> Option<&'a Client> {
    // SAFETY: the caller promises that a client lives there. It is only shared: whatever changes in it is behind locks.
    unsafe { client.as_ref() }
}

/// Hands a client out. It lives until [`take_client`].
pub(crate) fn give_client(client: Client) -> *mut Client {
    Box::into_raw(Box::new(client))
}

/// Takes a client back.
///
/// # Safety
/// `client` is NULL, or came from [`give_client`], was not taken back, and nobody uses it any more.
pub(crate) unsafe fn take_client(client: *mut Client) -> Option<Box<Client>> {
    // SAFETY: it came out of a box of this type, and the caller gives up the only pointer to it.
    (!client.is_null()).then(|| unsafe { Box::from_raw(client) })
}

/// The place for an answer. NULL is there from now on, until there is one.
///
/// # Safety
/// `place` is NULL, or can be written to until the place is dropped, and nobody else does.
pub(crate) unsafe fn place(place: *mut *mut c_char) -> Place {
    if !place.is_null() {
        // SAFETY: it is not NULL, and the caller promises that it can be written to.
        unsafe { place.write(ptr::null_mut()) };
    }
    Place(place)
}

/// The place for a number; nowhere, when the caller gave NULL.
pub(crate) struct NumberPlace(*mut i32);

/// The place for a standing. It says that nothing is known from now on, until there is one: zero would be a valid license.
///
/// # Safety
/// `place` is NULL, or can be written to until the place is dropped, and nobody else does.
pub(crate) unsafe fn number(place: *mut i32) -> NumberPlace {
    let place = NumberPlace(place);
    place.put(UNKNOWN);
    place
}

impl NumberPlace {
    /// Puts a number there.
    pub(crate) fn put(&self, number: i32) {
        if !self.0.is_null() {
            // SAFETY: the caller of `number` has promised it.
            unsafe { self.0.write(number) };
        }
    }
}

impl Place {
    /// A place that the caller must give.
    ///
    /// # Errors
    /// [`Status::InvalidArgument`](crate::failure::Status::InvalidArgument) when it is NULL.
    pub(crate) fn needed(self, name: &str) -> Result<Self, Failure> {
        if self.0.is_null() { Err(Failure::argument(format!("{name} is NULL"))) } else { Ok(self) }
    }

    /// Puts an answer there. It belongs to the caller from now on, who frees it with [`take_text`].
    pub(crate) fn put(self, text: &str) {
        if !self.0.is_null() {
            // SAFETY: the caller of `place` has promised it.
            unsafe { self.0.write(give_text(text)) };
        }
    }
}

/// Hands a text out, without the NULs that it may have. It lives until [`take_text`].
pub(crate) fn give_text(text: &str) -> *mut c_char {
    let bytes: Vec<u8> = text.bytes().filter(|byte| *byte != 0).collect();
    CString::new(bytes).unwrap_or_default().into_raw()
}

/// Takes a text back.
///
/// # Safety
/// `text` is NULL, or came from [`give_text`] or [`Place::put`] and was not taken back.
pub(crate) unsafe fn take_text(text: *mut c_char) {
    if !text.is_null() {
        // SAFETY: it came out of a `CString`, and the caller gives up the only pointer to it.
        drop(unsafe { CString::from_raw(text) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Status;

    #[test]
    fn texts_are_read_and_bad_ones_refused() {
        // SAFETY: literals live for ever, and end with NUL.
        unsafe {
            assert_eq!(text(c"key".as_ptr(), "key"), Ok("key"));
            assert_eq!(optional_text(ptr::null(), "key"), Ok(None));
            for bad in [ptr::null(), c"\xff".as_ptr()] {
                assert_eq!(text(bad, "key").map_err(|failure| failure.status), Err(Status::InvalidArgument));
            }
            let long = CString::new(vec![b'a'; MAX_TEXT_BYTES + 1]).unwrap();
            assert!(text(long.as_ptr(), "key").is_err());
        }
    }

    #[test]
    fn answers_go_out_and_come_back() {
        let mut answer = ptr::dangling_mut();
        // SAFETY: the place is a variable that lives longer, and what was put there is taken back once.
        unsafe {
            let _ = place(&raw mut answer);
            assert!(answer.is_null());
            place(&raw mut answer).put("a\0b");
            assert_eq!(CStr::from_ptr(answer), c"ab");
            take_text(answer);
            place(ptr::null_mut()).put("nobody wants it");
            take_text(ptr::null_mut());
            assert!(take_client(ptr::null_mut()).is_none() && client(ptr::null()).is_none());
        }
    }
}
