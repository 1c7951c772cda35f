//! What a device says when it registers.

use countersign_crypto::secret::Secret;

use crate::question::Identity;

/// A device that makes itself known to the server. Only standalone devices register themselves.
#[derive(Debug)]
pub struct Registration {
    /// Who the device is.
    pub device: Identity,
    /// The publisher's identity that the device carries, as embedded licensing has it; usually empty.
    pub identity_name: String,
    /// The activation ID of what the device's owner has bought: it ties the device to the owner's account. Without one
    /// the device stays anonymous. Whoever knows the ID can activate with it, so it is treated as a secret.
    pub activation_id: Option<Secret<String>>,
}

impl Registration {
    /// A registration without the publisher's identity.
    #[must_use]
    pub fn new(device: Identity, activation_id: Option<Secret<String>>) -> Self {
        Self { device, identity_name: String::new(), activation_id }
    }
}
