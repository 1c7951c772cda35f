//! The process itself, under the names that every exporter of Prometheus uses. Linux tells; elsewhere a number is missing.

use super::page::{Kind, Page};
use crate::open_files;

/// Writes what is known about the process.
pub(super) fn write(page: &mut Page, started_millis: i64) {
    if let Some(bytes) = resident_bytes() {
        page.single("process_resident_memory_bytes", Kind::Gauge, "Memory in use.", bytes);
    }
    if let Ok(entries) = std::fs::read_dir("/proc/self/fd") {
        page.single("process_open_fds", Kind::Gauge, "Open files and connections.", entries.count());
    }
    if let Some(most) = open_files::limit() {
        page.single("process_max_fds", Kind::Gauge, "Files and connections that may be open.", most);
    }
    let (seconds, millis) = (started_millis.div_euclid(1000), started_millis.rem_euclid(1000));
    let help = "When the process was started, in seconds since 1970.";
    page.single("process_start_time_seconds", Kind::Gauge, help, format_args!("{seconds}.{millis:03}"));
}

/// The line `VmRSS:   12345 kB` of `/proc/self/status`.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}
