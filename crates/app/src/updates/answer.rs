//! Answering a sealed question about updates.

use std::sync::Arc;

use countersign_domain::catalog::matching::{self, Offer};
use countersign_domain::device::UpdateQuestion;
use countersign_domain::ids::AuthorizationKeyId;
use countersign_domain::licensing::Entitlements;
use countersign_domain::time::{Date, Timestamp};

use crate::Ctx;
use crate::answers::{Polled, Subject};
use crate::devices::{Standing, standing};
use crate::polling::{Asked, Endpoint, PollError, Problem, open};
use crate::sites::SiteSnapshot;

/// What a poll about updates ends with.
pub struct UpdateAnswer {
    /// The updates that apply; possibly none.
    pub list: Option<UpdateList>,
    /// What is wrong with the question. There can be updates all the same: those for every device.
    pub problem: Option<Problem>,
}

/// The updates that apply.
pub struct UpdateList {
    snapshot: Arc<SiteSnapshot>,
    question: UpdateQuestion,
    entitlements: Entitlements,
    day: Date,
}

impl UpdateList {
    /// The offers, newest first.
    #[must_use]
    pub fn offers(&self) -> Vec<Offer<'_>> {
        matching::offers(self.snapshot.catalog(), &self.question, &self.entitlements, self.day).unwrap_or_default()
    }

    /// The question that was asked.
    #[must_use]
    pub fn question(&self) -> &UpdateQuestion {
        &self.question
    }
}

/// Opens a polling ID of the update endpoint and answers its question as of the time at which it was asked.
///
/// A device that gives an identity gets what its account holds now; no other question asks the store.
///
/// # Errors
/// [`PollError`] when the polling ID is not valid or the credential behind it was refused.
pub async fn answer(
    ctx: &Ctx,
    site: &Arc<SiteSnapshot>,
    endpoint: Endpoint,
    polling_id: &str,
) -> Result<Polled<UpdateAnswer>, PollError> {
    let opened = open(ctx, site, endpoint, polling_id).await?;
    let (snapshot, asked_at, credential) = (opened.snapshot, opened.asked_at, opened.credential);
    let question = match opened.asked {
        Asked::Updates(question) => question,
        Asked::Invalid(problem) => {
            return Ok(problematic(snapshot, asked_at, credential, problem));
        }
        Asked::Kept | Asked::Manifest { .. } => return Err(PollError::Unknown),
    };
    let day = asked_at.date();
    let known = |snapshot: &Arc<SiteSnapshot>| snapshot.catalog().package(&question.installed).map(|_| ()).ok_or(());
    let (snapshot, known) = ctx.certainly(&snapshot, known).await?;
    if known.is_err() {
        return Ok(problematic(snapshot, asked_at, credential, Problem::UnknownPackage(question.installed)));
    }
    let (entitlements, unknown_device) = match &question.identity {
        None => (Entitlements::default(), None),
        Some(identity) => {
            let products = matching::checked_products(snapshot.catalog(), &question, day);
            match standing(ctx, snapshot.site.id, identity, question.device_class, products, day).await? {
                Standing::Known(entitlements) => (entitlements, None),
                // Without the device's ID: all that are not known get the same bytes, and one signature.
                Standing::Unknown => (Entitlements::default(), Some(Problem::UnknownDevice(String::new()))),
            }
        }
    };
    let subject = Subject::Updates {
        installed: question.installed.clone(),
        platform: question.platform.clone(),
        language: question.language,
        entitlements: entitlements.clone(),
        problem: unknown_device.clone(),
        day,
    };
    let list = UpdateList { snapshot: snapshot.clone(), question, entitlements, day };
    Ok(Polled {
        answer: UpdateAnswer { list: Some(list), problem: unknown_device },
        asked_at,
        snapshot,
        subject,
        credential,
    })
}

fn problematic(
    snapshot: Arc<SiteSnapshot>,
    asked_at: Timestamp,
    credential: AuthorizationKeyId,
    problem: Problem,
) -> Polled<UpdateAnswer> {
    let subject = Subject::Problem(problem.clone());
    Polled { answer: UpdateAnswer { list: None, problem: Some(problem) }, asked_at, snapshot, subject, credential }
}
