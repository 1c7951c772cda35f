//! License users: people whom licenses are assigned to, as producers see them.

use countersign_crypto::Secret;
use countersign_domain::ids::{LicenseId, LicenseUserId, SiteId};
use countersign_domain::licensing::{ActivationLimit, Assignment, LicenseUser, may_change};
use countersign_domain::text::{LicenseKey, UserEmail};
use countersign_store::repositories::{NewLicenseUser, Page};
use countersign_store::{StoreError, Tx};

use super::record_named;
use crate::fault::takes_store_errors;
use crate::{Ctx, Fault};

/// Why a license user was not entered or changed. None of these carries a license key.
#[derive(Debug, thiserror::Error)]
pub enum LicenseUserError {
    /// The license is active for the user.
    #[error("the license is not assigned to this user, or is active on a device of his; deactivate it there first")]
    Active,
    /// The license is assigned to the user already.
    #[error("the license is assigned to this user already")]
    Assigned,
    /// The machinery failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The license is assigned to as many users as it allows.
    #[error("the license is assigned to as many users as it allows")]
    Full,
    /// The user has nothing but trials, and may be anybody.
    #[error(
        "{0} has nothing but trials: whoever asked for the first one knows the password, and nobody has proved the address. Set \
         another password (countersign license-user password), and assign with --proved"
    )]
    OnlyTrials(UserEmail),
    /// The password is too short, or too long.
    #[error("a password has 8 characters or more, and 1024 bytes at most")]
    Password,
    /// The e-mail address is taken.
    #[error("a license user with this e-mail address exists in this site already")]
    Taken,
    /// No such license.
    #[error("this site has no license with this key; see: countersign license list")]
    UnknownLicense,
    /// No such user.
    #[error("this site has no license user {0}; see: countersign license-user list")]
    UnknownUser(UserEmail),
}

takes_store_errors!(LicenseUserError);

/// A license user to enter.
pub struct NewUser {
    /// E-mail address, in lower case.
    pub email: UserEmail,
    /// First name; may be empty.
    pub first_name: String,
    /// Last name; may be empty.
    pub last_name: String,
    /// Telephone number; may be empty.
    pub phone: String,
    /// The initial password.
    pub password: Secret<String>,
}

/// Enters a license user with an initial password.
///
/// # Errors
/// [`LicenseUserError`] says what is in the way.
pub async fn add(ctx: &Ctx, site: SiteId, user: NewUser) -> Result<LicenseUser, LicenseUserError> {
    let NewUser { email, first_name, last_name, phone, password } = user;
    let password_hash = hash(ctx, password).await?;
    let now = ctx.now();
    // The address is of a person: the audit trail names the row.
    record_named(ctx, site, "license-user.add", move |tx| {
        Box::pin(async move {
            let user = NewLicenseUser { email, first_name, last_name, phone, password_hash, initial_password: true };
            let id = tx.license_users().insert(site, &user, now).await?.ok_or(LicenseUserError::Taken)?;
            let added = tx.license_users().find_by_id(site, id).await?.ok_or(StoreError::OutcomeUnknown)?;
            Ok((id.to_string(), added))
        })
    })
    .await
}

/// Sets a new initial password.
///
/// # Errors
/// [`LicenseUserError`] says what is in the way.
pub async fn set_password(
    ctx: &Ctx,
    site: SiteId,
    email: UserEmail,
    password: Secret<String>,
) -> Result<(), LicenseUserError> {
    let hash = hash(ctx, password).await?;
    record_named(ctx, site, "license-user.set-password", move |tx| {
        Box::pin(async move {
            let found = tx.license_users().find(site, &email).await?;
            let (user, old) = found.ok_or(LicenseUserError::UnknownUser(email))?;
            tx.license_users().set_password(user.id, &old, &hash, true).await?;
            Ok((user.id.to_string(), ()))
        })
    })
    .await
}

/// Sets whether a user may log in. What is active stays active.
///
/// # Errors
/// [`LicenseUserError::UnknownUser`] when the site has no such user.
pub async fn set_enabled(ctx: &Ctx, site: SiteId, email: UserEmail, enabled: bool) -> Result<(), LicenseUserError> {
    let verb = if enabled { "license-user.enable" } else { "license-user.disable" };
    record_named(ctx, site, verb, move |tx| {
        Box::pin(async move {
            let found = tx.license_users().find(site, &email).await?;
            let (user, _) = found.ok_or(LicenseUserError::UnknownUser(email))?;
            tx.license_users().set_enabled(user.id, enabled).await?;
            Ok((user.id.to_string(), ()))
        })
    })
    .await
}

