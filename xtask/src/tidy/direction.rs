//! Which crate may depend on which: the table that keeps the layers apart.

use super::manifest::{Crate, Dependency, Kind};

/// Complains about every dependency between our crates that the table does not allow.
pub(super) fn between_our_crates(crates: &[Crate]) -> Vec<String> {
    let mut complaints = Vec::new();
    for ours in crates {
        let Some((_, allowed)) = MAY_USE.iter().find(|(pattern, _)| matches(pattern, &ours.name)) else {
            complaints.push(format!(
                "{}: `{}` is not in the table of directions; a new crate is a design decision: \
                 add it to xtask/src/tidy/direction.rs and say why in the commit",
                ours.directory, ours.name
            ));
            continue;
        };
        for dependency in ours.dependencies.iter().filter(|dependency| dependency.is_ours) {
            let for_tests = dependency.kind == Kind::Dev && matches_any(FOR_TESTS, &dependency.name);
            if !for_tests && !matches_any(allowed, &dependency.name) {
                complaints.push(format!(
                    "{}: `{}` must not use `{}`; a new dependency between crates is a design decision: \
                     add it to xtask/src/tidy/direction.rs and say why in the commit",
                    ours.directory, ours.name, dependency.name
                ));
            }
        }
    }
    complaints
}

/// Complains about third-party crates where they must not be.
pub(super) fn third_party(crates: &[Crate]) -> Vec<String> {
    let mut complaints = Vec::new();
    for ours in crates {
        for dependency in ours.dependencies.iter().filter(|dependency| !dependency.is_ours) {
            let broken = BANS.iter().filter(|ban| ban.forbids(&ours.name, dependency));
            complaints.extend(broken.map(|ban| {
                format!("{}: `{}` must not use `{}`: {}", ours.directory, ours.name, dependency.name, ban.reason)
            }));
        }
    }
    complaints
}

/// A rule about third-party crates.
struct Ban {
    libraries: &'static [&'static str],
    place: Place,
    /// Whether tests of a crate must keep the rule as well.
    in_tests: bool,
    reason: &'static str,
}

/// Where a rule about third-party crates applies.
enum Place {
    /// In every crate but these.
    Outside(&'static [&'static str]),
    /// Only in these.
    Within(&'static [&'static str]),
}

impl Ban {
    fn forbids(&self, ours: &str, dependency: &Dependency) -> bool {
        let concerned = match self.place {
            Place::Outside(crates) => !matches_any(crates, ours),
            Place::Within(crates) => matches_any(crates, ours),
        };
        concerned && matches_any(self.libraries, &dependency.name) && (self.in_tests || dependency.kind != Kind::Dev)
    }
}

fn matches_any(patterns: &[&str], name: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, name))
}

/// A pattern is a name, `*`, or `family-*`, which stands for `family-` and whatever follows.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.strip_prefix(start).is_some_and(|rest| !rest.is_empty()),
        None => pattern == name,
    }
}

/// Who may use whom, outside tests. The first line that matches a crate is its line.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("crypto", &[]),
    ("store", &["domain"]),
    ("store-*", &["store", "domain"]),
    ("vault", &["crypto"]),
    ("blobs", &["crypto"]),
    ("app", &["store", "vault", "blobs", "crypto", "domain"]),
    ("http-kit", &["crypto"]),
    ("door-*", &["http-kit", "app", "crypto", "domain"]),
    ("outbound", &["crypto", "domain"]),
    ("client", &["crypto"]),
    ("client-ffi", &["client", "crypto"]),
    ("testkit", &["app", "blobs", "crypto", "domain", "http-kit", "store", "store-*", "vault"]),
    ("server", &["app", "blobs", "crypto", "domain", "door-*", "http-kit", "outbound", "store", "store-*", "vault"]),
    ("cli", &["app", "blobs", "client", "crypto", "domain", "server", "store", "vault"]),
    ("interop", &["*"]),
    ("bench", &["app", "crypto", "domain", "server", "store", "store-postgres", "store-sqlite"]),
    ("xtask", &[]),
];

/// What tests of any crate may use besides. The client is what doors are for, so their tests may ask with it.
const FOR_TESTS: &[&str] = &["client", "server", "testkit"];

