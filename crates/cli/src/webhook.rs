//! `countersign webhook`: receivers that are told of events, and what was sent to them.

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use countersign_app::Ctx;
use countersign_app::webhooks::endpoints::{self, EndpointChange, Switch};
use countersign_app::webhooks::{backfill, checkpoints, log, trying};
use countersign_crypto::webhook::WebhookSecret;
use countersign_domain::ids::SiteId;
use countersign_domain::text::EndpointName;
use countersign_domain::webhook::{Endpoint, EndpointSettings};
use serde_json::{Value, json};

use self::history::{Deliveries, Events, Replay};
use self::listen::Listen;
use self::secret::SecretCommand;
use self::settings::{AuthorizationOptions, SettingsOptions, document};
use crate::options::Options;
use crate::table::{fields, table};

mod history;
mod listen;
pub(crate) mod secret;
mod settings;

/// Add receivers of webhooks and manage them, see what was sent, send it again, and listen to events.
#[derive(Subcommand)]
pub(crate) enum WebhookCommand {
    /// Add a receiver; the secret that its webhooks are signed with is printed.
    Add(Box<Add>),
    /// List the receivers of the site.
    List,
    /// Show a receiver, and how many deliveries are how far.
    Show(Named),
    /// Change a receiver; what waits goes to the new URL.
    Set(Box<Set>),
    /// Remove a receiver with all that was sent to it.
    Remove(Named),
    /// Send to a receiver again; what was held goes first.
    Enable(Enable),
    /// Send nothing to a receiver; its events are held.
    Disable(Named),
    /// Make no deliveries for a receiver; what waits is cancelled.
    Off(Named),
    /// Send a receiver an invented event, and show what it answers.
    Test(Test),
    /// Show and replace the secrets that webhooks are signed with.
    #[command(subcommand)]
    Secret(SecretCommand),
    /// List what was sent to a receiver, or waits for it.
    Deliveries(Deliveries),
    /// List events with their numbers.
    Events(Events),
    /// Send one event, or all of a time, again: the same bytes.
    Replay(Replay),
    /// Tell a receiver what there is: products, orders, licenses and devices as they are.
    Backfill(Named),
    /// Tell a receiver how much it must have by now, so that it can prove that it has missed nothing.
    Checkpoint(Named),
    /// Print events as they come, and hand them to a program on this machine.
    Listen(Listen),
}

/// A new receiver.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign webhook add crm https://hooks.example.com/countersign
  countersign webhook add erp https://erp.example.com/in --family entitlement --format fno --auth basic --secret-file pw.txt")]
pub(crate) struct Add {
    /// Name of the receiver, unique in the site.
    name: EndpointName,
    /// Where it is.
    url: String,
    #[command(flatten)]
    settings: SettingsOptions,
    #[command(flatten)]
    authorization: AuthorizationOptions,
}

/// Changes of a receiver.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign webhook set crm --url https://new.example.com/in --rate 50")]
pub(crate) struct Set {
    /// Name of the receiver.
    name: EndpointName,
    /// Its new name.
    #[arg(long, value_name = "NAME")]
    rename: Option<EndpointName>,
    /// Where it is now.
    #[arg(long)]
    url: Option<String>,
    #[command(flatten)]
    settings: SettingsOptions,
    #[command(flatten)]
    authorization: AuthorizationOptions,
}

/// A receiver.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign webhook show crm")]
pub(crate) struct Named {
    /// Name of the receiver.
    name: EndpointName,
}

/// A receiver that is sent to again.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign webhook enable crm --discard-held")]
pub(crate) struct Enable {
    /// Name of the receiver.
    name: EndpointName,
    /// Cancel what was held, and begin with what comes now.
    #[arg(long)]
    discard_held: bool,
}

/// A receiver to try.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign webhook test crm --type device.created")]
pub(crate) struct Test {
    /// Name of the receiver.
    name: EndpointName,
    /// Type of the invented event.
    #[arg(long = "type", value_name = "TYPE", default_value = "product.created")]
    event_type: String,
}

