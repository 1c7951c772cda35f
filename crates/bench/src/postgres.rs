//! A PostgreSQL cluster for one row: found where tests find it, durable, on the core of measured programs, thrown away.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::placement::Placement;

/// What installs it.
pub(crate) const INSTALL: &str = "apt-get install -y postgresql";

/// A running cluster. Dropping it stops it and removes everything of it.
pub(crate) struct Cluster {
    programs: PathBuf,
    folder: TempDir,
    user: Option<&'static str>,
    placement: Placement,
}

impl Cluster {
    /// Starts a cluster in a folder of its own below `place`, with the settings that PostgreSQL comes with: a commit is on the
    /// disk before it is acknowledged.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn start(programs: PathBuf, place: &Path, placement: Placement) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("countersign-bench-postgres-").tempdir_in(place)?;
        // PostgreSQL refuses to run as root.
        let user = rustix::process::geteuid().is_root().then_some(USER);
        if let Some(user) = user {
            run(Command::new("chown").arg(user).arg(folder.path()))?;
        }
        let cluster = Self { programs, folder, user, placement };
        let data = cluster.data();
        let mut initialize = cluster.command("initdb");
        initialize.arg("--pgdata").arg(&data).args(["--username", SUPERUSER, "--auth", "trust"]);
        run(initialize.args(["--encoding", "UTF8", "--locale", "C"]))?;
        let mut settings = std::fs::File::options().append(true).open(data.join("postgresql.conf"))?;
        let sockets = cluster.folder.path().display();
        writeln!(settings, "listen_addresses = ''\nunix_socket_directories = '{sockets}'")?;
        run(cluster.control("start").arg("--log").arg(cluster.folder.path().join("log")))?;
        Ok(cluster)
    }

    /// How to reach it, as its superuser.
    pub(crate) fn connection(&self) -> String {
        format!("host={} user={SUPERUSER} dbname=postgres", self.folder.path().display())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("cluster")
    }

    fn control(&self, verb: &str) -> Command {
        let mut command = self.command("pg_ctl");
        command.arg("--pgdata").arg(self.data()).args(["--mode", "fast", "--wait", "--silent", verb]);
        command
    }

    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = match self.user {
            Some(user) => {
                let mut command = self.placement.measured(Path::new("runuser"));
                command.args(["-u", user, "--"]).arg(program);
                command
            }
            None => self.placement.measured(&program),
        };
        // The other user may not be able to enter the directory that we are in.
        command.current_dir(self.folder.path());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Err(error) = run(&mut self.control("stop")) {
            eprintln!("the cluster in {} may still run: {error:#}", self.folder.path().display());
        }
    }
}

/// The directory with the programs of a server: on `PATH`, or where distributions put them.
pub(crate) fn find() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let elsewhere = versions.map(|version| version.path().join("bin"));
    let mut all = on_path.unwrap_or_default().into_iter().chain(elsewhere);
    all.find(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file())
}

fn run(command: &mut Command) -> Result<()> {
    // What it starts keeps its output open: nothing may wait for the end of that.
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.with_context(|| format!("{} cannot be started", command.get_program().display()))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}

const SUPERUSER: &str = "countersign";
/// The user that the package of a distribution makes.
const USER: &str = "postgres";
