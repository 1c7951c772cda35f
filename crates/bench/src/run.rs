//! A run, from its beginning to its report.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail, ensure};

use crate::arguments::Options;
use crate::bench::Bench;
use crate::machine::Machine;
use crate::placement::{self, Ahead, Placement};
use crate::report::{self, Entry, Outcome};
use crate::rows::Row;
use crate::stopwatch::Stopwatch;

/// Measures what was asked for and reports it. The status is a failure when a row could not run.
///
/// # Errors
/// When no row can run.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if options.list {
        for row in Row::ALL {
            say(&format!("{:<16}  {}", row.name(), row.what()));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let rows = Row::chosen(&options.rows)?;
    let amount = options.amount()?;
    // A setting of somebody's real server must not reach the measured one.
    if let Some((name, _)) = std::env::vars_os().find(|(name, _)| name.to_string_lossy().starts_with("COUNTERSIGN_")) {
        bail!("the variable {} is set; measure without it", name.display());
    }
    let program = program(options)?;
    let (placement, why) = if options.placed {
        (Placement::Apart, String::new())
    } else {
        (Placement::Anywhere, placement::begin_again("--placed")?)
    };
    if placement == Placement::Anywhere {
        eprintln!("Everything runs where the system puts it, because {why}: figures mean little.");
    }
    let _ahead = options.placed.then(Ahead::go);
    let place = options.directory.clone().unwrap_or_else(std::env::temp_dir);
    let machine = Machine::describe(&place, &why, placement)?;
    for (name, value) in machine.facts() {
        say(&format!("{name}: {value}"));
    }
    let mut bench = Bench::new(amount, placement, program, &place)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let entries = runtime.block_on(async {
        tokio::select! {
            entries = measure(&rows, &mut bench) => Ok(entries),
            // Data directories are removed on the way out.
            _ = tokio::signal::ctrl_c() => bail!("interrupted"),
        }
    })?;
    drop(bench);

    say(&format!("\n{}", report::text(&entries)));
    if let Some(path) = &options.json {
        let document = format!("{:#}\n", report::document(&machine, amount, &entries));
        std::fs::write(path, document).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    if let Some(folder) = &options.docs {
        report::write_page(folder, &machine, &entries)?;
    }
    let failed = entries.iter().any(|(_, outcome)| matches!(outcome, Outcome::Failed(_)));
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Measures rows one after the other. A row that cannot run does not keep the others from it.
async fn measure(rows: &[Row], bench: &mut Bench) -> Vec<Entry> {
    let mut entries = Vec::new();
    for row in rows {
        let began = Stopwatch::start();
        eprintln!("{}: {}", row.name(), row.what());
        let outcome = Box::pin(row.measure(bench)).await.unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        let entry = (row.name(), outcome);
        eprintln!("{}    {:.0} s", report::text(std::slice::from_ref(&entry)), began.seconds());
        entries.push(entry);
    }
    entries
}

/// The program to measure. When cargo runs this, it is built first, so that it is the one that the sources say.
fn program(options: &Options) -> Result<PathBuf> {
    if let Some(program) = &options.program {
        return program.canonicalize().with_context(|| format!("{} cannot be found", program.display()));
    }
    let ours = std::env::current_exe().context("this program cannot be found")?;
    let beside = ours.with_file_name("countersign");
    if let Some(cargo) = std::env::var_os("CARGO").filter(|_| !options.placed) {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let built = Command::new(cargo)
            .args(["build", "--release", "--package", "countersign-cli"])
            .current_dir(manifest)
            .status()
            .context("cargo cannot be started")?;
        ensure!(built.success(), "the program could not be built");
    }
    ensure!(beside.is_file(), "there is no program {}; name one with --program", beside.display());
    Ok(beside)
}

fn say(text: &str) {
    // Nobody can be told that the output is closed.
    let _ = writeln!(std::io::stdout(), "{text}");
}
