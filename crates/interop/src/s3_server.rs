//! A real S3 server (`s3s-fs`) beside a test: on a port of its own, with a directory of its own.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::foreign::prepared;

/// A running server with one empty bucket. Dropping it kills the server and removes what it holds.
#[derive(Debug)]
pub struct S3Server {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl S3Server {
    /// Name of the bucket.
    pub const BUCKET: &'static str = "countersign";
    /// Public half of the access key.
    pub const KEY_ID: &'static str = "AKEXAMPLE";
    /// Secret half of the access key.
    pub const SECRET: &'static str = "an-example-of-a-secret";

    /// Starts the program that `COUNTERSIGN_S3_SERVER` names, and waits until it takes connections.
    ///
    /// # Errors
    /// When it is not named, or does not come to serve.
    pub fn start() -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a directory")?;
        std::fs::create_dir(folder.path().join(Self::BUCKET))?;
        // Nobody else is given the port in the moment between.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = spawn(&folder, port)?;
        let mut server = Self { child, port, folder };
        server.wait()?;
        Ok(server)
    }

    /// Base URL of the service.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A file with the secret half of the access key.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn secret_file(&self) -> Result<PathBuf> {
        let path = self.folder.path().join("secret.txt");
        std::fs::write(&path, Self::SECRET)?;
        Ok(path)
    }

    /// Stops the server; what it holds stays.
    ///
    /// # Errors
    /// When it cannot be stopped.
    pub fn stop(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again with what it held.
    ///
    /// # Errors
    /// When it does not come to serve.
    pub fn start_again(&mut self) -> Result<()> {
        self.child = spawn(&self.folder, self.port)?;
        self.wait()
    }

    fn wait(&mut self) -> Result<()> {
        let (_sender, nothing) = mpsc::channel::<()>();
        let mut tries = 0;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            ensure!(self.child.try_wait()?.is_none(), "the S3 server has ended");
            ensure!(tries < TRIES, "the S3 server does not take connections");
            tries += 1;
            // Nobody sends anything: this is the pause until the next try.
            let _ = nothing.recv_timeout(PAUSE);
        }
        Ok(())
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &TempDir, port: u16) -> Result<Child> {
    let program = prepared("COUNTERSIGN_S3_SERVER")?;
    Command::new(program)
        .args(["--host", "127.0.0.1", "--port", &port.to_string()])
        .args(["--access-key", S3Server::KEY_ID, "--secret-key", S3Server::SECRET])
        .arg(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("the S3 server cannot be started")
}

/// How often the server is asked whether it takes connections, and the pause between: a minute together.
const TRIES: u32 = 1200;
const PAUSE: Duration = Duration::from_millis(50);
