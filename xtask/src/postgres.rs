//! A PostgreSQL cluster for one run of the tests: found or installed, started in a folder of its own, thrown away.
//!
//! A small shell process keeps watch over it. It waits on a pipe that this program holds, so the cluster is stopped and
//! its folder removed when this program ends, however it ends: after the tests, by a failure, by Ctrl-C or by a kill.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::command::{self, announce, ask};

/// A running cluster. Dropping it stops it and removes everything of it.
pub(crate) struct Cluster {
    folder: PathBuf,
    keeper: Child,
}

impl Cluster {
    /// Starts a cluster that listens on a socket in its folder, and nowhere else.
    ///
    /// # Errors
    /// When PostgreSQL is missing and may not be installed from here (the message holds the command to run), or does not
    /// start.
    pub(crate) fn start() -> Result<Self> {
        announce("starting a throw-away PostgreSQL cluster for the tests");
        let programs = find_or_install()?;
        let folder = std::env::temp_dir().join(format!("countersign-postgres-{}", std::process::id()));
        if folder.as_os_str().len() > LONGEST_FOLDER {
            bail!(
                "{} is too long a name for the folder of a Unix socket; set TMPDIR to a shorter one",
                folder.display()
            );
        }
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        // PostgreSQL refuses to run as root.
        let user = if is_root() { Some(if has_user("postgres") { "postgres" } else { "nobody" }) } else { None };
        let keeper = keep(&programs, &folder, user)?;
        let cluster = Self { folder, keeper };
        cluster.set_up(&programs, user)?;
        println!("    it is removed when the tests end; fsync is off, because nobody needs its content after a crash");
        Ok(cluster)
    }

    /// The connection string of the cluster's superuser.
    pub(crate) fn connection(&self) -> String {
        format!("host={} user={SUPERUSER} dbname=postgres", self.folder.display())
    }

    fn set_up(&self, programs: &Path, user: Option<&str>) -> Result<()> {
        if let Some(user) = user {
            command::run(Command::new("chown").arg(user).arg(&self.folder))?;
        }
        command::run(Command::new("chmod").arg("0700").arg(&self.folder))?;
        let cluster = self.folder.join("cluster");
        let mut initialize = as_user(user, &programs.join("initdb"), &self.folder);
        initialize.arg("--pgdata").arg(&cluster).args(["--username", SUPERUSER, "--auth", "trust"]);
        initialize.args(["--encoding", "UTF8", "--locale", "C", "--no-sync"]);
        command::run(initialize.stdout(Stdio::null()))?;
        let settings = cluster.join("postgresql.conf");
        let mut file = fs::File::options().append(true).open(&settings).context("cannot configure the cluster")?;
        let folder = self.folder.display();
        writeln!(file, "{SETTINGS}unix_socket_directories = '{folder}'").context("cannot configure the cluster")?;
        let mut start = as_user(user, &programs.join("pg_ctl"), &self.folder);
        start.arg("--pgdata").arg(&cluster).arg("--log").arg(self.folder.join("log"));
        let started = command::run(start.args(["--wait", "--silent", "start"]));
        started.with_context(|| fs::read_to_string(self.folder.join("log")).unwrap_or_default())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The end of its input is the sign to stop.
        drop(self.keeper.stdin.take());
        if let Err(error) = self.keeper.wait() {
            eprintln!("    the cluster in {} may still run: {error}", self.folder.display());
        }
    }
}

/// Starts the process that stops the cluster when we end.
fn keep(programs: &Path, folder: &Path, user: Option<&str>) -> Result<Child> {
    let mut stop = as_user(user, &programs.join("pg_ctl"), folder);
    stop.arg("--pgdata").arg(folder.join("cluster")).args(["--mode", "immediate", "--wait", "--silent", "stop"]);
    let mut keeper = Command::new("sh");
    keeper.args(["-c", KEEPER, "keeper"]).arg(folder).arg(stop.get_program()).args(stop.get_args());
    keeper.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    keeper.spawn().context("cannot start `sh`")
}

fn as_user(user: Option<&str>, program: &Path, folder: &Path) -> Command {
    let mut command = match user {
        Some(user) => {
            let mut command = Command::new("runuser");
            command.args(["-u", user, "--"]).arg(program);
            command
        }
        None => Command::new(program),
    };
    // The other user may not be able to enter the directory that we are in.
    command.current_dir(folder);
    command
}

