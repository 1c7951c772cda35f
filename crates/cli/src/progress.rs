//! Progress bars: on the error output, and only when somebody watches.

use countersign_client::Progress;
use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

/// A bar for one file of `size` bytes, or one that shows nothing.
pub(crate) fn bar(output: Output, name: &str, size: u64) -> ProgressBar {
    if !output.is_watched() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg}  [{wide_bar}] {bytes}/{total_bytes}  {bytes_per_sec}  {eta}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(size).with_style(style).with_message(name.to_owned())
}

/// Shows a download.
pub(crate) struct DownloadBar(pub(crate) ProgressBar);

impl Progress for DownloadBar {
    fn started(&mut self, total: u64) {
        self.0.set_length(total);
        self.0.set_position(0);
    }

    fn advanced(&mut self, bytes: u64) {
        self.0.inc(bytes);
    }

    fn finished(&mut self) {
        self.0.finish_and_clear();
    }
}
