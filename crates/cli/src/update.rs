//! `countersign update`: offers that lead devices from one package to another.

use anyhow::{Context as _, Result};
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};
use countersign_app::updates;
use countersign_domain::catalog::release::NewUpdate;
use countersign_domain::catalog::update::{EntitlementCheck, ReleaseTo, Update, UpdateStatus};
use countersign_domain::text::{PackageId, Platform, UpdateId};
use countersign_domain::time::Date;
use serde_json::{Value, json};

use crate::options::Options;
use crate::table::{fields, table};
use crate::update_texts::UpdateTexts;

/// Manage updates.
#[derive(Subcommand)]
pub(crate) enum UpdateCommand {
    /// Create an update between packages that exist.
    Create(CreateUpdate),
    /// List the updates of the site.
    List,
    /// Show an update.
    Show(NamedUpdate),
    /// Offer an update to devices, between its dates.
    Activate(NamedUpdate),
    /// Withdraw an update: devices do not see it any more.
    Deactivate(NamedUpdate),
    /// Delete an update; its packages stay.
    Delete(NamedUpdate),
}

/// A new update.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign update create --id pump-421 --from pump-4.0 --from pump-4.1 \\
      --to LINUX32=pump-4.2.1-arm --to LINUX64=pump-4.2.1-x64 \\
      --title 'Pump firmware 4.2.1'")]
pub(crate) struct CreateUpdate {
    /// ID of the update, as devices see it.
    #[arg(long)]
    id: UpdateId,
    /// Your own name for it; devices receive it, too [default: the ID].
    #[arg(long)]
    name: Option<String>,
    /// Package that the update starts from; repeat for more.
    #[arg(long, required = true, value_name = "PACKAGE")]
    from: Vec<PackageId>,
    /// Package that is delivered on a platform; repeat for more platforms.
    #[arg(long, required = true, value_name = "PLATFORM=PACKAGE", value_parser = target)]
    to: Vec<(Platform, PackageId)>,
    /// First day of the offer in UTC, as 2026-03-01 [default: today].
    #[arg(long, value_name = "DATE")]
    start: Option<Date>,
    /// Last day of the offer in UTC [default: none].
    #[arg(long, value_name = "DATE")]
    end: Option<Date>,
    #[command(flatten)]
    texts: UpdateTexts,
    /// Command line for the installer.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
    command_line: String,
    /// Who gets the update: none checks nothing; account and line-item demand an entitlement.
    #[arg(long, default_value = "none", value_parser = PossibleValuesParser::new(CHECKS).try_map(check))]
    entitlement_check: EntitlementCheck,
    /// Do not offer it yet; `countersign update activate` does.
    #[arg(long)]
    inactive: bool,
}

/// An update by its ID.
#[derive(Args)]
pub(crate) struct NamedUpdate {
    /// ID of the update, as `countersign update list` shows it.
    id: UpdateId,
}

impl UpdateCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Create(update) => update.run(options).await,
            Self::List => list(options).await,
            Self::Show(update) => show(update.id, options).await,
            Self::Activate(update) => set_status(update.id, UpdateStatus::Active, options).await,
            Self::Deactivate(update) => set_status(update.id, UpdateStatus::Inactive, options).await,
            Self::Delete(update) => delete(update.id, options).await,
        }
    }
}

impl CreateUpdate {
    async fn run(self, options: &Options) -> Result<()> {
        let title = self.to.first().map(|(_, package)| package.as_str()).unwrap_or_default();
        let languages = self.texts.rows(title)?;
        let status = if self.inactive { UpdateStatus::Inactive } else { UpdateStatus::Active };
        let created = options
            .on_site(async |ctx, site| {
                let update = NewUpdate {
                    id: self.id.clone(),
                    name: self.name.clone().unwrap_or_else(|| self.id.to_string()),
                    description: self.texts.description(),
                    status,
                    entitlement_check: self.entitlement_check,
                    start_date: self.start.unwrap_or_else(|| ctx.now().date()),
                    end_date: self.end,
                    command_line: self.command_line.clone(),
                    release_from: self.from.clone(),
                    release_to: self.to.clone(),
                    languages: languages.clone(),
                };
                Ok(updates::create(ctx, site.id, update).await?)
            })
            .await?;
        let sentence = format!("Created update {}; it is {}.", created.id, created.status.as_str());
        options.output().done(&document(&created), &sentence);
        Ok(())
    }
}

