//! `countersign account sso`: the OpenID provider of an account.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use countersign_app::license_api::{find_provider, remove_provider, set_provider};
use countersign_crypto::Secret;
use countersign_domain::licensing::{IdTokenAlgorithm, SsoProvider};
use countersign_domain::text::AccountName;
use serde_json::json;

use crate::options::Options;
use crate::table::fields;
use crate::text_input;

/// Single sign-on of accounts.
#[derive(Subcommand)]
pub(crate) enum SsoCommand {
    /// Lay down the provider of an account, in place of the one before it.
    Set(Box<SetSso>),
    /// Show the provider of an account.
    Show(NamedAccount),
    /// Take single sign-on from an account.
    Remove(NamedAccount),
}

/// An account.
#[derive(Args)]
pub(crate) struct NamedAccount {
    /// Name of the account.
    account: AccountName,
}

/// A provider.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign account sso set 'Nordwind Group' --issuer https://id.nordwind.example --client-id pump \\
      --client-secret-file secret.txt --domain nordwind.example \\
      --redirect-uri https://pump.example/signed-on

People log in with e-mail addresses of these domains, or with this claim, or both if both are named; licenses are assigned to them with
countersign license-user assign.")]
pub(crate) struct SetSso {
    #[command(flatten)]
    account: NamedAccount,
    /// Issuer of the provider, exactly as it publishes it.
    #[arg(long, value_name = "URL")]
    issuer: String,
    /// What the provider knows the application as.
    #[arg(long, value_name = "ID")]
    client_id: String,
    /// File with the client secret on its first line; needed to exchange codes.
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// What ID tokens are signed with: RS256, ES256 or EdDSA.
    #[arg(long, value_name = "ALGORITHM", default_value = "RS256")]
    algorithm: IdTokenAlgorithm,
    /// Domain of e-mail addresses that are let in; repeat for more.
    #[arg(long = "domain", value_name = "DOMAIN")]
    domains: Vec<String>,
    /// A claim, and what it must be or hold.
    #[arg(long, value_name = "NAME=VALUE", value_parser = claim)]
    claim: Option<(String, String)>,
    /// What is asked for beside openid and email, so that the provider tells of the claim; repeat for more.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Where people are sent back to after the login, as the provider knows it; repeat for more. The first one is for applications that
    /// name none; those that name one must name one of these.
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirects: Vec<String>,
    /// Address of the provider that may be asked although it is not public; repeat for more.
    #[arg(long = "allow-address", value_name = "ADDRESS:PORT")]
    allowed: Vec<SocketAddr>,
}

impl SsoCommand {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Set(set) => set.run(options).await,
            Self::Show(named) => named.show(options).await,
            Self::Remove(named) => named.remove(options).await,
        }
    }
}

impl SetSso {
    async fn run(self, options: &Options) -> Result<()> {
        let secret = self.client_secret_file.as_deref().map(text_input::password).transpose()?;
        let account = self.account.account;
        let provider = SsoProvider {
            issuer: self.issuer,
            client_id: self.client_id,
            algorithm: self.algorithm,
            domains: self.domains.iter().map(|domain| domain.to_lowercase()).collect(),
            claim: self.claim,
            scopes: self.scopes,
            redirects: self.redirects,
            allowed: self.allowed,
        };
        options
            .on_site(async |ctx, site| {
                let secret = secret.as_ref().map(|secret| Secret::new(secret.expose().clone()));
                Ok(set_provider(ctx, site.id, account.clone(), provider.clone(), secret).await?)
            })
            .await?;
        let sentence = format!("People of {account} log in at {}.", provider.issuer);
        options.output().done(&json!({ "account": account.as_str(), "issuer": provider.issuer }), &sentence);
        Ok(())
    }
}

impl NamedAccount {
    async fn show(self, options: &Options) -> Result<()> {
        let account = self.account;
        let found = options.on_site(async |ctx, site| Ok(find_provider(ctx, site.id, account.clone()).await?)).await?;
        let (provider, has_secret) = found.with_context(|| format!("{account} has no single sign-on"))?;
        let addresses: Vec<_> = provider.allowed.iter().map(ToString::to_string).collect();
        let claim = provider.claim.as_ref().map(|(name, value)| format!("{name}={value}"));
        let document = json!({
            "account": account.as_str(),
            "issuer": provider.issuer,
            "client_id": provider.client_id,
            "client_secret": has_secret,
            "algorithm": provider.algorithm.as_str(),
            "domains": provider.domains,
            "claim": claim,
            "scopes": provider.scopes,
            "redirect_uris": provider.redirects,
            "allowed_addresses": addresses,
        });
        options.output().result(&document, || {
            fields(&[
                ("Account", account.to_string()),
                ("Issuer", provider.issuer.clone()),
                ("Client ID", provider.client_id.clone()),
                ("Client secret", if has_secret { "kept" } else { "none" }.to_owned()),
                ("Algorithm", provider.algorithm.as_str().to_owned()),
                ("Domains", provider.domains.join(", ")),
                ("Claim", claim.clone().unwrap_or_default()),
                ("Scopes", provider.scopes.join(", ")),
                ("Redirect URIs", provider.redirects.join(", ")),
                ("Allowed addresses", addresses.join(", ")),
            ])
        });
        Ok(())
    }

    async fn remove(self, options: &Options) -> Result<()> {
        let account = self.account;
        options.on_site(async |ctx, site| Ok(remove_provider(ctx, site.id, account.clone()).await?)).await?;
        options
            .output()
            .done(&json!({ "account": account.as_str() }), &format!("{account} has no single sign-on any more."));
        Ok(())
    }
}

fn claim(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| "write it as NAME=VALUE".to_owned())?;
    Ok((name.to_owned(), value.to_owned()))
}
