//! Storages, and the bytes that their rows promise.

use countersign_app::Ctx;
use countersign_app::scrub::Depth;
use countersign_app::storages::{self, UnavailableStorage};

use super::Findings;

/// Damaged objects that are named one by one.
const NAMED: usize = 10;

/// Looks at the bytes of all storages; `deep` reads them.
pub(super) async fn storages(ctx: &Ctx, deep: bool, findings: &mut Findings) {
    let depth = if deep { Depth::Digests } else { Depth::Sizes };
    let examined = match storages::examine(ctx, depth, &|_| {}).await {
        Ok(examined) => examined,
        Err(error) => {
            findings.error("storages", format!("the storages cannot be looked at: {error}"), "see the cause");
            return;
        }
    };
    for UnavailableStorage { site, storage, cause } in &examined.unavailable {
        let todo = "look at its directory, or at the bucket and its credentials: countersign storage show";
        findings.error("storages", format!("storage {storage} of site {site} cannot be read: {cause}"), todo);
    }
    for damaged in examined.damaged.iter().take(NAMED) {
        let what = format!(
            "bytes of storage {} of site {} are {}: object {}",
            damaged.storage,
            damaged.site,
            damaged.fault.as_str(),
            damaged.object_key
        );
        findings.error("storages", what, "upload the same bytes again, or put them back from a copy");
    }
    let more = examined.damaged.len().saturating_sub(NAMED);
    if more > 0 {
        findings.error("storages", format!("{more} more objects are damaged"), "list them: countersign scrub");
    }
}

#[cfg(test)]
mod tests {
    use countersign_app::sites;
    use countersign_app::storages::{self, CreateStorage, Place, StorageCaller, StorageSettings, Upload};
    use countersign_domain::site::{SiteName, SiteSettings};
    use countersign_domain::storage::{BackEnd, StorageName, StoragePath};
    use countersign_testkit::World;

    use super::*;

    #[tokio::test]
    async fn lost_bytes_of_a_storage_are_found() {
        let world = World::new().await;
        let site = sites::create(&world.ctx, SiteName::new("demo").unwrap(), SiteSettings::default()).await.unwrap();
        let name = StorageName::new("main").unwrap();
        let settings = StorageSettings::default();
        let new = CreateStorage { name: name.clone(), back_end: BackEnd::Managed, credentials: None, settings };
        let created = storages::create(&world.ctx, site, new).await.unwrap();
        let place = Place { storage: Some(name), path: StoragePath::new("a").unwrap() };
        let upload = Upload { place, requested: None, announced: None, media_type: None, limit: 9 };
        let source = Box::pin(futures_util::stream::iter([Ok::<_, std::io::Error>("12345".into())]));
        storages::upload(&world.ctx, &StorageCaller::unrestricted(site), upload, source).await.unwrap();
        let look = async || {
            let mut findings = Findings::default();
            storages(&world.ctx, true, &mut findings).await;
            findings.into_sorted()
        };
        assert_eq!(look().await, []);
        let place = world.folder().join("storages").join(created.id.to_string());
        let shard = std::fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path());
        let shard = shard.into_iter().find(|path| !path.ends_with("incoming")).unwrap();
        std::fs::remove_dir_all(&shard).unwrap();
        let found = look().await;
        assert!(matches!(&found[..], [finding] if finding.what.contains("storage main of site demo are missing")));
        // The whole directory: its disk is not mounted.
        std::fs::remove_dir_all(&place).unwrap();
        let found = look().await;
        assert!(matches!(&found[..], [finding] if finding.what.contains("cannot be read: ")), "{found:?}");
        assert!(!place.exists(), "a look made a directory");
    }
}
