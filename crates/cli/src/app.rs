//! `countersign app`: applications that get access tokens, and what they prove themselves with.

use anyhow::{Context as _, Result};
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};
use countersign_app::oauth;
use countersign_domain::oauth::{Application, Credential, Scopes, TokenAlgorithm};
use countersign_domain::storage::StorageName;
use countersign_domain::text::{ApplicationName, ClientId, CredentialLabel};
use serde_json::{Value, json};

use self::credentials::{KeyCommand, SecretCommand};
use self::set::SetApp;
use crate::options::Options;
use crate::part::sight;
use crate::table::{fields, table};

mod credentials;
mod describe;
mod set;

use describe::{credential_document, document, rows};

/// Create applications that get access tokens, and manage them and their secrets.
#[derive(Subcommand)]
pub(crate) enum AppCommand {
    /// Create an application with a first secret, which is printed once.
    Create(CreateApp),
    /// List the applications of the site.
    List,
    /// Show an application and its credentials.
    Show(NamedApp),
    /// Change an application; in force within a second, for tokens that it has as well.
    Set(Box<SetApp>),
    /// Add, list and retire secrets.
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Add, list and retire public keys whose private halves sign assertions.
    #[command(subcommand)]
    Key(KeyCommand),
    /// End all tokens that the application has; its credentials go on to give new ones.
    RevokeTokens(NamedApp),
    /// Refuse the application's credentials and tokens until it is enabled again.
    Disable(NamedApp),
    /// Take back `disable`.
    Enable(NamedApp),
    /// Remove an application with its credentials; its tokens are refused.
    Delete(NamedApp),
}

/// A new application.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign app create 'Build farm'
  countersign app create Mirror --scope storage.read --default-storage Main

Scopes: storage.read, storage.write, api.storage (both), api.license, tokens.introspect.")]
pub(crate) struct CreateApp {
    /// What people call it.
    name: ApplicationName,
    /// What its tokens may be used for; repeat for more [default: api.storage api.license].
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<Scopes>,
    /// How its tokens are signed.
    #[arg(long, value_parser = algorithms(), default_value = "RS256")]
    algorithm: TokenAlgorithm,
    /// The storage that is meant when a request names none.
    #[arg(long, value_name = "STORAGE")]
    default_storage: Option<StorageName>,
    /// What to call the first secret.
    #[arg(long, default_value = "first", hide_default_value = true, value_name = "LABEL")]
    label: CredentialLabel,
    /// Make no secret: the application will prove itself with a key.
    #[arg(long)]
    no_secret: bool,
}

/// An application.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign app show app-3f0c9d1e5a7b42688c21d0f4")]
pub(crate) struct NamedApp {
    /// Client ID, as `countersign app list` shows it.
    client_id: ClientId,
}

impl AppCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Create(app) => app.run(options).await,
            Self::List => list(options).await,
            Self::Show(app) => app.show(options).await,
            Self::Set(set) => set.run(options).await,
            Self::Secret(command) => command.run(options).await,
            Self::Key(command) => command.run(options).await,
            Self::RevokeTokens(app) => app.revoke_tokens(options).await,
            Self::Disable(app) => app.set_disabled(options, true).await,
            Self::Enable(app) => app.set_disabled(options, false).await,
            Self::Delete(app) => app.delete(options).await,
        }
    }
}

impl CreateApp {
    async fn run(self, options: &Options) -> Result<()> {
        let scopes = union(&self.scopes).unwrap_or_else(Scopes::usual);
        let (made, secret) = options
            .on_site(async |ctx, site| {
                let storage = self.default_storage.clone();
                let made = oauth::create(ctx, site.id, self.name.clone(), scopes, self.algorithm, storage).await?;
                if self.no_secret {
                    return Ok((made, None));
                }
                let id = made.client_id.clone();
                let secret = oauth::add_secret(ctx, site.id, id, self.label.clone(), None).await?;
                Ok((made, Some(secret)))
            })
            .await?;
        let mut created = document(&made);
        let text = secret.as_ref().map(|secret| secret.secret.expose().clone());
        if let Some(members) = created.as_object_mut() {
            members.insert("client_secret".to_owned(), json!(text));
        }
        options.output().note(&match &text {
            Some(_) => format!("Created application {}. Its secret is shown only now.", made.name),
            None => format!("Created application {}. It has no credential yet.", made.name),
        });
        options.output().result(&created, || {
            let mut pairs = vec![("Client ID", made.client_id.to_string())];
            pairs.extend(text.clone().map(|text| ("Client secret", text)));
            fields(&pairs)
        });
        Ok(())
    }
}

