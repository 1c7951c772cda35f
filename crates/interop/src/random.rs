//! Numbers for tests that do something else in every run.

use anyhow::{Context as _, Result};

/// Numbers that look random; a run is repeated with its seed.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// The numbers that follow from a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Numbers that differ from run to run, unless `COUNTERSIGN_KILLS_SEED` names their seed. Prints it.
    ///
    /// # Errors
    /// When the variable is no number.
    #[expect(clippy::print_stdout, reason = "a failed run shows its seed")]
    pub fn of_this_run() -> Result<Self> {
        let seed = match std::env::var(SEED) {
            Ok(text) => text.parse().with_context(|| format!("{SEED} is a number"))?,
            Err(_) => u64::from(std::process::id()),
        };
        println!("kills: seed {seed} ({SEED})");
        Ok(Self(seed))
    }

    /// A number below a bound, by a step of the generator `SplitMix64`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// Names the seed of a run that is to be repeated.
const SEED: &str = "COUNTERSIGN_KILLS_SEED";
