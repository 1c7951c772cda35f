//! The way back from the store's threads: they wake one caller of a group, and that one wakes the others.
//!
//! A caller that is woken from another thread costs a switch between threads, which is more than most units do. The
//! callers of a group mostly live on the same thread, where waking costs next to nothing.

use std::vec::IntoIter;

use countersign_store::StoreError;
use tokio::sync::oneshot;

/// How a unit ended.
pub(crate) type Outcome = Result<(), StoreError>;
/// The way back to the caller of a unit.
pub(crate) type Reply = oneshot::Sender<Answer>;

/// What a caller gets.
pub(crate) struct Answer {
    outcome: Outcome,
    _others: Others,
}

impl Answer {
    /// An answer to one caller alone.
    pub(crate) fn alone(outcome: Outcome) -> Self {
        Self { outcome, _others: Others(Vec::new().into_iter()) }
    }

    /// How the unit ended. Other callers of its group that have no answer yet get theirs.
    pub(crate) fn open(self) -> Outcome {
        self.outcome
    }
}

/// Answers all callers of a group.
pub(crate) fn send(answers: Vec<(Reply, Outcome)>) {
    let mut others = Others(answers.into_iter());
    while let Some((reply, outcome)) = others.0.next() {
        match reply.send(Answer { outcome, _others: others }) {
            Ok(()) => return,
            // This caller went away and needs no answer; the next one carries those of the others.
            Err(Answer { _others, .. }) => others = _others,
        }
    }
}

/// Answers to others. Wherever this is dropped, be it with an answer that nobody reads any more, they are sent.
struct Others(IntoIter<(Reply, Outcome)>);

impl Drop for Others {
    fn drop(&mut self) {
        for (reply, outcome) in &mut self.0 {
            // A caller that went away does not need its answer.
            let _ = reply.send(Answer::alone(outcome));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn callers<const N: usize>() -> (Vec<(Reply, Outcome)>, [oneshot::Receiver<Answer>; N]) {
        let mut replies = Vec::new();
        let receivers = [(); N].map(|()| {
            let (reply, answer) = oneshot::channel();
            replies.push((reply, Ok(())));
            answer
        });
        (replies, receivers)
    }

    #[test]
    fn the_first_caller_wakes_the_others() {
        let (answers, [mut first, mut second, mut third]) = callers();
        send(answers);
        assert!(second.try_recv().is_err(), "the writer has woken more than one");
        assert!(first.try_recv().unwrap().open().is_ok());
        assert!(second.try_recv().unwrap().open().is_ok());
        assert!(third.try_recv().unwrap().open().is_ok());
    }

    #[test]
    fn a_caller_that_goes_away_keeps_no_answer_from_the_others() {
        let (answers, [gone, first, mut last]) = callers();
        drop(gone);
        send(answers);
        // This one goes away with the answers of the others in hand.
        drop(first);
        assert!(last.try_recv().unwrap().open().is_ok());
    }
}
