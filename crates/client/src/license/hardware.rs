//! What names this machine when the application has no better name: a digest of the ID that the operating system was given
//! when it was installed.

#[cfg(any(target_os = "macos", target_os = "windows"))]
use std::process::Command;
#[cfg(not(any(target_os = "macos", target_os = "windows")))]
use std::{fs::File, io::Read as _};

use countersign_crypto::{digest::sha256, encoding::hex_encode};

/// The fingerprint of this machine: 16 groups of 4 hexadecimal digits. `None` when the system has no ID that can be read.
///
/// It is the SHA-256 of what the system calls itself: `/etc/machine-id` on Linux (machine-id(5)), or
/// `/var/lib/dbus/machine-id`, `/etc/hostid`; `IOPlatformUUID` on macOS; `MachineGuid` in the registry of Windows. The ID itself
/// is not told. It survives updates, and changes with a new installation. Containers and virtual machines that were made
/// from one image may share it, and containers may lose it when they are made anew: give them a hardware ID of their own.
#[must_use]
pub fn machine_fingerprint() -> Option<String> {
    machine_id().map(|id| fingerprint(&id))
}

fn fingerprint(id: &str) -> String {
    let digest = sha256(format!("countersign machine\n{id}").as_bytes());
    let groups: Vec<String> = digest.chunks(2).map(hex_encode).collect();
    groups.join("-")
}

/// An ID that says something: not empty, and not only zeros or dashes.
fn meaningful(text: &str) -> Option<String> {
    let text = text.trim();
    let says_something = text.len() >= SHORTEST_ID && text.chars().any(|c| c != '0' && c != '-');
    (says_something && text != "uninitialized").then(|| text.to_ascii_lowercase())
}

#[cfg(not(any(target_os = "macos", target_os = "windows")))]
fn machine_id() -> Option<String> {
    const PLACES: [&str; 3] = ["/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostid"];
    PLACES.iter().find_map(|place| {
        let mut text = String::new();
        File::open(place).ok()?.take(MAX_ID_BYTES).read_to_string(&mut text).ok()?;
        meaningful(&text)
    })
}

#[cfg(target_os = "macos")]
fn machine_id() -> Option<String> {
    let told = Command::new("/usr/sbin/ioreg").args(["-rd1", "-c", "IOPlatformExpertDevice"]).output().ok()?;
    let text = String::from_utf8_lossy(&told.stdout);
    let line = text.lines().find(|line| line.contains("\"IOPlatformUUID\""))?;
    meaningful(line.rsplit('"').nth(1)?)
}

#[cfg(target_os = "windows")]
fn machine_id() -> Option<String> {
    let arguments = ["query", r"HKLM\SOFTWARE\Microsoft\Cryptography", "/v", "MachineGuid", "/reg:64"];
    let told = Command::new(r"C:\Windows\System32\reg.exe").args(arguments).output().ok()?;
    let text = String::from_utf8_lossy(&told.stdout);
    let line = text.lines().find(|line| line.contains("MachineGuid"))?;
    meaningful(line.split_whitespace().last()?)
}

/// IDs have 32 hexadecimal digits; the oldest kind has eight.
const SHORTEST_ID: usize = 8;
/// More than any ID.
#[cfg(not(any(target_os = "macos", target_os = "windows")))]
const MAX_ID_BYTES: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::{fingerprint, machine_fingerprint, meaningful};

    #[test]
    fn a_fingerprint_has_the_form_of_hardware_ids_and_hides_the_id() {
        let id = "0123456789abcdef0123456789abcdef";
        let shown = fingerprint(id);
        assert_eq!((shown.len(), shown.split('-').count()), (79, 16));
        assert!(shown.split('-').all(|group| group.len() == 4 && !id.contains(&shown)));
        assert_ne!(shown, fingerprint("0123456789abcdef0123456789abcdee"));
        assert_eq!(machine_fingerprint(), machine_fingerprint());
    }

    #[test]
    fn an_id_that_all_machines_share_is_none() {
        for text in ["", " \n", "uninitialized\n", "00000000000000000000000000000000", "abc"] {
            assert_eq!(meaningful(text), None, "{text:?}");
        }
        assert_eq!(meaningful("ABCDEF01-2345\n").as_deref(), Some("abcdef01-2345"));
    }
}
