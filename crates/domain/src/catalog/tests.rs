//! The rules of the catalog as tables.

use super::index::Catalog;
use super::matching::{self, ManifestRefusal, UnknownPackage};
use super::package::{Package, Product};
use super::release::{NewUpdate, ReleaseFault, check_files, check_package_id};
use super::update::{EntitlementCheck, LanguageText, ReleaseTo, Update, UpdateStatus};
use crate::device::{DeviceClass, Language, UpdateQuestion};
use crate::file_name::PlainFileName;
use crate::ids::{PackageRow, ProductId, UpdateRow};
use crate::licensing::Entitlements;
use crate::text::{PackageId, Platform, ProductName, UpdateId};
use crate::time::Date;

fn package_id(id: &str) -> PackageId {
    PackageId::new(id).unwrap()
}

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn package(id: &str) -> Package {
    let product = Product { id: ProductId(1), name: ProductName::new("Pump").unwrap() };
    Package { row: PackageRow(1), id: package_id(id), product, description: String::new(), files: vec![] }
}

fn text(language: u32, title: &str) -> LanguageText {
    LanguageText { language: Language(language), title: title.to_owned(), description: String::new() }
}

fn update(id: &str, from: &[&str], to: &[(&str, &str)]) -> Update {
    Update {
        row: UpdateRow(1),
        id: UpdateId::new(id).unwrap(),
        name: id.to_lowercase(),
        description: String::new(),
        status: UpdateStatus::Active,
        entitlement_check: EntitlementCheck::None,
        start_date: date("2026-03-01"),
        end_date: Some(date("2026-12-31")),
        command_line: String::new(),
        release_from: from.iter().map(|id| package_id(id)).collect(),
        release_to: to
            .iter()
            .map(|(platform, package)| ReleaseTo {
                platform: Platform::new(*platform).unwrap(),
                package: package_id(package),
                manifest_uuid: format!("{id}/{platform}"),
            })
            .collect(),
        languages: vec![text(1033, "English"), text(1031, "Deutsch")],
    }
}

fn question(installed: &str, platform: &str, language: u32) -> UpdateQuestion {
    UpdateQuestion {
        device_class: DeviceClass::Client,
        identity: None,
        installed: package_id(installed),
        platform: Platform::new(platform).unwrap(),
        language: Language(language),
    }
}

fn offered(updates: Vec<Update>, question: &UpdateQuestion, today: &str) -> Vec<(String, String, String)> {
    let packages = ["a", "b", "c", "d"].into_iter().map(package).collect();
    let catalog = Catalog::new(packages, updates);
    let offers = matching::offers(&catalog, question, &Entitlements::default(), date(today)).unwrap();
    offers.iter().map(|o| (o.update.id.to_string(), o.target.package.to_string(), o.text.title.clone())).collect()
}

fn ids(rows: &[(String, String, String)]) -> Vec<&str> {
    rows.iter().map(|(id, _, _)| id.as_str()).collect()
}

#[test]
fn one_item_for_each_matching_combination() {
    let updates = || vec![update("U", &["a", "b"], &[("WIN64", "c"), ("LINUX64", "d"), ("MAC", "c")])];
    for (installed, platform, language, expected) in [
        ("a", "WIN64", 1033, Some(("c", "English"))),
        ("b", "LINUX64", 1031, Some(("d", "Deutsch"))),
        ("a", "MAC", 1033, Some(("c", "English"))),
        ("a", "SOLARIS", 1033, None),
        ("c", "WIN64", 1033, None),
    ] {
        let rows = offered(updates(), &question(installed, platform, language), "2026-06-01");
        let expected: Vec<_> =
            expected.into_iter().map(|(to, title)| ("U".to_owned(), to.to_owned(), title.to_owned())).collect();
        assert_eq!(rows, expected, "{installed} {platform} {language}");
    }
}

#[test]
fn language_falls_back_to_relative_then_first() {
    for (language, title) in
        [(1033, "English"), (2057, "English"), (3079, "Deutsch"), (1041, "English"), (0, "English")]
    {
        let rows =
            offered(vec![update("U", &["a"], &[("WIN64", "b")])], &question("a", "WIN64", language), "2026-06-01");
        assert_eq!(rows[0].2, title, "language {language}");
    }
}

#[test]
fn status_and_dates_gate_an_offer() {
    let q = question("a", "WIN64", 1033);
    let base = || update("U", &["a"], &[("WIN64", "b")]);
    let inactive = Update { status: UpdateStatus::Inactive, ..base() };
    let endless = Update { end_date: None, ..base() };
    for (update, today, count) in [
        (base(), "2026-02-28", 0),
        (base(), "2026-03-01", 1),
        (base(), "2026-12-31", 1),
        (base(), "2027-01-01", 0),
        (endless, "2027-01-01", 1),
        (inactive, "2026-06-01", 0),
    ] {
        assert_eq!(offered(vec![update.clone()], &q, today).len(), count, "{:?} on {today}", update.status);
    }
}

