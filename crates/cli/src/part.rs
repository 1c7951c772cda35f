//! What credentials of the license door are limited to, as it is typed and shown.

use anyhow::{Context as _, Result};
use clap::Args;
use countersign_app::Ctx;
use countersign_app::license_api::{self, PartName};
use countersign_domain::ids::SiteId;
use countersign_domain::licensing::Part;
use countersign_domain::text::{AccountName, CustomerName, LicenseKey};

use crate::text_input::text_or_file;

/// A part of what the site has sold.
#[derive(Args, Clone)]
#[group(multiple = false)]
pub(crate) struct PartArgs {
    /// On the license door it sees only what the customers of this account hold.
    #[arg(long, value_name = "NAME")]
    account: Option<AccountName>,
    /// On the license door it sees only what this customer holds.
    #[arg(long, value_name = "NAME")]
    customer: Option<CustomerName>,
    /// On the license door it sees only the license with this key.
    #[arg(long, value_name = "KEY|@FILE")]
    license: Option<String>,
}

impl PartArgs {
    /// What was typed, if something was.
    pub(crate) fn name(self) -> Result<Option<PartName>> {
        part_name(self.account, self.customer, self.license)
    }
}

/// The part that is named, of which there is one at most.
pub(crate) fn part_name(
    account: Option<AccountName>,
    customer: Option<CustomerName>,
    license: Option<String>,
) -> Result<Option<PartName>> {
    let key = license.map(|key| LicenseKey::new(text_or_file(&key)?).context("this cannot be a license key"));
    let (account, customer) = (account.map(PartName::Account), customer.map(PartName::Customer));
    Ok(account.or(customer).or(key.transpose()?.map(PartName::License)))
}

/// What a credential sees, in words.
pub(crate) async fn sight(ctx: &Ctx, site: SiteId, part: Option<Part>) -> Result<String> {
    match part {
        Some(part) => Ok(license_api::describe_part(ctx, site, part).await?),
        None => Ok("all".to_owned()),
    }
}
