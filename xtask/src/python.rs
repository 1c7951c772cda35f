//! The Python environment of the foreign clients: found or installed, made once, and rebuilt when it is not whole.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{self, announce, ask};
use crate::workspace::Workspace;

/// The packages of an environment.
pub(crate) struct Packages {
    /// The file that names them, each with its exact version.
    requirements: &'static str,
    /// What can be imported when they are all there.
    imports: &'static str,
    /// Whether every package must be content with the others.
    agreement: Agreement,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Agreement {
    Needed,
    /// A package asks for versions that cannot be had any more, and works without them.
    NotNeeded,
}

/// Those of the Python device.
pub(crate) const DEVICE: Packages = Packages {
    requirements: "crates/interop/python/requirements.txt",
    imports: "import jwt, cryptography.hazmat.primitives.asymmetric.rsa, standardwebhooks, cloudevents.core.bindings.http",
    agreement: Agreement::Needed,
};
/// The license SDK, at the last version whose terms allow it. It asks for a package that it imports on Windows only.
pub(crate) const LICENSE_SDK: Packages = Packages {
    requirements: "crates/interop/python/license_requirements.txt",
    imports: "import licensespring.licensefile.license_manager, Crypto.Signature.pkcs1_15",
    agreement: Agreement::NotNeeded,
};
/// The SDKs that keep files in storages. They have an environment of their own, so that nobody else gets what they need.
pub(crate) const SDKS: Packages = Packages {
    requirements: "crates/interop/python/sdk_requirements.txt",
    imports: "import asposewordscloud, asposeslidescloud, asposetaskscloud, asposeimagingcloud, asposecellscloud, \
              groupdocs_conversion_cloud",
    agreement: Agreement::NotNeeded,
};

/// Returns the interpreter of an environment that holds exactly these packages.
///
/// # Errors
/// When Python is missing and may not be installed from here (the message holds the command to run), and when the
/// packages cannot be installed.
pub(crate) fn ensure(workspace: &Workspace, packages: &Packages) -> Result<PathBuf> {
    announce("looking for Python and the packages of the foreign clients");
    let requirements = workspace.root.join(packages.requirements);
    let wanted =
        std::fs::read_to_string(&requirements).with_context(|| format!("cannot read {}", packages.requirements))?;
    let base = find_or_install()?;
    let (major, minor, patch) = base.version;
    println!("    Python {major}.{minor}.{patch} at {}", base.program);

    // The patch is left out: an environment outlives an update of the Python that it was made with.
    let fingerprint = fingerprint(&[&base.program, &format!("{:?}", (major, minor)), &wanted]);
    let environment = workspace.cache.join(format!("python-{fingerprint:016x}"));
    let python = if cfg!(windows) { environment.join(r"Scripts\python.exe") } else { environment.join("bin/python") };
    let marker = environment.join("complete");
    let _held = workspace.lock_cache()?;
    if marker.is_file() && imports_work(&python, packages.imports) {
        println!("    the environment {} is complete", environment.display());
        return Ok(python);
    }

    if environment.exists() {
        println!("    removing {}, which is not whole", environment.display());
        std::fs::remove_dir_all(&environment).with_context(|| format!("cannot remove {}", environment.display()))?;
    }
    println!("    making the environment {}", environment.display());
    command::run(Command::new(&base.program).args(["-m", "venv"]).arg(&environment))?;
    // `--no-deps` and the check after it: whatever is not written down with its exact version is missing, not guessed.
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--disable-pip-version-check", "--only-binary=:all:", "--no-deps"]);
    command::run(install.arg("--requirement").arg(&requirements))?;
    if packages.agreement == Agreement::Needed {
        command::run(Command::new(&python).args(["-m", "pip", "--disable-pip-version-check", "check"]))?;
    }
    if !imports_work(&python, packages.imports) {
        let imports = packages.imports;
        bail!("the packages are installed but cannot be imported; try `{} -c '{imports}'`", python.display());
    }
    std::fs::write(&marker, "").with_context(|| format!("cannot write {}", marker.display()))?;
    Ok(python)
}

/// A Python on this machine that can make environments.
pub(crate) struct Interpreter {
    /// Its path.
    pub(crate) program: String,
    version: Version,
}

/// Major version, minor version, patch.
type Version = (u32, u32, u32);

/// Finds a Python, or installs it where that may be done from here.
///
/// # Errors
/// When it is missing; the message holds the command to run.
pub(crate) fn find_or_install() -> Result<Interpreter> {
    if let Some(found) = find() {
        return Ok(found);
    }
    let (major, minor, patch) = OLDEST;
    let advice = format!(
        "Python {major}.{minor}.{patch} or later with its venv module is needed for the tests with foreign clients"
    );
    if Path::new("/etc/debian_version").exists() && is_root() {
        println!("    {advice}; installing it, as this is Debian and we are root");
        command::run(Command::new("apt-get").args(["update"]))?;
        let mut install = Command::new("apt-get");
        install.args(["install", "--yes", "--no-install-recommends", "python3", "python3-venv"]);
        command::run(install.env("DEBIAN_FRONTEND", "noninteractive"))?;
        return find().with_context(|| format!("{advice}, and the one that Debian offers is not"));
    }
    bail!("{advice}. Install it and run this again:\n    {}", install_command())
}

fn find() -> Option<Interpreter> {
    ["python3", "python"].into_iter().find_map(|name| {
        let answer = ask(Command::new(name).args(["-c", PROBE])).ok()?;
        let (version, program) = parse_probe(&answer)?;
        (version >= OLDEST).then_some(Interpreter { program, version })
    })
}

/// Reads what [`PROBE`] prints: the version in three numbers, and the path of the interpreter.
fn parse_probe(answer: &str) -> Option<(Version, String)> {
    let mut lines = answer.lines();
    let numbers: Vec<u32> = lines.next()?.split('.').map(|number| number.parse().ok()).collect::<Option<_>>()?;
    let &[major, minor, patch] = &numbers[..] else { return None };
    Some(((major, minor, patch), lines.next()?.to_owned()))
}

fn imports_work(python: &Path, imports: &str) -> bool {
    ask(Command::new(python).args(["-c", imports])).is_ok()
}

pub(crate) fn is_root() -> bool {
    ask(Command::new("id").arg("-u")).is_ok_and(|user| user.trim() == "0")
}

/// The one line that installs Python here, as far as we can tell what "here" is.
fn install_command() -> &'static str {
    let exists = |path: &str| Path::new(path).exists();
    if exists("/usr/bin/apt-get") {
        "sudo apt-get update && sudo apt-get install --yes python3 python3-venv"
    } else if exists("/usr/bin/dnf") {
        "sudo dnf install --assumeyes python3"
    } else if exists("/sbin/apk") {
        "apk add python3"
    } else if exists("/opt/homebrew/bin/brew") || exists("/usr/local/bin/brew") {
        "brew install python3"
    } else {
        "(see https://www.python.org/downloads/)"
    }
}

