//! Pieces of files that get from the disk's cache into a socket without passing through the program.
//!
//! A connection that can have the system send files puts a [`Passage`] beside each request. Whoever answers hands it a piece
//! of a file, and gets as many bytes that stand for it. They go through all layers like any others, so that bodies, lengths
//! and logs are what they would be with the bytes of the file; at the end the connection sends the piece in their place. It
//! knows a stand-in by where it lies in memory, so nothing that a file or a client says can look like one.

use std::fs::File;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

/// A piece of an open file, of 1 to [`LONGEST_PIECE`] bytes.
#[derive(Clone, Debug)]
pub struct FilePiece {
    file: Arc<File>,
    start: u64,
    length: usize,
}

impl FilePiece {
    /// The first bytes of a range, as many as make one piece; `None` when the range is empty.
    #[must_use]
    pub fn first_of(file: Arc<File>, range: &Range<u64>) -> Option<Self> {
        let length = range.end.saturating_sub(range.start);
        let length = usize::try_from(length).unwrap_or(LONGEST_PIECE).min(LONGEST_PIECE);
        (length > 0).then_some(Self { file, start: range.start, length })
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The position in the file of the first byte.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// How many bytes there are.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// The piece without its first bytes, which are sent; `None` when that was all of it.
    #[must_use]
    pub fn after(self, sent: usize) -> Option<Self> {
        let length = self.length.saturating_sub(sent);
        (length > 0).then(|| Self { start: self.start.saturating_add(sent as u64), length, ..self })
    }
}

/// The way of pieces from one answer to its connection. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Passage(Arc<Mutex<Slot>>);

#[derive(Debug, Default)]
enum Slot {
    #[default]
    Empty,
    Waiting(FilePiece),
    /// A stand-in got lost on its way, so it is not known any more what the next one stands for.
    Broken,
}

impl Passage {
    /// Hands over a piece. What is returned stands for it and must be the next bytes of the answer that are not others.
    #[must_use]
    pub fn hand_over(&self, piece: FilePiece) -> Bytes {
        let stand_in = STAND_IN.get(..piece.length).unwrap_or(&STAND_IN);
        let mut slot = self.slot();
        *slot = match *slot {
            Slot::Empty => Slot::Waiting(piece),
            Slot::Waiting(_) | Slot::Broken => Slot::Broken,
        };
        Bytes::from_static(stand_in)
    }

    /// The piece for which the bytes stand that the answer gives now; `None` when it gave others, which must not be sent.
    #[must_use]
    pub fn take(&self, stand_in: &[u8]) -> Option<FilePiece> {
        let mut slot = self.slot();
        match std::mem::take(&mut *slot) {
            Slot::Waiting(piece) if is_stand_in(stand_in) && stand_in.len() == piece.length => Some(piece),
            Slot::Empty | Slot::Waiting(_) | Slot::Broken => {
                *slot = Slot::Broken;
                None
            }
        }
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether bytes stand for a piece of a file.
#[must_use]
pub fn is_stand_in(bytes: &[u8]) -> bool {
    STAND_IN.as_ptr_range().contains(&bytes.as_ptr())
}

/// How many bytes go at a time: so many that the work for each piece does not count, and so few that a server which sends
/// one does nothing else for less than a millisecond.
pub const LONGEST_PIECE: usize = 1 << 20;

/// Nobody ever reads or sends these.
static STAND_IN: [u8; LONGEST_PIECE] = [0; LONGEST_PIECE];

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(range: Range<u64>) -> Option<FilePiece> {
        FilePiece::first_of(Arc::new(File::open("/dev/null").unwrap()), &range)
    }

    #[test]
    fn a_range_is_taken_piece_by_piece() {
        let longest = LONGEST_PIECE as u64;
        for (range, length) in
            [(5..5, None), (7..8, Some(1)), (3..3 + longest, Some(longest)), (9..1 << 40, Some(longest))]
        {
            assert_eq!(piece(range.clone()).map(|piece| piece.length() as u64), length, "{range:?}");
        }
        let rest = piece(10..30).and_then(|piece| piece.after(5)).unwrap();
        assert_eq!((rest.start(), rest.length()), (15, 15));
        assert!(rest.after(15).is_none());
    }

    #[test]
    fn a_stand_in_gives_its_piece_once() {
        let passage = Passage::default();
        let stand_in = passage.hand_over(piece(10..30).unwrap());
        assert!(is_stand_in(&stand_in) && is_stand_in(&stand_in[19..]) && !is_stand_in(&[0; 20]));
        assert_eq!(passage.clone().take(&stand_in).map(|piece| piece.start()), Some(10));
        assert!(passage.take(&stand_in).is_none());
    }

    #[test]
    fn one_that_was_lost_or_altered_breaks_the_passage() {
        let lost = Passage::default();
        drop(lost.hand_over(piece(0..20).unwrap()));
        let second = lost.hand_over(piece(20..40).unwrap());
        assert!(lost.take(&second).is_none());
        let cut = Passage::default();
        let bytes = cut.hand_over(piece(0..20).unwrap());
        assert!(cut.take(&bytes[..10]).is_none() && cut.take(&bytes).is_none());
    }
}
