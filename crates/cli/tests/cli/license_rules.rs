//! What holds for licenses, by commands alone: policies, bundles, users, versions, rules.

use serde_json::{Value, json};

use crate::support::{Place, text};

/// A site with two products, a customer and an order.
fn shop() -> Place {
    let place = Place::new();
    for words in [
        &["site", "create", "acme"][..],
        &["product", "create", "Pump"],
        &["product", "create", "Valve"],
        &["customer", "create", "Nordwind"],
        &["order", "create", "SO-1", "--customer", "Nordwind"],
    ] {
        place.run(words).ok();
    }
    place
}

/// The members of a document that are named.
fn members(document: &Value, names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| document[name].clone()).collect()
}

#[test]
fn a_license_is_made_from_a_policy() {
    let place = shop();
    let none = place.run(&["policy", "list", "--product", "Pump"]).ok().stdout;
    assert!(none.contains("countersign policy create"), "{none}");
    place.run(&["feature", "create", "PRO", "--product", "Pump"]).ok();
    let yearly = ["policy", "create", "yearly", "--product", "Pump", "--name", "By the year", "--default"];
    let rules = ["--type", "subscription", "--validity", "1y", "--grace", "72", "--limit", "3", "--feature", "PRO"];
    let made = place.json(&[&yearly[..], &rules].concat());
    let expected = json!({ "code": "yearly", "name": "By the year", "limit": 3, "features": ["PRO"], "default": true });
    assert_eq!(
        members(&made, &["code", "name", "limit", "features", "default"]),
        members(&expected, &["code", "name", "limit", "features", "default"])
    );
    assert_eq!(
        members(&made["rules"], &["type", "validity", "grace_hours"]),
        [json!("subscription"), json!("1y"), json!(72)]
    );
    assert_eq!(place.json(&["policy", "list", "--product", "Pump"]), json!([made]));
    assert_eq!(place.json(&["policy", "list", "--product", "Valve"]), json!([]));

    let create = ["license", "create", "--order", "SO-1", "--product", "Pump", "--policy", "yearly"];
    let license = place.json(&[&create[..], &["--grace", "0"]].concat());
    assert_eq!(members(&license, &["limit", "features"]), [json!(3), json!(["PRO"])]);
    assert_eq!(
        members(&license["rules"], &["type", "validity", "grace_hours"]),
        [json!("subscription"), json!("1y"), Value::Null]
    );

    for (words, expected) in [
        (&[&yearly[..], &rules].concat()[..], "policy"),
        (&["policy", "create", "a", "--product", "Fan"], "countersign product list"),
        (&["policy", "create", "a", "--product", "Pump", "--feature", "MAX"], "countersign feature list"),
        (
            &["license", "create", "--order", "SO-1", "--product", "Pump", "--policy", "monthly"],
            "countersign policy list",
        ),
    ] {
        let error = place.run(words).fails(1);
        assert!(error.contains(expected), "{words:?}: {error}");
    }
    for wrong in [&["--limit", "some"][..], &["--validity", "1 year"], &["--type", "rented"], &["--reset", "often"]] {
        let words = [&["policy", "create", "b", "--product", "Pump"], wrong].concat();
        assert_eq!(place.run(&words).code, Some(2), "{wrong:?}");
    }
}