async fn list(options: &Options) -> Result<()> {
    let all = options.on_site(async |ctx, site| Ok(updates::list(ctx, site.id).await?)).await?;
    options.output().result(&Value::Array(all.iter().map(document).collect()), || {
        let row = |update: &Update| {
            let dates = format!("{} to {}", update.start_date, end(update));
            [update.id.to_string(), update.status.as_str().to_owned(), dates, sources(update), targets(update)]
        };
        let rows: Vec<_> = all.iter().map(row).collect();
        table(
            ["ID", "STATUS", "OFFERED", "FROM", "TO"],
            &rows,
            "There is no update yet; see: countersign release publish --help",
        )
    });
    Ok(())
}

async fn show(id: UpdateId, options: &Options) -> Result<()> {
    let found = options.on_site(async |ctx, site| Ok(updates::find(ctx, site.id, id.clone()).await?)).await?;
    let update = found.with_context(|| format!("this site has no update {id}; see: countersign update list"))?;
    options.output().result(&document(&update), || describe(&update));
    Ok(())
}

async fn set_status(id: UpdateId, status: UpdateStatus, options: &Options) -> Result<()> {
    options.on_site(async |ctx, site| Ok(updates::set_status(ctx, site.id, id.clone(), status).await?)).await?;
    let document = json!({ "id": id.as_str(), "status": status.as_str() });
    options.output().done(&document, &format!("Update {id} is {}.", status.as_str()));
    Ok(())
}

async fn delete(id: UpdateId, options: &Options) -> Result<()> {
    options.on_site(async |ctx, site| Ok(updates::delete(ctx, site.id, id.clone()).await?)).await?;
    options.output().done(&json!({ "id": id.as_str(), "deleted": true }), &format!("Deleted update {id}."));
    Ok(())
}

fn describe(update: &Update) -> String {
    let head = fields(&[
        ("Update", update.id.to_string()),
        ("Name", update.name.clone()),
        ("Status", update.status.as_str().to_owned()),
        ("Offered", format!("{} to {}", update.start_date, end(update))),
        ("Entitlement check", update.entitlement_check.as_str().to_owned()),
        ("From", sources(update)),
        ("To", targets(update)),
        ("Command line", update.command_line.clone()),
    ]);
    let rows: Vec<_> = update
        .languages
        .iter()
        .map(|text| [text.language.0.to_string(), text.title.clone(), text.description.clone()])
        .collect();
    format!("{head}\n\n{}", table(["LANGUAGE", "TITLE", "DESCRIPTION"], &rows, "The update has no texts."))
}

/// The manifest UUIDs are left out: whoever knows one gets the file list.
fn document(update: &Update) -> Value {
    let target = |to: &ReleaseTo| json!({ "platform": to.platform.as_str(), "package": to.package.as_str() });
    let texts = update
        .languages
        .iter()
        .map(|text| json!({ "language": text.language.0, "title": text.title, "description": text.description }));
    json!({
        "id": update.id.as_str(),
        "name": update.name,
        "description": update.description,
        "status": update.status.as_str(),
        "entitlement_check": update.entitlement_check.as_str(),
        "start_date": update.start_date.to_string(),
        "end_date": update.end_date.map(|end| end.to_string()),
        "command_line": update.command_line,
        "from": update.release_from.iter().map(PackageId::as_str).collect::<Vec<_>>(),
        "to": update.release_to.iter().map(target).collect::<Vec<_>>(),
        "texts": texts.collect::<Vec<_>>(),
    })
}

fn end(update: &Update) -> String {
    update.end_date.map_or_else(|| "no end".to_owned(), |end| end.to_string())
}

fn sources(update: &Update) -> String {
    update.release_from.iter().map(PackageId::as_str).collect::<Vec<_>>().join(", ")
}

fn targets(update: &Update) -> String {
    let target = |to: &ReleaseTo| format!("{} on {}", to.package, to.platform);
    update.release_to.iter().map(target).collect::<Vec<_>>().join(", ")
}

fn target(text: &str) -> Result<(Platform, PackageId), String> {
    let (platform, package) = text.split_once('=').ok_or("write it as PLATFORM=PACKAGE, such as LINUX64=pump-4.2")?;
    let platform = Platform::new(platform).map_err(|error| error.to_string())?;
    Ok((platform, PackageId::new(package).map_err(|error| error.to_string())?))
}

/// The entitlement check of a word.
pub(crate) fn check(word: String) -> Result<EntitlementCheck, String> {
    EntitlementCheck::parse(&word).ok_or(word)
}

/// Words of the entitlement checks.
pub(crate) const CHECKS: [&str; 3] = ["none", "account", "line-item"];
