//! Licenses of which there are too few, and an application that asks for them.

use std::time::SystemTime;

use anyhow::{Context, Result};
use countersign_crypto::HmacKey;
use countersign_crypto::encoding::base64_encode;
use countersign_interop::{Answer, Caller, Installation};
use serde_json::json;
use ureq::http::Method;

/// Key of the license that is activated and given back.
pub(crate) const ACTIVATED: &str = "LIC-FEW-DEVICES";
/// Devices that it can be active on at the same time.
pub(crate) const DEVICES: usize = 20;
/// Key of the license whose units, and whose feature's units, are counted.
pub(crate) const COUNTED: &str = "LIC-FEW-UNITS";
/// The feature with units of its own.
pub(crate) const FEATURE: &str = "PAGES";
/// Units that can be counted of each, together with the overage.
pub(crate) const UNITS: i64 = 210;

/// What applications are built with.
pub(crate) struct Shop {
    api_key: String,
    shared_key: String,
}

/// An application that asks one server.
#[derive(Clone)]
pub(crate) struct Application {
    caller: Caller,
    api_key: String,
    key: HmacKey,
}

/// A call that changes something.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Which stream it comes from.
    pub(crate) stream: usize,
    /// The hardware of the device.
    pub(crate) device: String,
    pub(crate) wish: Wish,
    /// The `Idempotency-Key`, if it is sent with one.
    pub(crate) key: Option<String>,
}

/// What a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Activate,
    Release,
    Count(Meter, i64),
}

/// What units are counted of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Meter {
    License,
    Feature,
}

impl Shop {
    /// A site with the licenses whose devices and units are counted.
    pub(crate) fn prepare(installation: &Installation) -> Result<Self> {
        let (devices, overage) = (DEVICES.to_string(), 10);
        let (units, overage) = ((UNITS - overage).to_string(), overage.to_string());
        let units = ["--units", &*units, "--overage", &*overage];
        let license = ["license", "create", "--order", "SO-1", "--product", "Pump", "--key"];
        let commands = [
            &["feature", "create", FEATURE, "--product", "Pump", "--name", "Pages"][..],
            &[&["feature", "set", FEATURE, "--product", "Pump", "--type", "consumption"][..], &units].concat(),
            &[&license[..], &[ACTIVATED, "--limit", &devices]].concat(),
            &[&license[..], &[COUNTED, "--limit", "unlimited", "--type", "consumption", "--feature", FEATURE], &units]
                .concat(),
        ];
        Self::with(installation, &commands)
    }

    /// A site with a product, an order, and what else these commands make.
    pub(crate) fn with(installation: &Installation, commands: &[&[&str]]) -> Result<Self> {
        installation.run(&["site", "create", "acme"])?;
        installation.run(&["product", "create", "Pump"])?;
        installation.run(&["customer", "create", "Nordwind"])?;
        installation.run(&["order", "create", "SO-1", "--customer", "Nordwind"])?;
        for command in commands {
            installation.run(command)?;
        }
        let made = installation.json(&["api-key", "create"])?;
        let member = |name: &str| made[name].as_str().map(str::to_owned).with_context(|| format!("no {name}: {made}"));
        Ok(Self { api_key: member("api_key")?, shared_key: member("shared_key")? })
    }

    pub(crate) fn application(&self, base_url: &str) -> Application {
        let key = HmacKey::new(self.shared_key.as_bytes());
        Application { caller: Caller::new(base_url), api_key: self.api_key.clone(), key }
    }
}

impl Application {
    /// Sends a call: the same bytes every time, but for the date and its proof.
    pub(crate) fn send(&self, call: &Call) -> Result<Answer> {
        let license = if matches!(call.wish, Wish::Count(..)) { COUNTED } else { ACTIVATED };
        self.send_for(license, call)
    }

    /// Sends a call about a license.
    pub(crate) fn send_for(&self, license: &str, call: &Call) -> Result<Answer> {
        let mut document = json!({ "product": "Pump", "hardware_id": call.device, "license_key": license });
        let path = match call.wish {
            Wish::Activate => "activate_license",
            Wish::Release => "deactivate_license",
            Wish::Count(meter, units) => {
                document["consumptions"] = units.into();
                match meter {
                    Meter::License => "add_consumption",
                    Meter::Feature => {
                        document["feature"] = FEATURE.into();
                        "add_feature_consumption"
                    }
                }
            }
        };
        let key = call.key.as_deref().map(|key| ("Idempotency-Key", key));
        self.ask(Method::POST, path, key.as_slice(), document.to_string().as_bytes())
    }

    /// Sends a call whose path begins behind the base of all paths.
    pub(crate) fn ask(&self, method: Method, path: &str, more: &[(&str, &str)], body: &[u8]) -> Result<Answer> {
        let date = date();
        let proof = base64_encode(&self.key.sign(format!("licenseSpring\ndate: {date}").as_bytes()));
        let api_key = &self.api_key;
        let proof = format!("algorithm=\"hmac-sha256\",headers=\"date\",signature=\"{proof}\",apikey=\"{api_key}\"");
        let headers = [&[("Date", &*date), ("Authorization", &*proof)], more].concat();
        self.caller.send_with(method, &format!("/api/v4/{path}"), &headers, body)
    }
}

/// The time as HTTP writes it.
#[expect(clippy::disallowed_methods, reason = "the server compares it with the time of this machine")]
fn date() -> String {
    httpdate::fmt_http_date(SystemTime::now())
}