/// FNV-1a over the parts: names a directory, so it must be stable between builds of this program and nothing more.
pub(crate) fn fingerprint(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain(std::iter::once(0)));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// The packages say that they do not run on 3.9.0 and 3.9.1.
const OLDEST: Version = (3, 11, 0);
/// `ensurepip` is imported because Debian ships it apart from Python, and no environment can be made without it.
const PROBE: &str = "import ensurepip, sys, venv; print('%d.%d.%d' % sys.version_info[:3]); print(sys.executable)";

#[cfg(test)]
mod tests {
    use super::{OLDEST, fingerprint, parse_probe};

    #[test]
    fn the_probe_is_read() {
        assert_eq!(parse_probe("3.11.7\n/usr/bin/python3\n"), Some(((3, 11, 7), "/usr/bin/python3".to_owned())));
        for wrong in ["3\n/usr/bin/python3\n", "3.11\n/usr/bin/python3\n", "3.x.1\n/usr/bin/python3", "3.11.7", ""] {
            assert_eq!(parse_probe(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn versions_compare_as_numbers() {
        let version = |text: &str| parse_probe(&format!("{text}\n/usr/bin/python3")).unwrap().0;
        assert!(version("3.12.0") > OLDEST && version("3.11.0") >= OLDEST);
        assert!(version("3.10.20") < OLDEST && version("3.9.2") < OLDEST);
    }

    #[test]
    fn the_fingerprint_is_stable_and_keeps_parts_apart() {
        assert_eq!(fingerprint(&[]), 0xcbf2_9ce4_8422_2325);
        assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
        assert_ne!(fingerprint(&["x==1"]), fingerprint(&["x==2"]));
    }
}
