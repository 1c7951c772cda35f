//! What the system says a process has used: processor time and memory, from `/proc`.

use std::fs;
use std::path::Path;

/// Seconds for which the threads of a process have run so far. `None` where the system does not tell.
///
/// Only differences say something: threads that have ended do not count any more.
pub(crate) fn processor_seconds(process: u32) -> Option<f64> {
    let mut nanoseconds = 0.0;
    for thread in fs::read_dir(format!("/proc/{process}/task")).ok()? {
        // A thread that has ended meanwhile.
        let Ok(text) = fs::read_to_string(thread.ok()?.path().join("schedstat")) else { continue };
        nanoseconds += text.split_whitespace().next()?.parse::<f64>().ok()?;
    }
    Some(nanoseconds / 1e9)
}

/// Bytes of memory that a process has resident now.
pub(crate) fn resident_bytes(process: u32) -> Option<f64> {
    kibibytes(Path::new(&format!("/proc/{process}/status")), "VmRSS").map(|value| value * 1024.0)
}

/// A line `name: value kB` of one of the system's files.
pub(crate) fn kibibytes(path: &Path, name: &str) -> Option<f64> {
    field(&fs::read_to_string(path).ok()?, name)?.split_whitespace().next()?.parse().ok()
}

/// The seconds for which all processors together were busy since the machine was started.
pub(crate) fn machine_seconds() -> Option<f64> {
    busy_ticks(&fs::read_to_string("/proc/stat").ok()?).map(|ticks| ticks / TICKS_PER_SECOND)
}

/// The text behind a name and a colon.
pub(crate) fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then_some(value.trim())
    })
}

/// The ticks of `/proc/stat` in which the processors did something, whoever asked for it.
fn busy_ticks(text: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Vec<f64> = line.split_whitespace().map_while(|value| value.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal; guests are part of user.
    let busy = ticks.iter().take(8).enumerate().filter(|(index, _)| !matches!(index, 3 | 4));
    Some(busy.map(|(_, value)| value).sum())
}

/// The unit of `/proc/stat` on every common Linux.
const TICKS_PER_SECOND: f64 = 100.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_ticks_do_not_count() {
        let text = "cpu  10 20 30 1000 500 1 2 4 99 99\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
        assert_eq!(busy_ticks(text), Some(67.0));
        assert_eq!(busy_ticks("intr 5"), None);
    }

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "VmRSSx:\t1 kB\nVmRSS:\t  2048 kB\nmodel name\t: A processor\n";
        assert_eq!(field(text, "VmRSS"), Some("2048 kB"));
        assert_eq!(field(text, "model name"), Some("A processor"));
        assert_eq!(field(text, "VmPeak"), None);
    }
}
