//! `countersign site set`: other settings.

use anyhow::{Context as _, Result};
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, value_parser};
use countersign_app::sites;
use countersign_domain::site::{AuthFailure, Retention, Site, SiteName, SiteSettings};
use countersign_domain::webhook::ExpiryNotices;

use super::document;
use crate::options::Options;
use crate::table::fields;

/// New settings; what is not named stays as it is.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign site set acme --base-url https://updates.acme.example \\
      --host updates.acme.example
  countersign site set acme --auth-failure immediate --keep-device-events 30

Old rows of histories are removed by the running server, once an hour.")]
pub(crate) struct SetSite {
    /// Name of the site.
    name: SiteName,
    #[command(flatten)]
    settings: NewSettings,
}

/// What to change; at least one of these.
#[derive(Args, Clone)]
#[group(required = true, multiple = true)]
struct NewSettings {
    /// Where a device hears that its token was refused: when it polls, or in the answer to its question.
    #[arg(long, value_parser = PossibleValuesParser::new(CHOICES).try_map(auth_failure))]
    auth_failure: Option<AuthFailure>,
    /// External base URL, from which all absolute URLs of the site are made.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Use the server's own base URL.
    #[arg(long, conflicts_with = "base_url")]
    no_base_url: bool,
    /// Host name that leads to this site, instead of those that did; repeat for more.
    #[arg(long = "host", value_name = "HOST")]
    hosts: Vec<String>,
    /// No host name leads to this site any more.
    #[arg(long, conflicts_with = "hosts")]
    no_hosts: bool,
    /// Days for which status reports of devices are kept.
    #[arg(long, value_name = "DAYS", value_parser = value_parser!(u32).range(1..=MOST_DAYS))]
    keep_status_reports: Option<u32>,
    /// Days for which events that devices have logged are kept.
    #[arg(long, value_name = "DAYS", value_parser = value_parser!(u32).range(1..=MOST_DAYS))]
    keep_device_events: Option<u32>,
    /// Days for which committed changes are kept for those who are told about them.
    #[arg(long, value_name = "DAYS", value_parser = value_parser!(u32).range(1..=MOST_DAYS))]
    keep_events: Option<u32>,
    /// Whether device keys of 1024 to 2047 bits are accepted.
    #[arg(long, value_name = "true|false")]
    small_rsa_keys: Option<bool>,
    /// Whether the header of signed answers names the signing key.
    #[arg(long, value_name = "true|false")]
    key_id_in_answers: Option<bool>,
    /// Whether licensed applications prove themselves with bearer tokens alone; API keys are refused then.
    #[arg(long, value_name = "true|false")]
    oauth_only: Option<bool>,
    /// Days before its last one on which it is told that a license expires soon, such as 30,7,1; or none.
    #[arg(long, value_name = "DAYS,…")]
    expiry_notices: Option<ExpiryNotices>,
}

impl SetSite {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let Self { name, settings } = self;
        let site = options
            .on_existing_store(async |ctx| {
                let site = sites::list(ctx).await?.into_iter().find(|site| site.name == name);
                let site = site.with_context(|| format!("there is no site {name}; see: countersign site list"))?;
                let new = settings.clone();
                Ok(sites::change_settings(ctx, &site, |settings| *settings = new.over(settings)).await?)
            })
            .await?;
        options.output().done(&document(&site), &describe(&site));
        Ok(())
    }
}

impl NewSettings {
    fn over(self, old: &SiteSettings) -> SiteSettings {
        let Retention { status_reports, device_events, events } = old.retention;
        SiteSettings {
            base_url: if self.no_base_url { None } else { self.base_url.or_else(|| old.base_url.clone()) },
            hosts: if self.hosts.is_empty() && !self.no_hosts { old.hosts.clone() } else { self.hosts },
            small_rsa_keys: self.small_rsa_keys.unwrap_or(old.small_rsa_keys),
            key_id_in_answers: self.key_id_in_answers.unwrap_or(old.key_id_in_answers),
            auth_failure: self.auth_failure.unwrap_or(old.auth_failure),
            retention: Retention {
                status_reports: self.keep_status_reports.unwrap_or(status_reports),
                device_events: self.keep_device_events.unwrap_or(device_events),
                events: self.keep_events.unwrap_or(events),
            },
            oauth_only: self.oauth_only.unwrap_or(old.oauth_only),
            expiry_notices: self.expiry_notices.unwrap_or_else(|| old.expiry_notices.clone()),
        }
    }
}

fn describe(site: &Site) -> String {
    let settings = &site.settings;
    let yes_no = |value| if value { "yes" } else { "no" };
    let Retention { status_reports, device_events, events } = settings.retention;
    let rows = fields(&[
        ("Base URL", settings.base_url.clone().unwrap_or_else(|| "the server's".to_owned())),
        ("Hosts", settings.hosts.join(", ")),
        ("Refused tokens are told", settings.auth_failure.as_str().to_owned()),
        ("Status reports kept", format!("{status_reports} days")),
        ("Device events kept", format!("{device_events} days")),
        ("Events kept", format!("{events} days")),
        ("Small RSA keys", yes_no(settings.small_rsa_keys).to_owned()),
        ("Key ID in answers", yes_no(settings.key_id_in_answers).to_owned()),
        ("Bearer tokens only", yes_no(settings.oauth_only).to_owned()),
        ("Notices of expiry", format!("{} days before", settings.expiry_notices)),
    ]);
    format!("Site {} is changed.\n\n{rows}", site.name)
}

fn auth_failure(word: String) -> Result<AuthFailure, String> {
    AuthFailure::parse(&word).ok_or(word)
}

const CHOICES: [&str; 2] = ["poll", "immediate"];
const MOST_DAYS: i64 = Retention::LIMIT as i64;