impl WebhookCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Add(add) => add.run(options).await,
            Self::List => list(options).await,
            Self::Show(named) => show(options, &named.name).await,
            Self::Set(set) => set.run(options).await,
            Self::Remove(named) => remove(options, &named.name).await,
            Self::Enable(enable) => {
                let how = if enable.discard_held { Switch::EnableWithoutHeld } else { Switch::Enable };
                switch(options, &enable.name, how).await
            }
            Self::Disable(named) => switch(options, &named.name, Switch::Disable).await,
            Self::Off(named) => switch(options, &named.name, Switch::Off).await,
            Self::Test(test) => test.run(options).await,
            Self::Secret(secret) => secret.run(options).await,
            Self::Deliveries(list) => list.run(options).await,
            Self::Events(list) => list.run(options).await,
            Self::Backfill(Named { name }) => {
                let begun = options.on_site(async |ctx, site| {
                    let endpoint = find(ctx, site.id, &name).await?;
                    Ok(backfill::start(ctx, site.id, endpoint.id).await?)
                });
                let task = begun.await?.id;
                let sentence = format!("{name} is told what there is (task {task}); the server goes on with it.");
                options.output().done(&json!({ "task": task.0 }), &sentence);
                Ok(())
            }
            Self::Checkpoint(Named { name }) => {
                let told = options.on_site(async |ctx, site| {
                    let endpoint = find(ctx, site.id, &name).await?;
                    Ok(checkpoints::tell(ctx, site.id, endpoint.id).await?)
                });
                let told = told.await?;
                let (counts, last) = (told.counts, told.last);
                let facts = json!({
                    "number": counts.number, "sequence": counts.sequence, "last": last,
                    "delivered": counts.delivered, "dead": counts.dead, "cancelled": counts.cancelled,
                });
                let sentence = format!(
                    "{name} has taken {} events up to number {} of {last}; {} were given up, {} cancelled. It is told so.",
                    counts.delivered, counts.sequence, counts.dead, counts.cancelled
                );
                options.output().done(&facts, &sentence);
                Ok(())
            }
            Self::Replay(replay) => replay.run(options).await,
            Self::Listen(listen) => listen.run(options).await,
        }
    }
}

impl Add {
    async fn run(self, options: &Options) -> Result<()> {
        let Self { name, url, settings, authorization } = self;
        let mut wanted = EndpointSettings::new(url);
        settings.apply(&mut wanted)?;
        let secret = authorization.apply(&mut wanted)?;
        let made = options
            .on_site(async |ctx, site| Ok(endpoints::create(ctx, site.id, name, wanted, secret.flatten()).await?));
        let (endpoint, secret) = made.await?;
        let secret = WebhookSecret::from_hmac_key(secret.expose())?;
        let mut document = document(&endpoint);
        document["secret"] = json!(secret.text().expose());
        options.output().done(
            &document,
            &format!(
                "Added {} for {}.\nIts webhooks are signed (Standard Webhooks) with this secret:\n{}\n\n\
                 Next: countersign webhook test {}",
                endpoint.name,
                endpoint.settings.url,
                secret.text().expose(),
                endpoint.name
            ),
        );
        Ok(())
    }
}

impl Set {
    async fn run(self, options: &Options) -> Result<()> {
        let Self { name, rename, url, settings, authorization } = self;
        let changed = options.on_site(async |ctx, site| {
            let before = find(ctx, site.id, &name).await?;
            let mut wanted = before.settings.clone();
            wanted.url = url.unwrap_or(wanted.url);
            settings.apply(&mut wanted)?;
            let authorization = authorization.apply(&mut wanted)?;
            let revision = Some(before.revision);
            let change = EndpointChange { name: rename, settings: Some(wanted), authorization, revision };
            Ok(endpoints::change(ctx, site.id, before.id, change).await?)
        });
        let changed = changed.await?;
        options.output().done(&document(&changed), &format!("Changed {}.", changed.name));
        Ok(())
    }
}

