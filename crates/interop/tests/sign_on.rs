//! People who log in at a real OpenID provider, with the unmodified license SDK on one side and the program on the other.

use std::net::TcpListener;

use anyhow::{Context, Result, ensure};
use countersign_interop::{Installation, python_license_sdk_with_provider};
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

#[test]
fn people_log_in_at_a_provider_and_use_what_their_account_holds() -> Result<()> {
    // The provider comes back on the port that it had, so the port is chosen before.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let (installation, mut given) = shop(port)?;
    let server = installation.serve(&["--default-site", "acme"])?;
    given["base_url"] = server.base_url().into();
    let outcome = python_license_sdk_with_provider("license_sign_on.py", given)?;
    let (report, log) = (&outcome.report, installation.log());
    ensure!(outcome.succeeded, "the SDK is not content:\n{report}\nthe program says:\n{log}");
    ensure!(report.contains("every check held"), "the SDK stopped early:\n{report}");
    Ok(())
}
