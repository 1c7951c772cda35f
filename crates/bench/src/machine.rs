//! The machine of a run: figures say nothing without it.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::placement::{Placement, niceness};
use crate::stopwatch::Stopwatch;
use crate::usage;

/// What is told about the machine.
pub(crate) struct Machine(Vec<(&'static str, String)>);

impl Machine {
    /// Looks at the machine, and at the disk of a folder.
    ///
    /// # Errors
    /// When nothing can be written to the folder.
    pub(crate) fn describe(folder: &Path, placement: &str, place: Placement) -> Result<Self> {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cpu = read("/proc/cpuinfo");
        let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
        let model = usage::field(&cpu, "model name").unwrap_or("unknown").to_owned();
        let memory = usage::kibibytes(Path::new("/proc/meminfo"), "MemTotal").unwrap_or_default() / f64::from(1 << 20);
        let [append, overwrite] = sync_rates(folder)?;
        let priority = niceness().map_or_else(|| "unknown".to_owned(), |nice| nice.to_string());
        let place = match place {
            Placement::Apart => format!("the measured program on core 0, the load on core 1; niceness {priority}"),
            Placement::Anywhere => format!("anywhere ({placement}); niceness {priority}"),
        };
        Ok(Self(vec![
            ("processor", format!("{cores} × {model}")),
            ("memory", format!("{memory:.1} GiB")),
            ("kernel", read("/proc/sys/kernel/osrelease").trim().to_owned()),
            ("disk, append 4 KiB and sync", format!("{append:.0}/s")),
            ("disk, overwrite 4 KiB and sync", format!("{overwrite:.0}/s")),
            ("placement", place),
        ]))
    }

    /// Names and values.
    pub(crate) fn facts(&self) -> Vec<(&'static str, String)> {
        self.0.clone()
    }
}

/// How often a second 4 KiB become durable: appended to a file, and written over what is there.
fn sync_rates(folder: &Path) -> Result<[f64; 2]> {
    let path = folder.join("sync");
    let file = OpenOptions::new().create(true).write(true).truncate(true).open(&path);
    let mut file = file.with_context(|| format!("{} cannot be written", path.display()))?;
    let append = sync_rate(&mut file, |_| Ok(()))?;
    let overwrite = sync_rate(&mut file, |file| file.seek(SeekFrom::Start(0)).map(|_| ()))?;
    fs::remove_file(&path)?;
    Ok([append, overwrite])
}

fn sync_rate(file: &mut File, mut place: impl FnMut(&mut File) -> std::io::Result<()>) -> Result<f64> {
    let began = Stopwatch::start();
    let mut synced = 0_u32;
    while began.elapsed() < SYNC_TIME {
        place(file)?;
        file.write_all(&[0x5a; 4096])?;
        file.sync_data()?;
        synced += 1;
    }
    Ok(f64::from(synced) / began.seconds())
}

const SYNC_TIME: Duration = Duration::from_secs(1);
