//! The steps of the walk in which a back-office system logs in, and is told of what the device did.

use anyhow::{Context as _, Result, ensure};
use countersign_crypto::Secret;
use countersign_crypto::webhook::WebhookRefusal;
use serde_json::{Value, json};
use ureq::http::Method;

use super::http::{Http, Proof};
use super::receiver::{Inbox, PATH};
use super::steps::Steps;

/// The back-office system of the demonstration.
pub(super) struct BackOffice {
    /// Login name.
    pub(super) username: String,
    /// Password.
    pub(super) password: Secret<String>,
    /// Base URL of the receiver inside this process.
    pub(super) receiver: String,
    /// What the receiver has believed.
    pub(super) inbox: Inbox,
}

impl BackOffice {
    /// Logs in, and sees that its receiver is told of changes.
    pub(super) fn walk_login(&self, http: &Http, steps: &mut Steps) -> Result<()> {
        steps.take("Events, login", ADVICE, || {
            let login = Proof::Password(&self.username, &self.password);
            let answer = http.send_text(AUTHENTICATE, &login, "")?.expect(200)?.json()?;
            let token = answer.get("token").and_then(Value::as_str).context("the answer has no token")?;
            let token = Secret::new(token.to_owned());
            let listed = http.fetch(ENDPOINTS, &Proof::Bearer(&token))?.expect(200)?.json()?;
            let url = format!("{}{PATH}", self.receiver);
            let listed = listed.get("endpoints").and_then(Value::as_array).context("there is no list of endpoints")?;
            let is_told = listed.iter().any(|one| one["url"] == url.as_str() && one["state"] == "enabled");
            ensure!(is_told, "{url} is not told of changes");
            Ok((format!("{} got a token; {url} is told of changes", self.username), ()))
        })?;
        steps.take("Events, wrong password", ADVICE, || {
            let wrong = Secret::new(format!("{}x", self.password.expose()));
            let answer = http.send_text(AUTHENTICATE, &Proof::Password(&self.username, &wrong), "")?;
            // Who tries this often is told to wait.
            ensure!(matches!(answer.status, 401 | 429), "a wrong password was answered with {}", answer.status);
            Ok((format!("refused with {}", answer.status), ()))
        })
    }

    /// Waits for the webhook about the activation of a license, and verifies it.
    pub(super) fn walk_webhook(&self, license: &Secret<String>, steps: &mut Steps) -> Result<()> {
        steps.take("Webhook", ADVICE, || {
            let tells = |body: &Value| {
                let key = body.pointer("/data/line_item/activation_id").and_then(Value::as_str);
                body["type"] == ACTIVATED && key == Some(license.expose())
            };
            let told = self.inbox.wait_for(tells);
            let (webhook, body) = told.with_context(|| format!("no webhook tells of the activation ({ACTIVATED})"))?;
            self.inbox.verify(&webhook).context("the unaltered webhook does not verify")?;
            let altered = webhook.alter_each_part();
            for (part, altered) in &altered {
                let refused = self.inbox.verify(altered) == Err(WebhookRefusal::Signature);
                ensure!(refused, "a webhook with another {part} was believed");
            }
            let order = body.pointer("/data/entitlement/number").and_then(Value::as_str).unwrap_or_default();
            let altered = altered.len();
            Ok((
                format!(
                    "{ACTIVATED} for order {order} arrived, signature verified; one byte changed in its body, another ID \
                     or time: {altered} of {altered} refused"
                ),
                (),
            ))
        })?;
        steps.take("Webhook without signature", ADVICE, || {
            let made_up = json!({ "type": ACTIVATED });
            Http::new(&self.receiver).send(Method::POST, PATH, &Proof::None, &made_up)?.expect(401)?;
            Ok(("refused by the receiver with 401".to_owned(), ()))
        })
    }
}

const AUTHENTICATE: &str = "/notifications/api/v1/authenticate";
const ENDPOINTS: &str = "/notifications/api/v1/endpoints";
/// Type of the event that the registration of the device raises.
const ACTIVATED: &str = "lineitem.activated";
const ADVICE: &str = "see the log above, and: countersign webhook deliveries demo --site demo";
