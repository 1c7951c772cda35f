//! `cargo xtask check`: everything a change must pass besides the tests, cheapest first.

use anyhow::{Result, bail};

use crate::workspace::Workspace;
use crate::{command, deny, openapi, tidy};

/// Runs every step, even after one has failed, and says at the end which did.
///
/// # Errors
/// Names the steps that failed; what was wrong stands above, where the step ran.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut failed = Vec::new();
    for step in STEPS {
        command::announce(&format!("{}: {}", step.name, step.what));
        if let Err(error) = (step.run)(workspace) {
            eprintln!("    {}: {error:#}", step.name);
            failed.push(step.name);
        }
    }
    if !failed.is_empty() {
        bail!("check: {} of {} steps failed: {}", failed.len(), STEPS.len(), failed.join(", "));
    }
    println!("\ncheck: all {} steps passed", STEPS.len());
    Ok(())
}

struct Step {
    name: &'static str,
    what: &'static str,
    run: fn(&Workspace) -> Result<()>,
}

fn format(workspace: &Workspace) -> Result<()> {
    command::run(&mut workspace.cargo(&["fmt", "--all", "--check"]))
}

fn clippy(workspace: &Workspace) -> Result<()> {
    command::run(&mut workspace.cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn rustdoc(workspace: &Workspace) -> Result<()> {
    let mut doc = workspace.cargo(&["doc", "--workspace", "--no-deps", "--document-private-items"]);
    command::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

const STEPS: [Step; 6] = [
    Step { name: "format", what: "every Rust file is formatted", run: format },
    Step { name: "tidy", what: "the rules of this repository hold", run: tidy::run },
    Step { name: "clippy", what: "no lint fires", run: clippy },
    Step { name: "rustdoc", what: "the documentation builds and every link in it leads somewhere", run: rustdoc },
    Step { name: "openapi", what: "the generated documents are fresh", run: openapi::check },
    Step { name: "deny", what: "third-party code keeps the rules of deny.toml", run: deny::run },
];
