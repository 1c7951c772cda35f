//! Updates with their sources, targets and texts.

use async_trait::async_trait;
use countersign_domain::catalog::release::NewUpdate;
use countersign_domain::catalog::update::{EntitlementCheck, LanguageText, ReleaseTo, Update, UpdateStatus};
use countersign_domain::device::Language;
use countersign_domain::ids::{SiteId, UpdateRow};
use countersign_domain::text::{PackageId, Platform, UpdateId};
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::{NewRelease, Updates};
use tokio_postgres::Row;

use crate::connection::Value;
use crate::rows::{Grouped, Place, column};
use crate::transaction::PgTx;

const INSERT: &str = "insert into updates (site, update_id, name, description, status, entitlement_check, start_date,
    end_date, command_line, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing returning id";
const INSERT_SOURCE: &str = "insert into update_sources (\"update\", position, package)
    select $1, $2, id from packages where site = $3 and package_id = $4";
const INSERT_TARGET: &str = "insert into update_targets (\"update\", position, platform, package, manifest_uuid)
    select $1, $2, $3, id, $4 from packages where site = $5 and package_id = $6";
const INSERT_LANGUAGE: &str = "insert into update_languages (\"update\", position, language, title, description)
    values ($1, $2, $3, $4, $5)";
const FIND: &str =
    "select id, update_id, name, description, status, entitlement_check, start_date, end_date, command_line
    from updates where site = $1 and update_id = $2";
const LIST: &str =
    "select id, update_id, name, description, status, entitlement_check, start_date, end_date, command_line
    from updates where site = $1 order by update_id";
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
const SET_STATUS: &str = "update updates set status = $3 where site = $1 and update_id = $2";

/// Every statement of this file.
#[cfg(test)]
pub(super) const ALL: &[&str] = &[
    INSERT,
    INSERT_SOURCE,
    INSERT_TARGET,
    INSERT_LANGUAGE,
    FIND,
    LIST,
    SOURCES,
    LIST_SOURCES,
    TARGETS,
    LIST_TARGETS,
    LANGUAGES,
    LIST_LANGUAGES,
    SET_STATUS,
];

#[async_trait]
impl Updates for PgTx<'_> {
    async fn insert(
        &mut self,
        site: SiteId,
        release: &NewRelease,
        now: Timestamp,
    ) -> Result<Option<UpdateRow>, StoreError> {
        let Some(id) = self.insert_update(site, &release.update, now).await? else { return Ok(None) };
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
        Ok(Some(UpdateRow(id)))
    }

    async fn find(&mut self, site: SiteId, id: &UpdateId) -> Result<Option<Update>, StoreError> {
        let Some(row) = self.rows(FIND, &[&site.0, &id.as_str()]).await?.pop() else { return Ok(None) };
        let id = self.check(column(&row, 0))?;
        let mut parts = self.parts([SOURCES, TARGETS, LANGUAGES], id).await?;
        self.check(update(&row, &mut parts).map(Some))
    }

    async fn list(&mut self, site: SiteId) -> Result<Vec<Update>, StoreError> {
        let mut parts = self.parts([LIST_SOURCES, LIST_TARGETS, LIST_LANGUAGES], site.0).await?;
        self.all(LIST, &[&site.0], |row| update(row, &mut parts)).await
    }

    async fn set_status(&mut self, site: SiteId, id: &UpdateId, status: UpdateStatus) -> Result<bool, StoreError> {
        Ok(self.changed(SET_STATUS, &[&site.0, &id.as_str(), &status.as_str()]).await? == 1)
    }
}

/// The rows of the other tables, by update.
struct Parts {
    sources: Grouped<PackageId>,
    targets: Grouped<ReleaseTo>,
    languages: Grouped<LanguageText>,
}

impl PgTx<'_> {
    /// Writes the row of the update itself.
    async fn insert_update(
        &mut self,
        site: SiteId,
        update: &NewUpdate,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let values: [Value<'_>; 10] = [
            &site.0,
            &update.id.as_str(),
            &update.name,
            &update.description,
            &update.status.as_str(),
            &update.entitlement_check.as_str(),
            &update.start_date.to_string(),
            &update.end_date.map(|end| end.to_string()),
            &update.command_line,
            &now.as_millis(),
        ];
        self.inserted(INSERT, &values).await
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

/// An update, with its parts taken out of `parts`.
fn update(row: &Row, parts: &mut Parts) -> Result<Update, StoreError> {
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