#[test]
fn a_bundle_is_sold_with_one_key() {
    let place = shop();
    assert!(place.run(&["bundle", "list"]).ok().stdout.contains("countersign bundle create"));
    let suite = ["bundle", "create", "suite", "--product", "Pump", "--product", "Valve", "--name", "All of it"];
    let made = place.json(&suite);
    assert_eq!(members(&made, &["code", "products"]), [json!("suite"), json!(["Pump", "Valve"])]);
    assert_eq!(members(&place.json(&["bundle", "list"])[0], &["code", "name"]), [json!("suite"), json!("All of it")]);

    let sell = ["bundle", "license", "suite", "--order", "SO-1", "--limit", "2", "--end", "2099-12-31"];
    let sold = place.json(&sell);
    let key = sold["key"].as_str().unwrap();
    let listed = place.json(&["license", "list", "--order", "SO-1"]);
    assert_eq!(listed.as_array().unwrap().len(), 2);
    for (license, product) in listed.as_array().unwrap().iter().zip(["Pump", "Valve"]) {
        let said = members(license, &["product", "bundle_key", "limit", "end_date"]);
        assert_eq!(said, [json!(product), json!(key), json!(2), json!("2099-12-31")]);
    }
    let alone = place.run(&sell).ok();
    assert!(alone.stdout.trim().starts_with("ACT-") && alone.stderr.contains("Pump, Valve"), "{}", alone.stderr);

    for (words, code) in [
        (&suite[..], 1),
        (&["bundle", "create", "empty"], 2),
        (&["bundle", "create", "odd", "--product", "Fan"], 1),
        (&["bundle", "license", "none", "--order", "SO-1"], 1),
        (&["bundle", "license", "suite", "--order", "SO-9"], 1),
    ] {
        place.run(words).fails(code);
    }
}

#[test]
fn users_get_licenses_and_lose_them() {
    let place = shop();
    place.run(&["product", "set", "Valve", "--authorization", "user"]).ok();
    let create = ["license", "create", "--order", "SO-1", "--product", "Valve", "--key", "ACT-1", "--users", "1"];
    place.run(&create).ok();
    assert!(place.run(&["license-user", "list"]).ok().stdout.contains("countersign license-user add"));
    let names = ["--first-name", "Ada", "--last-name", "Byron"];
    let added = place.run(&[&["license-user", "add", "ada@nordwind.example"], &names[..]].concat()).ok();
    assert!(added.stdout.trim().len() > 10, "the password is printed once: {}", added.stdout);
    let at = place.write("passwords", &[("ada", b"a better password\n")]).join("ada");
    for words in
        [&["license-user", "password", "ada@nordwind.example"][..], &["license-user", "add", "bob@nordwind.example"]]
    {
        let set = place.run(&[words, &["--password-file", text(&at)]].concat()).ok();
        assert!(!format!("{}{}", set.stdout, set.stderr).contains("better"), "nobody repeats what a file says");
    }
    let users = place.json(&["license-user", "list"]);
    let said = members(&users[0], &["email", "first_name", "last_name", "initial_password", "enabled"]);
    assert_eq!(said, [json!("ada@nordwind.example"), json!("Ada"), json!("Byron"), json!(true), json!(true)]);

    let of = |verb: &'static str, user: &'static str, key: &'static str| place.run(&["license-user", verb, user, key]);
    of("assign", "ada@nordwind.example", "ACT-1").ok();
    assert!(of("assign", "bob@nordwind.example", "ACT-1").fails(1).contains("user"), "it is for one user");
    of("unassign", "ada@nordwind.example", "ACT-1").ok();
    of("assign", "bob@nordwind.example", "ACT-1").ok();
    of("unassign", "ada@nordwind.example", "ACT-1").fails(1);
    for (user, key) in [("ada@nordwind.example", "ACT-9"), ("eve@nordwind.example", "ACT-1")] {
        let error = of("assign", user, key).fails(1);
        assert!(!error.contains("ACT-"), "{error}");
    }
    let disabled = place.json(&["license-user", "disable", "ada@nordwind.example"]);
    assert_eq!(disabled["enabled"], false);
    assert_eq!(place.json(&["license-user", "list"])[0]["enabled"], false);
    place.run(&["license-user", "enable", "ada@nordwind.example"]).ok();
    assert_eq!(place.json(&["license-user", "list"])[0]["enabled"], true);
    for words in [
        &["license-user", "add", "ada@nordwind.example"][..],
        &["license-user", "add", " "],
        &["license-user", "password", "eve@nordwind.example"],
        &["license-user", "disable", "eve@nordwind.example"],
    ] {
        place.run(words).fails(1);
    }
}