/// The directory with the programs of a server.
fn find_or_install() -> Result<PathBuf> {
    if let Some(found) = find() {
        return Ok(found);
    }
    let advice = format!("a PostgreSQL server of version {OLDEST} or later is needed for the tests of its store");
    if Path::new("/etc/debian_version").exists() && is_root() {
        println!("    {advice}; installing it, as this is Debian and we are root");
        command::run(Command::new("apt-get").arg("update"))?;
        install("postgresql-common")?;
        // Otherwise the server package makes a cluster of its own and starts it.
        let switch = "s/^#\\?create_main_cluster.*/create_main_cluster = false/";
        command::run(Command::new("sed").args(["-i", switch, "/etc/postgresql-common/createcluster.conf"]))?;
        install("postgresql")?;
        return find().with_context(|| format!("{advice}, and the one that Debian offers is not"));
    }
    bail!("{advice}. Install it and run this again:\n    {}", install_command())
}

fn install(package: &str) -> Result<()> {
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "--no-install-recommends", package]);
    command::run(install.env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Looks on `PATH` first, then where distributions put the programs, newest first.
fn find() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let mut elsewhere: Vec<PathBuf> = Vec::new();
    if let Ok(versions) = fs::read_dir("/usr/lib/postgresql") {
        elsewhere.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    elsewhere.sort_by_key(|directory| std::cmp::Reverse(version_in(directory)));
    let mut candidates = on_path.unwrap_or_default().into_iter().chain(elsewhere);
    let found = candidates.find(|directory| {
        directory.join("initdb").is_file()
            && directory.join("pg_ctl").is_file()
            && version_in(directory).is_some_and(|version| version >= OLDEST)
    })?;
    println!("    PostgreSQL {} in {}", version_in(&found).unwrap_or_default(), found.display());
    Some(found)
}

fn version_in(directory: &Path) -> Option<u32> {
    parse_version(&ask(Command::new(directory.join("postgres")).arg("--version")).ok()?)
}

/// The major version from a line like `postgres (PostgreSQL) 16.4 (Debian 16.4-1)`.
fn parse_version(line: &str) -> Option<u32> {
    let version = line.split_once("(PostgreSQL) ")?.1;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn is_root() -> bool {
    ask(Command::new("id").arg("-u")).is_ok_and(|user| user.trim() == "0")
}

fn has_user(name: &str) -> bool {
    ask(Command::new("id").args(["-u", name])).is_ok()
}

/// The one line that installs a server here, as far as we can tell what "here" is.
fn install_command() -> &'static str {
    let exists = |path: &str| Path::new(path).exists();
    if exists("/usr/bin/apt-get") {
        "sudo apt-get update && sudo apt-get install --yes postgresql"
    } else if exists("/usr/bin/dnf") {
        "sudo dnf install --assumeyes postgresql-server"
    } else if exists("/sbin/apk") {
        "apk add postgresql16"
    } else if exists("/opt/homebrew/bin/brew") || exists("/usr/local/bin/brew") {
        "brew install postgresql@16"
    } else {
        "(see https://www.postgresql.org/download/)"
    }
}

const SUPERUSER: &str = "countersign";
/// The store says `drop database … with (force)` in its tests, and this is the oldest that its makers still mend.
const OLDEST: u32 = 14;
/// The address of a Unix socket holds 107 bytes, and the name of the socket follows.
const LONGEST_FOLDER: usize = 85;
/// Several tests run at once, each with a few stores, each store with up to twelve connections.
const SETTINGS: &str = "\nlisten_addresses = ''\nmax_connections = 300\nfsync = off\nfull_page_writes = off\n";
/// Waits for the end of its input, then runs the command that stops the cluster and removes the folder. A Ctrl-C reaches
/// every process of the terminal, so it is not listened to here.
const KEEPER: &str =
    "trap '' INT TERM HUP; cat >/dev/null; folder=$1; shift; cd \"$folder\"; \"$@\"; cd /; rm -rf \"$folder\"";

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn the_version_of_a_server_is_read() {
        assert_eq!(parse_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_version("postgres (PostgreSQL) 18beta1"), Some(18));
        for wrong in ["postgres 15", "postgres (PostgreSQL) devel", ""] {
            assert_eq!(parse_version(wrong), None, "{wrong:?}");
        }
    }
}
