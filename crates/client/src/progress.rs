//! How a download tells its caller that it moves.

/// Hears about one download at a time, in this order: `started`, any number of `advanced`, `finished`.
///
/// `finished` is called only for a file that is complete, verified and in place. When the download has to begin anew
/// (the file changed on the server, or what an earlier run left was damaged), `started` is called again and counting
/// begins at zero.
pub trait Progress {
    /// The download begins. `total` is the file's size in bytes.
    fn started(&mut self, total: u64) {
        let _ = total;
    }

    /// `bytes` more are there: received now, or found from an earlier run and read back.
    fn advanced(&mut self, bytes: u64) {
        let _ = bytes;
    }

    /// The file is verified and has its final name.
    fn finished(&mut self) {}
}

/// For callers that do not care.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {}
