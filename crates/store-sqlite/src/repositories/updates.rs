//! Updates with their sources, targets and texts.

use async_trait::async_trait;
use countersign_domain::catalog::update::{EntitlementCheck, LanguageText, ReleaseTo, Update, UpdateStatus};
use countersign_domain::device::Language;
use countersign_domain::ids::{SiteId, UpdateRow};
use countersign_domain::text::{PackageId, Platform, UpdateId};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{NewRelease, Updates};
use rusqlite::{Connection, Row, params};

use crate::rows::{Grouped, Place, all, changed, column, first, grouped, inserted};
use crate::transaction::SqliteTx;

const INSERT: &str = "insert into updates (site, update_id, name, description, status, entitlement_check, start_date,
    end_date, command_line, created_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) on conflict do nothing returning id";
const INSERT_SOURCE: &str = "insert into update_sources (\"update\", position, package)
    select ?1, ?2, id from packages where site = ?3 and package_id = ?4";
const INSERT_TARGET: &str = "insert into update_targets (\"update\", position, platform, package, manifest_uuid)
    select ?1, ?2, ?3, id, ?4 from packages where site = ?5 and package_id = ?6";
const INSERT_LANGUAGE: &str = "insert into update_languages (\"update\", position, language, title, description)
    values (?1, ?2, ?3, ?4, ?5)";
const FIND: &str =
    "select id, update_id, name, description, status, entitlement_check, start_date, end_date, command_line
    from updates where site = ?1 and update_id = ?2";
