//! Publishing: all or nothing, safe to repeat, never different bytes under the same name.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its release has failed")]

use bytes::Bytes;
use countersign_app::releases::{self, PublishError, Published, Release, ReleaseFile};
use countersign_app::{Ctx, packages, products, sites, updates};
use countersign_domain::catalog::release::{NewUpdate, ReleaseFault};
use countersign_domain::catalog::update::{EntitlementCheck, LanguageText, UpdateStatus};
use countersign_domain::device::Language;
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::SiteId;
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::text::{PackageId, Platform, ProductName, UpdateId};
use countersign_domain::time::Date;
use countersign_testkit::World;

struct Publisher {
    world: World,
    site: SiteId,
}

impl Publisher {
    async fn new() -> Self {
        let world = World::new().await;
        let site = sites::create(&world.ctx, SiteName::new("demo").unwrap(), SiteSettings::default()).await.unwrap();
        products::create(&world.ctx, site, product()).await.unwrap();
        packages::create(&world.ctx, site, id("v1"), product(), String::new()).await.unwrap();
        Self { world, site }
    }

    fn ctx(&self) -> &Ctx {
        &self.world.ctx
    }

    async fn release(&self, files: &[(&str, &'static str)]) -> Release {
        let mut received = Vec::new();
        for (name, text) in files {
            let source = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(text.as_bytes()))]);
            let file = releases::receive(self.ctx(), source, |_| {}).await.unwrap();
            received.push(ReleaseFile { name: PlainFileName::new(*name).unwrap(), received: file, execute: false });
        }
        Release {
            product: product(),
            package: id("v2"),
            package_description: String::new(),
            files: received,
            update: update(),
        }
    }

    async fn publish(&self, files: &[(&str, &'static str)]) -> Result<Published, PublishError> {
        releases::publish(self.ctx(), self.site, self.release(files).await).await
    }

    /// Files that lie in the file storage.
    fn objects(&self) -> usize {
        fn count(folder: &std::path::Path) -> usize {
            let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
        }
        count(&self.world.folder().join("files"))
    }

    async fn is_empty(&self) -> bool {
        packages::find(self.ctx(), self.site, id("v2")).await.unwrap().is_none()
            && updates::list(self.ctx(), self.site).await.unwrap().is_empty()
    }
}

fn product() -> ProductName {
    ProductName::new("Pump").unwrap()
}

fn id(text: &str) -> PackageId {
    PackageId::new(text).unwrap()
}

fn update() -> NewUpdate {
    NewUpdate {
        id: UpdateId::new("U").unwrap(),
        name: "u".to_owned(),
        description: String::new(),
        status: UpdateStatus::Active,
        entitlement_check: EntitlementCheck::None,
        start_date: Date::parse("2026-03-01").unwrap(),
        end_date: None,
        command_line: String::new(),
        release_from: vec![id("v1")],
        release_to: vec![(Platform::new("LINUX64").unwrap(), id("v2"))],
        languages: vec![LanguageText { language: Language(1033), title: "U".to_owned(), description: String::new() }],
    }
}

#[tokio::test]
async fn a_release_is_published_once_and_repeating_it_changes_nothing() {
    let publisher = Publisher::new().await;
    let files = [("a.bin", "alpha"), ("b.bin", "beta"), ("copy-of-a.bin", "alpha")];
    assert_eq!(publisher.publish(&files).await.unwrap(), Published::New);
    assert_eq!(publisher.objects(), 2, "equal bytes are kept once");
    let before = updates::list(publisher.ctx(), publisher.site).await.unwrap();
    assert_eq!(publisher.publish(&files).await.unwrap(), Published::Unchanged);
    assert_eq!(publisher.objects(), 2, "bytes that were received again are removed");
    assert_eq!(updates::list(publisher.ctx(), publisher.site).await.unwrap(), before, "manifest UUIDs stay");
}

#[tokio::test]
async fn published_bytes_never_change() {
    let publisher = Publisher::new().await;
    publisher.publish(&[("a.bin", "alpha")]).await.unwrap();
    for files in [&[("a.bin", "ALPHA")][..], &[("b.bin", "alpha")], &[("a.bin", "alpha"), ("b.bin", "beta")]] {
        let outcome = publisher.publish(files).await;
        assert!(matches!(outcome, Err(PublishError::DifferentPackage(_))), "{outcome:?}");
    }
    assert_eq!(publisher.objects(), 1, "refused bytes are removed");
    let mut release = publisher.release(&[("a.bin", "alpha")]).await;
    release.update.release_to = vec![(Platform::new("WIN64").unwrap(), id("v2"))];
    let outcome = releases::publish(publisher.ctx(), publisher.site, release).await;
    assert!(matches!(outcome, Err(PublishError::DifferentUpdate(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_refused_release_leaves_nothing() {
    let publisher = Publisher::new().await;
    let base = || publisher.release(&[("a.bin", "alpha")]);
    let unknown_source = Release { update: NewUpdate { release_from: vec![id("v0")], ..update() }, ..base().await };
    let unknown_product = Release { product: ProductName::new("Fan").unwrap(), ..base().await };
    let itself = Release { update: NewUpdate { release_from: vec![id("v2")], ..update() }, ..base().await };
    let no_files = Release { files: vec![], ..base().await };
    let twice = publisher.release(&[("a.bin", "alpha"), ("a.bin", "beta")]).await;
    for release in [unknown_source, unknown_product, itself, no_files, twice] {
        let outcome = releases::publish(publisher.ctx(), publisher.site, release).await;
        assert!(!matches!(outcome, Ok(_) | Err(PublishError::Fault(_))), "{outcome:?}");
        assert!(publisher.is_empty().await, "{outcome:?} left something");
    }
    let itself = Release { update: NewUpdate { release_from: vec![id("v2")], ..update() }, ..base().await };
    let outcome = releases::publish(publisher.ctx(), publisher.site, itself).await;
    assert!(matches!(outcome, Err(PublishError::Broken(ReleaseFault::SamePackage(_)))), "{outcome:?}");
}

#[tokio::test]
async fn of_many_equal_releases_at_once_one_is_new() {
    let publisher = Publisher::new().await;
    let mut releases = Vec::new();
    for _ in 0..16 {
        releases.push(publisher.release(&[("a.bin", "alpha"), ("b.bin", "beta")]).await);
    }
    let calls = releases.into_iter().map(|release| releases::publish(publisher.ctx(), publisher.site, release));
    let outcomes: Vec<_> = futures_util::future::join_all(calls).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Published::New).count(), 1);
    assert_eq!(publisher.objects(), 2, "the other uploads are removed");
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let publisher = Publisher::new().await;
    let broken = || std::io::Error::other("the connection broke");
    let source = futures_util::stream::iter([Ok(Bytes::from_static(b"half")), Err(broken())]);
    assert!(releases::receive(publisher.ctx(), source, |_| {}).await.is_err());
    assert_eq!(publisher.objects(), 0);
}

#[tokio::test]
async fn publishing_the_same_received_files_again_keeps_their_bytes() {
    let publisher = Publisher::new().await;
    let release = publisher.release(&[("a.bin", "alpha")]).await;
    let publish = |release| releases::publish(publisher.ctx(), publisher.site, release);
    assert_eq!(publish(release.clone()).await.unwrap(), Published::New);
    assert_eq!(publish(release.clone()).await.unwrap(), Published::Unchanged);
    let refused = Release { product: ProductName::new("Fan").unwrap(), ..release };
    assert!(publish(refused).await.is_err());
    assert_eq!(publisher.objects(), 1, "published bytes were removed");
}

#[tokio::test]
async fn what_is_wrong_with_a_release_is_told_before_its_files_are_received() {
    let publisher = Publisher::new().await;
    let names = |names: &[(&str, bool)]| {
        names.iter().map(|(name, execute)| (PlainFileName::new(*name).unwrap(), *execute)).collect::<Vec<_>>()
    };
    let check = |release, files: &[(&str, bool)]| {
        releases::check_before_upload(publisher.ctx(), publisher.site, release, names(files))
    };
    let base = publisher.release(&[]).await;
    let files = [("a.bin", false), ("b.bin", false)];
    assert!(check(base.clone(), &files).await.is_ok());

    let unknown_product = Release { product: ProductName::new("Fan").unwrap(), ..base.clone() };
    assert!(matches!(check(unknown_product, &files).await, Err(PublishError::UnknownProduct(_))));
    let unknown_source = Release { update: NewUpdate { release_from: vec![id("v0")], ..update() }, ..base.clone() };
    assert!(matches!(check(unknown_source, &files).await, Err(PublishError::UnknownPackage(_))));
    for release in [
        Release { package: id(".."), ..base.clone() },
        Release { update: NewUpdate { id: UpdateId::new("update-signing-key").unwrap(), ..update() }, ..base.clone() },
    ] {
        assert!(matches!(check(release, &files).await, Err(PublishError::Broken(ReleaseFault::ReservedId { .. }))));
    }
    for wrong in [&[][..], &[("a.bin", false), ("A.bin", false)]] {
        assert!(matches!(check(base.clone(), wrong).await, Err(PublishError::Broken(_))), "{wrong:?}");
    }

    // The same release again is no fault; other files, or another update, are known from names and IDs alone.
    publisher.publish(&[("a.bin", "alpha"), ("b.bin", "beta")]).await.unwrap();
    assert!(check(base.clone(), &files).await.is_ok());
    for other in [[("a.bin", false), ("c.bin", false)], [("a.bin", true), ("b.bin", false)]] {
        assert!(matches!(check(base.clone(), &other).await, Err(PublishError::DifferentPackage(_))), "{other:?}");
    }
    let platform = vec![(Platform::new("WIN64").unwrap(), id("v2"))];
    let differs = Release { update: NewUpdate { release_to: platform, ..update() }, ..base };
    assert!(matches!(check(differs, &files).await, Err(PublishError::DifferentUpdate(_))));
    assert_eq!(publisher.objects(), 2, "a check stored something");
}
