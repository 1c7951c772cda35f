//! Who may use what, by commands alone.

use serde_json::{Value, json};

use crate::support::{Place, text};

/// A site `acme` with a product.
fn acme() -> Place {
    let place = Place::new();
    place.run(&["site", "create", "acme"]).ok();
    place.run(&["product", "create", "Pump firmware"]).ok();
    place
}

/// The same with a customer, an order, and a license with a certain key.
fn with_license() -> Place {
    let place = acme();
    place.run(&["customer", "create", "Nordwind"]).ok();
    place.run(&["order", "create", "SO-1", "--customer", "Nordwind"]).ok();
    place.run(&["license", "create", "--order", "SO-1", "--product", "Pump firmware", "--key", "ACT-1"]).ok();
    place
}

fn names(list: &Value, member: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|row| row[member].as_str().unwrap().to_owned()).collect()
}

#[test]
fn from_an_account_to_a_license_and_back() {
    let place = acme();
    place.run(&["account", "create", "Nordwind Group"]).ok();
    let branch = ["customer", "create", "Nordwind", "--account", "Nordwind Group", "--email", "buy@nordwind.example"];
    place.run(&branch).ok();
    let shown = place.json(&["customer", "show", "Nordwind"]);
    assert_eq!((&shown["account"], &shown["email"]), (&json!("Nordwind Group"), &json!("buy@nordwind.example")));

    let order = place.run(&["order", "create", "SO-1", "--customer", "Nordwind"]).ok();
    assert!(order.stdout.contains("countersign license create --order \"SO-1\""), "{}", order.stdout);
    place.run(&["feature", "create", "PRO", "--product", "Pump firmware", "--name", "Professional"]).ok();
    let words = ["license", "create", "--order", "SO-1", "--product", "Pump firmware", "--feature", "PRO"];
    let terms = ["--limit", "2", "--start", "2026-01-01", "--end", "2099-12-31"];
    let license = place.json(&[&words[..], &terms].concat());
    let key = license["key"].as_str().unwrap();
    assert!(key.starts_with("ACT-") && key.len() == 27, "{key}");
    assert_eq!((&license["features"], &license["customer"]), (&json!(["PRO"]), &json!("Nordwind")));
    assert_eq!((&license["limit"], &license["activations"]), (&json!(2), &json!(0)));
    assert_eq!((&license["start_date"], &license["end_date"]), (&json!("2026-01-01"), &json!("2099-12-31")));
    // Alone on the standard output, so that it can be taken from there.
    let alone = place.run(&words).ok();
    assert_eq!(alone.stdout.trim().len(), 27, "{}", alone.stdout);
    assert!(alone.stderr.contains("Created license 2 of Nordwind"), "{}", alone.stderr);
    assert_eq!(place.json(&["order", "show", "SO-1"])["licenses"].as_array().unwrap().len(), 2);
    let text = place.run(&["order", "show", "SO-1"]).ok().stdout;
    assert!(text.contains("2026-01-01 to 2099-12-31") && text.contains("0 of 2"), "{text}");

    let device = ["device", "add", "SRV-1", "--publisher", "acme", "--class", "server", "--customer", "Nordwind"];
    place.run(&device).ok();
    let shown = place.json(&["device", "show", "SRV-1", "--publisher", "acme"]);
    assert_eq!((&shown["class"], &shown["customer"]), (&json!("server"), &json!("Nordwind")));
    assert_eq!((&shown["status"], &shown["licenses"]), (&json!("active"), &json!([])));
    assert_eq!(place.json(&["license", "activations", key]), json!([]));
    let error = place.run(&["license", "release", key, "SRV-1", "--publisher", "acme"]).fails(1);
    assert!(error.contains("not activated on this device"), "{error}");

    let returned = place.json(&["device", "return", "SRV-1", "--publisher", "acme"]);
    assert_eq!((&returned["status"], &returned["released"]), (&json!("returned"), &json!(0)));
    let listed = place.run(&["device", "list"]).ok().stdout;
    assert!(listed.contains("returned") && !listed.contains("Nordwind"), "it is nobody's: {listed}");
    place.run(&["device", "retire", "SRV-1", "--publisher", "acme"]).ok();
    assert!(place.run(&["device", "retire", "SRV-1", "--publisher", "acme"]).fails(1).contains("obsolete already"));
    place.run(&["device", "set", "SRV-1", "--publisher", "acme", "--no-customer"]).ok();
    assert_eq!(place.json(&["device", "list"])[0]["customer"], Value::Null);
    assert_eq!(place.json(&["device", "list", "--customer", "Nordwind"]), json!([]));
}