const FIND_WITH_PACKAGE: &str = "select update_id from updates where id = coalesce(
    (select min(\"update\") from update_sources where package = (select id from packages where site = ?1 and package_id = ?2)),
    (select min(\"update\") from update_targets where package = (select id from packages where site = ?1 and package_id = ?2)))";
const LIST: &str =
    "select id, update_id, name, description, status, entitlement_check, start_date, end_date, command_line
    from updates where site = ?1 order by update_id";
const SOURCES: &str = "select s.\"update\", p.package_id from update_sources s join packages p on p.id = s.package
    where s.\"update\" = ?1 order by s.position";
const LIST_SOURCES: &str = "select s.\"update\", p.package_id
    from updates u join update_sources s on s.\"update\" = u.id join packages p on p.id = s.package
    where u.site = ?1 order by s.\"update\", s.position";
const TARGETS: &str = "select t.\"update\", t.platform, p.package_id, t.manifest_uuid
    from update_targets t join packages p on p.id = t.package
    where t.\"update\" = ?1 order by t.position";
const LIST_TARGETS: &str = "select t.\"update\", t.platform, p.package_id, t.manifest_uuid
    from updates u join update_targets t on t.\"update\" = u.id join packages p on p.id = t.package
    where u.site = ?1 order by t.\"update\", t.position";
const LANGUAGES: &str = "select l.\"update\", l.language, l.title, l.description from update_languages l
    where l.\"update\" = ?1 order by l.position";
const LIST_LANGUAGES: &str = "select l.\"update\", l.language, l.title, l.description
    from updates u join update_languages l on l.\"update\" = u.id
    where u.site = ?1 order by l.\"update\", l.position";
const REPLACE: &str =
    "update updates set name = ?3, description = ?4, status = ?5, entitlement_check = ?6, start_date = ?7,
    end_date = ?8, command_line = ?9 where site = ?1 and update_id = ?2 returning id";
const FIND_ROW: &str = "select id from updates where site = ?1 and update_id = ?2";
const DELETE_SOURCES: &str = "delete from update_sources where \"update\" = ?1";
const DELETE_TARGETS: &str = "delete from update_targets where \"update\" = ?1";
const DELETE_LANGUAGES: &str = "delete from update_languages where \"update\" = ?1";
const DELETE: &str = "delete from updates where id = ?1";
const SET_STATUS: &str = "update updates set status = ?3 where site = ?1 and update_id = ?2";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT,
    INSERT_SOURCE,
    INSERT_TARGET,
    INSERT_LANGUAGE,
    FIND,
    FIND_WITH_PACKAGE,
    LIST,
    SOURCES,
    LIST_SOURCES,
    TARGETS,
    LIST_TARGETS,
    LANGUAGES,
    LIST_LANGUAGES,
    REPLACE,
    FIND_ROW,
    DELETE_SOURCES,
    DELETE_TARGETS,
    DELETE_LANGUAGES,
    DELETE,
    SET_STATUS,
];

#[async_trait]
impl Updates for SqliteTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        release: &NewRelease,
        now: Timestamp,
    ) -> Result<Option<UpdateRow>, StoreError> {
        self.attempt(|c| insert(c, site, release, now))
    }

    async fn find(&mut self, site: SiteId, id: &UpdateId) -> Result<Option<Update>, StoreError> {
        self.attempt(|c| {
            first(c, FIND, (site.0, id.as_str()), |row| {
                let mut parts = Parts::read(c, [SOURCES, TARGETS, LANGUAGES], column(row, 0)?)?;
                update(row, &mut parts)
            })
        })
    }

    async fn find_with_package(&mut self, site: SiteId, package: &PackageId) -> Result<Option<UpdateId>, StoreError> {
        self.attempt(|c| first(c, FIND_WITH_PACKAGE, (site.0, package.as_str()), id))
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<Update>, StoreError> {
        self.attempt(|c| {
            let mut parts = Parts::read(c, [LIST_SOURCES, LIST_TARGETS, LIST_LANGUAGES], site.0)?;
            all(c, LIST, [site.0], |row| update(row, &mut parts))
        })
    }

    async fn replace(&mut self, site: SiteId, release: &NewRelease) -> Result<bool, StoreError> {
        self.attempt(|c| replace(c, site, release))
    }

    async fn delete(&mut self, site: SiteId, id: &UpdateId) -> Result<bool, StoreError> {
        self.attempt(|c| {
            let found = first(c, FIND_ROW, (site.0, id.as_str()), |row| column::<i64>(row, 0))?;
            let Some(id) = found else { return Ok(false) };
            delete_parts(c, id)?;
            Ok(changed(c, DELETE, [id])? == 1)
        })
    }

    async fn set_status(&mut self, site: SiteId, id: &UpdateId, status: UpdateStatus) -> Result<bool, StoreError> {
        self.attempt(|c| Ok(changed(c, SET_STATUS, (site.0, id.as_str(), status.as_str()))? == 1))
    }
}

fn insert(c: &Connection, site: SiteId, release: &NewRelease, now: Timestamp) -> Result<Option<UpdateRow>, StoreError> {
    let update = &release.update;
    let values = params![
        site.0,
        update.id.as_str(),
        update.name,
        update.description,
        update.status.as_str(),
        update.entitlement_check.as_str(),
        update.start_date.to_string(),
        update.end_date.map(|end| end.to_string()),
        update.command_line,
        now.as_millis(),
    ];
    let Some(id) = inserted(c, INSERT, values)? else { return Ok(None) };
    insert_parts(c, site, id, release)?;
    Ok(Some(UpdateRow(id)))
}

fn replace(c: &Connection, site: SiteId, release: &NewRelease) -> Result<bool, StoreError> {
    let update = &release.update;
    let values = params![
        site.0,
        update.id.as_str(),
        update.name,
        update.description,
        update.status.as_str(),
        update.entitlement_check.as_str(),
        update.start_date.to_string(),
        update.end_date.map(|end| end.to_string()),
        update.command_line,
    ];
    let Some(id) = first(c, REPLACE, values, |row| column(row, 0))? else { return Ok(false) };
    delete_parts(c, id)?;
    insert_parts(c, site, id, release)?;
    Ok(true)
}

fn insert_parts(c: &Connection, site: SiteId, id: i64, release: &NewRelease) -> Result<(), StoreError> {
    let update = &release.update;
    let place = Place { table: "updates", row: id };
    for (position, package) in (1_i64..).zip(&update.release_from) {
        let written = changed(c, INSERT_SOURCE, (id, position, site.0, package.as_str()))?;
        place.present("release_from", (written == 1).then_some(()))?;
    }
    for (position, ((platform, package), uuid)) in (1_i64..).zip(update.release_to.iter().zip(&release.manifest_uuids))
    {
        let values = (id, position, platform.as_str(), uuid, site.0, package.as_str());
        place.present("release_to", (changed(c, INSERT_TARGET, values)? == 1).then_some(()))?;
    }
    for (position, text) in (1_i64..).zip(&update.languages) {
        changed(c, INSERT_LANGUAGE, (id, position, text.language.0, &text.title, &text.description))?;
    }
    Ok(())
}

fn delete_parts(c: &Connection, id: i64) -> Result<(), StoreError> {
    for sql in [DELETE_SOURCES, DELETE_TARGETS, DELETE_LANGUAGES] {
        changed(c, sql, [id])?;
    }
    Ok(())
}

/// The rows of the other tables, by update.
struct Parts {
    sources: Grouped<PackageId>,
    targets: Grouped<ReleaseTo>,
    languages: Grouped<LanguageText>,
}

impl Parts {
    /// Reads sources, targets and texts with three statements that all take the same parameter.
    fn read(connection: &Connection, [sources, targets, languages]: [&str; 3], id: i64) -> Result<Self, StoreError> {
        Ok(Self {
            sources: grouped(connection, sources, [id], source)?,
            targets: grouped(connection, targets, [id], target)?,
            languages: grouped(connection, languages, [id], language)?,
        })
    }
}

fn source(row: &Row<'_>) -> Result<PackageId, StoreError> {
    let place = Place { table: "updates", row: column(row, 0)? };
    place.check("release_from", PackageId::new(column::<String>(row, 1)?))
}

fn target(row: &Row<'_>) -> Result<ReleaseTo, StoreError> {
    let place = Place { table: "updates", row: column(row, 0)? };
    Ok(ReleaseTo {
        platform: place.check("platform", Platform::new(column::<String>(row, 1)?))?,
        package: place.check("release_to", PackageId::new(column::<String>(row, 2)?))?,
        manifest_uuid: column(row, 3)?,
    })
}

fn language(row: &Row<'_>) -> Result<LanguageText, StoreError> {
    Ok(LanguageText { language: Language(column(row, 1)?), title: column(row, 2)?, description: column(row, 3)? })
}

fn id(row: &Row<'_>) -> Result<UpdateId, StoreError> {
    Place { table: "updates", row: 0 }.check("update_id", UpdateId::new(column::<String>(row, 0)?))
}

/// An update, with its parts taken out of `parts`.
fn update(row: &Row<'_>, parts: &mut Parts) -> Result<Update, StoreError> {
    let id: i64 = column(row, 0)?;
    let place = Place { table: "updates", row: id };
    let end_date = column::<Option<String>>(row, 7)?;
    Ok(Update {
        row: UpdateRow(id),
        id: place.check("update_id", UpdateId::new(column::<String>(row, 1)?))?,
        name: column(row, 2)?,
        description: column(row, 3)?,
        status: place.present("status", UpdateStatus::parse(&column::<String>(row, 4)?))?,
        entitlement_check: place.present("entitlement_check", EntitlementCheck::parse(&column::<String>(row, 5)?))?,
        start_date: place.date("start_date", &column::<String>(row, 6)?)?,
        end_date: end_date.map(|text| place.date("end_date", &text)).transpose()?,
        command_line: column(row, 8)?,
        release_from: parts.sources.remove(&id).unwrap_or_default(),
        release_to: parts.targets.remove(&id).unwrap_or_default(),
        languages: parts.languages.remove(&id).unwrap_or_default(),
    })
}