/// Users of a site, in the order in which they were entered.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn list(ctx: &Ctx, site: SiteId, page: Page) -> Result<Vec<LicenseUser>, Fault> {
    ctx.store().read(move |tx| Box::pin(async move { Ok(tx.license_users().list(site, page).await?) })).await
}

/// To whom a license is assigned, with address, by row id of the user.
///
/// # Errors
/// [`Fault`] when the store cannot be read.
pub async fn assigned(ctx: &Ctx, site: SiteId, license: LicenseId) -> Result<Vec<(UserEmail, Assignment)>, Fault> {
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let mut all = Vec::new();
                for assignment in tx.license_users().assignments_of(license).await? {
                    let user = tx.license_users().find_by_id(site, assignment.user).await?;
                    all.extend(user.map(|user| (user.email, assignment)));
                }
                Ok(all)
            })
        })
        .await
}

/// Whether the producer knows that an address is the user's who has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// He does.
    Proved,
    /// An application may have named it for a trial.
    Unproved,
}

/// Assigns a license to a user, who can activate it on some devices.
///
/// # Errors
/// [`LicenseUserError`] says what is in the way.
pub async fn assign(
    ctx: &Ctx,
    site: SiteId,
    (email, address): (UserEmail, Address),
    key: LicenseKey,
    limit: ActivationLimit,
) -> Result<(), LicenseUserError> {
    record_named(ctx, site, "license.assign", move |tx| {
        Box::pin(async move {
            let license = tx.licenses().lock(site, &key).await?.ok_or(LicenseUserError::UnknownLicense)?;
            let found = tx.license_users().find(site, &email).await?;
            let Some((user, _)) = found else { return Err(LicenseUserError::UnknownUser(email)) };
            if address == Address::Unproved && has_only_trials(tx, site, user.id).await? {
                return Err(LicenseUserError::OnlyTrials(email));
            }
            let assigned = tx.license_users().assignments_of(license.id).await?.len();
            let assignment = Assignment { license: license.id, user: user.id, limit, activations: 0 };
            if !tx.license_users().assign(&assignment).await? {
                return Err(LicenseUserError::Assigned);
            }
            // None is as many as one likes, as it is told to applications.
            let most = license.rules.users.filter(|users| *users > 0);
            if most.is_some_and(|users| usize::try_from(users).is_ok_and(|users| assigned >= users)) {
                return Err(LicenseUserError::Full);
            }
            Ok((format!("{} to {}", license.id, user.id), ()))
        })
    })
    .await
}

/// Whether a user has licenses, and all of them are trials.
async fn has_only_trials(tx: &mut dyn Tx, site: SiteId, user: LicenseUserId) -> Result<bool, StoreError> {
    let assignments = tx.license_users().assignments_to(user, None, LOOKED_AT).await?;
    for assignment in &assignments {
        let license = tx.licenses().find_by_id(site, assignment.license).await?;
        if license.is_some_and(|license| license.rules.trial_days.is_none()) {
            return Ok(false);
        }
    }
    Ok(!assignments.is_empty())
}

/// Licenses of a user that are looked at, by row id. Who has so many trials before anything else counts as one who has nothing but
/// them: the producer is asked then, and nobody is let in.
const LOOKED_AT: u32 = 100;

/// Takes a license from a user who has it active nowhere.
///
/// # Errors
/// [`LicenseUserError`] says what is in the way.
pub async fn unassign(ctx: &Ctx, site: SiteId, email: UserEmail, key: LicenseKey) -> Result<(), LicenseUserError> {
    record_named(ctx, site, "license.unassign", move |tx| {
        Box::pin(async move {
            let license = tx.licenses().lock(site, &key).await?.ok_or(LicenseUserError::UnknownLicense)?;
            let found = tx.license_users().find(site, &email).await?;
            let (user, _) = found.ok_or(LicenseUserError::UnknownUser(email))?;
            if !tx.license_users().unassign(license.id, user.id).await? {
                return Err(LicenseUserError::Active);
            }
            Ok((format!("{} from {}", license.id, user.id), ()))
        })
    })
    .await
}

async fn hash(ctx: &Ctx, password: Secret<String>) -> Result<String, LicenseUserError> {
    if !may_change("", password.expose()) {
        return Err(LicenseUserError::Password);
    }
    Ok(ctx.hash_password(password).await?)
}
