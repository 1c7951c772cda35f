//! The walk through the doors: real requests over the socket, and what each of them proves.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use countersign_client::{
    ClientConfig, DeviceClass, DeviceClient, Identity, Pause as _, ProxyUse, Question, ThreadPause,
};
use countersign_crypto::{RsaPublicKey, Secret, VerifyingKey};
use serde_json::{Value, json};
use ureq::http::Method;

use super::events::BackOffice;
use super::http::{Http, Proof};
use super::licensed::Application;
use super::publication::Offered;
use super::steps::Steps;
use super::tamper;
use super::token_client::TokenClient;
use crate::amounts::{bytes, count};
use crate::private_file;

/// What the walk needs to know.
pub(super) struct Tour {
    /// Where the server answers.
    pub(super) base_url: String,
    /// Where the credentials are.
    pub(super) credentials_file: PathBuf,
    /// Where downloads go.
    pub(super) downloads: PathBuf,
    /// Login name of the producer.
    pub(super) username: String,
    /// Password of the producer.
    pub(super) password: Secret<String>,
    /// Access token of the producer.
    pub(super) access_token: Secret<String>,
    /// The application that gets tokens.
    pub(super) token_client: TokenClient,
    /// Who is told of what happens.
    pub(super) back_office: BackOffice,
    /// Public key that checks device tokens, base64 of SPKI DER.
    pub(super) authorization_key: String,
    /// Public key that verifies answers, base64 of SPKI DER.
    pub(super) signing_key: String,
    /// How long an older key may still sign, because that one is new.
    pub(super) until_it_signs: Duration,
    /// Token of the device.
    pub(super) token: Secret<String>,
    /// What the device says about itself.
    pub(super) question: Question,
    /// What the device registers with.
    pub(super) activation_id: Secret<String>,
    /// What the sample application has.
    pub(super) application: Application,
    /// The update that every device must be offered.
    pub(super) open: Offered,
    /// The update that it must be offered once it has registered, and not before.
    pub(super) licensed: Offered,
}

impl Tour {
    /// Returns when the server answers, with the key that is pinned.
    pub(super) fn wait_until_ready(&self) -> Result<()> {
        if !self.until_it_signs.is_zero() {
            ThreadPause.pause(self.until_it_signs);
        }
        let answer = Http::new(&self.base_url).fetch("/ping", &Proof::None).and_then(|answer| answer.expect(200));
        answer.map(|_| ()).with_context(|| format!("the server does not answer at its base URL {}", self.base_url))
    }

    /// Takes all steps. Returns the line that sums them up.
    pub(super) fn walk(&self, steps: &mut Steps) -> Result<String> {
        let http = Http::new(&self.base_url);
        steps.take("Server", SERVER, || {
            http.fetch("/", &Proof::None)?.expect(200)?;
            http.fetch("/ping", &Proof::None)?.expect(200)?;
            Ok(("GET / and GET /ping answer 200".to_owned(), ()))
        })?;
        self.walk_producer(&http, steps)?;
        self.token_client.walk(&http, steps)?;
        self.back_office.walk_login(&http, steps)?;
        let refused = self.walk_refusals(&http, steps)?;
        let client = self.client()?;
        // Files of an earlier run would be found complete, and nothing would be downloaded.
        private_file::replace_folder(&self.downloads)?;
        let total = self.walk_update(&client, steps)?;
        let opened = self.walk_registration(&client, steps)?;
        self.back_office.walk_webhook(&self.activation_id, steps)?;
        self.application.walk(&http, steps)?;
        Ok(format!(
            "Verified: signed list, signed manifest and {} ({}); producer login by password and by token; an application's token; registration \
             with an activation ID, the update that it opens ({}), 3 status reports and an event; a back office that logs in and is told by a signed webhook; a licensed application that \
             activates, checks, counts and deactivates, shares a seat, and works without a connection; refused: wrong password, wrong client secret, wrong shared key, \
             missing device token, {refused} altered answers, altered and unsigned webhooks, unknown activation ID.",
            count(self.open.files.len(), "file"),
            bytes(total),
            bytes(opened)
        ))
    }

