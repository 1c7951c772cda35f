//! `countersign app set`: other settings of an application.

use std::str::FromStr;

use anyhow::{Context as _, Result};
use clap::Args;
use countersign_app::{license_api, oauth, products};
use countersign_domain::ids::ProductId;
use countersign_domain::licensing::Part;
use countersign_domain::oauth::{Application, Scopes, TokenAlgorithm, TokenLife};
use countersign_domain::storage::{StorageAccess, StorageGrant, StorageName, StoragePath};
use countersign_domain::text::{AccountName, ApplicationName, ClientId, CustomerName, ProductName};

use super::describe::{document, rows};
use super::{algorithms, union};
use crate::options::Options;
use crate::part::{part_name, sight};
use crate::table::fields;

/// New settings; what is not named stays as it is.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign app set app-3f0c… --scope storage.read --token-life 604800
  countersign app set app-3f0c… --grant Main:releases=write --grant Main=read
  countersign app set app-3f0c… --customer Nordwind
  countersign app set app-3f0c… --algorithm ES256 --audience https://api.example.com

Programs are known that break when tokens live less than 86300 seconds.")]
pub(crate) struct SetApp {
    /// Client ID of the application.
    client_id: ClientId,
    #[command(flatten)]
    settings: NewSettings,
}

/// What to change; at least one of these.
#[derive(Args, Clone)]
#[group(required = true, multiple = true)]
struct NewSettings {
    /// What people call it.
    #[arg(long)]
    name: Option<ApplicationName>,
    /// What its tokens may be used for, instead of what they could; repeat for more.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<Scopes>,
    /// How its tokens are signed from now on.
    #[arg(long, value_parser = algorithms())]
    algorithm: Option<TokenAlgorithm>,
    /// How long its tokens live, in seconds: 60 to 604800.
    #[arg(long, value_name = "SECONDS")]
    token_life: Option<TokenLife>,
    /// A service of yours that its tokens are meant for as well (an absolute URI).
    #[arg(long, value_name = "URI")]
    audience: Option<String>,
    /// Its tokens are meant for this server alone.
    #[arg(long, conflicts_with = "audience")]
    no_audience: bool,
    /// The storage that is meant when a request names none.
    #[arg(long, value_name = "STORAGE")]
    default_storage: Option<StorageName>,
    /// Requests must name their storage.
    #[arg(long, conflicts_with = "default_storage")]
    no_default_storage: bool,
    /// What it may do in storages, instead of what it could: STORAGE=read, STORAGE:PATH=write; repeat for more.
    #[arg(long = "grant", value_name = "GRANT")]
    grants: Vec<GrantText>,
    /// It may use every storage of the site.
    #[arg(long, conflicts_with = "grants")]
    no_grants: bool,
    /// A product that it may ask about on the license door, instead of those that it could; repeat for more.
    #[arg(long = "product", value_name = "PRODUCT")]
    products: Vec<ProductName>,
    /// It may ask about every product.
    #[arg(long, conflicts_with = "products")]
    no_products: bool,
    /// On the license door it sees only what the customers of this account hold.
    #[arg(long, value_name = "NAME", group = "part")]
    account: Option<AccountName>,
    /// On the license door it sees only what this customer holds.
    #[arg(long, value_name = "NAME", group = "part")]
    customer: Option<CustomerName>,
    /// On the license door it sees only the license with this key.
    #[arg(long, value_name = "KEY|@FILE", group = "part")]
    license: Option<String>,
    /// On the license door it sees everything.
    #[arg(long, group = "part")]
    whole_site: bool,
    /// Whether it gets tokens at /oauth2/token.
    #[arg(long, value_name = "true|false")]
    oauth2_path: Option<bool>,
    /// Whether `scope` is an array in its tokens, as older services write it.
    #[arg(long, value_name = "true|false")]
    scope_array: Option<bool>,
    /// Whether its assertions may name the token endpoint, or several audiences.
    #[arg(long, value_name = "true|false")]
    endpoint_audience: Option<bool>,
}

/// A grant as it is typed.
#[derive(Clone)]
struct GrantText(StorageGrant);

impl FromStr for GrantText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write a grant as STORAGE=read, STORAGE=write or STORAGE:PATH=read";
        let (place, access) = text.rsplit_once('=').ok_or(form)?;
        let access = StorageAccess::parse(access).ok_or(form)?;
        let (storage, path) = place.split_once(':').unwrap_or((place, ""));
        let storage = StorageName::new(storage).map_err(|error| error.to_string())?;
        let path = StoragePath::new(path).map_err(|error| error.to_string())?;
        Ok(Self(StorageGrant { storage, path, access }))
    }
}

impl SetApp {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let Self { client_id, settings } = self;
        let part = part_name(settings.account.clone(), settings.customer.clone(), settings.license.clone())?;
        let (changed, sees) = options
            .on_site(async |ctx, site| {
                let known = products::list(ctx, site.id).await?;
                let id_of = |name: &ProductName| {
                    let found = known.iter().find(|product| product.name == *name).map(|product| product.id);
                    found.with_context(|| format!("this site has no product {name}; see: countersign product list"))
                };
                let named = settings.products.iter().map(id_of).collect::<Result<Vec<ProductId>>>()?;
                let part = match part.clone() {
                    Some(name) => Some(license_api::find_part(ctx, site.id, name).await?),
                    None => None,
                };
                let (new, algorithm) = (settings.clone(), settings.algorithm);
                let change = move |app: &mut Application| new.apply(app, named, part);
                let changed = oauth::change(ctx, site.id, client_id.clone(), algorithm, change).await?;
                let sees = sight(ctx, site.id, changed.part).await?;
                Ok((changed, sees))
            })
            .await?;
        if changed.token_life.is_short() {
            let least = TokenLife::SHORTEST_FOR_ALL;
            options.output().note(&format!("Some SDKs fetch a new token only after {least} seconds, and fail before."));
        }
        let text = fields(&rows(&changed, sees));
        options.output().done(&document(&changed), &format!("Application {client_id} is changed.\n\n{text}"));
        Ok(())
    }
}

impl NewSettings {
    fn apply(self, app: &mut Application, products: Vec<ProductId>, part: Option<Part>) {
        if let Some(name) = self.name {
            app.name = name;
        }
        if let Some(scopes) = union(&self.scopes) {
            app.scopes = scopes;
        }
        if let Some(life) = self.token_life {
            app.token_life = life;
        }
        if self.no_audience || self.audience.is_some() {
            app.audience = self.audience;
        }
        if self.no_default_storage || self.default_storage.is_some() {
            app.default_storage = self.default_storage;
        }
        if self.no_grants || !self.grants.is_empty() {
            app.grants = self.grants.into_iter().map(|GrantText(grant)| grant).collect();
        }
        if self.no_products || !products.is_empty() {
            app.products = products;
            app.products.sort();
            app.products.dedup();
        }
        if self.whole_site || part.is_some() {
            app.part = part;
        }
        let compatibility = &mut app.compatibility;
        compatibility.oauth2_path = self.oauth2_path.unwrap_or(compatibility.oauth2_path);
        compatibility.scope_array = self.scope_array.unwrap_or(compatibility.scope_array);
        compatibility.endpoint_audience = self.endpoint_audience.unwrap_or(compatibility.endpoint_audience);
    }
}
