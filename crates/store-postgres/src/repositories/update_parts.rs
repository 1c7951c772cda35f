//! Sources, targets and texts of updates.

use countersign_domain::catalog::update::{LanguageText, ReleaseTo};
use countersign_domain::device::Language;
use countersign_domain::ids::SiteId;
use countersign_domain::text::{PackageId, Platform};
use countersign_store::StoreError;
use countersign_store::repositories::NewRelease;
use tokio_postgres::Row;

use crate::rows::{Grouped, Place, column};
use crate::transaction::PgTx;

const INSERT_SOURCE: &str = "insert into update_sources (\"update\", position, package)
    select $1, $2, id from packages where site = $3 and package_id = $4";
const INSERT_TARGET: &str = "insert into update_targets (\"update\", position, platform, package, manifest_uuid)
    select $1, $2, $3, id, $4 from packages where site = $5 and package_id = $6";
const INSERT_LANGUAGE: &str = "insert into update_languages (\"update\", position, language, title, description)
    values ($1, $2, $3, $4, $5)";
const SOURCES: &str = "select s.\"update\", p.package_id from update_sources s join packages p on p.id = s.package
    where s.\"update\" = $1 order by s.position";
const LIST_SOURCES: &str = "select s.\"update\", p.package_id
    from updates u join update_sources s on s.\"update\" = u.id join packages p on p.id = s.package
    where u.site = $1 order by s.\"update\", s.position";
const TARGETS: &str = "select t.\"update\", t.platform, p.package_id, t.manifest_uuid
    from update_targets t join packages p on p.id = t.package
    where t.\"update\" = $1 order by t.position";
const LIST_TARGETS: &str = "select t.\"update\", t.platform, p.package_id, t.manifest_uuid
    from updates u join update_targets t on t.\"update\" = u.id join packages p on p.id = t.package
    where u.site = $1 order by t.\"update\", t.position";
const LANGUAGES: &str = "select l.\"update\", l.language, l.title, l.description from update_languages l
    where l.\"update\" = $1 order by l.position";
const LIST_LANGUAGES: &str = "select l.\"update\", l.language, l.title, l.description
    from updates u join update_languages l on l.\"update\" = u.id
    where u.site = $1 order by l.\"update\", l.position";
const DELETE_SOURCES: &str = "delete from update_sources where \"update\" = $1";
const DELETE_TARGETS: &str = "delete from update_targets where \"update\" = $1";
const DELETE_LANGUAGES: &str = "delete from update_languages where \"update\" = $1";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT_SOURCE,
    INSERT_TARGET,
    INSERT_LANGUAGE,
    SOURCES,
    LIST_SOURCES,
    TARGETS,
    LIST_TARGETS,
    LANGUAGES,
    LIST_LANGUAGES,
    DELETE_SOURCES,
    DELETE_TARGETS,
    DELETE_LANGUAGES,
];

/// The rows of the other tables, by update.
pub(super) struct Parts {
    pub(super) sources: Grouped<PackageId>,
    pub(super) targets: Grouped<ReleaseTo>,
    pub(super) languages: Grouped<LanguageText>,
}

impl PgTx<'_> {
    /// Writes the parts of an update that has none.
    pub(super) async fn insert_parts(&mut self, site: SiteId, id: i64, release: &NewRelease) -> Result<(), StoreError> {
        let place = Place { table: "updates", row: id };
        let update = &release.update;
        for (position, package) in (1_i64..).zip(&update.release_from) {
            let written = self.changed(INSERT_SOURCE, &[&id, &position, &site.0, &package.as_str()]).await?;
            self.check(place.present("release_from", (written == 1).then_some(())))?;
        }
        let targets = update.release_to.iter().zip(&release.manifest_uuids);
        for (position, ((platform, package), uuid)) in (1_i64..).zip(targets) {
            let (platform, package) = (platform.as_str(), package.as_str());
            let written = self.changed(INSERT_TARGET, &[&id, &position, &platform, uuid, &site.0, &package]).await?;
            self.check(place.present("release_to", (written == 1).then_some(())))?;
        }
        for (position, text) in (1_i64..).zip(&update.languages) {
            let language = i64::from(text.language.0);
            self.changed(INSERT_LANGUAGE, &[&id, &position, &language, &text.title, &text.description]).await?;
        }
        Ok(())
    }

    /// Removes the parts of an update.
    pub(super) async fn delete_parts(&mut self, id: i64) -> Result<(), StoreError> {
        for sql in [DELETE_SOURCES, DELETE_TARGETS, DELETE_LANGUAGES] {
            self.changed(sql, &[&id]).await?;
        }
        Ok(())
    }

    /// The parts of one update.
    pub(super) async fn parts_of(&mut self, id: i64) -> Result<Parts, StoreError> {
        self.parts([SOURCES, TARGETS, LANGUAGES], id).await
    }

    /// The parts of all updates of a site.
    pub(super) async fn parts_in(&mut self, site: SiteId) -> Result<Parts, StoreError> {
        self.parts([LIST_SOURCES, LIST_TARGETS, LIST_LANGUAGES], site.0).await
    }

    /// Reads sources, targets and texts with three statements that all take the same value.
    async fn parts(&mut self, [sources, targets, languages]: [&'static str; 3], id: i64) -> Result<Parts, StoreError> {
        Ok(Parts {
            sources: self.grouped(sources, &[&id], source).await?,
            targets: self.grouped(targets, &[&id], target).await?,
            languages: self.grouped(languages, &[&id], language).await?,
        })
    }
}

fn source(row: &Row) -> Result<PackageId, StoreError> {
    let place = Place { table: "updates", row: column(row, 0)? };
    place.check("release_from", PackageId::new(column::<String>(row, 1)?))
}

fn target(row: &Row) -> Result<ReleaseTo, StoreError> {
    let place = Place { table: "updates", row: column(row, 0)? };
    Ok(ReleaseTo {
        platform: place.check("platform", Platform::new(column::<String>(row, 1)?))?,
        package: place.check("release_to", PackageId::new(column::<String>(row, 2)?))?,
        manifest_uuid: column(row, 3)?,
    })
}

fn language(row: &Row) -> Result<LanguageText, StoreError> {
    let place = Place { table: "updates", row: column(row, 0)? };
    let language = place.check("language", u32::try_from(column::<i64>(row, 1)?))?;
    Ok(LanguageText { language: Language(language), title: column(row, 2)?, description: column(row, 3)? })
}
