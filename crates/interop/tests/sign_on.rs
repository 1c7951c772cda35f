//! People who log in at a real OpenID provider, with the unmodified license SDK or our own client on one side and the program on the
//! other.

use std::ffi::OsStr;
use std::iter;
use std::net::TcpListener;

use anyhow::{Context, Result, ensure};
use countersign_interop::{Installation, Language, Linking, python_license_sdk_with_provider};
use serde_json::{Value, json};

const BACK: &str = "https://app.example.test/back";

/// A site with a product, and an account for each way of letting people in: their licenses, and providers on a port.
fn shop(port: u16) -> Result<(Installation, Value)> {
    let installation = Installation::new(None)?;
    let run = |words: &[&str]| installation.run(words).map(drop);
    let (issuer, address) = (format!("http://127.0.0.1:{port}"), format!("127.0.0.1:{port}"));
    run(&["site", "create", "acme"])?;
    run(&["product", "create", "Pump"])?;
    run(&["product", "set", "Pump", "--code", "pump", "--authorization", "user"])?;
    std::fs::write(installation.path("secret.txt"), "s&cret of app\n").context("cannot write the client secret")?;
    for (account, client, lets_in, person) in [
        ("Domains", "app", &["--domain=domains.test"][..], "ada@domains.test"),
        ("Claims", "app", &["--claim=groups=pump users", "--scope=groups"], "grace@elsewhere.test"),
        ("Late", "late", &["--domain=domains.test"], "ada@domains.test"),
        ("Down", "app", &["--domain=down.test"], "ada@domains.test"),
    ] {
        run(&["account", "create", account])?;
        run(&["customer", "create", &format!("{account} buyer"), "--account", account])?;
        run(&["order", "create", account, "--customer", &format!("{account} buyer")])?;
        let license = installation.json(&["license", "create", "--order", account, "--product", "Pump"])?;
        let key = license["key"].as_str().context("a license without a key")?;
        // It may be there from another account.
        let _ = run(&["license-user", "add", person]);
        run(&["license-user", "assign", person, key])?;
        let set = ["account", "sso", "set", account, "--issuer", &issuer, "--client-id", client];
        let more = ["--client-secret-file=secret.txt", "--redirect-uri", BACK, "--allow-address", &address];
        run(&[&set[..], &more, lets_in].concat())?;
    }
    let key = installation.json(&["api-key", "create"])?;
    let client = |id: &str| {
        json!({
            "client_id": id, "client_secret": "s&cret of app", "redirect_uris": [BACK],
            "response_types": ["code", "id_token"], "grant_types": ["authorization_code", "implicit"],
        })
    };
    let given = json!({
        "api_key": key["api_key"],
        "shared_key": key["shared_key"],
        "public_key": installation.run(&["key", "license"])?,
        "product": "pump",
        "redirect_uri": BACK,
        "port": port,
        "clients": [client("app"), client("other"), client("late")],
        "people": {
            "ada": { "email": "ada@domains.test", "email_verified": true, "groups": ["others"] },
            "bob": { "email": "bob@domains.test", "email_verified": true },
            "eve": { "email": "eve@elsewhere.test", "email_verified": true, "groups": ["others"] },
            "grace": { "email": "grace@elsewhere.test", "email_verified": true, "groups": ["others", "pump users"] },
            "una": { "email": "una@domains.test", "email_verified": false },
        },
    });
    Ok((installation, given))
}

/// The provider comes back on the port that it had, so the port is chosen before.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

#[test]
fn people_log_in_at_a_provider_and_use_what_their_account_holds() -> Result<()> {
    let (installation, mut given) = shop(free_port()?)?;
    let server = installation.serve(&["--default-site", "acme"])?;
    given["base_url"] = server.base_url().into();
    content("license_sign_on.py", given, &installation)
}

#[test]
fn people_log_in_at_a_provider_for_a_c_program() -> Result<()> {
    client(Language::C(Linking::Shared))
}

#[test]
fn people_log_in_at_a_provider_for_a_python_program() -> Result<()> {
    client(Language::Python)
}

/// Runs the example of our own client, whose users log in.
fn client(language: Language) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let example = language.example(folder.path(), "sign_on")?;
    let (installation, mut given) = shop(free_port()?)?;
    let server = installation.serve(&["--default-site", "acme"])?;
    let settings = json!({
        "base_url": server.base_url(), "product": given["product"], "api_key": given["api_key"],
        "shared_key": given["shared_key"], "answer_keys": [given["public_key"]], "hardware_id": "EXAMPLE-1",
    });
    let mut command = example.command(folder.path(), &settings)?;
    command.arg(folder.path()).args(["Domains", BACK]);
    let text = |text: &OsStr| text.to_string_lossy().into_owned();
    given["command"] = iter::once(command.get_program()).chain(command.get_args()).map(text).collect();
    let set = command.get_envs().filter_map(|(name, value)| Some((text(name), text(value?).into())));
    given["environment"] = Value::Object(set.collect());
    content("client_sign_on.py", given, &installation)
}

fn content(script: &str, given: Value, installation: &Installation) -> Result<()> {
    let outcome = python_license_sdk_with_provider(script, given)?;
    let (report, log) = (&outcome.report, installation.log());
    ensure!(outcome.succeeded, "{script} is not content:\n{report}\nthe program says:\n{log}");
    ensure!(report.contains("every check held"), "{script} stopped early:\n{report}");
    Ok(())
}
