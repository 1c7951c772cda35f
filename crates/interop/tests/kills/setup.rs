//! A site with a release, a license of which there are too few, and the credentials of a device and of a producer.

use anyhow::{Context, Result};
use countersign_interop::Installation;

/// What callers prove themselves with.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) device: String,
    pub(crate) producer: String,
}

pub(crate) fn prepare(installation: &Installation, limit: u64) -> Result<Tokens> {
    let key_file = installation.path("device-key.pem");
    let key_file = key_file.to_str().context("the path is text")?;
    let public = installation.run(&["device", "keygen", "--out", key_file])?;
    let public_file = installation.path("public-key.txt");
    std::fs::write(&public_file, public)?;
    let release = installation.path("release");
    std::fs::create_dir(&release)?;
    std::fs::write(release.join("pump.bin"), b"the first release")?;
    let limit = limit.to_string();
    for arguments in [
        &["site", "create", "acme"][..],
        &["product", "create", "Pump"],
        &["package", "create", "pump-1", "--product", "Pump"],
        &["key", "upload", public_file.to_str().context("the path is text")?],
        &[
            "release",
            "publish",
            release.to_str().context("the path is text")?,
            "--product",
            "Pump",
            "--from",
            "pump-1",
            "--to",
            "pump-2",
            "--platform",
            "LINUX64",
            "--update-id",
            "UPD-1",
        ],
        &["user", "add", "ada", "--role", "publisher"],
        &["customer", "create", "Nordwind"],
        &["order", "create", "SO-1", "--customer", "Nordwind"],
        &["license", "create", "--order", "SO-1", "--product", "Pump", "--key", "ACT-FEW", "--limit", &limit],
    ] {
        installation.run(arguments)?;
    }
    let device = installation.run(&["device", "token", "--key", key_file])?.trim().to_owned();
    let document = installation.json(&["access-token", "create", "ada"])?;
    let producer = document["access_token"].as_str().context("no access token")?.to_owned();
    Ok(Tokens { device, producer })
}