#[test]
fn without_entitlement_only_open_updates_are_offered() {
    let q = question("a", "WIN64", 1033);
    for (check, count) in [(EntitlementCheck::None, 1), (EntitlementCheck::Account, 0), (EntitlementCheck::LineItem, 0)]
    {
        let update = Update { entitlement_check: check, ..update("U", &["a"], &[("WIN64", "b")]) };
        assert_eq!(offered(vec![update], &q, "2026-06-01").len(), count, "{check:?}");
    }
}

#[test]
fn only_direct_steps_newest_first() {
    let older = update("OLD", &["a"], &[("WIN64", "b")]);
    let newer = Update { start_date: date("2026-05-01"), ..update("NEW", &["a"], &[("WIN64", "c")]) };
    let twin = Update { start_date: date("2026-05-01"), ..update("NEW-2", &["a"], &[("WIN64", "c")]) };
    let next = update("NEXT", &["b"], &[("WIN64", "d")]);
    let rows = offered(vec![older, twin, next, newer], &question("a", "WIN64", 1033), "2026-06-01");
    assert_eq!(ids(&rows), ["NEW", "NEW-2", "OLD"]);
}

#[test]
fn an_unknown_package_is_said_to_be_unknown() {
    let catalog = Catalog::new(vec![package("a")], vec![]);
    let answer =
        matching::offers(&catalog, &question("z", "WIN64", 1033), &Entitlements::default(), date("2026-06-01"));
    assert_eq!(answer, Err(UnknownPackage(package_id("z"))));
}

#[test]
fn a_manifest_is_given_while_its_update_is_offered() {
    let catalog = Catalog::new(vec![package("a"), package("b")], vec![update("U", &["a"], &[("WIN64", "b")])]);
    let answer =
        |uuid, today| matching::manifest(&catalog, uuid, date(today)).map(|(_, package)| package.id.to_string());
    assert_eq!(answer("U/WIN64", "2026-06-01"), Ok("b".to_owned()));
    assert_eq!(answer("U/WIN64", "2027-06-01"), Err(ManifestRefusal::Withdrawn));
    assert_eq!(answer("U/MAC", "2026-06-01"), Err(ManifestRefusal::Unknown));
}

#[test]
fn a_new_update_is_checked() {
    let good = || NewUpdate {
        id: UpdateId::new("U").unwrap(),
        name: "u".to_owned(),
        description: String::new(),
        status: UpdateStatus::Active,
        entitlement_check: EntitlementCheck::None,
        start_date: date("2026-03-01"),
        end_date: None,
        command_line: String::new(),
        release_from: vec![package_id("a")],
        release_to: vec![(Platform::new("WIN64").unwrap(), package_id("b"))],
        languages: vec![text(1033, "English")],
    };
    assert_eq!(good().check(), Ok(()));
    for id in [".", "..", "update-authorization-key", "update-signing-key", "update-signing-keys"] {
        let reserved = NewUpdate { id: UpdateId::new(id).unwrap(), ..good() };
        assert!(matches!(reserved.check(), Err(ReleaseFault::ReservedId { .. })), "{id}");
    }
    let alike = NewUpdate { id: UpdateId::new("Update-signing-key").unwrap(), ..good() };
    assert_eq!(alike.check(), Ok(()));
    let ends = NewUpdate { end_date: Some(date("2026-02-01")), ..good() };
    assert!(matches!(ends.check(), Err(ReleaseFault::EndsBeforeStart { .. })));
    let itself = NewUpdate { release_from: vec![package_id("b")], ..good() };
    assert_eq!(itself.check(), Err(ReleaseFault::SamePackage(package_id("b"))));
    let mute = NewUpdate { languages: vec![], ..good() };
    assert_eq!(mute.check(), Err(ReleaseFault::Empty("languages")));
    let twice = NewUpdate { languages: vec![text(1033, "a"), text(1033, "b")], ..good() };
    assert!(matches!(twice.check(), Err(ReleaseFault::Repeated { what: "language", .. })));
    let platforms =
        NewUpdate { release_to: vec![good().release_to[0].clone(), good().release_to[0].clone()], ..good() };
    assert!(matches!(platforms.check(), Err(ReleaseFault::Repeated { what: "platform", .. })));
    let nul = NewUpdate { description: "a\0b".to_owned(), ..good() };
    assert!(matches!(nul.check(), Err(ReleaseFault::Nul(_))));
    let long = NewUpdate { command_line: "x".repeat(4001), ..good() };
    assert!(matches!(long.check(), Err(ReleaseFault::TooMany { .. })));
}

#[test]
fn a_new_package_is_checked() {
    let names = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| PlainFileName::new(*name).unwrap()).collect();
        check_files(names.iter())
    };
    assert_eq!(names(&["a.bin", "b.bin"]), Ok(()));
    assert!(matches!(names(&[]), Err(ReleaseFault::Empty(_))));
    for twice in [["a.bin", "a.bin"], ["a.bin", "A.bin"], ["σ", "ς"]] {
        assert!(matches!(names(&twice), Err(ReleaseFault::Repeated { .. })), "{twice:?}");
    }
    for (id, is_good) in [(".", false), ("..", false), ("...", true), ("update-signing-key", true), ("pump", true)] {
        assert_eq!(check_package_id(&package_id(id)).is_ok(), is_good, "{id}");
    }
}
