//! Where the master key comes from: a file, a variable, or the output of a command.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use countersign_crypto::encoding::{hex_decode, hex_encode};
use countersign_crypto::random::random_array;
use countersign_crypto::{Rng, Secret};

use crate::private_file;

/// Where to find the master key.
pub enum MasterKeySource {
    /// A program and its arguments that print the key, for example a client of a key management service.
    Command(Vec<String>),
    /// A file that holds the key.
    File(PathBuf),
    /// The key itself, as found in the environment.
    Text(Secret<String>),
}

/// 32 bytes that seal all private keys and secrets of a store. Written as 64 hexadecimal digits.
pub struct MasterKey(pub(crate) Secret<[u8; 32]>);

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The command did not print a key.
    #[error("the master key command {program:?} failed{detail}")]
    Command {
        /// The program.
        program: String,
        /// What is known about the failure.
        detail: String,
    },
    /// The file cannot be read or written.
    #[error("the master key file {path} cannot be used: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// What was found is not a key.
    #[error("the master key from {origin} is not 64 hexadecimal digits")]
    Malformed {
        /// Where it was found.
        origin: &'static str,
    },
}

impl MasterKey {
    /// Reads the key from its source.
    ///
    /// # Errors
    /// [`MasterKeyError`] names the source and the reason, never the key.
    pub fn load(source: &MasterKeySource) -> Result<Self, MasterKeyError> {
        match source {
            MasterKeySource::Command(words) => Self::parse(&run(words)?, "the command"),
            MasterKeySource::File(path) => {
                let text = std::fs::read_to_string(path).map(Secret::new);
                let text = text.map_err(|source| MasterKeyError::File { path: path.clone(), source })?;
                Self::parse(&text, "the file")
            }
            MasterKeySource::Text(text) => Self::parse(text, "the environment"),
        }
    }

    /// Makes a new key and writes it to a file that only one user can read: this process's, or the owner of the directory
    /// when that is another. Refuses to replace a file. The file appears whole, and survives a power cut from then on.
    ///
    /// # Errors
    /// [`MasterKeyError::File`] when the file exists or cannot be written.
    pub fn create_file(path: &Path, rng: &dyn Rng) -> Result<Self, MasterKeyError> {
        let key = Self(Secret::new(random_array::<32>(rng)));
        key.write_file(path, rng)?;
        Ok(key)
    }

    /// Writes this key to a new file, under the rules of [`MasterKey::create_file`].
    ///
    /// # Errors
    /// [`MasterKeyError::File`] when the file exists or cannot be written.
    pub fn write_file(&self, path: &Path, rng: &dyn Rng) -> Result<(), MasterKeyError> {
        let text = Secret::new(format!("{}\n", hex_encode(self.0.expose())));
        private_file::create_whole(path, text.expose().as_bytes(), rng)
            .map_err(|source| MasterKeyError::File { path: path.to_owned(), source })
    }

    fn parse(text: &Secret<String>, origin: &'static str) -> Result<Self, MasterKeyError> {
        let bytes =
            hex_decode(text.expose().trim()).map(Secret::new).map_err(|_| MasterKeyError::Malformed { origin })?;
        let key = <[u8; 32]>::try_from(bytes.expose().as_slice()).map_err(|_| MasterKeyError::Malformed { origin })?;
        Ok(Self(Secret::new(key)))
    }
}

fn run(words: &[String]) -> Result<Secret<String>, MasterKeyError> {
    let (program, arguments) = words.split_first().map_or((String::new(), &[][..]), |(p, a)| (p.clone(), a));
    let failed = |detail: String| MasterKeyError::Command { program: program.clone(), detail };
    let output = Command::new(&program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| failed(format!(": {error}")))?;
    if !output.status.success() {
        return Err(failed(format!(": {}", output.status)));
    }
    String::from_utf8(output.stdout).map(Secret::new).map_err(|_| failed(": it did not print text".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Barrier;

    use countersign_crypto::SystemRng;

    use super::*;

    #[test]
    fn a_key_file_is_private_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let made = MasterKey::create_file(&path, &SystemRng).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let read = MasterKey::load(&MasterKeySource::File(path.clone())).unwrap();
        assert_eq!(made.0.expose(), read.0.expose());
        assert!(matches!(MasterKey::create_file(&path, &SystemRng), Err(MasterKeyError::File { .. })));
        assert_eq!(MasterKey::load(&MasterKeySource::File(path)).unwrap().0.expose(), read.0.expose());
    }

    #[test]
    fn of_many_that_come_at_once_one_makes_the_key_and_the_others_read_it_whole() {
        for _ in 0..50 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("master.key");
            let start = Barrier::new(8);
            let make_or_read = || {
                start.wait();
                match MasterKey::create_file(&path, &SystemRng) {
                    Ok(key) => (true, key),
                    Err(_) => (false, MasterKey::load(&MasterKeySource::File(path.clone())).unwrap()),
                }
            };
            let keys: Vec<_> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(make_or_read)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert_eq!(keys.iter().filter(|(made, _)| *made).count(), 1);
            assert!(keys.iter().all(|(_, key)| key.0.expose() == keys[0].1.0.expose()), "two keys for one file");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "something was left beside the key");
        }
    }

    #[test]
    fn a_key_comes_from_text_or_a_command() {
        let digits = "0f".repeat(32);
        let text = MasterKeySource::Text(Secret::new(format!(" {digits}\n")));
        assert_eq!(MasterKey::load(&text).unwrap().0.expose(), &[15; 32]);
        let command = MasterKeySource::Command(vec!["echo".to_owned(), digits]);
        assert_eq!(MasterKey::load(&command).unwrap().0.expose(), &[15; 32]);
    }

    #[test]
    fn what_is_not_a_key_is_refused_without_being_shown() {
        for bad in ["", "0f", "hunter2", &"zz".repeat(32), &"0f".repeat(33)] {
            let error = MasterKey::load(&MasterKeySource::Text(Secret::new(bad.to_owned()))).err().unwrap();
            assert!(matches!(error, MasterKeyError::Malformed { .. }), "{error}");
            assert!(bad.is_empty() || !error.to_string().contains(bad) || bad == "0f");
        }
        for words in [vec![], vec!["false".to_owned()], vec!["/nonexistent/program".to_owned()]] {
            assert!(matches!(MasterKey::load(&MasterKeySource::Command(words)), Err(MasterKeyError::Command { .. })));
        }
    }
}