impl NamedApp {
    async fn show(self, options: &Options) -> Result<()> {
        let id = self.client_id;
        let (found, sees, credentials, now) = options
            .on_site(async |ctx, site| {
                let found = oauth::find(ctx, site.id, id.clone()).await?;
                let found =
                    found.with_context(|| format!("this site has no application {id}; see: countersign app list"))?;
                let sees = sight(ctx, site.id, found.part).await?;
                Ok((found, sees, oauth::list_credentials(ctx, site.id, id.clone()).await?, ctx.now()))
            })
            .await?;
        let mut shown = document(&found);
        if let Some(members) = shown.as_object_mut() {
            let list = credentials.iter().map(|one| credential_document(one, now)).collect();
            members.insert("credentials".to_owned(), Value::Array(list));
        }
        options.output().result(&shown, || {
            let credentials = credentials::listing(&credentials.iter().collect::<Vec<&Credential>>(), now);
            format!("{}\n{credentials}", fields(&rows(&found, sees)))
        });
        Ok(())
    }

    async fn revoke_tokens(self, options: &Options) -> Result<()> {
        let id = self.client_id;
        let changed =
            options.on_site(async |ctx, site| Ok(oauth::revoke_tokens(ctx, site.id, id.clone()).await?)).await?;
        options.output().done(&document(&changed), &format!("All tokens of {id} are refused; it can get new ones."));
        Ok(())
    }

    async fn set_disabled(self, options: &Options, disabled: bool) -> Result<()> {
        let id = self.client_id;
        let changed = options
            .on_site(async |ctx, site| Ok(oauth::set_disabled(ctx, site.id, id.clone(), disabled).await?))
            .await?;
        let sentence = if disabled {
            format!("Application {id} is disabled; its credentials and tokens are refused.")
        } else {
            format!("Application {id} is enabled.")
        };
        options.output().done(&document(&changed), &sentence);
        Ok(())
    }

    async fn delete(self, options: &Options) -> Result<()> {
        let id = self.client_id;
        options.on_site(async |ctx, site| Ok(oauth::delete(ctx, site.id, id.clone()).await?)).await?;
        options.output().done(&json!({ "client_id": id.as_str() }), &format!("Application {id} is removed."));
        Ok(())
    }
}

async fn list(options: &Options) -> Result<()> {
    let all = options.on_site(async |ctx, site| Ok(oauth::list(ctx, site.id).await?)).await?;
    let document = Value::Array(all.iter().map(document).collect());
    options.output().result(&document, || {
        let row = |app: &Application| {
            let state = if app.disabled { "disabled" } else { "active" };
            let storage = app.default_storage.as_ref().map(ToString::to_string).unwrap_or_default();
            [app.client_id.to_string(), app.name.to_string(), app.scopes.to_string(), storage, state.to_owned()]
        };
        let rows: Vec<_> = all.iter().map(row).collect();
        let empty = "There is no application; create one: countersign app create NAME";
        table(["CLIENT ID", "NAME", "SCOPES", "STORAGE", "STATE"], &rows, empty)
    });
    Ok(())
}

/// All scopes that were named; `None` when none was.
fn union(named: &[Scopes]) -> Option<Scopes> {
    let names: Vec<_> = named.iter().flat_map(|scopes| scopes.names()).collect();
    (!named.is_empty()).then(|| Scopes::known_in(names))
}

fn algorithms() -> impl clap::builder::TypedValueParser<Value = TokenAlgorithm> {
    let names = TokenAlgorithm::ALL.map(TokenAlgorithm::as_str);
    PossibleValuesParser::new(names).try_map(|name| TokenAlgorithm::parse(&name).ok_or(name))
}