#[test]
fn applications_are_told_about_versions_until_they_are_withdrawn() {
    let place = shop();
    let folder = place.write("files", &[("pump.bin", b"the pump"), ("notes.txt", b"what is new")]);
    let files = ["pump.bin", "notes.txt"].map(|name| folder.join(name));
    place
        .run(&[
            "package",
            "create",
            "pump-2",
            "--product",
            "Pump",
            "--file",
            text(&files[0]),
            "--file",
            text(&files[1]),
        ])
        .ok();
    let none = place.run(&["version", "list", "--product", "Pump"]).ok().stdout;
    assert!(none.contains("countersign version add"), "{none}");
    let add = ["version", "add", "2.0", "--package", "pump-2", "--environment", "linux64"];
    assert!(place.run(&add).fails(1).contains("file"), "it has two files");
    let more = ["--file", "pump.bin", "--channel", "beta", "--requires", "1.0"];
    let id = place.json(&[&add[..], &more].concat())["id"].to_string();
    let listed = place.json(&["version", "list", "--product", "Pump"]);
    let said = members(&listed[0], &["version", "environment", "channel", "file_name", "size", "requires_version"]);
    assert_eq!(said, [json!("2.0"), json!("linux64"), json!("beta"), json!("pump.bin"), json!(8), json!("1.0")]);

    for (words, code) in [
        (&[&add[..], &more].concat()[..], 1),
        (&["version", "add", "3", "--package", "pump-3", "--environment", "win"], 1),
        (&["version", "add", "3", "--package", "pump-2", "--environment", "dos"], 2),
        (&["version", "add", "3", "--package", "pump-2", "--environment", "win", "--file", "a/b"], 2),
        (&["version", "withdraw", &id, "--product", "Valve"], 1),
        (&["version", "list", "--product", "Fan"], 1),
    ] {
        place.run(words).fails(code);
    }
    place.run(&["version", "withdraw", &id, "--product", "Pump"]).ok();
    assert_eq!(place.json(&["version", "list", "--product", "Pump"]), json!([]));
    place.run(&["version", "withdraw", &id, "--product", "Pump"]).fails(1);
}

