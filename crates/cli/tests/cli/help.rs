//! `--help` is enough to use the program.

use crate::support::Place;

#[test]
fn every_command_says_what_it_needs() {
    let place = Place::new();
    let cases: [(&[&str], &[&str]); 44] = [
        (&[], &["countersign demo", "release publish", "Exit status"]),
        (&["serve"], &["--listen", "--base-url", "--default-site", "countersign.toml", "SIGTERM"]),
        (&["demo"], &["--release", "--exit", "credentials.json", "--data"]),
        (&["site", "create"], &["<NAME>", "--host", "--base-url", "--small-rsa-keys", "--key-id-in-answers"]),
        (&["site", "list"], &["--json"]),
        (&["site", "set"], &["<NAME>", "--auth-failure", "--keep-device-events", "--no-base-url", "--no-hosts"]),
        (&["key", "upload"], &["<FILE>", "PEM", "30 days"]),
        (&["key", "list"], &["--site"]),
        (&["key", "revoke"], &["[ID]", "--all", "key list"]),
        (&["key", "signing"], &["SPKI", "--key @signing-key.txt", "--all"]),
        (&["key", "rotate-signing"], &["Two seconds later", "key signing --all"]),
        (&["user", "add"], &["<NAME>", "--role", "viewer", "publisher", "admin", "--password-file"]),
        (&["user", "password"], &["<NAME>", "--password-file"]),
        (&["access-token", "create"], &["<USER>", "--days", "Authorization: Bearer"]),
        (&["access-token", "list"], &["--site", "without the tokens themselves"]),
        (&["access-token", "revoke"], &["<ID>", "access-token list"]),
        (&["product", "create"], &["<NAME>"]),
        (&["package", "create"], &["<ID>", "--product", "--description"]),
        (&["package", "show"], &["<ID>"]),
        (&["update", "create"], &["--id", "--from", "PLATFORM=PACKAGE", "--start", "--end", "--inactive", "line-item"]),
        (&["update", "activate"], &["<ID>"]),
        (&["storage", "create"], &["<NAME>", "--quota", "--s3-bucket", "--secret-key-file", "AWS_ACCESS_KEY_ID"]),
        (&["storage", "put"], &["<FILE>", "STORAGE:PATH", "standard input"]),
        (&["storage", "rm"], &["--recursive", "--version"]),
        (
            &["release", "publish"],
            &["[FOLDER]", "--storage-file", "--product", "--from", "--to", "--platform", "--execute", "--hidden"],
        ),
        (&["account", "create"], &["<NAME>", "customer create"]),
        (&["customer", "create"], &["<NAME>", "--email", "--account"]),
        (&["order", "create"], &["<NUMBER>", "--customer", "license create"]),
        (&["order", "show"], &["<NUMBER>", "order list"]),
        (&["feature", "create"], &["<CODE>", "--product", "--name"]),
        (
            &["license", "create"],
            &["--order", "--product", "--key", "--feature", "--limit", "unlimited", "activation ID"],
        ),
        (&["license", "set"], &["<KEY|@FILE>", "--status", "--no-end", "--limit", "Nothing is released"]),
        (&["license", "release"], &["<KEY|@FILE>", "<DEVICE>", "--id-type", "--publisher"]),
        (&["audit", "list"], &["--after", "--limit", "never with its key"]),
        (&["device", "add"], &["<DEVICE>", "--publisher", "--class", "served", "server", "--customer"]),
        (&["device", "set"], &["<DEVICE>", "--customer", "--no-customer"]),
        (&["device", "return"], &["<DEVICE>", "--id-type", "released"]),
        (&["device", "check"], &["--url", "--key", "--token", "COUNTERSIGN_DEVICE_TOKEN", "Exit status"]),
        (&["device", "update"], &["--into", "--credentials", "--no-report", "Exit status"]),
        (&["device", "register"], &["--id", "--publisher", "--activation-id", "@FILE", "Exit status"]),
        (&["device", "report"], &["--update-id", "--status", "install-completed", "--reason", "Exit status"]),
        (&["device", "event"], &["<NAME>", "--group", "--value", "registered devices only"]),
        (&["device", "token"], &["--key", "--days"]),
        (&["device", "keygen"], &["--out"]),
    ];
    for (command, needed) in cases {
        let help = place.run(&[command, &["--help"]].concat()).ok().stdout;
        for word in needed {
            assert!(help.contains(word), "{command:?} does not mention {word}:\n{help}");
        }
    }
}

#[test]
fn a_wrong_command_line_has_its_own_status() {
    let place = Place::new();
    for words in [&["serv"][..], &["release", "publish"], &["device", "check"], &["user", "add"], &["demo", "--no"]] {
        assert_eq!(place.run(words).code, Some(2), "{words:?}");
    }
}
