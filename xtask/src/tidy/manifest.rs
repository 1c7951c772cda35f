//! What the manifests say about who depends on whom, taken from `cargo metadata`.

use anyhow::{Context, Result};
use serde_json::Value;

/// One crate of this repository.
#[derive(Debug)]
pub(super) struct Crate {
    /// Without the prefix `countersign-`, as in the table of directions.
    pub(super) name: String,
    /// The directory below the root, for example `crates/domain`.
    pub(super) directory: String,
    pub(super) dependencies: Vec<Dependency>,
}

/// One line of a manifest's dependency sections.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dependency {
    /// The name of the package, even if the manifest renames it; ours come without their prefix.
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Whether it is a crate of this repository.
    pub(super) is_ours: bool,
}

/// Which section of the manifest names the dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Build,
    Dev,
    Normal,
}

/// Reads the answer of `cargo metadata --no-deps`.
///
/// # Errors
/// When the answer does not have the documented form.
pub(super) fn crates(metadata: &Value) -> Result<Vec<Crate>> {
    let root = metadata["workspace_root"].as_str().context("cargo metadata names no workspace root")?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    packages.iter().map(|package| parse(package, root).context("cargo metadata describes a package oddly")).collect()
}

fn parse(package: &Value, root: &str) -> Option<Crate> {
    let directory = package["manifest_path"].as_str()?.strip_prefix(root)?.strip_suffix("Cargo.toml")?;
    let directory = directory.replace('\\', "/").trim_matches('/').to_owned();
    let dependencies = package["dependencies"].as_array()?.iter().map(parse_dependency).collect::<Option<_>>()?;
    Some(Crate { name: short(package["name"].as_str()?), directory, dependencies })
}

fn parse_dependency(dependency: &Value) -> Option<Dependency> {
    let kind = match dependency["kind"].as_str() {
        None => Kind::Normal,
        Some("build") => Kind::Build,
        Some("dev") => Kind::Dev,
        Some(_) => return None,
    };
    // A crate of this repository is named by path; everything else has a source.
    let is_ours = dependency["source"].is_null();
    let name = dependency["name"].as_str()?;
    Some(Dependency { name: if is_ours { short(name) } else { name.to_owned() }, kind, is_ours })
}

fn short(name: &str) -> String {
    name.strip_prefix("countersign-").unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Dependency, Kind, crates};

    #[test]
    fn packages_and_sections_are_read() {
        let metadata = json!({
            "workspace_root": "/repo",
            "packages": [{
                "name": "countersign-store", "manifest_path": "/repo/crates/store/Cargo.toml",
                "dependencies": [
                    { "name": "countersign-domain", "kind": null, "source": null },
                    { "name": "tokio", "kind": "dev", "source": "registry+https://example.net/index" }
                ]
            }]
        });
        let crates = crates(&metadata).unwrap();
        let [store] = &crates[..] else { panic!("one crate was described") };
        assert_eq!((store.name.as_str(), store.directory.as_str()), ("store", "crates/store"));
        assert_eq!(
            store.dependencies,
            [
                Dependency { name: "domain".to_owned(), kind: Kind::Normal, is_ours: true },
                Dependency { name: "tokio".to_owned(), kind: Kind::Dev, is_ours: false }
            ]
        );
    }

    #[test]
    fn an_unknown_form_is_an_error_and_not_an_empty_list() {
        assert!(crates(&json!({ "packages": [] })).is_err());
        let odd = json!({ "workspace_root": "/repo", "packages": [{ "name": "countersign-store" }] });
        assert!(crates(&odd).is_err());
    }
}
