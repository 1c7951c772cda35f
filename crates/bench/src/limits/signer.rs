//! The limit of every signature that was not made before: the library, a key that is kept, and one core.

use std::io::Write as _;
use std::time::Duration;

use anyhow::Result;
use countersign_crypto::{RsaBits, RsaPrivateKey};

use crate::stopwatch::Stopwatch;

/// Signs for a while and prints the signatures a second.
///
/// # Errors
/// When the library fails.
pub(super) fn run(bytes: usize, warm_up: u64, length: u64) -> Result<()> {
    let key = RsaPrivateKey::generate(RsaBits::B2048)?;
    let mut message = vec![b'a'; bytes];
    sign_for(&key, &mut message, Duration::from_millis(warm_up))?;
    let rate = sign_for(&key, &mut message, Duration::from_millis(length))?;
    writeln!(std::io::stdout(), "{rate}")?;
    Ok(())
}

fn sign_for(key: &RsaPrivateKey, message: &mut [u8], time: Duration) -> Result<f64> {
    let began = Stopwatch::start();
    let mut made = 0_u32;
    while began.elapsed() < time {
        // Another message each time, as in life.
        for (place, byte) in message.iter_mut().zip(made.to_le_bytes()) {
            *place = byte;
        }
        key.sign_pkcs1_sha256(message)?;
        made += 1;
    }
    Ok(f64::from(made) / began.seconds())
}