#[test]
fn terms_are_changed_one_by_one() {
    let place = with_license();
    let set = |more: &[&str]| place.json(&[&["license", "set", "ACT-1"], more].concat());
    let first = place.json(&["license", "show", "ACT-1"]);
    assert_eq!((&first["limit"], &first["status"]), (&json!(1), &json!("enabled")));
    let dated = set(&["--start", "2026-01-01", "--end", "2026-12-31", "--limit", "unlimited"]);
    assert_eq!((&dated["start_date"], &dated["end_date"]), (&json!("2026-01-01"), &json!("2026-12-31")));
    assert_eq!((&dated["limit"], &dated["excess"]), (&Value::Null, &json!(0)));
    let disabled = set(&["--status", "disabled", "--no-end"]);
    assert_eq!((&disabled["status"], &disabled["end_date"]), (&json!("disabled"), &Value::Null));
    assert_eq!(disabled["start_date"], "2026-01-01", "what is not named stays");
    assert_eq!(set(&["--no-start", "--limit", "0"])["start_date"], Value::Null);
    let shown = place.run(&["license", "show", "ACT-1"]).ok().stdout;
    assert!(shown.contains("disabled") && shown.contains("0 of 0") && shown.contains("always"), "{shown}");

    let backward = place.run(&["license", "set", "ACT-1", "--start", "2026-02-02", "--end", "2026-02-01"]);
    assert!(backward.fails(1).contains("before it starts"));
    for wrong in [&[][..], &["--end", "2026-01-01", "--no-end"], &["--limit", "many"], &["--status", "lost"]] {
        assert_eq!(place.run(&[&["license", "set", "ACT-1"], wrong].concat()).code, Some(2), "{wrong:?}");
    }
}

#[test]
fn errors_name_the_next_step() {
    let place = with_license();
    let license = ["license", "create", "--product", "Pump firmware", "--order", "SO-1"];
    let cases: [(&[&str], &str); 16] = [
        (&["account", "create", "A"], ""),
        (&["account", "create", "A"], "countersign account list"),
        (&["customer", "create", "Nordwind"], "countersign customer show \"Nordwind\""),
        (&["customer", "create", "B", "--account", "B"], "countersign account create \"B\""),
        (&["customer", "show", "B"], "countersign customer list"),
        (&["order", "create", "SO-2", "--customer", "B"], "countersign customer create \"B\""),
        (&["order", "create", "SO-1", "--customer", "Nordwind"], "countersign order show \"SO-1\""),
        (&["order", "show", "SO-2"], "countersign order list"),
        (&["order", "list", "--customer", "B"], "countersign customer list"),
        (&["feature", "create", "PRO", "--product", "Fan"], "countersign product create \"Fan\""),
        (
            &[&license[..], &["--feature", "PRO"]].concat(),
            "countersign feature create \"PRO\" --product \"Pump firmware\"",
        ),
        (&[&license[..], &["--key", "ACT-1"]].concat(), "leave it out to get a new one"),
        (&["license", "show", "ACT-9"], "countersign license list"),
        (&["license", "activations", "ACT-9"], "countersign license list"),
        (&["device", "add", "D", "--customer", "B"], "countersign customer create \"B\""),
        (&["device", "show", "D"], "countersign device list"),
    ];
    for (words, expected) in cases {
        let run = place.run(words);
        if expected.is_empty() {
            run.ok();
            continue;
        }
        let error = run.fails(1);
        assert!(error.contains(expected), "{words:?}: {error}");
        assert!(!error.contains("ACT-"), "{error}");
    }
    for (words, expected) in [
        (["device", "list"], "countersign device add"),
        (["license", "list"], "ACT-1"),
        (["account", "list"], "A"),
        (["audit", "list"], "license.create"),
    ] {
        assert!(place.run(&words).ok().stdout.contains(expected), "{words:?}");
    }
}

#[test]
fn a_key_may_come_from_a_file() {
    let place = with_license();
    let folder = place.write("keys", &[("key.txt", b"ACT-2\n")]);
    let at = format!("@{}", text(&folder.join("key.txt")));
    let words = ["license", "create", "--product", "Pump firmware", "--order", "SO-1", "--key", &at];
    assert_eq!(place.run(&words).ok().stdout.trim(), "ACT-2");
    assert_eq!(place.json(&["license", "show", &at])["key"], "ACT-2");
    assert_eq!(names(&place.json(&["license", "list", "--customer", "Nordwind"]), "key"), ["ACT-1", "ACT-2"]);
}

#[test]
fn long_lists_are_printed_whole() {
    let place = acme();
    assert_eq!(place.json(&["customer", "list"]), json!([]));
    for number in 1..=3 {
        place.run(&["customer", "create", &format!("C{number}")]).ok();
    }
    let list = place.json(&["customer", "list"]);
    assert_eq!(names(&list, "name"), ["C1", "C2", "C3"]);
    let printed = place.run(&["customer", "list", "--json"]).ok().stdout;
    assert_eq!(printed, format!("{list:#}\n"), "the form is that of every other document");
    assert_eq!(place.run(&["customer", "list"]).ok().stdout, "NAME  E-MAIL  ACCOUNT\nC1\nC2\nC3\n");
}

