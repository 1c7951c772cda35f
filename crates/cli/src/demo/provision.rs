//! What the demonstration needs in the store and in `credentials.json`. Whatever is there already is kept; only what is
//! missing, or no longer works, is made.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use countersign_app::{Ctx, keys, sites, users};
use countersign_client::{DeviceClass, Question};
use countersign_crypto::encoding::base64_encode;
use countersign_crypto::jose::{Compact, NumericDate, TimeClaims};
use countersign_crypto::{Algorithm, RsaBits, RsaPrivateKey, Secret, VerifyingKey};
use countersign_domain::ids::SiteId;
use countersign_domain::keys::{SIGNING_KEY_LEAD, SigningKey};
use countersign_domain::site::{Site, SiteName, SiteSettings};
use countersign_domain::text::Username;
use countersign_domain::user::Role;

use super::application;
use super::endpoint;
use super::events::BackOffice;
use super::license;
use super::license_api;
use super::sample::{self, Sample};
use super::token_client::TokenClient;
use super::tour::Tour;
use crate::credentials::{Credentials, DeviceCredentials, ProducerCredentials};
use crate::device::token;
use crate::output::Output;
use crate::user::generate_password;

/// Name of the sample site.
pub(super) const SITE: &str = "demo";

/// Where the demonstration is.
pub(super) struct Place<'p> {
    /// Its data directory.
    pub(super) folder: &'p Path,
    /// Where the server answers.
    pub(super) base_url: &'p str,
    /// Where its receiver of webhooks listens.
    pub(super) receiver: SocketAddr,
}

/// Provisions the site and writes the credentials file. Returns what the walk needs.
pub(super) async fn provision(ctx: &Ctx, place: Place<'_>, release: Option<&Path>, output: Output) -> Result<Tour> {
    let Place { folder, base_url, receiver } = place;
    let credentials_file = folder.join("credentials.json");
    let mut credentials = Credentials::find(&credentials_file)?.unwrap_or_default();
    let site = find_or_create_site(ctx).await?;
    let platform = sample::platform()?;
    let sample = match release {
        Some(path) => sample::publish_folder(ctx, site.id, &platform, path, output).await?,
        None => sample::publish_program(ctx, site.id, &platform, output).await?,
    };
    base_url.clone_into(&mut credentials.base_url);
    SITE.clone_into(&mut credentials.site);
    let device_key = provision_authorization_key(ctx, &site, &mut credentials.device).await?;
    let signing_key = keys::find_or_create_signing_key(ctx, site.id).await?;
    credentials.device.signing_public_key = base64_encode(&signing_key.spki);
    let until_it_signs = until_it_signs(ctx, site.id, &signing_key).await?;
    provision_token(ctx, &device_key, &mut credentials.device)?;
    provision_producer(ctx, &site, &mut credentials.producer).await?;
    describe_device(&sample, platform.as_str(), &mut credentials.device);
    license::give_device_back(ctx, site.id, &credentials.device).await?;
    license::provision(ctx, site.id, &sample.product, &mut credentials.device).await?;
    application::provision(ctx, site.id, &mut credentials.oauth).await?;
    let licensed = credentials.license_api.get_or_insert_default();
    licensed.client_id.clone_from(&credentials.oauth.client_id);
    licensed.client_secret =
        credentials.oauth.client_secret.as_ref().map(|secret| Secret::new(secret.expose().clone()));
    license_api::provision(ctx, &site, &sample, licensed).await?;
    let events = &mut credentials.events;
    provision_login(ctx, &site, (&mut events.username, &mut events.password), (BACK_OFFICE, Role::Publisher)).await?;
    let inbox = endpoint::provision(ctx, site.id, receiver).await?;
    credentials.write(&credentials_file)?;

    let Credentials { device, producer, license_api, oauth, events, .. } = credentials;
    let application = license_api::application(license_api.unwrap_or_default())?;
    let identity = device.identity();
    Ok(Tour {
        base_url: base_url.to_owned(),
        credentials_file,
        downloads: folder.join("device-downloads"),
        username: producer.username,
        password: producer.password.context("the producer has no password")?,
        token_client: TokenClient {
            client_id: oauth.client_id,
            client_secret: oauth.client_secret.context("the application has no secret")?,
        },
        back_office: BackOffice {
            username: events.username,
            password: events.password.context("the back office has no password")?,
            receiver: format!("http://{receiver}"),
            inbox,
        },
        access_token: producer.access_token.context("the producer has no access token")?,
        authorization_key: base64_encode(&device_key.public_key_spki()),
        signing_key: device.signing_public_key,
        until_it_signs,
        token: device.token.context("the device has no token")?,
        question: Question {
            device: identity,
            device_class: DeviceClass::Client,
            package: device.update_from_pkg_id,
            platform: device.platform,
            language: device.language,
        },
        activation_id: device.activation_id.context("the device has no activation ID")?,
        application,
        open: sample.open,
        licensed: sample.licensed,
    })
}

