//! What is true of an installation while commands change it, and which answers that allows.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// How long a change may take until every node answers by it.
pub(crate) const IN_FORCE: Duration = Duration::from_secs(1);
/// Answers by the new state of each node that a change waits for.
const ENOUGH: usize = 20;
/// Longest wait for them.
const PATIENCE: Duration = Duration::from_secs(20);

/// Something that holds or does not, and its changes.
#[derive(Debug)]
pub(crate) struct Fact {
    name: &'static str,
    history: Mutex<History>,
    seen: Condvar,
}

#[derive(Debug)]
struct History {
    first: bool,
    changes: Vec<Change>,
    /// Answers by the last state, given by each node to questions that came when it had to be in force.
    seen: Vec<usize>,
}

/// A change to `to`: begun by a command at one moment, and in force everywhere at another, which is not known before the
/// command has ended.
#[derive(Debug)]
struct Change {
    to: bool,
    begun: Instant,
    in_force: Option<Instant>,
}

/// The present moment.
#[expect(clippy::disallowed_methods, reason = "the time that a change takes is what is promised here")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

impl Fact {
    /// One that holds, or does not, from the beginning, on so many nodes.
    pub(crate) fn new(name: &'static str, first: bool, nodes: usize) -> Self {
        let history = History { first, changes: Vec::new(), seen: vec![0; nodes] };
        Self { name, history: Mutex::new(history), seen: Condvar::new() }
    }

    /// Changes it by a command, and waits until every node has answered by it often enough. `lead` is how long the change
    /// waits by itself before it begins.
    pub(crate) fn change(&self, to: bool, lead: Duration, command: impl FnOnce() -> Result<()>) -> Result<()> {
        self.with(|history| {
            history.changes.push(Change { to, begun: now(), in_force: None });
            history.seen.fill(0);
        });
        command()?;
        self.with(|history| {
            if let Some(last) = history.changes.last_mut() {
                last.in_force = Some(now() + lead + IN_FORCE);
            }
        });
        let history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = |history: &mut History| history.seen.iter().any(|seen| *seen < ENOUGH);
        let waited = self.seen.wait_timeout_while(history, PATIENCE, waiting);
        let (history, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        ensure!(!waited.timed_out(), "{}: too few answers after a change: {:?}", self.name, history.seen);
        Ok(())
    }

    /// Checks an answer of a node to a question that was asked at one moment and answered at another.
    pub(crate) fn check(&self, node: usize, answer: bool, asked: Instant, answered: Instant) -> Result<()> {
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(
            history.allows(answer, asked, answered),
            "{}: {answer} is an old answer: asked {:?} ago, answered {:?} ago; {history:?}",
            self.name,
            asked.elapsed(),
            answered.elapsed()
        );
        if history.changes.last().is_some_and(|last| last.in_force.is_some_and(|in_force| asked > in_force))
            && let Some(seen) = history.seen.get_mut(node)
        {
            *seen += 1;
            self.seen.notify_all();
        }
        Ok(())
    }

    fn with(&self, change: impl FnOnce(&mut History)) {
        change(&mut self.history.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl History {
    /// A state may be answered by from the beginning of the change to it until the change away from it is in force.
    fn allows(&self, answer: bool, asked: Instant, answered: Instant) -> bool {
        let states = std::iter::once((self.first, None)).chain(self.changes.iter().map(|it| (it.to, Some(it.begun))));
        let ends = self.changes.iter().map(|next| next.in_force).chain([None]);
        states.zip(ends).any(|((state, begun), end)| {
            state == answer && begun.is_none_or(|begun| answered >= begun) && end.is_none_or(|end| asked <= end)
        })
    }
}

#[test]
fn an_answer_is_old_when_its_question_came_after_the_change_was_in_force() {
    let (start, second) = (now(), Duration::from_secs(1));
    let change = Change { to: false, begun: start + second, in_force: Some(start + 3 * second) };
    let history = History { first: true, changes: vec![change], seen: Vec::new() };
    for (answer, asked, answered, allowed) in
        [(true, 0, 0, true), (false, 0, 0, false), (true, 2, 9, true), (false, 0, 1, true), (true, 4, 4, false)]
    {
        assert_eq!(history.allows(answer, start + asked * second, start + answered * second), allowed, "{asked}");
    }
}
