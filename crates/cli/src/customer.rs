//! `countersign customer`: who holds licenses and devices.

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use countersign_app::licensing::customers::{self, NewCustomer};
use countersign_domain::licensing::Customer;
use countersign_domain::text::{AccountName, CustomerName};
use serde_json::{Value, json};

use crate::listing::{self, Extent, Listed};
use crate::options::Options;
use crate::table::fields;

/// Create, list and show customers.
#[derive(Subcommand)]
pub(crate) enum CustomerCommand {
    /// Create a customer.
    Create(CreateCustomer),
    /// List the customers of the site.
    List,
    /// Show a customer.
    Show(NamedCustomer),
}

/// A new customer.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign customer create Nordwind --email buy@nordwind.example
  countersign customer create 'Nordwind Nord' --account 'Nordwind Group'

What one customer of an account has bought entitles the devices of all of them.")]
pub(crate) struct CreateCustomer {
    /// Name of the customer, unique in the site.
    name: CustomerName,
    /// Where to write to.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "ADDRESS")]
    email: String,
    /// Account that the customer belongs to.
    #[arg(long, value_name = "NAME")]
    account: Option<AccountName>,
}

/// A customer by name.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign customer show Nordwind

What it has: countersign order list, license list and device list with --customer.")]
pub(crate) struct NamedCustomer {
    /// Name of the customer, as `countersign customer list` shows it.
    name: CustomerName,
}

impl CustomerCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Create(customer) => customer.run(options).await,
            Self::List => {
                options
                    .on_site(async |ctx, site| {
                        let read = async |page| Ok(customers::list(ctx, site.id, page).await?);
                        listing::print(options.output(), Extent::ALL, read).await
                    })
                    .await
            }
            Self::Show(customer) => customer.show(options).await,
        }
    }
}

impl CreateCustomer {
    async fn run(self, options: &Options) -> Result<()> {
        let new = NewCustomer { name: self.name, email: self.email, account: self.account };
        let created = options
            .on_site(async |ctx, site| {
                customers::create(ctx, site.id, new.clone()).await?;
                let found = customers::find(ctx, site.id, new.name.clone()).await?;
                found.context("the customer was created and is not there")
            })
            .await?;
        options.output().done(&created.document(), &format!("Created customer {}.", new.name));
        Ok(())
    }
}

impl NamedCustomer {
    async fn show(self, options: &Options) -> Result<()> {
        let name = self.name;
        let found = options.on_site(async |ctx, site| Ok(customers::find(ctx, site.id, name.clone()).await?)).await?;
        let customer =
            found.with_context(|| format!("this site has no customer {name}; see: countersign customer list"))?;
        options.output().result(&customer.document(), || {
            fields(&[
                ("Customer", customer.name.to_string()),
                ("E-mail", customer.email.clone()),
                ("Account", account(&customer).unwrap_or("none").to_owned()),
                ("Created", customer.created_at.to_string()),
            ])
        });
        Ok(())
    }
}

impl Listed<3> for Customer {
    const TITLES: [&'static str; 3] = ["NAME", "E-MAIL", "ACCOUNT"];
    const EMPTY: &'static str = "There is no customer yet; create one: countersign customer create NAME";

    fn position(&self) -> i64 {
        self.id.0
    }

    fn document(&self) -> Value {
        json!({
            "id": self.id.0,
            "name": self.name.as_str(),
            "email": self.email,
            "account": account(self),
            "created_at": self.created_at.to_string(),
        })
    }

    fn row(&self) -> [String; 3] {
        [self.name.to_string(), self.email.clone(), account(self).unwrap_or_default().to_owned()]
    }
}

fn account(customer: &Customer) -> Option<&str> {
    customer.account.as_ref().map(|account| account.name.as_str())
}
