//! What the site publishes: one update for everybody, one for devices with a license, and one with very many answers.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use countersign_app::packages::{self, DraftFile, FileSource, PackageDraft};
use countersign_app::{Ctx, products, releases, updates};
use countersign_domain::catalog::release::{LANGUAGES_PER_UPDATE, NewUpdate, SOURCES_PER_UPDATE};
use countersign_domain::catalog::update::{EntitlementCheck, LanguageText, UpdateStatus};
use countersign_domain::device::Language;
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::SiteId;
use countersign_domain::text::{PackageId, Platform, ProductName, UpdateId};
use countersign_domain::time::Date;
use countersign_store::repositories::{NewPackage, NewRelease};
use countersign_store::{Store, Tx};
use futures_util::stream;

/// The platform of everything.
pub(crate) const PLATFORM: &str = "LINUX64";
/// What anonymous devices have installed.
pub(crate) const OPEN_PACKAGE: &str = "pump-1.0";
/// What they are offered.
pub(crate) const OPEN_UPDATE: &str = "update-pump-2.0";
/// What devices with a license have installed.
pub(crate) const LICENSED_PACKAGE: &str = "panel-1.0";
/// What they are offered.
pub(crate) const LICENSED_UPDATE: &str = "update-panel-2.0";
/// Files of the open update: names and lengths in bytes.
pub(crate) const FILES: [(&str, usize); 3] = [("64KiB.bin", 64 << 10), ("1MiB.bin", 1 << 20), ("64MiB.bin", 64 << 20)];
/// Questions with answers of their own.
pub(crate) const COLD_ANSWERS: usize = SOURCES_PER_UPDATE * LANGUAGES_PER_UPDATE;

/// The product that licenses are for.
pub(super) const LICENSED_PRODUCT: &str = "Panel";

/// Publishes both updates.
pub(super) async fn publish(ctx: &Ctx, site: SiteId) -> Result<()> {
    let open = ProductName::new("Pump")?;
    let licensed = ProductName::new(LICENSED_PRODUCT)?;
    for product in [&open, &licensed] {
        products::create(ctx, site, product.clone()).await?;
    }
    let mut files = Vec::new();
    for (name, length) in FILES {
        let pieces = stream::iter(pieces(length).map(Ok::<_, std::io::Error>));
        let received = releases::receive(ctx, pieces, |_| ()).await?;
        files.push(DraftFile {
            name: PlainFileName::new(name)?,
            source: FileSource::Received(received),
            execute: false,
        });
    }
    let small = files.first().context("the release has no file")?;
    let small = DraftFile {
        source: match &small.source {
            FileSource::Received(received) => FileSource::Stored(received.sha256()),
            FileSource::External(_) | FileSource::Stored(_) => small.source.clone(),
        },
        ..small.clone()
    };
    offer(ctx, site, &open, (OPEN_PACKAGE, "pump-2.0"), OPEN_UPDATE, EntitlementCheck::None, files).await?;
    let to = (LICENSED_PACKAGE, "panel-2.0");
    offer(ctx, site, &licensed, to, LICENSED_UPDATE, EntitlementCheck::LineItem, vec![small]).await
}