const BANS: &[Ban] = &[
    Ban {
        libraries: &["argon2", "aws-lc-rs", "aws-lc-sys", "md-5"],
        place: Place::Outside(&["crypto"]),
        in_tests: true,
        reason: "only `crypto` names the crypto libraries, so that one crate can be reviewed for all of it",
    },
    Ban {
        libraries: &["rusqlite", "libsqlite3-sys"],
        // The floor of durable writes, which `bench` measures, is SQLite without a store around it.
        place: Place::Outside(&["bench", "store-sqlite"]),
        in_tests: true,
        reason: "everything about SQLite is in `store-sqlite`",
    },
    Ban {
        libraries: &["tokio-postgres", "deadpool-*"],
        // As for SQLite.
        place: Place::Outside(&["bench", "store-postgres"]),
        in_tests: true,
        reason: "everything about PostgreSQL is in `store-postgres`",
    },
    Ban {
        libraries: &["axum", "axum-*", "hyper", "hyper-*"],
        // A bucket is reached by HTTP, so `blobs` has a client; what it says stays in there.
        place: Place::Within(&["domain", "crypto", "store", "store-*", "vault", "app"]),
        in_tests: true,
        reason: "HTTP belongs to the doors; below them nobody knows a status code",
    },
    Ban {
        libraries: &["serde", "serde_json"],
        place: Place::Within(&["domain"]),
        in_tests: false,
        reason: "the domain has no wire form; doors and stores convert by hand",
    },
    Ban {
        libraries: &["anyhow"],
        place: Place::Outside(&["bench", "cli", "interop", "server", "xtask"]),
        in_tests: false,
        reason: "libraries have error enums of their own, which callers can tell apart",
    },
];

#[cfg(test)]
mod tests {
    use super::super::manifest::{Crate, Dependency, Kind};
    use super::{between_our_crates, matches, third_party};

    fn uses(name: &str, dependency: &str, kind: Kind, is_ours: bool) -> Vec<Crate> {
        let dependency = Dependency { name: dependency.to_owned(), kind, is_ours };
        vec![Crate { name: name.to_owned(), directory: format!("crates/{name}"), dependencies: vec![dependency] }]
    }

    fn ours(name: &str, dependency: &str, kind: Kind) -> Vec<String> {
        between_our_crates(&uses(name, dependency, kind, true))
    }

    fn theirs(name: &str, dependency: &str, kind: Kind) -> Vec<String> {
        third_party(&uses(name, dependency, kind, false))
    }

    #[test]
    fn the_intended_directions_are_allowed() {
        let good = [("store-sqlite", "store"), ("door-device", "app"), ("server", "door-device"), ("cli", "server")];
        for (from, to) in good {
            assert_eq!(ours(from, to, Kind::Normal), Vec::<String>::new(), "{from} -> {to}");
        }
        assert!(ours("interop", "client", Kind::Normal).is_empty());
    }

    #[test]
    fn the_forbidden_directions_are_named() {
        let bad = [
            ("domain", "crypto"),
            ("app", "store-sqlite"),
            ("door-device", "door-producer"),
            ("server", "cli"),
            ("server", "testkit"),
            ("store", "store-sqlite"),
            ("client", "domain"),
            ("cli", "testkit"),
        ];
        for (from, to) in bad {
            let complaints = ours(from, to, Kind::Normal);
            assert_eq!(complaints.len(), 1, "{from} -> {to}");
            assert!(complaints[0].contains("design decision"), "{}", complaints[0]);
            assert_eq!(ours(from, to, Kind::Build).len(), 1, "a build script is no way around: {from} -> {to}");
        }
    }

    #[test]
    fn tests_may_use_the_test_support_but_no_more() {
        assert!(ours("app", "testkit", Kind::Dev).is_empty());
        assert!(ours("door-device", "server", Kind::Dev).is_empty());
        assert_eq!(ours("door-device", "door-producer", Kind::Dev).len(), 1);
    }

    #[test]
    fn a_crate_without_a_line_is_a_complaint() {
        assert!(ours("surprise", "domain", Kind::Normal)[0].contains("table of directions"));
    }

    #[test]
    fn third_party_bans_hold() {
        assert_eq!(theirs("door-device", "aws-lc-rs", Kind::Normal).len(), 1);
        assert_eq!(theirs("door-device", "aws-lc-rs", Kind::Dev).len(), 1);
        assert_eq!(theirs("app", "hyper-util", Kind::Normal).len(), 1);
        assert_eq!(theirs("domain", "serde", Kind::Normal).len(), 1);
        assert_eq!(theirs("app", "anyhow", Kind::Normal).len(), 1);
        assert_eq!(theirs("app", "rusqlite", Kind::Normal).len(), 1);
        assert_eq!(theirs("testkit", "tokio-postgres", Kind::Normal).len(), 1);

        assert!(theirs("store-postgres", "tokio-postgres", Kind::Normal).is_empty());
        assert!(theirs("crypto", "aws-lc-rs", Kind::Normal).is_empty());
        assert!(theirs("store-sqlite", "rusqlite", Kind::Normal).is_empty());
        assert!(theirs("app", "anyhow", Kind::Dev).is_empty());
        assert!(theirs("door-device", "axum", Kind::Normal).is_empty());
        assert!(theirs("crypto", "serde_json", Kind::Normal).is_empty());
    }

    #[test]
    fn patterns_match_whole_names_and_families() {
        assert!(matches("store-*", "store-sqlite"));
        assert!(!matches("store-*", "store"));
        assert!(!matches("store", "store-sqlite"));
        assert!(matches("*", "anything"));
    }
}