#[test]
fn the_audit_trail_tells_what_commands_did() {
    let place = with_license();
    place.run(&["order", "create", "SO-1", "--customer", "Nordwind"]).fails(1);
    place.run(&["license", "set", "ACT-1", "--limit", "3"]).ok();
    let list = place.json(&["audit", "list"]);
    let expected =
        ["site.create", "product.create", "customer.create", "order.create", "license.create", "license.change"];
    assert_eq!(names(&list, "action"), expected);
    assert!(names(&list, "channel").iter().all(|channel| channel == "command-line"), "{list}");
    assert!(!list.to_string().contains("ACT-1"), "whoever knows the key can activate: {list}");
    assert_eq!(list[5]["subject"], "1");
    let after = list[2]["id"].to_string();
    let part = place.json(&["audit", "list", "--after", &after, "--limit", "2"]);
    assert_eq!(names(&part, "action"), ["order.create", "license.create"]);
    let shown = place.run(&["audit", "list", "--after", &after, "--limit", "1"]).ok().stdout;
    assert!(shown.starts_with("ID  TIME") && shown.contains("command-line") && shown.contains("SO-1"), "{shown}");
    place.run(&["site", "create", "beta"]).ok();
    assert_eq!(names(&place.json(&["audit", "list", "--site", "beta"]), "action"), ["site.create"]);
}

#[test]
fn settings_of_a_site_are_changed_one_by_one() {
    let place = acme();
    let set = |more: &[&str]| place.json(&[&["site", "set", "acme"], more].concat());
    let base = set(&["--base-url", "https://acme.example/", "--host", "B.example", "--host", "a.example"]);
    assert_eq!(
        (&base["base_url"], &base["hosts"]),
        (&json!("https://acme.example"), &json!(["a.example", "b.example"]))
    );
    let kept = set(&["--auth-failure", "immediate", "--keep-events", "7", "--small-rsa-keys", "true"]);
    assert_eq!((&kept["auth_failure"], &kept["small_rsa_keys"]), (&json!("immediate"), &json!(true)));
    let days =
        |site: &Value| ["status_reports", "device_events", "events"].map(|of| site[format!("keep_{of}")].clone());
    assert_eq!(days(&kept), [json!(730), json!(90), json!(7)]);
    assert_eq!(kept["hosts"], base["hosts"], "what is not named stays");
    let bare = set(&["--no-base-url", "--no-hosts", "--keep-status-reports", "30", "--keep-device-events", "1"]);
    assert_eq!((&bare["base_url"], &bare["hosts"]), (&Value::Null, &json!([])));
    assert_eq!(days(&bare), [json!(30), json!(1), json!(7)]);
    assert_eq!(place.json(&["site", "list"])[0], bare);

    place.run(&["site", "create", "beta", "--host", "beta.example"]).ok();
    assert!(
        place
            .run(&["site", "set", "acme", "--host", "beta.example"])
            .fails(1)
            .contains("leads to another site already")
    );
    assert!(place.run(&["site", "set", "acme", "--base-url", "acme"]).fails(1).contains("not a base URL"));
    assert!(place.run(&["site", "set", "gamma", "--keep-events", "3"]).fails(1).contains("countersign site list"));
    for wrong in [&[][..], &["--keep-events", "0"], &["--auth-failure", "never"], &["--host", "a", "--no-hosts"]] {
        assert_eq!(place.run(&[&["site", "set", "acme"], wrong].concat()).code, Some(2), "{wrong:?}");
    }
    assert_eq!(place.json(&["site", "list"])[0], bare);
}

#[test]
fn keys_are_rotated_and_revoked_together() {
    let place = acme();
    assert!(place.run(&["key", "signing", "--all"]).ok().stdout.contains("countersign key signing"));
    let first = place.run(&["key", "signing"]).ok().stdout;
    let second = place.run(&["key", "rotate-signing"]).ok();
    assert!(second.stderr.contains("in 2 seconds"), "{}", second.stderr);
    assert_ne!(first, second.stdout);
    assert_eq!(place.run(&["key", "signing"]).ok().stdout, second.stdout);
    let all = names(&place.json(&["key", "signing", "--all"]), "public_key");
    assert_eq!(all, [second.stdout.trim(), first.trim()]);

    for name in ["a", "b"] {
        let file = format!("{name}.pem");
        let public = place.run(&["device", "keygen", "--out", text(&place.path(&file))]).ok().stdout;
        place.run_with_input(&["key", "upload", "-"], &public).ok();
    }
    assert_eq!(place.run(&["key", "revoke"]).code, Some(2));
    assert_eq!(place.run(&["key", "revoke", "1", "--all"]).code, Some(2));
    assert!(place.run(&["key", "revoke", "--all"]).ok().stdout.contains("countersign key upload"));
    let list = place.json(&["key", "list"]);
    assert!(list.as_array().unwrap().iter().all(|key| key["active"] == false), "{list}");
}