impl Test {
    async fn run(self, options: &Options) -> Result<()> {
        let Self { name, event_type } = self;
        let tried = options.on_site(async |ctx, site| {
            let endpoint = find(ctx, site.id, &name).await?;
            let tried = trying::send_sample(ctx, site.id, endpoint.id, &event_type).await?;
            tried.with_context(|| format!("there are no events of type {event_type}"))
        });
        let trying::Tried { body, sent } = tried.await?;
        let document = json!({
            "outcome": sent.outcome.as_str(),
            "status": sent.status,
            "duration_ms": u64::try_from(sent.duration.as_millis()).unwrap_or(u64::MAX),
            "address": sent.address,
            "tls": sent.tls,
            "error": sent.error,
            "request": String::from_utf8_lossy(&body),
            "answer": String::from_utf8_lossy(&sent.excerpt),
        });
        options.output().result(&document, || {
            fields(&[
                ("Outcome", sent.outcome.to_string()),
                ("Status", sent.status.map(|status| status.to_string()).unwrap_or_default()),
                ("Duration", format!("{} ms", sent.duration.as_millis())),
                ("Address", sent.address.clone()),
                ("Error", sent.error.clone()),
                ("Sent", String::from_utf8_lossy(&body).into_owned()),
                ("Answer", String::from_utf8_lossy(&sent.excerpt).into_owned()),
            ])
        });
        Ok(())
    }
}

async fn list(options: &Options) -> Result<()> {
    let all = options.on_site(async |ctx, site| Ok(endpoints::list(ctx, site.id).await?)).await?;
    options.output().result(&Value::Array(all.iter().map(document).collect()), || {
        let rows = all.iter().map(|one| {
            let trouble = one.trouble.map(|trouble| format!("failing since {}", trouble.since)).unwrap_or_default();
            let format = one.settings.format.to_string();
            [one.id.to_string(), one.name.to_string(), one.state.to_string(), format, one.settings.url.clone(), trouble]
        });
        let rows: Vec<_> = rows.collect();
        let empty = "There is no receiver of webhooks; add one: countersign webhook add NAME URL";
        table(["ID", "NAME", "STATE", "FORMAT", "URL", ""], &rows, empty)
    });
    Ok(())
}

async fn show(options: &Options, name: &EndpointName) -> Result<()> {
    let found = options.on_site(async |ctx, site| {
        let endpoint = find(ctx, site.id, name).await?;
        let counts = log::stats(ctx, site.id, endpoint.id).await?;
        Ok((endpoint, counts))
    });
    let (endpoint, counts) = found.await?;
    let mut document = document(&endpoint);
    let held = |state: countersign_domain::webhook::DeliveryState| {
        if endpoint.state.holds() && !state.is_final() { "held" } else { state.as_str() }
    };
    document["deliveries"] = counts
        .iter()
        .map(|one| json!({"state": held(one.state), "count": one.count, "oldest": one.oldest.to_string()}))
        .collect();
    options.output().result(&document, || {
        let mut rows = settings::rows(&endpoint);
        for one in &counts {
            rows.push(("Deliveries", format!("{} {}, since {}", one.count, held(one.state), one.oldest)));
        }
        fields(&rows)
    });
    Ok(())
}

async fn remove(options: &Options, name: &EndpointName) -> Result<()> {
    let removed = options.on_site(async |ctx, site| {
        let endpoint = find(ctx, site.id, name).await?;
        Ok(endpoints::remove(ctx, site.id, endpoint.id).await?)
    });
    removed.await?;
    options.output().done(&json!({"name": name.as_str()}), &format!("Removed {name}."));
    Ok(())
}

async fn switch(options: &Options, name: &EndpointName, how: Switch) -> Result<()> {
    let switched = options.on_site(async |ctx, site| {
        let endpoint = find(ctx, site.id, name).await?;
        Ok(endpoints::switch(ctx, site.id, endpoint.id, how).await?)
    });
    let endpoint = switched.await?;
    options.output().done(&document(&endpoint), &format!("{name} is {} now.", endpoint.state));
    Ok(())
}

/// The receiver of a name.
async fn find(ctx: &Ctx, site: SiteId, name: &EndpointName) -> Result<Endpoint> {
    let all = endpoints::list(ctx, site).await?;
    let found = all.into_iter().find(|one| one.name == *name);
    found.with_context(|| format!("this site has no receiver {name}; see: countersign webhook list"))
}
