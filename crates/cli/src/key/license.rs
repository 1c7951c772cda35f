//! `countersign key license` and `rotate-license`: the key that signs answers of the license door.

use anyhow::Result;
use clap::Args;
use countersign_app::keys::{self, LicenseKey};
use countersign_crypto::spki_pem;
use serde_json::{Value, json};

use crate::options::Options;

/// In which form to print the key.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign key license > license-public.pem
  countersign key license --certificate

Build your application with this key: it verifies what the server answers about licenses.")]
pub(crate) struct ShowLicenseKey {
    /// Print the certificate that the key has signed for itself, as /.well-known publishes it.
    #[arg(long)]
    certificate: bool,
}

impl ShowLicenseKey {
    pub(super) async fn run(self, options: &Options) -> Result<()> {
        let (key, is_new) = options
            .on_site(async |ctx, site| {
                let is_new = keys::find_license_key(ctx, site).await?.is_none();
                Ok((keys::find_or_create_license_key(ctx, site).await?, is_new))
            })
            .await?;
        if is_new {
            options.output().note("Made the key pair that signs answers about licenses of this site.");
        }
        print(options, &key, self.certificate);
        Ok(())
    }
}

/// Makes a new key pair.
pub(super) async fn rotate(options: &Options) -> Result<()> {
    let key = options.on_site(async |ctx, site| Ok(keys::rotate_license_key(ctx, site).await?)).await?;
    let id = key.id;
    options.output().note(&format!(
        "Made key {id}; it signs answers about licenses within seconds. Applications that know only the older key refuse them."
    ));
    print(options, &key, false);
    Ok(())
}

fn print(options: &Options, key: &LicenseKey, certificate: bool) {
    let public = spki_pem(&key.spki);
    let text = if certificate { key.certificate.to_string() } else { public.clone() };
    options.output().result(&document(key, &public), || text.trim_end().to_owned());
}

fn document(key: &LicenseKey, public: &str) -> Value {
    json!({
        "id": key.id.0,
        "public_key": public,
        "certificate": &*key.certificate,
        "created_at": key.created_at.to_string(),
    })
}

/// What the help says about a rotation.
pub(super) const ROTATION: &str = "\
Example:
  countersign key rotate-license > next-license-public.pem

Nothing in the protocol names a key: applications refuse all answers under the new one until they are built with it. Do this \
together with a release of the application, or when the key was disclosed.";
