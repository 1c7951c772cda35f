//! `countersign access-token`: long-lived credentials for pipelines and services.

use anyhow::Result;
use clap::{Args, Subcommand, value_parser};
use countersign_app::users;
use countersign_domain::text::Username;
use serde_json::json;

use crate::amounts::{MOST_DAYS, days};
use crate::options::Options;

/// Issue access tokens.
#[derive(Subcommand)]
pub(crate) enum AccessTokenCommand {
    /// Issue an access token with the rights of a user; it is printed once.
    Create(CreateToken),
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

impl AccessTokenCommand {
    pub(crate) async fn run(self, options: &Options) -> Result<()> {
        match self {
            Self::Create(token) => token.run(options).await,
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
