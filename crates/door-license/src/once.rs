//! Calls that are done once for an `Idempotency-Key`, and their answers, whether they are made now or were kept.

use axum::response::Response;
use countersign_app::license_api::{Done, LicenseError, Once, Refusal};
use countersign_app::license_proof::{Place, take_place};

use crate::error::Error;
use crate::reply::Draft;
use crate::request::Told;

/// How the outcome of a call is written.
pub(crate) type Write<T> = fn(&T, &crate::wire::release::Places) -> Result<Draft, Error>;

/// A call that writes: its place at the signer, taken before anything is done, and how its outcome is written.
pub(crate) struct Call<'t, T> {
    told: &'t Told,
    place: Place<'t>,
    write: Write<T>,
}

impl<'t, T: 'static> Call<'t, T> {
    /// Takes a place at the signer.
    ///
    /// # Errors
    /// When too many of the site wait for it; nothing was done then.
    pub(crate) fn begin(told: &'t Told, write: Write<T>) -> Result<Self, Error> {
        let place = take_place(&told.proved.ctx, &told.proved.site)?;
        Ok(Self { told, place, write })
    }

    /// What is done once, if the caller wants that.
    pub(crate) fn once(&self, route: &str) -> Option<Once<T>> {
        let key = self.told.key.as_deref()?;
        let (write, places) = (self.write, self.told.proved.places());
        let render = move |outcome: Result<&T, Refusal>| match outcome {
            // What cannot be written is kept as nothing, and is a fault when it is read again.
            Ok(done) => write(done, &places).map(|draft| draft.to_kept()).unwrap_or_default(),
            Err(refusal) => Draft::refused(refusal).to_kept(),
        };
        Some(Once::new(&self.told.proved.caller, route, key, &self.told.body, render))
    }

    /// The signed answer.
    ///
    /// # Errors
    /// What the call was refused with, or why it cannot be signed.
    pub(crate) async fn answer(self, outcome: Result<Done<T>, LicenseError>) -> Result<Response, Error> {
        let draft = match outcome? {
            Done::Now(done) => (self.write)(&done, &self.told.proved.places())?,
            Done::Before(kept) => Draft::from_kept(&kept)?.without_seat(),
        };
        draft.send(&self.told.proved, Some(&self.place)).await
    }
}
