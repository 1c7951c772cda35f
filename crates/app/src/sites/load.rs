//! From rows to a snapshot: what the store keeps is opened and parsed once, here.

use std::sync::Arc;

use countersign_crypto::{HmacKey, RsaPolicy, RsaPrivateKey, RsaPublicKey, SealingKey, VerifyingKey};
use countersign_domain::catalog::index::Catalog;
use countersign_domain::catalog::package::Package;
use countersign_domain::catalog::update::Update;
use countersign_domain::keys::{AuthorizationKey, SecretPurpose, SigningKey, SiteSecret, signing_key_in_force};
use countersign_domain::site::Site;
use countersign_domain::time::Timestamp;
use countersign_store::repositories::ApiKeyRecord;
use countersign_store::{StoreError, Tx};
use countersign_vault::Vault;

use super::admin::secret_label;
use super::license_signer::LicenseSigner;
use super::snapshot::{ActiveSigningKey, DeviceKey, SiteSnapshot};
use super::timed::TimedKeys;
use crate::Fault;
use crate::keys::signing_key_label;
use crate::license_api::open_all;
use crate::oauth::OauthRows;

/// The rows of one site.
pub(super) struct SiteRows {
    site: Site,
    authorization_keys: Vec<AuthorizationKey>,
    signing_keys: Vec<SigningKey>,
    secrets: Vec<SiteSecret>,
    api_keys: Vec<ApiKeyRecord>,
    packages: Vec<Package>,
    updates: Vec<Update>,
    oauth: OauthRows,
}

/// Reads all rows of a site, on the view of one transaction.
pub(super) async fn read(tx: &mut dyn Tx, site: Site) -> Result<SiteRows, StoreError> {
    let id = site.id;
    Ok(SiteRows {
        authorization_keys: tx.authorization_keys().list(id).await?,
        signing_keys: tx.signing_keys().list(id).await?,
        secrets: tx.site_secrets().list(id).await?,
        api_keys: tx.api_keys().list(id).await?,
        packages: tx.packages().list(id).await?,
        updates: tx.updates().list(id).await?,
        oauth: OauthRows::read(tx, &site).await?,
        site,
    })
}

/// Builds the snapshot. A signing key that `previous` has loaded already is taken from there: loading costs more than a
/// signature.
pub(super) fn build(
    vault: &Vault,
    rows: SiteRows,
    issuer: String,
    previous: Option<&SiteSnapshot>,
    now: Timestamp,
) -> Result<SiteSnapshot, Fault> {
    let site = rows.site;
    let policy = if site.settings.small_rsa_keys { RsaPolicy::AtLeast1024 } else { RsaPolicy::AtLeast2048 };
    let mut device_keys = Vec::with_capacity(rows.authorization_keys.len());
    // A key that has ended never verifies again.
    for record in rows.authorization_keys.into_iter().filter(|record| record.is_active(now)) {
        match parse_public(&record, policy) {
            Ok(key) => device_keys.push(DeviceKey { record, key }),
            // A key that was uploaded while the site allowed smaller ones: it does not verify any more.
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(site = %site.name, key.id = %record.id, error, "an authorization key is not used");
            }
        }
    }
    let signs_now = signing_key_in_force(&rows.signing_keys, |key| key.created_at, now).map(|key| key.id);
    let mut signing_keys = Vec::new();
    for row in &rows.signing_keys {
        signing_keys.push(signing_key(vault, &site, row, previous)?);
        if Some(row.id) == signs_now {
            break;
        }
    }
    let license_signers = license_signers(vault, &site, &rows.secrets, previous, now)?;
    let mut polling_keys = Vec::new();
    let mut url_keys = Vec::new();
    for secret in &rows.secrets {
        let open = || vault.open(&secret_label(site.id, secret.purpose), &secret.sealed);
        match secret.purpose {
            SecretPurpose::DownloadUrls => url_keys.push((secret, HmacKey::new(open()?.expose()))),
            // One is opened when it is needed, the other was above.
            SecretPurpose::AirGap | SecretPurpose::LicenseAnswers => {}
            SecretPurpose::PollingIds => {
                let opened = open()?;
                let bytes = <&[u8; 32]>::try_from(opened.expose().as_slice());
                let bytes = bytes.map_err(|error| unusable("a polling secret", error))?;
                polling_keys.push((secret, SealingKey::new(bytes)));
            }
        }
    }
    let (polling_keys, url_keys) = (TimedKeys::new(polling_keys), TimedKeys::new(url_keys));
    // Where bearer tokens alone are wanted, no API key is known.
    let api_keys = if site.settings.oauth_only { Vec::new() } else { rows.api_keys };
    let api_keys = open_all(vault, site.id, api_keys, previous)?;
    let catalog = Catalog::new(rows.packages, rows.updates);
    let oauth = rows.oauth.build(vault, issuer, previous.map(|snapshot| &snapshot.oauth))?;
    Ok(SiteSnapshot {
        site,
        catalog,
        device_keys,
        signing_keys,
        license_signers,
        polling_keys,
        url_keys,
        api_keys,
        oauth,
    })
}

fn parse_public(record: &AuthorizationKey, policy: RsaPolicy) -> Result<VerifyingKey, Fault> {
    let what = || format!("authorization key {}", record.id);
    let key = RsaPublicKey::from_spki_der(&record.spki).map_err(|error| unusable(what(), error))?;
    VerifyingKey::from_rsa_with(&key, policy).map_err(|error| unusable(what(), error))
}

fn signing_key(
    vault: &Vault,
    site: &Site,
    row: &SigningKey,
    previous: Option<&SiteSnapshot>,
) -> Result<ActiveSigningKey, Fault> {
    if let Some(loaded) = previous.and_then(|snapshot| snapshot.signing_keys.iter().find(|key| key.id == row.id)) {
        return Ok(loaded.clone());
    }
    let pkcs8 = vault.open(&signing_key_label(site.id), &row.sealed_private_key)?;
    let key = RsaPrivateKey::from_pkcs8_der(pkcs8.expose())
        .map_err(|error| unusable(format!("signing key {}", row.id), error))?;
    Ok(ActiveSigningKey { id: row.id, created_at: row.created_at, key: Arc::new(key) })
}

/// Newest first, down to the one that signs now.
fn license_signers(
    vault: &Vault,
    site: &Site,
    secrets: &[SiteSecret],
    previous: Option<&SiteSnapshot>,
    now: Timestamp,
) -> Result<Vec<LicenseSigner>, Fault> {
    let rows: Vec<_> = secrets.iter().filter(|secret| secret.purpose == SecretPurpose::LicenseAnswers).collect();
    let signs_now = signing_key_in_force(&rows, |row| row.created_at, now).map(|row| row.id);
    let mut signers = Vec::new();
    for row in rows {
        let loaded = previous.and_then(|snapshot| snapshot.license_signers.iter().find(|signer| signer.id == row.id));
        signers.push(match loaded {
            Some(signer) => signer.clone(),
            None => LicenseSigner::open(vault, site, row)?,
        });
        if Some(row.id) == signs_now {
            break;
        }
    }
    Ok(signers)
}

pub(super) fn unusable(what: impl Into<String>, source: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::Key { what: what.into(), source: Box::new(source) }
}
