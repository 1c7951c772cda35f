//! `countersign license-user`: people whom licenses are assigned to.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::{Args, Subcommand};
use countersign_app::licensing::license_users::{self, Address, NewUser};
use countersign_domain::licensing::{ActivationLimit, LicenseUser};
use countersign_domain::text::{LicenseKey, UserEmail};
use serde_json::{Value, json};

use crate::license::limit;
use crate::listing::{self, Extent, Listed};
use crate::options::Options;
use crate::text_input::text_or_file;
use crate::user::{choose_password, show};

/// Manage license users.
#[derive(Subcommand)]
pub(crate) enum LicenseUserCommand {
    /// Add a license user with an initial password.
    Add(AddUser),
    /// List the license users of the site.
    List,
    /// Set a new initial password.
    Password(SetPassword),
    /// Let a user log in again.
    Enable(NamedUser),
    /// Let a user log in no more. What is active stays active.
    Disable(NamedUser),
    /// Assign a license to a user.
    Assign(Assign),
    /// Take a license from a user who has it active nowhere.
    Unassign(Unassign),
}

/// A new license user.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign license-user add ada@nordwind.example

Without --password-file a password is made and printed once.")]
pub(crate) struct AddUser {
    /// E-mail address: the name to log in with.
    email: String,
    /// First name.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    first_name: String,
    /// Last name.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    last_name: String,
    /// Telephone number.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NUMBER")]
    phone: String,
    /// File whose first line is the password, or - for the standard input.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// A new initial password.
#[derive(Args)]
pub(crate) struct SetPassword {
    /// E-mail address of the user.
    email: String,
    /// File whose first line is the password, or - for the standard input.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// A user by e-mail address.
#[derive(Args)]
pub(crate) struct NamedUser {
    /// E-mail address of the user.
    email: String,
}

/// A license for a user.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign license-user assign ada@nordwind.example @license-key.txt --limit 2")]
pub(crate) struct Assign {
    /// E-mail address of the user.
    email: String,
    /// Key of the license, or @FILE.
    #[arg(value_name = "KEY|@FILE")]
    key: String,
    /// On how many devices the user can activate it at the same time: a number, or unlimited.
    #[arg(long, default_value = "1", value_name = "N", value_parser = limit)]
    limit: ActivationLimit,
    /// The address is known to be the user's, though he has nothing but trials, which anybody can ask for.
    #[arg(long)]
    proved: bool,
}

/// A license to take from a user.
#[derive(Args)]
pub(crate) struct Unassign {
    /// E-mail address of the user.
    email: String,
    /// Key of the license, or @FILE.
    #[arg(value_name = "KEY|@FILE")]
    key: String,
}

impl LicenseUserCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Add(user) => user.run(options).await,
            Self::List => {
                options
                    .on_site(async |ctx, site| {
                        let read = async |page| Ok(license_users::list(ctx, site.id, page).await?);
                        listing::print(options.output(), Extent::ALL, read).await
                    })
                    .await
            }
            Self::Password(password) => password.run(options).await,
            Self::Enable(user) => user.set_enabled(options, true).await,
            Self::Disable(user) => user.set_enabled(options, false).await,
            Self::Assign(assign) => assign.run(options).await,
            Self::Unassign(unassign) => unassign.run(options).await,
        }
    }
}

impl AddUser {
    async fn run(self, options: &Options) -> Result<()> {
        let email = address(&self.email)?;
        let has_both =
            email.as_str().split_once('@').is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty());
        ensure!(has_both, "{email} is no e-mail address; write it as ada@example.com");
        let (added, shown) = options
            .on_site(async |ctx, site| {
                let (password, shown) = choose_password(ctx, self.password_file.as_deref())?;
                let (first_name, last_name) = (self.first_name.clone(), self.last_name.clone());
                let new = NewUser { email: email.clone(), first_name, last_name, phone: self.phone.clone(), password };
                Ok((license_users::add(ctx, site.id, new).await?, shown))
            })
            .await?;
        show(options, added.document(), &format!("Added license user {email}."), shown.as_ref());
        Ok(())
    }
}

impl SetPassword {
    async fn run(self, options: &Options) -> Result<()> {
        let email = address(&self.email)?;
        let shown = options
            .on_site(async |ctx, site| {
                let (password, shown) = choose_password(ctx, self.password_file.as_deref())?;
                license_users::set_password(ctx, site.id, email.clone(), password).await?;
                Ok(shown)
            })
            .await?;
        show(options, json!({ "email": email.as_str() }), &format!("Set the password of {email}."), shown.as_ref());
        Ok(())
    }
}

impl NamedUser {
    async fn set_enabled(self, options: &Options, enabled: bool) -> Result<()> {
        let email = address(&self.email)?;
        options
            .on_site(async |ctx, site| Ok(license_users::set_enabled(ctx, site.id, email.clone(), enabled).await?))
            .await?;
        let may = if enabled { "may log in" } else { "may not log in any more" };
        let document = json!({ "email": email.as_str(), "enabled": enabled });
        options.output().done(&document, &format!("{email} {may}."));
        Ok(())
    }
}

impl Assign {
    async fn run(self, options: &Options) -> Result<()> {
        let (email, key, limit) = (address(&self.email)?, license_key(&self.key)?, self.limit);
        let known = if self.proved { Address::Proved } else { Address::Unproved };
        options
            .on_site(async |ctx, site| {
                Ok(license_users::assign(ctx, site.id, (email.clone(), known), key.clone(), limit).await?)
            })
            .await?;
        let document = json!({ "email": email.as_str(), "key": key.as_str() });
        options.output().done(&document, &format!("Assigned the license to {email}."));
        Ok(())
    }
}

impl Unassign {
    async fn run(self, options: &Options) -> Result<()> {
        let (email, key) = (address(&self.email)?, license_key(&self.key)?);
        options
            .on_site(async |ctx, site| Ok(license_users::unassign(ctx, site.id, email.clone(), key.clone()).await?))
            .await?;
        let document = json!({ "email": email.as_str(), "key": key.as_str() });
        options.output().done(&document, &format!("Took the license from {email}."));
        Ok(())
    }
}

impl Listed<4> for LicenseUser {
    const TITLES: [&'static str; 4] = ["ID", "E-MAIL", "NAME", "STATE"];
    const EMPTY: &'static str = "There is no license user; add one: countersign license-user add ADDRESS";

    fn position(&self) -> i64 {
        self.id.0
    }

    fn document(&self) -> Value {
        json!({
            "id": self.id.0,
            "email": self.email.as_str(),
            "first_name": self.first_name,
            "last_name": self.last_name,
            "phone": self.phone,
            "initial_password": self.initial_password,
            "enabled": self.enabled,
        })
    }

    fn row(&self) -> [String; 4] {
        let name = format!("{} {}", self.first_name, self.last_name).trim().to_owned();
        let state = match (self.enabled, self.initial_password) {
            (false, _) => "disabled",
            (true, true) => "initial password",
            (true, false) => "enabled",
        };
        [self.id.to_string(), self.email.to_string(), name, state.to_owned()]
    }
}

/// Addresses are kept and compared in lower case.
fn address(text: &str) -> Result<UserEmail> {
    UserEmail::new(text.to_lowercase()).context("this cannot be an e-mail address")
}

fn license_key(argument: &str) -> Result<LicenseKey> {
    LicenseKey::new(text_or_file(argument)?).context("this cannot be a license key")
}
