//! License users: people whom licenses are assigned to.

use super::license::ActivationLimit;
use crate::ids::{LicenseId, LicenseUserId};
use crate::text::UserEmail;

/// Shortest password, in characters (NIST SP 800-63B section 5.1.1.2 demands 8).
const PASSWORD_LENGTH: usize = 8;
/// Longest password, in bytes: hashing takes time with its length.
const PASSWORD_LIMIT: usize = 1024;

/// Somebody whom licenses are assigned to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenseUser {
    /// Row id.
    pub id: LicenseUserId,
    /// E-mail address: the name to log in with, in lower case.
    pub email: UserEmail,
    /// First name; may be empty.
    pub first_name: String,
    /// Last name; may be empty.
    pub last_name: String,
    /// Telephone number; may be empty.
    pub phone: String,
    /// Whether the password is still the one that the producer knows.
    pub initial_password: bool,
    /// Whether the user may log in.
    pub enabled: bool,
}

/// A license that is assigned to a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The license.
    pub license: LicenseId,
    /// The user.
    pub user: LicenseUserId,
    /// On how many devices the user can activate it at the same time.
    pub limit: ActivationLimit,
    /// On how many devices the user has it activated now.
    pub activations: u32,
}

/// Whether a new password can take the place of an old one.
#[must_use]
pub fn may_change(old: &str, new: &str) -> bool {
    new != old && new.chars().count() >= PASSWORD_LENGTH && new.len() <= PASSWORD_LIMIT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_password_is_another_one_of_eight_characters() {
        for (new, may) in
            [("different", true), ("12345678", true), ("old-password", false), ("1234567", false), ("", false)]
        {
            assert_eq!(may_change("old-password", new), may, "{new:?}");
        }
        assert!(!may_change("", &"x".repeat(1025)));
    }
}
