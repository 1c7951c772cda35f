//! Answering a sealed question about updates.

use std::sync::Arc;

use countersign_domain::catalog::matching::{self, Offer};
use countersign_domain::device::UpdateQuestion;
use countersign_domain::time::Date;

use crate::Ctx;
use crate::polling::{Asked, Endpoint, PollError, QuestionProblem, open};
use crate::sites::SiteSnapshot;

/// What a poll about updates ends with.
pub enum UpdateAnswer {
    /// The updates that apply; possibly none.
    List(UpdateList),
    /// The question cannot be answered as it is.
    Problem(QuestionProblem),
}

/// The updates that apply, on the state of the site that decided it.
pub struct UpdateList {
    snapshot: Arc<SiteSnapshot>,
    question: UpdateQuestion,
    day: Date,
}

impl UpdateList {
    /// The offers, newest first.
    #[must_use]
    pub fn offers(&self) -> Vec<Offer<'_>> {
        matching::offers(self.snapshot.catalog(), &self.question, self.day).unwrap_or_default()
    }

    /// The question that was asked.
    #[must_use]
    pub fn question(&self) -> &UpdateQuestion {
        &self.question
    }
}

/// Opens a polling ID of the update endpoint and answers its question as of the time at which it was asked.
///
/// The snapshot that decided comes with the answer: the answer is to be signed with its key.
///
/// # Errors
/// [`PollError`] when the polling ID is not valid or the credential behind it was refused.
pub async fn answer(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    endpoint: Endpoint,
    polling_id: &str,
) -> Result<(Arc<SiteSnapshot>, UpdateAnswer), PollError> {
    let opened = open(ctx, site, endpoint, polling_id).await?;
    let question = match opened.asked {
        Asked::Updates(question) => question,
        Asked::Invalid(problem) => return Ok((opened.snapshot, UpdateAnswer::Problem(problem))),
        Asked::Manifest { .. } => return Err(PollError::Unknown),
    };
    let day = opened.asked_at.date();
    let known = |snapshot: &Arc<SiteSnapshot>| matching::offers(snapshot.catalog(), &question, day).map(|_| ());
    let (snapshot, decision) = ctx.certainly(&opened.snapshot, known).await?;
    let answer = match decision {
        Ok(()) => UpdateAnswer::List(UpdateList { snapshot: snapshot.clone(), question, day }),
        Err(matching::UnknownPackage(package)) => UpdateAnswer::Problem(QuestionProblem::UnknownPackage(package)),
    };
    Ok((snapshot, answer))
}
