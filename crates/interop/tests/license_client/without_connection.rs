//! Bundles in files, and codes across an air gap.

use std::fs;

use anyhow::{Context, Result, ensure};
use countersign_interop::{Demo, Language, Linking};
use serde_json::Value;

use crate::support::{HARDWARE, carry, holds, settings, talk};

#[test]
fn a_c_program_has_a_bundle() -> Result<()> {
    let printed = bundle(Language::C(Linking::Shared))?;
    holds(&printed, &["licenses: [{", "standing: 0", "ok: read the response", "standing: 12"])
}

#[test]
fn a_python_program_has_a_bundle() -> Result<()> {
    let printed = bundle(Language::Python)?;
    holds(&printed, &["licenses: sample ", "standing: VALID", "licenses in the file: 2", "standing: NEVER_ACTIVATED"])
}

#[test]
fn a_c_program_is_licensed_across_an_air_gap() -> Result<()> {
    holds(&air_gap(Language::C(Linking::Shared))?, &["standing: 0", "standing: 12"])
}

#[test]
fn a_python_program_is_licensed_across_an_air_gap() -> Result<()> {
    holds(&air_gap(Language::Python)?, &["not the producer's: ", "standing: VALID", "standing: NEVER_ACTIVATED"])
}

/// Runs the example with a bundle of the demo, and carries its files.
fn bundle(language: Language) -> Result<String> {
    let (folder, demo) = (tempfile::tempdir()?, Demo::start()?);
    let example = language.example(folder.path(), "bundle")?;
    let credentials: Value = serde_json::from_str(demo.credentials())?;
    let licenses = &credentials["license_api"];
    let key = licenses["license_keys"]["bundle"][1].as_str().context("no bundle")?;
    let home = folder.path().join("home");
    fs::create_dir(&home)?;
    let mut command = example.command(folder.path(), &settings(&credentials))?;
    command.arg(&home).args([licenses["bundle"].as_str().context("no bundle")?, key]);
    let printed = talk(&demo, folder.path(), command, |line| carry(&demo, line, &["--bundle"]))?;
    let back = home.join("deactivate_offline.req").display().to_string();
    demo.run(&["license", "offline", "deactivate", &back, "--bundle"])?;
    let again = demo.run(&["license", "offline", "deactivate", &back.replace("deactivate", "activate"), "--bundle"]);
    ensure!(again.is_err(), "a request to activate was taken for one to deactivate");
    demo.stop()?;
    Ok(printed)
}

/// Runs the example with a license of the demo that is behind an air gap, and types what the producer says.
fn air_gap(language: Language) -> Result<String> {
    let (folder, demo) = (tempfile::tempdir()?, Demo::start()?);
    let example = language.example(folder.path(), "air_gap")?;
    let credentials: Value = serde_json::from_str(demo.credentials())?;
    let key = credentials["license_api"]["license_keys"]["air_gapped"][1].as_str().context("no license")?;
    let (home, policy) = (folder.path().join("home"), folder.path().join("policy.lic"));
    fs::create_dir(&home)?;
    let producer = |words: &[&str]| -> Result<Value> {
        Ok(serde_json::from_str(&demo.run(&[&["license", "air-gap"], words, &["--json"]].concat())?)?)
    };
    producer(&["policy-file", key, "--out", &policy.display().to_string()])?;
    let mut command = example.command(folder.path(), &settings(&credentials))?;
    command.arg(&home).arg(key).arg(&policy);
    let text = |document: &Value, name: &str| document[name].as_str().map(str::to_owned);
    let activations = || -> Result<Value> {
        let shown: Value = serde_json::from_str(&demo.run(&["license", "show", key, "--json"])?)?;
        Ok(shown["activations"].clone())
    };
    let printed = talk(&demo, folder.path(), command, |line| {
        if line == "the producer's initialization code?" {
            return Ok(text(&producer(&["start", key])?, "initialization_code"));
        }
        if let Some(code) = line.strip_prefix("tell the producer ") {
            producer(&["deactivate", key, HARDWARE, code])?;
            ensure!(activations()? == 0, "the license is still active");
        }
        let asked = line.strip_prefix("the producer's confirmation of ").and_then(|rest| rest.strip_suffix('?'));
        let Some(code) = asked else { return Ok(None) };
        let confirmed = producer(&["activate", key, HARDWARE, code])?;
        ensure!(activations()? == 1, "the license is not active");
        Ok(text(&confirmed, "confirmation_code"))
    })?;
    demo.stop()?;
    Ok(printed)
}
