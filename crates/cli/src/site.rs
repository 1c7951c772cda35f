//! `countersign site`: creating sites, listing them, and changing their settings.

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use countersign_app::sites;
use countersign_domain::site::{Site, SiteName, SiteSettings};
use serde_json::{Value, json};

use self::set::SetSite;
use crate::options::Options;
use crate::table::table;

mod set;

/// Manage sites.
#[derive(Subcommand)]
pub(crate) enum SiteCommand {
    /// Create a site, and with the first one the data directory.
    Create(CreateSite),
    /// List all sites.
    List,
    /// Change the settings of a site; a running server takes them over within a second.
    Set(SetSite),
}

/// What a new site is.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign site create acme
  countersign site create acme --host updates.acme.example \\
      --base-url https://updates.acme.example

Requests reach a site by one of its hosts, by the path prefix /t/NAME, or because it is the server's default site.")]
pub(crate) struct CreateSite {
    /// Name of the site: lower-case letters, digits and hyphens, because it stands in host names and paths.
    name: SiteName,
    /// External base URL, from which all absolute URLs of the site are made [default: the server's own].
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Host name that leads to this site; repeat for more.
    #[arg(long = "host", value_name = "HOST")]
    hosts: Vec<String>,
    /// Accept device keys of 1024 to 2047 bits, for old devices that cannot change.
    #[arg(long)]
    small_rsa_keys: bool,
    /// Name the signing key in the header of signed answers; some old clients do not expect it.
    #[arg(long)]
    key_id_in_answers: bool,
}

impl SiteCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Create(site) => site.run(options).await,
            Self::List => list(options).await,
            Self::Set(set) => set.run(options).await,
        }
    }
}

impl CreateSite {
    async fn run(self, options: &Options) -> Result<()> {
        let settings = SiteSettings {
            base_url: self.base_url,
            hosts: self.hosts,
            small_rsa_keys: self.small_rsa_keys,
            key_id_in_answers: self.key_id_in_answers,
            ..SiteSettings::default()
        };
        let name = self.name;
        let created = options
            .on_store(async |ctx| {
                sites::create(ctx, name.clone(), settings.clone()).await?;
                let site = sites::list(ctx).await?.into_iter().find(|site| site.name == name);
                site.context("the site was created and is not there")
            })
            .await?;
        let sentence = format!("Created site {name}. Next: countersign product create NAME --site {name}");
        options.output().done(&document(&created), &sentence);
        Ok(())
    }
}

async fn list(options: &Options) -> Result<()> {
    let all = options.on_existing_store(async |ctx| Ok(sites::list(ctx).await?)).await?;
    let document = Value::Array(all.iter().map(document).collect());
    options.output().result(&document, || {
        let row = |site: &Site| {
            let settings = &site.settings;
            let base_url = settings.base_url.clone().unwrap_or_else(|| "the server's".to_owned());
            [site.name.to_string(), base_url, settings.hosts.join(", ")]
        };
        let rows: Vec<_> = all.iter().map(row).collect();
        table(["NAME", "BASE URL", "HOSTS"], &rows, "There is no site yet; create one: countersign site create NAME")
    });
    Ok(())
}

fn document(site: &Site) -> Value {
    let settings = &site.settings;
    json!({
        "id": site.id.0,
        "name": site.name.as_str(),
        "base_url": settings.base_url,
        "hosts": settings.hosts,
        "small_rsa_keys": settings.small_rsa_keys,
        "key_id_in_answers": settings.key_id_in_answers,
        "auth_failure": settings.auth_failure.as_str(),
        "keep_status_reports": settings.retention.status_reports,
        "keep_device_events": settings.retention.device_events,
        "keep_events": settings.retention.events,
        "oauth_only": settings.oauth_only,
        "expiry_notices": settings.expiry_notices.to_string(),
    })
}