/// Content that no compression shortens, in pieces.
pub(crate) fn pieces(length: usize) -> impl Iterator<Item = Bytes> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    (0..length.div_ceil(PIECE)).map(move |piece| {
        let length = PIECE.min(length - piece * PIECE);
        let words = std::iter::repeat_with(|| {
            // Xorshift: any sequence without a pattern does.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        });
        words.take(length.div_ceil(8)).flatten().take(length).collect()
    })
}

/// The package and the language of a question whose answer is like no other one.
pub(crate) fn cold_question(number: usize) -> (String, usize) {
    let number = number % COLD_ANSWERS;
    (cold_package(number % SOURCES_PER_UPDATE), FIRST_LANGUAGE + number / SOURCES_PER_UPDATE)
}

/// Writes an update that starts from as many packages, and speaks as many languages, as an update may.
pub(super) async fn add_cold_answers(store: &Store, site: SiteId) -> Result<()> {
    store
        .write(move |tx| {
            Box::pin(async move {
                for number in 0..SOURCES_PER_UPDATE {
                    add_package(tx, site, &cold_package(number)).await?;
                }
                let sources = (0..SOURCES_PER_UPDATE).map(|number| PackageId::new(cold_package(number)));
                let mut update = new_update("update-cold", "pump-2.0", EntitlementCheck::None)?;
                update.release_from = sources.collect::<Result<_, _>>()?;
                let languages = (FIRST_LANGUAGE..).take(LANGUAGES_PER_UPDATE);
                update.languages = languages.map(text_in).collect::<Result<_>>()?;
                add_update(tx, site, update).await
            })
        })
        .await
}

/// Writes a package without files.
pub(super) async fn add_package(tx: &mut dyn Tx, site: SiteId, id: &str) -> Result<()> {
    let product = ProductName::new("Pump")?;
    let product = tx.products().find(site, &product).await?.context("the site has no product")?.id;
    let package = NewPackage { id: PackageId::new(id)?, product, description: String::new(), files: vec![] };
    let now = tx.now().await?;
    tx.packages().insert(site, &package, now).await?.with_context(|| format!("package {id} exists already"))?;
    Ok(())
}

/// Writes an update, and counts the change.
pub(super) async fn add_update(tx: &mut dyn Tx, site: SiteId, update: NewUpdate) -> Result<()> {
    let id = update.id.clone();
    let now = tx.now().await?;
    // The name of the list of files: unique, and here nobody guesses.
    let release = NewRelease { manifest_uuids: vec![format!("manifest-of-{id}")], update };
    tx.updates().insert(site, &release, now).await?.with_context(|| format!("update {id} exists already"))?;
    tx.sites().touch(site).await?;
    Ok(())
}

/// An update to a package, in English; its sources are still to be named.
pub(super) fn new_update(id: &str, to: &str, check: EntitlementCheck) -> Result<NewUpdate> {
    Ok(NewUpdate {
        id: UpdateId::new(id)?,
        name: format!("{id}, for the field"),
        description: String::new(),
        status: UpdateStatus::Active,
        entitlement_check: check,
        start_date: Date::parse("2026-01-01")?,
        end_date: None,
        command_line: "--apply --no-reboot".to_owned(),
        release_from: vec![],
        release_to: vec![(Platform::new(PLATFORM)?, PackageId::new(to)?)],
        languages: vec![text_in(ENGLISH)?],
    })
}

async fn offer(
    ctx: &Ctx,
    site: SiteId,
    product: &ProductName,
    (from, to): (&str, &str),
    id: &str,
    check: EntitlementCheck,
    files: Vec<DraftFile>,
) -> Result<()> {
    let (from, description) = (PackageId::new(from)?, String::new());
    packages::create(ctx, site, from.clone(), product.clone(), description.clone()).await?;
    let draft = PackageDraft { id: PackageId::new(to)?, product: product.clone(), description, files };
    packages::create_with_files(ctx, site, draft).await?;
    updates::create(ctx, site, NewUpdate { release_from: vec![from], ..new_update(id, to, check)? }).await?;
    Ok(())
}

fn cold_package(number: usize) -> String {
    format!("cold-{number:04}")
}

fn text_in(language: usize) -> Result<LanguageText> {
    Ok(LanguageText {
        language: Language(u32::try_from(language)?),
        title: "Pump firmware 2.0".to_owned(),
        description: "Fixes the dosing alarm and shortens the start by four seconds.".to_owned(),
    })
}

const ENGLISH: usize = 1033;
const FIRST_LANGUAGE: usize = 2000;
const PIECE: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_has_its_length_and_no_pattern() {
        let whole: Vec<u8> = pieces(100_001).flatten().collect();
        assert_eq!(whole.len(), 100_001);
        assert!(!whole.chunks(8).zip(whole.chunks(8).skip(1)).any(|(one, next)| one == next));
    }

    #[test]
    fn no_two_questions_are_equal() {
        let questions: std::collections::BTreeSet<_> = (0..COLD_ANSWERS).map(cold_question).collect();
        assert_eq!(questions.len(), COLD_ANSWERS);
    }
}