    fn walk_producer(&self, http: &Http, steps: &mut Steps) -> Result<()> {
        let login = Proof::Password(&self.username, &self.password);
        let upload = json!({ "publicKey": self.authorization_key });
        steps.take("Producer, password", PRODUCER, || {
            http.send(Method::PUT, AUTHORIZATION_KEY, &login, &upload)?.expect(200)?;
            Ok((format!("{} uploaded the key that checks device tokens", self.username), ()))
        })?;
        steps.take("Producer, wrong password", PRODUCER, || {
            let wrong = Secret::new(format!("{}x", self.password.expose()));
            let login = Proof::Password(&self.username, &wrong);
            http.send(Method::PUT, AUTHORIZATION_KEY, &login, &upload)?.expect(401)?;
            Ok(("refused with 401".to_owned(), ()))
        })?;
        steps.take("Producer, access token", PRODUCER, || {
            let answer = http.fetch(SIGNING_KEY, &Proof::Bearer(&self.access_token))?.expect(200)?.json()?;
            let key = answer.get("publicKey").and_then(Value::as_str);
            ensure!(key == Some(self.signing_key.as_str()), "the server shows another signing key than the pinned one");
            Ok(("read the key that signs answers; it is the one that the device has pinned".to_owned(), ()))
        })
    }

    /// What must not be believed: a device without a token, and altered answers. Returns the number of the latter.
    fn walk_refusals(&self, http: &Http, steps: &mut Steps) -> Result<usize> {
        let question = self.question_on_the_wire();
        steps.take("Device without token", DEVICE, || {
            let answer = http.ask(SIGNED_UPDATES, &Proof::None, &question)?.expect(401)?;
            // The site decides which of the two it is.
            let said = if answer.is_polled {
                "accepted for polling, refused with 401 on the poll"
            } else {
                "refused with 401 in the answer to the question"
            };
            Ok((said.to_owned(), ()))
        })?;
        steps.take("Altered answers", SIGNATURE, || {
            let answer = http.ask(SIGNED_UPDATES, &Proof::Bearer(&self.token), &question)?.expect(200)?;
            let key = VerifyingKey::from_rsa(&RsaPublicKey::parse_upload(&self.signing_key)?)?;
            let refused = tamper::alter_each_member(&answer.body, &key)?;
            let said = format!("one byte changed in payload, header or signature: {refused} of {refused} refused");
            Ok((said, refused))
        })
    }

    fn client(&self) -> Result<DeviceClient> {
        let token = Secret::new(self.token.expose().clone());
        let mut config = ClientConfig::new(&self.base_url, token, vec![self.signing_key.clone()]);
        config.proxy = ProxyUse::Direct;
        Ok(DeviceClient::new(config)?)
    }

    fn question_on_the_wire(&self) -> Value {
        let device: Option<&Identity> = self.question.device.as_ref();
        json!({
            "deviceClass": DeviceClass::Client.as_str(),
            "id": device.map(|device| &device.id),
            "idType": device.map(|device| &device.id_type),
            "publisherName": device.map(|device| &device.publisher_name),
            "updateFromPkgId": self.question.package,
            "platform": self.question.platform,
            "language": self.question.language,
        })
    }
}

const AUTHORIZATION_KEY: &str = "/flexnet/operations/api/updates/update-authorization-key";
const SIGNING_KEY: &str = "/flexnet/operations/api/updates/update-signing-key";
const SIGNED_UPDATES: &str = "/uai/2.0/signed-updates";

const SERVER: &str = "see the log above for the reason, and whether another program answers on this address";
const PRODUCER: &str =
    "see the log above; begin anew with another --data directory if users or keys were changed by hand";
const DEVICE: &str = "the device door judges tokens wrongly; do not use this build";
pub(super) const SIGNATURE: &str = "the answer is not what the pinned key vouches for; begin anew with another --data directory, and do not use this build if it happens again";
