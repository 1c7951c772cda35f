//! Folders that cannot be written: what could not be kept is not asked for, because the server would count it.

use std::{fs, path::PathBuf};

use countersign_client::license::{LicenseClient, LicenseError};
use serde_json::json;

use super::support::{Shop, activation, license};
use crate::support::{names_in, step};

/// Whether everything that would be kept ends with an error of the disk.
fn refuses_to_ask(client: &LicenseClient) -> bool {
    let outcomes = [
        client.activate(&activation()).map(drop),
        client.activate_bundle(&activation()).map(drop),
        client.check().map(drop),
        client.borrow_seat(None).map(drop),
        client.borrow_feature_seat("pdf", None).map(drop),
    ];
    outcomes.iter().all(|outcome| matches!(outcome, Err(LicenseError::Io { .. })))
}

#[test]
fn nothing_is_activated_where_it_cannot_be_kept() {
    let shop = Shop::new(Vec::new());
    fs::write(shop.folder.path().join("file"), "").unwrap();
    for folder in ["missing/inside", "file", "file/inside"] {
        let client = shop.kept_in(&shop.folder.path().join(folder));
        for outcome in [client.activate(&activation()).map(drop), client.activate_bundle(&activation()).map(drop)] {
            assert!(matches!(outcome, Err(LicenseError::Io { .. })), "{folder}: {outcome:?}");
        }
    }
    assert_eq!(names_in(shop.folder.path()), ["file"]);
    shop.finish();
}

#[test]
fn nothing_is_asked_once_the_folder_takes_no_file() {
    let shop = Shop::activated(vec![step("GET /api/v4/check_license?", license(&json!({})))]);
    let sealed = names_in(shop.folder.path()).into_iter().find(|name| name.ends_with(".sealed")).unwrap();
    // As good as a folder that may not be written: what is being written has no place.
    let blocked: PathBuf = shop.folder.path().join(sealed).with_extension("new");
    fs::create_dir_all(blocked.join("full")).unwrap();
    assert!(refuses_to_ask(&shop.client));
    fs::remove_dir_all(&blocked).unwrap();
    shop.client.check().unwrap();
    assert!(!blocked.exists());
    shop.finish();
}

#[cfg(unix)]
#[test]
fn nothing_is_asked_while_the_folder_may_only_be_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let shop = Shop::activated(Vec::new());
    let mode = |mode| fs::set_permissions(shop.folder.path(), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o500);
    // Whoever may do everything is not stopped by this.
    let is_stopped = fs::write(shop.folder.path().join("probe"), "").is_err();
    assert!(!is_stopped || refuses_to_ask(&shop.client));
    mode(0o700);
    shop.finish();
}

#[test]
fn a_folder_is_made_for_its_owner_alone() {
    let shop = Shop::new(vec![step("POST /api/v4/activate_license ", license(&json!({})))]);
    let folder = shop.folder.path().join("pump");
    let client = shop.kept_in(&folder);
    client.activate(&activation()).unwrap();
    assert!(client.state().unwrap().may_run());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    }
    assert!(names_in(&folder).iter().all(|name| !name.ends_with(".new")));
    shop.finish();
}
