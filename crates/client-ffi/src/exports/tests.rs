//! The calls as a C program makes them, as far as no server is needed; and the numbers of the header.

use std::ffi::CStr;

use super::*;
use crate::failure::Status;

const HEADER: &str = include_str!("../../include/countersign_license.h");

#[test]
fn the_header_has_the_numbers_of_the_library() {
    let numbers = [
        ("CSL_OK", Status::Ok),
        ("CSL_INVALID_ARGUMENT", Status::InvalidArgument),
        ("CSL_NOT_OPEN", Status::NotOpen),
        ("CSL_REFUSED", Status::Refused),
        ("CSL_UNAVAILABLE", Status::Unavailable),
        ("CSL_NOT_TRUSTED", Status::NotTrusted),
        ("CSL_NOT_ACTIVATED", Status::NotActivated),
        ("CSL_STORAGE", Status::Storage),
        ("CSL_FAULT", Status::Fault),
    ];
    for (name, status) in numbers {
        let line = format!(" {name} = {}", status as i32);
        assert!(HEADER.lines().any(|found| found.contains(&line)), "`{line}` is not in the header");
    }
    let standings = [
        ("CSL_DISABLED", LicenseState::Disabled),
        ("CSL_NOT_ACTIVE", LicenseState::NotActive),
        ("CSL_TURNED_AWAY", LicenseState::Refused { code: "other".to_owned() }),
        ("CSL_NO_SEAT", LicenseState::NoSeat),
        ("CSL_WRONG_MACHINE", LicenseState::WrongMachine),
        ("CSL_ALTERED", LicenseState::CacheAltered),
        ("CSL_NEVER_ACTIVATED", LicenseState::NeverActivated),
        ("CSL_VALID", LicenseState::Valid { until: None }),
        ("CSL_EXPIRED", LicenseState::Expired { at: None }),
    ];
    for (name, number) in [("CSL_SIGN_ON_ID_TOKEN", sign_on::ID_TOKEN), ("CSL_SIGN_ON_CODE", sign_on::CODE)] {
        let line = format!(" {name} = {number}");
        assert!(HEADER.lines().any(|found| found.contains(&line)), "`{line}` is not in the header");
    }
    for (name, state) in standings {
        let line = format!(" {name} = {}", told::standing(&state).0);
        assert!(HEADER.lines().any(|found| found.contains(&line)), "`{line}` is not in the header");
    }
}

#[test]
fn a_client_that_is_not_open_says_so_and_bad_arguments_are_named() {
    let client = csl_new();
    // SAFETY: the handle lives until the end, texts are literals, and places are variables.
    unsafe {
        let mut license = ptr::null_mut();
        assert_eq!(csl_check(client, &raw mut license), Status::NotOpen as i32);
        assert!(license.is_null());
        // Zero would be a valid license.
        let mut standing = 0;
        assert_eq!(csl_state(client, &raw mut standing, ptr::null_mut()), Status::NotOpen as i32);
        assert_eq!(standing, -1);
        assert_eq!(csl_activate_key(client, ptr::null(), ptr::null_mut()), Status::InvalidArgument as i32);
        assert_eq!(message(client), "key is NULL");
        assert_eq!(csl_set(client, c"product".as_ptr(), c"\xff".as_ptr()), Status::InvalidArgument as i32);
        assert_eq!(message(client), "value is not UTF-8");
        assert!(csl_code(client).is_null());
        assert_eq!(csl_check(ptr::null(), ptr::null_mut()), Status::InvalidArgument as i32);
        assert!(csl_message(ptr::null()).is_null());
        csl_free(client);
        csl_free(ptr::null_mut());
    }
}

#[test]
fn a_client_without_a_license_knows_it_and_a_server_that_is_away_is_told() {
    let (client, folder) = (csl_new(), tempfile::tempdir().unwrap());
    let folder = std::ffi::CString::new(folder.path().to_str().unwrap()).unwrap();
    let key = std::ffi::CString::new(RSA_KEY).unwrap();
    // SAFETY: the handle lives until the end, texts outlive their calls, and places are variables.
    unsafe {
        for (name, value) in [
            // Nobody listens on the port of `discard`.
            (c"base_url", c"http://127.0.0.1:9"),
            (c"product", c"pump"),
            (c"folder", folder.as_c_str()),
            (c"api_key", c"key"),
            (c"shared_key", c"secret"),
            (c"hardware_id", c"HW-1"),
            (c"answer_key", key.as_c_str()),
        ] {
            assert_eq!(csl_set(client, name.as_ptr(), value.as_ptr()), 0, "{name:?}: {}", message(client));
        }
        assert_eq!(csl_open(client), 0, "{}", message(client));
        assert_eq!(csl_open(client), Status::NotOpen as i32);
        assert_eq!(csl_set(client, c"product".as_ptr(), c"other".as_ptr()), Status::NotOpen as i32);
        let (mut standing, mut until) = (-1, ptr::null_mut());
        assert_eq!(csl_check_or_grace(client, &raw mut standing, &raw mut until), 0, "{}", message(client));
        assert_eq!(standing, 12);
        assert!(until.is_null());
        assert_eq!(csl_check(client, ptr::null_mut()), Status::NotActivated as i32);
        csl_free(client);
    }
}

#[test]
fn threads_share_a_client_and_each_hears_of_its_own_failure() {
    let client = csl_new();
    let address = client.expose_provenance();
    std::thread::scope(|scope| {
        for number in 0..8 {
            scope.spawn(move || {
                let client: *const Client = ptr::with_exposed_provenance(address);
                let name = std::ffi::CString::new(format!("setting {number}")).unwrap();
                for _ in 0..100 {
                    // SAFETY: the handle lives until the threads have ended, and texts outlive their calls.
                    unsafe {
                        assert_eq!(csl_set(client, name.as_ptr(), c"".as_ptr()), Status::InvalidArgument as i32);
                        assert_eq!(message(client), format!("there is no setting `setting {number}`"));
                    }
                }
            });
        }
    });
    // SAFETY: nobody uses it any more.
    unsafe { csl_free(client) };
}

#[test]
fn the_version_is_the_one_of_the_crate() {
    // SAFETY: it ends with NUL and lives for ever.
    assert_eq!(unsafe { CStr::from_ptr(csl_version()) }.to_str(), Ok(env!("CARGO_PKG_VERSION")));
}

/// What the last failure says.
unsafe fn message(client: *const Client) -> String {
    // SAFETY: the caller gives a client that lives.
    unsafe {
        let given = csl_message(client);
        let text = if given.is_null() { String::new() } else { CStr::from_ptr(given).to_str().unwrap().to_owned() };
        csl_text_free(given);
        text
    }
}

/// A public key (2048 bits) whose private half nobody has.
const RSA_KEY: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu4YRkqt+q411aMBHbNc9la0WG2htm3re2r2dxwW3q3tQDJ6+Y1oVVIpC\
    JOiG4uiNGsZDhLtDXslsePiqFtLR5qSIUmIHWNmv49naiNjXivDDNphWl7pSJcNEmMl0okJLZKNErmYe26o6maI4ZFJJYoZz85Zs\
    sB5+ooJb0GZe4I7GeEwmo7/Kg6dmNYkKDujlT0TsMwHtPOKtKumPPkZEJqdLd31IcWRMqU4E5faKp+5GzYCQf72L9VqEu6pGXTx6\
    h4SqXeeiZJzFj3weA7qFljujiQXXsGqCTAZ/U29gKX6HMidGESe0/eIkiXHqQ4gk1VUj7037XlMm/cxyyiqa/wIDAQAB";
