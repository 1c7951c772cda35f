//! `countersign user`: producers' logins.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};
use countersign_app::{Ctx, users};
use countersign_crypto::Secret;
use countersign_crypto::encoding::base64url_encode;
use countersign_crypto::random::random_array;
use countersign_domain::text::Username;
use countersign_domain::user::{Role, User};
use serde_json::{Value, json};

use crate::options::Options;
use crate::table::table;
use crate::text_input;

/// Manage logins.
#[derive(Subcommand)]
pub(crate) enum UserCommand {
    /// Add a login.
    Add(AddUser),
    /// Set the password of a login.
    Password(SetPassword),
    /// List the logins of the site.
    List,
}

/// A new login.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign user add ada --role admin
  pass show acme/ada | countersign user add ada --password-file -

Without --password-file a password is made and printed once.")]
pub(crate) struct AddUser {
    /// Login name.
    name: Username,
    /// What the user may do: viewer reads; publisher also publishes and manages update keys; admin may do everything.
    #[arg(long, default_value = "publisher", value_parser = PossibleValuesParser::new(ROLES).try_map(role))]
    role: Role,
    /// File whose first line is the password, or - for the standard input.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// A new password.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign user password ada

Without --password-file a password is made and printed once.")]
pub(crate) struct SetPassword {
    /// Login name.
    name: Username,
    /// File whose first line is the password, or - for the standard input.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl UserCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Add(user) => user.run(options).await,
            Self::Password(password) => password.run(options).await,
            Self::List => list(options).await,
        }
    }
}

impl AddUser {
    async fn run(self, options: &Options) -> Result<()> {
        let (name, role) = (&self.name, self.role);
        let (id, shown) = options
            .on_site(async |ctx, site| {
                let (password, shown) = choose_password(ctx, self.password_file.as_deref())?;
                Ok((users::add(ctx, site.id, name.clone(), role, password).await?, shown))
            })
            .await?;
        let sentence = format!("Added {name} as {}.", role.as_str());
        let document = json!({ "id": id.0, "username": name.as_str(), "role": role.as_str() });
        show(options, document, &sentence, shown.as_ref());
        Ok(())
    }
}

impl SetPassword {
    async fn run(self, options: &Options) -> Result<()> {
        let name = &self.name;
        let shown = options
            .on_site(async |ctx, site| {
                let (password, shown) = choose_password(ctx, self.password_file.as_deref())?;
                users::set_password(ctx, site.id, name.clone(), password).await?;
                Ok(shown)
            })
            .await?;
        show(options, json!({ "username": name.as_str() }), &format!("Set the password of {name}."), shown.as_ref());
        Ok(())
    }
}

/// A password of 144 random bits.
pub(crate) fn generate_password(ctx: &Ctx) -> Secret<String> {
    Secret::new(base64url_encode(&random_array::<18>(ctx.rng())))
}

async fn list(options: &Options) -> Result<()> {
    let all = options.on_site(async |ctx, site| Ok(users::list(ctx, site.id).await?)).await?;
    let document =
        |user: &User| json!({ "id": user.id.0, "username": user.username.as_str(), "role": user.role.as_str() });
    options.output().result(&Value::Array(all.iter().map(document).collect()), || {
        let rows: Vec<_> = all.iter().map(|user| [user.username.to_string(), user.role.as_str().to_owned()]).collect();
        table(["NAME", "ROLE"], &rows, "There is no user yet; add one: countersign user add NAME")
    });
    Ok(())
}

/// The password of a file; without a file, a new one, which comes twice because it is to be shown.
pub(crate) fn choose_password(ctx: &Ctx, file: Option<&Path>) -> Result<(Secret<String>, Option<Secret<String>>)> {
    if let Some(file) = file {
        return Ok((text_input::password(file)?, None));
    }
    let password = generate_password(ctx);
    let shown = Secret::new(password.expose().clone());
    Ok((password, Some(shown)))
}

/// Confirms a change. A password that was made here is shown, even by quiet programs: nobody can read it again.
pub(crate) fn show(options: &Options, mut document: Value, sentence: &str, made: Option<&Secret<String>>) {
    let Some(password) = made else { return options.output().done(&document, sentence) };
    if let Some(members) = document.as_object_mut() {
        members.insert("password".to_owned(), Value::from(password.expose().as_str()));
    }
    options.output().result(&document, || format!("{sentence}\nPassword (shown only now): {}", password.expose()));
}

fn role(word: String) -> Result<Role, String> {
    Role::parse(&word).ok_or(word)
}

const ROLES: [&str; 3] = ["viewer", "publisher", "admin"];
