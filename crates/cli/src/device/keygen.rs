//! `countersign device keygen`: the key pair behind device tokens.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use countersign_crypto::encoding::base64_encode;
use countersign_crypto::{RsaBits, RsaPrivateKey};
use serde_json::json;

use crate::output::Output;
use crate::private_file;

/// A key pair to make.
#[derive(Args)]
#[command(after_help = "\
Examples:
  countersign device keygen --out device-key.pem
  countersign device keygen --out device-key.pem | countersign key upload -

The private key stays with you and makes device tokens; the public key, which is printed, goes to the server.")]
pub(crate) struct Keygen {
    /// File for the new private key (RSA-2048, PKCS#8 PEM), readable by you alone; an existing file is not replaced.
    #[arg(long, value_name = "PRIVATE.pem")]
    out: PathBuf,
}

impl Keygen {
    pub(super) fn run(self, output: Output) -> Result<()> {
        let key = RsaPrivateKey::generate(RsaBits::B2048)?;
        private_file::create(&self.out, key.to_pkcs8_pem().expose())?;
        let public_key = base64_encode(&key.public_key_spki());
        output.note(&format!("Wrote the private key to {}. Upload the public key:", self.out.display()));
        let document = json!({ "private_key_file": self.out.display().to_string(), "public_key": public_key });
        output.result(&document, || public_key.clone());
        Ok(())
    }
}
