//! Finds the parts in the bytes of a multipart body, in whatever pieces they come (RFC 2046 §5.1.1).

use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem::{self, Finder};

use super::head::PartHead;
use super::{DASHES, LINE_END};

/// The bytes that have come and are not used, and what comes next.
pub(super) struct Splitter {
    delimiter: Vec<u8>,
    finder: Finder<'static>,
    buffer: BytesMut,
    state: State,
    parts: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first delimiter.
    Begin,
    /// Right behind a delimiter.
    Behind,
    Head,
    Part,
    End,
}

/// What the bytes so far give.
pub(super) enum Step {
    /// The next bytes of the part.
    Bytes(Bytes),
    /// All parts have come.
    End,
    EndOfPart,
    /// More bytes are needed.
    More,
    Part(PartHead),
}

/// What follows a delimiter.
enum Tail {
    /// The end of the last part.
    Last,
    /// So many bytes up to the end of the line.
    Line(usize),
    More,
    /// Something else: this was no delimiter.
    None,
}

impl Splitter {
    pub(super) fn new(delimiter: Vec<u8>) -> Self {
        let finder = Finder::new(&delimiter).into_owned();
        Self { delimiter, finder, buffer: BytesMut::new(), state: State::Begin, parts: 0 }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    pub(super) fn is_in_part(&self) -> bool {
        self.state == State::Part
    }

    /// The next step, or what is wrong with the body.
    pub(super) fn step(&mut self) -> Result<Step, &'static str> {
        match self.state {
            State::Begin => self.begin(),
            State::Behind => self.behind(),
            State::Head => self.head(),
            State::Part => Ok(self.part()),
            State::End => Ok(Step::End),
        }
    }

    fn begin(&mut self) -> Result<Step, &'static str> {
        let first = self.delimiter.strip_prefix(LINE_END).unwrap_or(&self.delimiter);
        let begin = if self.buffer.starts_with(LINE_END) { &self.delimiter } else { first };
        if self.buffer.starts_with(begin) {
            self.buffer.advance(begin.len());
            self.state = State::Behind;
            return self.behind();
        }
        if self.delimiter.starts_with(&self.buffer) || first.starts_with(&self.buffer) {
            return Ok(Step::More);
        }
        Err("does not begin with its boundary")
    }

    fn behind(&mut self) -> Result<Step, &'static str> {
        match tail(&self.buffer) {
            Tail::More => Ok(Step::More),
            Tail::None => Err("has something behind a boundary"),
            Tail::Last => {
                self.state = State::End;
                Ok(Step::End)
            }
            Tail::Line(length) => {
                self.buffer.advance(length);
                self.state = State::Head;
                self.head()
            }
        }
    }

    fn head(&mut self) -> Result<Step, &'static str> {
        let (lines, behind) = if self.buffer.starts_with(LINE_END) {
            (0, LINE_END.len())
        } else if let Some(end) = memmem::find(&self.buffer, HEAD_END) {
            (end, end.saturating_add(HEAD_END.len()))
        } else if self.buffer.len() > HEAD_LIMIT {
            return Err("has a part with a head that is too long");
        } else {
            return Ok(Step::More);
        };
        self.parts = self.parts.saturating_add(1);
        if self.parts > PART_LIMIT {
            return Err("has too many parts");
        }
        let head = PartHead::read(self.buffer.get(..lines).unwrap_or_default());
        self.buffer.advance(behind);
        self.state = State::Part;
        Ok(Step::Part(head))
    }

    fn part(&mut self) -> Step {
        match self.finder.find(&self.buffer) {
            Some(0) => match tail(self.buffer.get(self.delimiter.len()..).unwrap_or_default()) {
                Tail::More => Step::More,
                Tail::Last | Tail::Line(_) => {
                    self.buffer.advance(self.delimiter.len());
                    self.state = State::Behind;
                    Step::EndOfPart
                }
                Tail::None => self.give(self.delimiter.len()),
            },
            Some(place) => self.give(place),
            None => self.give(self.buffer.len().saturating_sub(self.delimiter.len().saturating_sub(1))),
        }
    }

    /// So many bytes of the part.
    fn give(&mut self, length: usize) -> Step {
        if length == 0 { Step::More } else { Step::Bytes(self.buffer.split_to(length).freeze()) }
    }
}

fn tail(behind: &[u8]) -> Tail {
    if behind.starts_with(DASHES) {
        return Tail::Last;
    }
    let padding = behind.iter().take(PADDING_LIMIT).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let line_end = behind.get(padding..).unwrap_or_default();
    if line_end.starts_with(LINE_END) {
        return Tail::Line(padding.saturating_add(LINE_END.len()));
    }
    let undecided = LINE_END.starts_with(line_end) || padding == 0 && DASHES.starts_with(line_end);
    if undecided { Tail::More } else { Tail::None }
}

const HEAD_END: &[u8] = b"\r\n\r\n";
/// Bytes of the head of a part: a file name and a type are some hundred.
const HEAD_LIMIT: usize = 16 * 1024;
/// Parts of one body.
const PART_LIMIT: usize = 100;
/// Blanks between a boundary and the end of its line.
const PADDING_LIMIT: usize = 64;
