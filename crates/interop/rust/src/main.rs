//! A generic OAuth client in Rust: the crate `oauth2` gets a token by discovery, and the token opens a storage.
//!
//! Reads a document with `issuer`, `client_id`, `client_secret` and `storage` on standard input. Shares no code with the
//! server. Exits with 0 when every check held.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use oauth2::basic::{BasicClient, BasicErrorResponseType};
use oauth2::{
    AuthType, ClientId, ClientSecret, HttpRequest, HttpResponse, RequestTokenError, Scope, TokenResponse as _, TokenUrl,
};
use serde_json::Value;
use ureq::Agent;

fn main() -> Result<()> {
    let setting: Value = serde_json::from_reader(std::io::stdin())?;
    let told =
        |name: &str| setting[name].as_str().map(str::to_owned).with_context(|| format!("nobody told the {name}"));
    let (issuer, client, secret) = (told("issuer")?, told("client_id")?, told("client_secret")?);
    let config = Agent::config_builder().http_status_as_error(false).max_redirects(0).proxy(None);
    let agent = config.timeout_global(Some(LONGEST)).build().new_agent();
    let http = |request: HttpRequest| send(&agent, request);

    let (status, metadata) = get(&agent, &format!("{issuer}/.well-known/oauth-authorization-server"), "")?;
    check("the metadata names the issuer", status == 200 && metadata["issuer"] == issuer.as_str(), &metadata)?;
    let endpoint = metadata["token_endpoint"].as_str().context("the metadata has no token endpoint")?;
    let call = format!("{issuer}/v4.0/words/storage/{}/exist", told("storage")?);

    for (name, method) in [("client_secret_post", AuthType::RequestBody), ("client_secret_basic", AuthType::BasicAuth)]
    {
        let with = |secret: String| {
            anyhow::Ok(
                BasicClient::new(ClientId::new(client.clone()))
                    .set_client_secret(ClientSecret::new(secret))
                    .set_auth_type(method.clone())
                    .set_token_uri(TokenUrl::new(endpoint.to_owned())?),
            )
        };
        let token = with(secret.clone())?.exchange_client_credentials().request(&http)?;
        let (lifetime, bearer) = (token.expires_in(), token.access_token().secret());
        check(&format!("a token by discovery, {name}"), lifetime.is_some_and(|time| !time.is_zero()), lifetime)?;
        let (status, answer) = get(&agent, &call, bearer)?;
        check("the token opens the storage", status == 200 && answer["Exists"] == true, (status, answer))?;
        let (status, answer) = get(&agent, &call, &format!("{bearer}x"))?;
        check("a changed token does not", status == 401, (status, answer))?;

        let scope = Scope::new("storage.read".to_owned());
        let narrow = with(secret.clone())?.exchange_client_credentials().add_scope(scope.clone()).request(&http)?;
        check("a scope is narrowed", narrow.scopes() == Some(&vec![scope]), narrow.scopes())?;

        let refused = with(format!("{secret}x"))?.exchange_client_credentials().request(&http);
        let is_right = matches!(
            &refused,
            Err(RequestTokenError::ServerResponse(answer)) if *answer.error() == BasicErrorResponseType::InvalidClient
        );
        check("a wrong secret is an invalid client", is_right, refused.err())?;
    }
    println!("every check held");
    Ok(())
}

fn send(agent: &Agent, request: HttpRequest) -> Result<HttpResponse, ureq::Error> {
    let (head, mut body) = agent.run(request)?.into_parts();
    Ok(HttpResponse::from_parts(head, body.read_to_vec()?))
}

/// Status and JSON of an answer; a body that is no JSON counts as none.
fn get(agent: &Agent, url: &str, token: &str) -> Result<(u16, Value)> {
    let mut request = agent.get(url);
    if !token.is_empty() {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    let mut answer = request.call()?;
    let body = answer.body_mut().read_to_vec()?;
    Ok((answer.status().as_u16(), serde_json::from_slice(&body).unwrap_or_default()))
}

fn check(what: &str, holds: bool, found: impl std::fmt::Debug) -> Result<()> {
    ensure!(holds, "FAILED {what}: {found:?}");
    println!("ok    {what}");
    Ok(())
}

/// For each request.
const LONGEST: Duration = Duration::from_secs(20);
