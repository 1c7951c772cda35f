//! `countersign access-token`: long-lived credentials for pipelines and services.

use anyhow::Result;
use clap::{Args, Subcommand, value_parser};
use countersign_app::users;
use countersign_domain::ids::AccessTokenId;
use countersign_domain::text::Username;
use countersign_domain::time::Timestamp;
use countersign_domain::user::AccessToken;
use serde_json::{Value, json};

use crate::amounts::{MOST_DAYS, days};
use crate::options::Options;
use crate::table::table;

/// Issue, list and revoke access tokens.
#[derive(Subcommand)]
pub(crate) enum AccessTokenCommand {
    /// Issue an access token with the rights of a user; it is printed once.
    Create(CreateToken),
    /// List the access tokens of the site, without the tokens themselves.
    List,
    /// End an access token at once.
    Revoke(RevokeToken),
}

/// What token to issue.
#[derive(Args)]
#[command(after_help = "\
Example:
  countersign access-token create ci --days 90

Send it to the producer door as: Authorization: Bearer rna_…")]
pub(crate) struct CreateToken {
    /// Login name whose rights the token has.
    user: Username,
    /// Days until the token ends; without it, the token has no end.
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=MOST_DAYS))]
    days: Option<u32>,
}

/// A token to revoke.
#[derive(Args)]
#[command(after_help = "Example:\n  countersign access-token revoke 3")]
pub(crate) struct RevokeToken {
    /// ID of the token, as `countersign access-token list` shows it.
    id: i64,
}

impl AccessTokenCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Create(token) => token.run(options).await,
            Self::List => list(options).await,
            Self::Revoke(token) => token.run(options).await,
        }
    }
}

impl CreateToken {
    async fn run(self, options: &Options) -> Result<()> {
        let (issued, ends_at) = options
            .on_site(async |ctx, site| {
                let ends_at = self.days.map(|number| ctx.now().plus(days(number)));
                Ok((users::issue_token(ctx, site.id, self.user.clone(), ends_at).await?, ends_at))
            })
            .await?;
        let until = ends_at.map_or_else(|| "has no end".to_owned(), |end| format!("ends {end}"));
        options.output().note(&format!("The token of {} {until}. It is shown only now.", self.user));
        let token = issued.0.expose();
        let document = json!({
            "username": self.user.as_str(),
            "access_token": token,
            "ends_at": ends_at.map(|end| end.to_string()),
        });
        options.output().result(&document, || token.clone());
        Ok(())
    }
}

impl RevokeToken {
    async fn run(self, options: &Options) -> Result<()> {
        let id = AccessTokenId(self.id);
        options.on_site(async |ctx, site| Ok(users::revoke_token(ctx, site.id, id).await?)).await?;
        options.output().done(&json!({ "id": id.0 }), &format!("Access token {id} is revoked."));
        Ok(())
    }
}

async fn list(options: &Options) -> Result<()> {
    let (all, now) =
        options.on_site(async |ctx, site| Ok((users::list_tokens(ctx, site.id).await?, ctx.now()))).await?;
    let document = Value::Array(all.iter().map(|token| document(token, now)).collect());
    options.output().result(&document, || {
        let row = |token: &AccessToken| {
            let state = match token.ends_at {
                None => "valid".to_owned(),
                Some(end) if now < end => format!("valid until {end}"),
                Some(end) => format!("ended {end}"),
            };
            [token.id.to_string(), token.username.to_string(), token.created_at.to_string(), state]
        };
        let rows: Vec<_> = all.iter().map(row).collect();
        let empty = "There is no access token; issue one: countersign access-token create USER";
        table(["ID", "USER", "ISSUED", "STATE"], &rows, empty)
    });
    Ok(())
}

fn document(token: &AccessToken, now: Timestamp) -> Value {
    json!({
        "id": token.id.0,
        "username": token.username.as_str(),
        "created_at": token.created_at.to_string(),
        "ends_at": token.ends_at.map(|end| end.to_string()),
        "active": token.ends_at.is_none_or(|end| now < end),
    })
}