async fn find_or_create_site(ctx: &Ctx) -> Result<Site> {
    let name = SiteName::new(SITE)?;
    let find = async || Ok::<_, anyhow::Error>(sites::list(ctx).await?.into_iter().find(|site| site.name == name));
    if let Some(site) = find().await? {
        return Ok(site);
    }
    sites::create(ctx, name.clone(), SiteSettings::default()).await?;
    find().await?.context("the sample site was created and is not there")
}

/// Sees to the key that checks tokens, and returns its private half.
async fn provision_authorization_key(ctx: &Ctx, site: &Site, device: &mut DeviceCredentials) -> Result<RsaPrivateKey> {
    let key = match &device.authorization_private_key {
        Some(pem) => RsaPrivateKey::from_pem(pem.expose()).context(
            "authorization_private_key in credentials.json cannot be used; remove the member to get a new key",
        )?,
        None => tokio::task::spawn_blocking(|| RsaPrivateKey::generate(RsaBits::B2048)).await??,
    };
    device.authorization_private_key = Some(key.to_pkcs8_pem());
    keys::upload(ctx, site, &base64_encode(&key.public_key_spki())).await?;
    Ok(key)
}

/// How long an older key of the site still signs, because this one was made a moment ago.
async fn until_it_signs(ctx: &Ctx, site: SiteId, newest: &SigningKey) -> Result<Duration> {
    if keys::list_signing_keys(ctx, site).await?.len() < 2 {
        return Ok(Duration::ZERO);
    }
    let left = newest.created_at.plus(SIGNING_KEY_LEAD).as_millis().saturating_sub(ctx.now().as_millis());
    Ok(Duration::from_millis(u64::try_from(left).unwrap_or(0)).min(SIGNING_KEY_LEAD))
}

/// Keeps the token while the key verifies it and it is good for another day.
fn provision_token(ctx: &Ctx, key: &RsaPrivateKey, device: &mut DeviceCredentials) -> Result<()> {
    let public = VerifyingKey::from_rsa(key.public_key())?;
    let tomorrow = ctx.now().plus(Duration::from_secs(24 * 3600)).as_seconds();
    let is_good = |token: &Secret<String>| {
        let verified = Compact::parse(token.expose()).and_then(|token| token.verify(Algorithm::RS256, &public));
        let claims = verified.and_then(|payload| TimeClaims::read(&payload));
        #[expect(clippy::cast_precision_loss, reason = "seconds until the year 9999 are exact in a double")]
        claims.is_ok_and(|claims| matches!(claims.expires, NumericDate::At(end) if end > tomorrow as f64))
    };
    if !device.token.as_ref().is_some_and(is_good) {
        device.token = Some(token::make(key, ctx.now().plus(TOKEN_LIFE))?);
    }
    Ok(())
}

/// Keeps password and access token while they log in.
async fn provision_producer(ctx: &Ctx, site: &Site, producer: &mut ProducerCredentials) -> Result<()> {
    let login = (&mut producer.username, &mut producer.password);
    let username = provision_login(ctx, site, login, (PRODUCER, Role::Admin)).await?;
    let is_valid = match &producer.access_token {
        Some(token) => may_log_in(ctx, site, users::Credentials::Token(copy(token))).await?,
        None => false,
    };
    if !is_valid {
        producer.access_token = Some(users::issue_token(ctx, site.id, username, None).await?.0);
    }
    Ok(())
}

/// Keeps a password while it logs in, under the name that is there or else the usual one.
async fn provision_login(
    ctx: &Ctx,
    site: &Site,
    (name, password): (&mut String, &mut Option<Secret<String>>),
    (usual_name, role): (&str, Role),
) -> Result<Username> {
    if name.is_empty() {
        usual_name.clone_into(name);
    }
    let username = Username::new(name.clone())?;
    let kept = password.get_or_insert_with(|| generate_password(ctx));
    let login = users::Credentials::Password { username: username.to_string(), password: copy(kept) };
    if !may_log_in(ctx, site, login).await? {
        users::find_or_add(ctx, site.id, username.clone(), role, copy(kept)).await?;
    }
    Ok(username)
}

async fn may_log_in(ctx: &Ctx, site: &Site, login: users::Credentials) -> Result<bool> {
    match users::login(ctx, site, login).await {
        Ok(_) => Ok(true),
        Err(users::LoginError::Refused) => Ok(false),
        Err(error @ (users::LoginError::Fault(_) | users::LoginError::Limited { .. } | users::LoginError::TooMany)) => {
            Err(error.into())
        }
    }
}

fn describe_device(sample: &Sample, platform: &str, device: &mut DeviceCredentials) {
    let keep = |value: &mut String, usual: &str| {
        if value.is_empty() {
            usual.clone_into(value);
        }
    };
    keep(&mut device.id, "DEMO-DEVICE-0001");
    keep(&mut device.id_type, "STRING");
    keep(&mut device.publisher_name, SITE);
    sample.from.as_str().clone_into(&mut device.update_from_pkg_id);
    platform.clone_into(&mut device.platform);
    device.language = 1033;
}

fn copy(secret: &Secret<String>) -> Secret<String> {
    Secret::new(secret.expose().clone())
}

const PRODUCER: &str = "producer";
const BACK_OFFICE: &str = "back-office";
/// Ten years: outside checks use the file for as long as the data directory lives.
const TOKEN_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
