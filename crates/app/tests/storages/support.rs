//! A site with a storage or two, and a caller who may do everything.

use bytes::Bytes;
use countersign_app::storages::{
    self, CreateStorage, ListPage, Place, StorageCaller, StorageError, StorageSettings, Upload,
};
use countersign_app::{Ctx, sites};
use countersign_domain::ids::SiteId;
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::storage::{BackEnd, Storage, StorageFile, StorageName, StoragePath};
use countersign_testkit::World;
use futures_util::StreamExt;

pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) ctx: Ctx,
    pub(crate) site: SiteId,
    pub(crate) caller: StorageCaller,
}

impl Shop {
    /// A site with the storage `main`, which keeps versions, as the default of the caller.
    pub(crate) async fn new() -> Self {
        Self::with(StorageSettings { versioned: true, quota: None }).await
    }

    pub(crate) async fn with(settings: StorageSettings) -> Self {
        let world = World::new().await;
        let ctx = world.ctx.clone();
        let site = sites::create(&ctx, SiteName::new("demo").unwrap(), SiteSettings::default()).await.unwrap();
        storages::create(&ctx, site, storage("main", settings)).await.unwrap();
        let mut caller = StorageCaller::unrestricted(site);
        caller.default_storage = Some(name("main"));
        caller.client = "app-1".to_owned();
        Self { world, ctx, site, caller }
    }

    pub(crate) async fn add(&self, storage_name: &str, settings: StorageSettings) {
        storages::create(&self.ctx, self.site, storage(storage_name, settings)).await.unwrap();
    }

    pub(crate) async fn put(&self, path: &str, content: &str) -> Result<StorageFile, StorageError> {
        put(&self.ctx, &self.caller, path, content).await
    }

    pub(crate) async fn read(&self, path: &str) -> Option<String> {
        match storages::open(&self.ctx, &self.caller, &at(path), None).await {
            Ok(opened) => Some(text(&opened).await),
            Err(StorageError::NotFound(_)) => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// What is directly in a folder: names of folders with a `/` behind them.
    pub(crate) async fn list(&self, path: &str) -> Vec<String> {
        let entries = storages::list_folder(&self.ctx, &self.caller, &at(path), ListPage::first()).await.unwrap();
        entries.iter().map(|entry| entry.place().to_string()).collect()
    }

    pub(crate) async fn used(&self, storage: &str) -> u64 {
        self.storage(storage).await.used
    }

    pub(crate) async fn storage(&self, storage: &str) -> Storage {
        storages::find(&self.ctx, self.site, &name(storage)).await.unwrap().unwrap()
    }

    /// How many objects lie in the directory of a storage.
    pub(crate) async fn objects(&self, storage: &str) -> usize {
        fn count(folder: &std::path::Path) -> usize {
            let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
            let paths = entries.map(|entry| entry.unwrap().path());
            paths.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
        }
        let id = self.storage(storage).await.id.to_string();
        count(&self.world.folder().join("storages").join(id))
    }
}

pub(crate) async fn text(opened: &storages::OpenedFile) -> String {
    let mut stream = opened.open(0..opened.file().size).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk.unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

pub(crate) async fn put(
    ctx: &Ctx,
    caller: &StorageCaller,
    path: &str,
    content: &str,
) -> Result<StorageFile, StorageError> {
    let source = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from(content.to_owned()))]);
    storages::upload(ctx, caller, upload(path), source).await
}

pub(crate) fn upload(path: &str) -> Upload {
    Upload { place: at(path), requested: None, announced: None, media_type: None, limit: storages::UPLOAD_LIMIT }
}

pub(crate) fn name(text: &str) -> StorageName {
    StorageName::new(text).unwrap()
}

/// `STORAGE:PATH`, or a path in the default storage.
pub(crate) fn at(text: &str) -> Place {
    let (storage, path) = match text.split_once(':') {
        Some((storage, path)) => (Some(name(storage)), path),
        None => (None, text),
    };
    Place { storage, path: StoragePath::new(path).unwrap() }
}

pub(crate) fn storage(text: &str, settings: StorageSettings) -> CreateStorage {
    CreateStorage { name: name(text), back_end: BackEnd::Managed, credentials: None, settings }
}