#[test]
fn rules_are_changed_one_by_one() {
    let place = shop();
    place.run(&["feature", "create", "PAGES", "--product", "Pump"]).ok();
    let create =
        ["license", "create", "--order", "SO-1", "--product", "Pump", "--key", "ACT-1", "--type", "consumption"];
    place.run(&[&create[..], &["--units", "100", "--overage", "5", "--reset", "monthly"]].concat()).ok();
    let rules = |more: &[&str]| place.json(&[&["license", "rules", "ACT-1"], more].concat())["rules"].clone();
    let first = rules(&["--transfers", "3", "--field", "tier=gold", "--field", "seats=4"]);
    let units = ["type", "units", "overage", "reset", "negative_units"];
    assert_eq!(
        members(&first, &units),
        [json!("consumption"), json!("100"), json!("5"), json!("monthly"), json!(true)]
    );
    assert_eq!(members(&first, &["transfers", "fields"]), [json!("3"), json!({ "tier": "gold", "seats": "4" })]);
    let second = rules(&["--units", "unlimited", "--overage", "off", "--reset", "never", "--negative-units", "false"]);
    assert_eq!(
        members(&second, &units),
        [json!("consumption"), json!("unlimited"), Value::Null, Value::Null, json!(false)]
    );
    assert_eq!(
        members(&second, &["transfers", "fields"]),
        members(&first, &["transfers", "fields"]),
        "what is not named"
    );
    let third = rules(&[
        "--transfers",
        "none",
        "--floating",
        "cloud",
        "--floating-users",
        "7",
        "--borrow",
        "24",
        "--prevent-vm",
        "true",
    ]);
    assert_eq!(
        members(&third, &["transfers", "floating", "floating_users", "borrow_hours", "prevent_vm"]),
        [json!("none"), json!("cloud"), json!(7), json!(24), json!(true)]
    );
    let fourth = rules(&["--metadata", r#"{"plan":"b"}"#, "--maintenance-end", "2030-01-31", "--grace", "12"]);
    assert_eq!(
        members(&fourth, &["metadata", "maintenance_end", "grace_hours"]),
        [json!({ "plan": "b" }), json!("2030-01-31"), json!(12)]
    );
    assert_eq!(place.json(&["license", "show", "ACT-1"])["rules"], fourth);

    let feature =
        ["license", "feature", "ACT-1", "PAGES", "--type", "consumption", "--units", "500", "--end", "2030-01-31"];
    let included = place.json(&feature);
    assert_eq!(included["features"], json!(["PAGES"]));
    let of_pages = members(&included["feature_rules"]["PAGES"], &["type", "units", "end_date", "counted"]);
    assert_eq!(of_pages, [json!("consumption"), json!("500"), json!("2030-01-31"), json!(0)]);
    assert_eq!(place.json(&["license", "reset", "ACT-1"])["units"], 0);

    for (more, code) in [
        (&["rules", "ACT-1", "--type", "perpetual"][..], 1),
        (&["rules", "ACT-1", "--metadata", "[1]"], 1),
        (&["rules", "ACT-1", "--metadata", r#"{"a":1.5}"#], 1),
        (&["rules", "ACT-9", "--grace", "1"], 1),
        (&["rules", "ACT-1", "--field", "tier"], 2),
        (&["rules", "ACT-1", "--units", "-1"], 2),
        (&["feature", "ACT-1", "MAX"], 1),
        (&["feature", "ACT-1", "PAGES", "--type", "rented"], 2),
        (&["reset", "ACT-9"], 1),
    ] {
        place.run(&[&["license"], more].concat()).fails(code);
    }
    assert_eq!(place.json(&["license", "show", "ACT-1"])["rules"], fourth, "what was refused changed nothing");
}

#[test]
fn what_is_laid_down_and_who_has_it_is_shown_and_can_be_taken_back() {
    let place = Place::new();
    for words in [
        &["site", "create", "acme"][..],
        &["product", "create", "Pump"],
        &["customer", "create", "Nordwind"],
        &["order", "create", "SO-1", "--customer", "Nordwind"],
        &["license", "create", "--order", "SO-1", "--product", "Pump", "--key", "ACT-1", "--validity", "1y"],
        &[
            "license",
            "rules",
            "ACT-1",
            "--maintenance-end",
            "2031-01-01",
            "--floating",
            "cloud",
            "--floating-users",
            "3",
        ],
        &["license-user", "add", "ada@example.test"],
        &["license-user", "assign", "ada@example.test", "ACT-1", "--limit", "2"],
    ] {
        place.run(words).ok();
    }
    let shown = place.run(&["license", "show", "ACT-1"]).ok().stdout;
    let told = ["ada@example.test (0 of 2)", "floating users: 3; maintenance end: 2031-01-01; validity: 1y"];
    assert!(told.iter().all(|words| shown.contains(words)), "{shown}");
    let users = place.json(&["license", "show", "ACT-1"])["users"].clone();
    assert_eq!(users, json!([{ "email": "ada@example.test", "activations": 0, "limit": 2 }]));
    place.run(&["license", "rules", "ACT-1", "--maintenance-end", "none", "--validity", "none"]).ok();
    let rules = place.json(&["license", "show", "ACT-1"])["rules"].clone();
    assert_eq!((&rules["maintenance_end"], &rules["validity"]), (&Value::Null, &Value::Null));
    assert_eq!(rules["floating_users"], 3, "what is not named stays");
    let error = place.run(&["license", "rules", "ACT-1", "--floating-users", "0"]).fails(1);
    assert!(error.contains("--floating-users"), "{error}");
}
