//! Options that every command takes, and the way from them to an open store and the right site.

use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use clap::Args;
use countersign_app::{Ctx, sites};
use countersign_domain::audit::{Actor, Channel};
use countersign_domain::site::{Site, SiteName};
use countersign_server::{Config, Node, Overrides, init_logging};

use crate::output::Output;

/// Options of every command.
#[derive(Args)]
pub(crate) struct Options {
    /// Configuration file; without it, ./countersign.toml is read if it is there.
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING)]
    pub(crate) config: Option<PathBuf>,
    /// Data directory with store, files and master key [default: ./countersign-data; demo: ./countersign-demo].
    #[arg(long, global = true, value_name = "DIR", help_heading = HEADING)]
    pub(crate) data: Option<PathBuf>,
    /// The site to work on; may be left out when there is only one.
    #[arg(long, global = true, value_name = "NAME", help_heading = HEADING)]
    pub(crate) site: Option<SiteName>,
    /// Print one JSON document instead of text for people.
    #[arg(long, global = true, help_heading = HEADING)]
    pub(crate) json: bool,
    /// Print nothing but results and errors.
    #[arg(short, long, global = true, help_heading = HEADING)]
    pub(crate) quiet: bool,
}

impl Options {
    /// How to print.
    pub(crate) fn output(&self) -> Output {
        Output { json: self.json, quiet: self.quiet }
    }

    /// The configuration in force, with the options of a command on top.
    pub(crate) fn configuration(&self, overrides: Overrides) -> Result<Config> {
        Ok(Config::load(self.config.as_deref(), self.with_data(overrides))?)
    }

    /// The options of a command, and the data directory that every command takes.
    pub(crate) fn with_data(&self, overrides: Overrides) -> Overrides {
        Overrides { data: overrides.data.or_else(|| self.data.clone()), ..overrides }
    }

    /// Opens the store, which is created if it is not there, and closes it when the work is done.
    pub(crate) async fn on_store<T>(&self, work: impl AsyncFnOnce(&Ctx) -> Result<T>) -> Result<T> {
        let config = self.configuration(Overrides::default())?;
        init_logging(config.log, "warn");
        let node = Node::open(&config).await?;
        // Whoever may open the store acts without a login.
        let ctx = node.ctx().acting_as(Actor::of(Channel::CommandLine));
        let outcome = Box::pin(work(&ctx)).await;
        node.close().await;
        outcome
    }

    /// Opens a store that must be there: a mistyped directory is not to become an empty store.
    pub(crate) async fn on_existing_store<T>(&self, work: impl AsyncFnOnce(&Ctx) -> Result<T>) -> Result<T> {
        self.ensure_there(&self.configuration(Overrides::default())?)?;
        self.on_store(work).await
    }

    /// Refuses a data directory that is not there.
    pub(crate) fn ensure_there(&self, config: &Config) -> Result<()> {
        ensure!(
            config.database.is_some() || config.data.is_dir(),
            "there is no data directory {}; name yours with --data, or begin with: countersign site create NAME",
            config.data.display()
        );
        Ok(())
    }

    /// Opens the store and finds the site that is meant.
    pub(crate) async fn on_site<T>(&self, work: impl AsyncFnOnce(&Ctx, &Site) -> Result<T>) -> Result<T> {
        self.on_existing_store(async |ctx| {
            let site = self.choose_site(ctx).await?;
            work(ctx, &site).await
        })
        .await
    }

    async fn choose_site(&self, ctx: &Ctx) -> Result<Site> {
        let mut all = sites::list(ctx).await?;
        let names: Vec<&str> = all.iter().map(|site| site.name.as_str()).collect();
        let names = names.join(", ");
        if all.is_empty() {
            bail!("there is no site yet; create one: countersign site create NAME");
        }
        match &self.site {
            Some(name) => match all.into_iter().find(|site| site.name == *name) {
                Some(site) => Ok(site),
                None => bail!("there is no site {name}; there are: {names}"),
            },
            None if all.len() == 1 => Ok(all.remove(0)),
            None => bail!("there are several sites; choose one with --site: {names}"),
        }
    }
}

const HEADING: &str = "Options of every command";
