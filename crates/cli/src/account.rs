//! `countersign account`: groups of customers that share what they have bought.

use anyhow::Result;
use clap::{Args, Subcommand};
use countersign_app::licensing::accounts;
use countersign_domain::licensing::Account;
use countersign_domain::text::AccountName;
use serde_json::{Value, json};

use self::sso::SsoCommand;
use crate::listing::{self, Extent, Listed};
use crate::options::Options;

mod sso;

/// Create and list accounts.
#[derive(Subcommand)]
pub(crate) enum AccountCommand {
    /// Create an account.
    Create(CreateAccount),
    /// List the accounts of the site.
    List,
    /// Where people of an account log in: single sign-on by OpenID Connect.
    #[command(subcommand)]
    Sso(SsoCommand),
}

/// A new account.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign account create 'Nordwind Group'

A customer without an account shares with nobody; a customer is put into one when it is created:
  countersign customer create 'Nordwind Nord' --account 'Nordwind Group'")]
pub(crate) struct CreateAccount {
    /// Name of the account, unique in the site.
    name: AccountName,
}

impl AccountCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Create(account) => account.run(options).await,
            Self::Sso(command) => command.run(options).await,
            Self::List => {
                options
                    .on_site(async |ctx, site| {
                        let read = async |page| Ok(accounts::list(ctx, site.id, page).await?);
                        listing::print(options.output(), Extent::ALL, read).await
                    })
                    .await
            }
        }
    }
}

impl CreateAccount {
    async fn run(self, options: &Options) -> Result<()> {
        let name = self.name;
        let id = options.on_site(async |ctx, site| Ok(accounts::create(ctx, site.id, name.clone()).await?)).await?;
        options.output().done(&json!({ "id": id.0, "name": name.as_str() }), &format!("Created account {name}."));
        Ok(())
    }
}

impl Listed<1> for Account {
    const TITLES: [&'static str; 1] = ["NAME"];
    const EMPTY: &'static str = "There is no account yet; create one: countersign account create NAME";

    fn position(&self) -> i64 {
        self.id.0
    }

    fn document(&self) -> Value {
        json!({ "id": self.id.0, "name": self.name.as_str() })
    }

    fn row(&self) -> [String; 1] {
        [self.name.to_string()]
    }
}
