//! The calls as a C program makes them, as far as no server is needed; and the numbers of the header.

use std::ffi::{CStr, CString};

use countersign_client::license::{GraceReason, Timestamp};
use countersign_crypto::encoding::base64_decode;
use serde_json::{Value, json};

use super::bundles::csl_bundle_licenses;
use super::kept::{csl_hardware_id, csl_license};
use super::offline::csl_offline_request;
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
        assert_eq!(csl_state(client, &raw mut standing, ptr::null_mut(), ptr::null_mut()), Status::NotOpen as i32);
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
    let folder = tempfile::tempdir().unwrap();
    // SAFETY: the handle lives until the end, texts outlive their calls, and places are variables.
    unsafe {
        let client = opened(folder.path(), &[]);
        assert_eq!(csl_open(client), Status::NotOpen as i32);
        assert_eq!(csl_set(client, c"product".as_ptr(), c"other".as_ptr()), Status::NotOpen as i32);
        let (mut standing, mut until, mut reason) = (-1, ptr::null_mut(), ptr::dangling_mut());
        let status = csl_check_or_grace(client, &raw mut standing, &raw mut until, &raw mut reason);
        assert_eq!(status, 0, "{}", message(client));
        assert_eq!(standing, 12);
        assert!(until.is_null() && reason.is_null());
        assert_eq!(csl_check(client, ptr::null_mut()), Status::NotActivated as i32);
        csl_free(client);
    }
}

#[test]
fn what_needs_no_server_is_told_without_one() {
    let folder = tempfile::tempdir().unwrap();
    // SAFETY: the handle lives until the end, and places are variables.
    unsafe {
        let client = opened(folder.path(), &[]);
        let mut answer = ptr::null_mut();
        assert_eq!(csl_hardware_id(client, &raw mut answer), 0, "{}", message(client));
        assert_eq!(taken(answer), "HW-1");
        assert_eq!(csl_hardware_id(client, ptr::null_mut()), Status::InvalidArgument as i32);
        assert_eq!(csl_license(client, &raw mut answer), Status::NotActivated as i32);
        assert!(answer.is_null());
        assert_eq!(csl_bundle_licenses(client, &raw mut answer), Status::NotActivated as i32);
        csl_free(client);
    }
}

#[test]
fn a_request_tells_what_was_set_of_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let of_machine = [(c"is_vm", c"true"), (c"vm_info", c"kvm"), (c"app_version", c"2.1"), (c"hostname", c"press-7")];
    // SAFETY: the handle lives until the end, texts outlive their calls, and places are variables.
    let request = unsafe {
        let client = opened(folder.path(), &of_machine);
        let mut request = ptr::null_mut();
        assert_eq!(csl_offline_request(client, c"KEY-1".as_ptr(), &raw mut request), 0, "{}", message(client));
        csl_free(client);
        taken(request)
    };
    let decoded = base64_decode(request.trim()).unwrap();
    let file: Value = serde_json::from_slice(&decoded).unwrap();
    let told = ["is_vm", "vm_info", "app_ver", "hostname"].map(|name| file["request"][name].clone());
    assert_eq!(told, [json!(true), json!("kvm"), json!("2.1"), json!("press-7")]);
    assert_eq!(file["request"]["os_ver"], Value::Null);
}

#[test]
fn the_reasons_of_a_standing_are_told_apart() {
    let until = Timestamp::from_millis(0);
    let grace = |why| LicenseState::Grace { until, why };
    let refused = LicenseState::Refused { code: "vm_not_allowed".to_owned() };
    assert_eq!(told::reason(&grace(GraceReason::ServerAway)), Some("server_away"));
    assert_eq!(told::reason(&grace(GraceReason::PaymentDue)), Some("payment_due"));
    assert_eq!(told::reason(&refused), Some("vm_not_allowed"));
    assert_eq!(told::reason(&LicenseState::Disabled), None);
    for (name, word) in [("CSL_SERVER_AWAY", told::SERVER_AWAY), ("CSL_PAYMENT_DUE", told::PAYMENT_DUE)] {
        let line = format!("#define {name} \"{word}\" ");
        assert!(HEADER.lines().any(|found| found.starts_with(&line)), "`{line}` is not in the header");
    }
}

#[test]
fn every_function_of_the_library_is_in_the_header() {
    let sources = [
        include_str!("../exports.rs"),
        include_str!("air_gap.rs"),
        include_str!("bundles.rs"),
        include_str!("kept.rs"),
        include_str!("offline.rs"),
        include_str!("password.rs"),
        include_str!("seats.rs"),
        include_str!("sign_on.rs"),
    ];
    let named = sources.iter().flat_map(|source| source.lines()).filter_map(|line| {
        let (_, rest) = line.split_once("extern \"C\" fn ")?;
        rest.split('(').next()
    });
    let named: Vec<_> = named.collect();
    assert!(named.len() > 30, "{named:?}");
    for name in named {
        assert!(HEADER.contains(&format!("{name}(")), "`{name}` is not in the header");
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
                let name = CString::new(format!("setting {number}")).unwrap();
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

/// A client that asks where nobody listens, on the port of `discard`; and what else is set.
unsafe fn opened(folder: &std::path::Path, more: &[(&CStr, &CStr)]) -> *mut Client {
    let folder = CString::new(folder.to_str().unwrap()).unwrap();
    let key = CString::new(RSA_KEY).unwrap();
    let usual: [(&CStr, &CStr); 7] = [
        (c"base_url", c"http://127.0.0.1:9"),
        (c"product", c"pump"),
        (c"folder", &folder),
        (c"api_key", c"key"),
        (c"shared_key", c"secret"),
        (c"hardware_id", c"HW-1"),
        (c"answer_key", &key),
    ];
    let client = csl_new();
    // SAFETY: the handle is new, and texts outlive their calls.
    unsafe {
        for (name, value) in usual.iter().chain(more) {
            assert_eq!(csl_set(client, name.as_ptr(), value.as_ptr()), 0, "{name:?}: {}", message(client));
        }
        assert_eq!(csl_open(client), 0, "{}", message(client));
    }
    client
}

/// A text that came out of the library, and is given back.
unsafe fn taken(given: *mut c_char) -> String {
    // SAFETY: the caller gives a text that lives.
    unsafe {
        let text = CStr::from_ptr(given).to_str().unwrap().to_owned();
        csl_text_free(given);
        text
    }
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
