//! What fuzzing reaches of this door: its readers, without a server around them.

use countersign_app::devices::Registration;
use countersign_app::polling::Asked;
use countersign_domain::device::DeviceIdentity;
use countersign_domain::report::{DeviceEvent, StatusReport};
use countersign_http_kit::json::read_object;
use http::HeaderMap;

use crate::wire::{EventRequest, ManifestRequest, RegistrationRequest, StatusRequest, UpdatesRequest};

/// What a body says to one of the calls.
pub enum Said {
    /// A question.
    Asks(Asked),
    /// A registration.
    Registers(Registration),
    /// How an update goes.
    Reports(StatusReport),
    /// An event.
    Logs(DeviceIdentity, DeviceEvent),
}

/// What a body says to each of the calls that can do something with it.
#[must_use]
pub fn read_as_every_call(body: &[u8]) -> Vec<Said> {
    let updates = read_object::<UpdatesRequest>(body).ok().and_then(|body| body.read().ok()).map(Said::Asks);
    let manifest = read_object::<ManifestRequest>(body).ok().and_then(|body| body.read().ok()).map(Said::Asks);
    let registration = read_object::<RegistrationRequest>(body).ok().and_then(|body| body.read().ok());
    let report = read_object::<StatusRequest>(body).ok().and_then(|body| body.read().ok()).map(Said::Reports);
    let event = read_object::<EventRequest>(body).ok().and_then(|body| body.read().ok());
    let event = event.map(|(identity, event)| Said::Logs(identity, event));
    [updates, manifest, registration.map(Said::Registers), report, event].into_iter().flatten().collect()
}

/// The token of a request.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    crate::auth::bearer(headers)
}
