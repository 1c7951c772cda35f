//! Updates as JSON.

use countersign_domain::catalog::release::NewUpdate;
use countersign_domain::catalog::update::{EntitlementCheck, LanguageText, ReleaseTo, Update, UpdateStatus};
use countersign_domain::device::Language;
use countersign_domain::text::{PackageId, Platform, UpdateId};
use countersign_domain::time::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::members::{BodyProblem, Members};

/// An update. The names of its file lists, which devices get, are not shown: whoever knows one gets the files.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateBody {
    /// ID, unique in the site; devices see it
    #[schema(example = "UPD-42", max_length = 255)]
    update_id: String,
    /// The producer's own name; the ID when it is not given
    #[schema(required = false, example = "pump-42-field")]
    update_name: String,
    /// Shown where a language has no description
    #[schema(required = false, example = "Fixes the dosing alarm.")]
    description: String,
    /// `Active` or `Inactive`, read in any case
    #[schema(example = "Active")]
    status: &'static str,
    /// First day of the offer, in UTC
    #[schema(example = "2026-03-01")]
    start_date: String,
    /// Last day of the offer, in UTC; empty or not given: no end
    #[schema(required = false, example = "2031-12-31")]
    end_date: String,
    /// Who gets it: `None` (every device), `Account` or `LineItem`, read in any case
    #[schema(example = "None")]
    entitlement_check: &'static str,
    /// Command line for the installer
    #[schema(required = false, example = "--apply --no-reboot")]
    command_line: String,
    /// IDs of the installed packages that it starts from
    #[schema(example = json!(["pump-4.0", "pump-4.1"]))]
    release_from: Vec<String>,
    /// What it delivers: one package for each platform
    release_to: Vec<TargetBody>,
    /// Texts; one for each language, at least one
    languages: Vec<LanguageBody>,
}

/// What an update delivers on one platform.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TargetBody {
    /// Platform code
    #[schema(example = "LINUX64")]
    platform: String,
    /// ID of the package
    #[schema(example = "pump-4.2")]
    package_id: String,
}

/// An update's text in one language.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LanguageBody {
    /// Windows language identifier
    #[schema(example = 1033)]
    language_code: u32,
    /// Title
    #[schema(example = "Pump firmware 4.2")]
    title: String,
    /// Description
    #[schema(required = false, example = "Fixes the dosing alarm.")]
    description: String,
}

impl From<&Update> for UpdateBody {
    fn from(update: &Update) -> Self {
        Self {
            update_id: update.id.to_string(),
            update_name: update.name.clone(),
            description: update.description.clone(),
            status: status_word(update.status),
            start_date: update.start_date.to_string(),
            end_date: update.end_date.map(|end| end.to_string()).unwrap_or_default(),
            entitlement_check: check_word(update.entitlement_check),
            command_line: update.command_line.clone(),
            release_from: update.release_from.iter().map(ToString::to_string).collect(),
            release_to: update.release_to.iter().map(TargetBody::from).collect(),
            languages: update.languages.iter().map(LanguageBody::from).collect(),
        }
    }
}

impl From<&ReleaseTo> for TargetBody {
    fn from(target: &ReleaseTo) -> Self {
        Self { platform: target.platform.to_string(), package_id: target.package.to_string() }
    }
}

impl From<&LanguageText> for LanguageBody {
    fn from(text: &LanguageText) -> Self {
        Self { language_code: text.language.0, title: text.title.clone(), description: text.description.clone() }
    }
}

/// Reads the body of a new update, or of one that takes the place of the update `named` in the path. What decides who gets
/// it, and when, is never guessed.
///
/// # Errors
/// [`BodyProblem`] names the first member that cannot be used. Rules between members are checked elsewhere.
pub fn read_update(body: &[u8], named: Option<&UpdateId>) -> Result<NewUpdate, BodyProblem> {
    let mut members = Members::read(body)?;
    let id = match (members.optional("updateId", UpdateId::new)?, named) {
        (Some(id), Some(named)) if id != *named => {
            return Err(members.refused("updateId", &"it must be the ID in the path"));
        }
        (Some(id), _) => id,
        (None, Some(named)) => named.clone(),
        (None, None) => return Err(members.missing("updateId")),
    };
    Ok(NewUpdate {
        name: members.text("updateName")?.unwrap_or_else(|| id.to_string()),
        id,
        description: members.text("description")?.unwrap_or_default(),
        status: members.needed("status", |word| status(&word).ok_or("it is Active or Inactive"))?,
        start_date: members.needed("startDate", |text| date(&text))?,
        end_date: members.optional("endDate", |text| date(&text))?,
        entitlement_check: members
            .needed("entitlementCheck", |word| check(&word).ok_or("it is None, Account or LineItem"))?,
        command_line: members.text("commandLine")?.unwrap_or_default(),
        release_from: members.texts("releaseFrom", PackageId::new)?,
        release_to: members.objects("releaseTo", |mut target| {
            Ok((target.needed("platform", Platform::new)?, target.needed("packageId", PackageId::new)?))
        })?,
        languages: members.objects("languages", |mut text| {
            Ok(LanguageText {
                language: Language(text.needed_number("languageCode")?),
                title: text.needed("title", Ok::<_, String>)?,
                description: text.text("description")?.unwrap_or_default(),
            })
        })?,
    })
}

/// A date. What is none is not repeated: it may be long.
fn date(text: &str) -> Result<Date, &'static str> {
    Date::parse(text).map_err(|_| "write a date as 2026-03-01")
}

pub(super) fn status_word(status: UpdateStatus) -> &'static str {
    match status {
        UpdateStatus::Active => "Active",
        UpdateStatus::Inactive => "Inactive",
    }
}

/// The status of a word in any case.
pub(crate) fn status(word: &str) -> Option<UpdateStatus> {
    [UpdateStatus::Active, UpdateStatus::Inactive].into_iter().find(|found| same(status_word(*found), word))
}

pub(super) fn check_word(check: EntitlementCheck) -> &'static str {
    match check {
        EntitlementCheck::Account => "Account",
        EntitlementCheck::LineItem => "LineItem",
        EntitlementCheck::None => "None",
    }
}

fn check(word: &str) -> Option<EntitlementCheck> {
    [EntitlementCheck::Account, EntitlementCheck::LineItem, EntitlementCheck::None]
        .into_iter()
        .find(|found| same(check_word(*found), word))
}

fn same(ours: &str, theirs: &str) -> bool {
    ours.eq_ignore_ascii_case(theirs)
}
