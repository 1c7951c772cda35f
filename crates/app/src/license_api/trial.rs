//! Trials: a license that a device gets for nothing, once.

use std::net::IpAddr;
use std::sync::Arc;

use countersign_crypto::Secret;
use countersign_crypto::encoding::hex_encode;
use countersign_crypto::random::random_array;
use countersign_domain::audit::Actor;
use countersign_domain::event::Event;
use countersign_domain::ids::{CustomerId, LicenseId, OrderId};
use countersign_domain::licensing::{
    ActivationLimit, Assignment, AuthorizationMethod, Contact, LicenseRules, LicenseStatus, LicenseTerms,
    LicensedProduct, Policy, may_change,
};
use countersign_domain::text::{CustomerName, HardwareId, LicenseKey, OrderNumber, PolicyCode, ProductCode, UserEmail};
use countersign_domain::time::Timestamp;
use countersign_store::repositories::{NewCustomer, NewLicense, NewLicenseUser};
use countersign_store::{StoreError, Tx};

use super::LicenseCaller;
use super::check::{self, Seen};
use super::find;
use super::refusal::{LicenseError, Refusal};
use super::view::{TrialUser, TrialView};
use crate::Ctx;
use crate::licensing::licenses::generate_key;
use crate::users::TooMany;

/// A trial that is asked for.
pub struct TrialRequest {
    /// Code of the product.
    pub product: ProductCode,
    /// What the device identifies its hardware with.
    pub hardware: HardwareId,
    /// E-mail address; user-based products need it.
    pub email: Option<UserEmail>,
    /// The password that the user wants.
    pub password: Option<Secret<String>>,
    /// The policy to make it from; `None`: the product's default one.
    pub policy: Option<String>,
    /// Who asks.
    pub contact: Contact,
    /// Where the request comes from.
    pub from: Option<IpAddr>,
}

/// A user of a trial, and the password of one who is not known yet.
struct Applicant {
    email: UserEmail,
    password: Option<NewPassword>,
}

/// A password that is hashed already, and shown once if it was not chosen.
struct NewPassword {
    hash: String,
    initial: Option<Secret<String>>,
}

/// The trial of a product on a device: the one that it has, or a new one.
///
/// # Errors
/// [`Refusal::TrialExpired`] when the device has had one that is over; [`Refusal`] says what else is in the way.
pub async fn trial(ctx: &Ctx, caller: &LicenseCaller, mut request: TrialRequest) -> Result<TrialView, LicenseError> {
    caller.may_write()?;
    // A trial belongs to a customer of its own, and so to no part.
    if !caller.sees_everything() {
        return Err(Refusal::TrialNotAllowed.into());
    }
    let (looked_at, code, hardware) = (caller.clone(), request.product.clone(), request.hardware.clone());
    let email = request.email.clone();
    let found = ctx.store().read::<_, LicenseError, _>(move |tx| {
        Box::pin(async move {
            let product = find::product(tx, &looked_at, &code).await?;
            let user_based = product.rules.authorization == AuthorizationMethod::User;
            let known = match &email {
                Some(email) if user_based => tx.license_users().find(looked_at.site, email).await?.is_some(),
                Some(_) | None => false,
            };
            Ok((existing(tx, &looked_at, &product, &hardware).await?, user_based, known))
        })
    });
    let (found, user_based, known) = found.await?;
    if let Some(found) = found {
        return Ok(found);
    }
    let applicant = match (user_based, request.email.clone()) {
        (true, None) => return Err(Refusal::EmailMissing.into()),
        // Whoever has this address has a password already; an application does not replace it.
        (true, Some(email)) if known => Some(Applicant { email, password: None }),
        (true, Some(email)) => {
            let password = Some(new_password(ctx, request.password.take(), request.from).await?);
            Some(Applicant { email, password })
        }
        (false, _) => None,
    };
    let key = generate_key(ctx.rng()).map_err(|_| StoreError::OutcomeUnknown)?;
    let made = Made { key, number: hex_encode(&random_array::<8>(ctx.rng())), actor: ctx.actor() };
    let (site, caller) = (caller.site, caller.clone());
    ctx.write(site, move |tx| {
        Box::pin(async move {
            // Two calls of one device at once: the second waits here, and then finds the trial of the first.
            tx.licensed_products().lock(caller.site, &request.product).await?;
            let product = find::product(tx, &caller, &request.product).await?;
            if let Some(found) = existing(tx, &caller, &product, &request.hardware).await? {
                return Ok(found);
            }
            create(tx, &caller, product, &request, applicant, made).await
        })
    })
    .await
}

/// The trial that a device has, unless the product lets it have several.
async fn existing(
    tx: &mut dyn Tx,
    caller: &LicenseCaller,
    product: &LicensedProduct,
    hardware: &HardwareId,
) -> Result<Option<TrialView>, LicenseError> {
    if product.rules.trial_days.is_none() {
        return Err(Refusal::TrialNotAllowed.into());
    }
    if product.rules.several_trials {
        return Ok(None);
    }
    let Some(id) = tx.trials().find(product.product.id, hardware).await? else { return Ok(None) };
    let broken = StoreError::BrokenRow { table: "trials", column: "license", row: id.0 };
    let license = tx.licenses().find_by_id(caller.site, id).await?.ok_or(broken)?;
    let now = tx.now().await?;
    if license.is_expired(now) {
        return Err(Refusal::TrialExpired.into());
    }
    let seen = Seen { device: None, releases: None, beside: None, now };
    let mut view = check::view(tx, caller.site, license, product.clone(), seen).await?;
    let user = tx.license_users().assignments_of(id).await?.first().map(|assignment| assignment.user);
    view.user = check::assigned(tx, caller.site, &view.license, user).await?;
    Ok(Some(TrialView::Existing(Box::new(view))))
}

/// The password that is wanted, or one that is made up.
async fn new_password(
    ctx: &Ctx,
    wanted: Option<Secret<String>>,
    from: Option<IpAddr>,
) -> Result<NewPassword, LicenseError> {
    if wanted.as_ref().is_some_and(|wanted| !may_change("", wanted.expose())) {
        return Err(Refusal::PasswordNotChangeable.into());
    }
    let (password, initial) = match wanted {
        Some(wanted) => (wanted, None),
        None => {
            let initial = hex_encode(&random_array::<12>(ctx.rng()));
            (Secret::new(initial.clone()), Some(Secret::new(initial)))
        }
    };
    let hash = ctx.hash_wanted_password(password, from).await?.map_err(|TooMany| Refusal::TooMany(1))?;
    Ok(NewPassword { hash, initial })
}

/// What is random about a trial, and who makes it.
struct Made {
    key: LicenseKey,
    number: String,
    actor: Arc<Actor>,
}

async fn create(
    tx: &mut dyn Tx,
    caller: &LicenseCaller,
    product: LicensedProduct,
    request: &TrialRequest,
    applicant: Option<Applicant>,
    made: Made,
) -> Result<TrialView, LicenseError> {
    let (site, now, id) = (caller.site, tx.now().await?, product.product.id);
    let policy = policy(tx, &product, request.policy.as_deref()).await?;
    let customer = customer(tx, caller, request, &made.number, now).await?;
    let number = OrderNumber::new(format!("trial-{}", made.number)).map_err(|_| StoreError::OutcomeUnknown)?;
    let order = tx.orders().insert(site, &number, customer, now).await?.ok_or(StoreError::OutcomeUnknown)?;
    tx.outbox().insert(site, Event::OrderCreated(order), &made.actor, now).await?;
    let (limit, mut rules, codes) = match policy {
        Some(policy) => {
            let rules = LicenseRules { policy: Some(policy.id), ..policy.rules };
            (policy.limit, rules, policy.features)
        }
        None => (ActivationLimit::AtMost(1), LicenseRules::default(), Vec::new()),
    };
    rules.trial_days = product.rules.trial_days;
    let terms = LicenseTerms { status: LicenseStatus::Enabled, start_date: None, end_date: None, limit };
    let features = tx.features().list(id).await?;
    let features = features.into_iter().filter(|one| codes.contains(&one.code));
    let features = features.map(|feature| feature.id).collect();
    let row = NewLicense { key: made.key, order, product: id, bundle_key: None, features, terms, rules };
    let license = tx.licenses().insert(site, &row, now).await?.ok_or(StoreError::OutcomeUnknown)?;
    tx.trials().insert(id, &request.hardware, license).await?;
    tx.outbox().insert(site, Event::LicenseCreated(license), &made.actor, now).await?;
    let user = match applicant {
        Some(applicant) => Some(assign(tx, caller, request, applicant, (license, limit)).await?),
        None => None,
    };
    view(tx, caller, product, license, order, user).await
}

async fn view(
    tx: &mut dyn Tx,
    caller: &LicenseCaller,
    product: LicensedProduct,
    license: LicenseId,
    order: OrderId,
    user: Option<TrialUser>,
) -> Result<TrialView, LicenseError> {
    let license = tx.licenses().find_by_id(caller.site, license).await?.ok_or(StoreError::OutcomeUnknown)?;
    let seen = Seen { device: None, releases: None, beside: None, now: tx.now().await? };
    let view = check::view(tx, caller.site, license, product, seen).await?;
    Ok(TrialView::New { license: Box::new(view), order, user })
}

/// The policy with a code, or the default one.
async fn policy(
    tx: &mut dyn Tx,
    product: &LicensedProduct,
    code: Option<&str>,
) -> Result<Option<Policy>, LicenseError> {
    let Some(code) = code else {
        let policies = tx.policies().list(product.product.id).await?;
        return Ok(policies.into_iter().find(|policy| policy.is_default));
    };
    let code = PolicyCode::new(code).map_err(|_| Refusal::TrialNotAllowed)?;
    let found = tx.policies().find(product.product.id, &code).await?;
    Ok(Some(found.ok_or(Refusal::TrialNotAllowed)?))
}

/// Each trial has a customer of its own: nobody has proved the address, and what a customer holds entitles all his devices.
async fn customer(
    tx: &mut dyn Tx,
    caller: &LicenseCaller,
    request: &TrialRequest,
    number: &str,
    now: Timestamp,
) -> Result<CustomerId, LicenseError> {
    let email = request.email.as_ref().map_or("", UserEmail::as_str);
    let own = format!("Trial {number}");
    for name in [email, &own] {
        let Ok(name) = CustomerName::new(name) else { continue };
        let new = NewCustomer { name, email: email.to_owned(), account: None };
        if let Some(id) = tx.customers().insert(caller.site, &new, now).await? {
            tx.customers().set_contact(id, &request.contact).await?;
            return Ok(id);
        }
    }
    Err(StoreError::OutcomeUnknown.into())
}

/// Assigns the trial to the user, who is entered if he is new.
async fn assign(
    tx: &mut dyn Tx,
    caller: &LicenseCaller,
    request: &TrialRequest,
    applicant: Applicant,
    (license, limit): (LicenseId, ActivationLimit),
) -> Result<TrialUser, LicenseError> {
    let Applicant { email, password } = applicant;
    let now = tx.now().await?;
    let (id, initial_password) = match (tx.license_users().find(caller.site, &email).await?, password) {
        (Some((known, _)), _) => (known.id, None),
        // Users are never removed: one who was known a moment ago still is.
        (None, None) => return Err(StoreError::OutcomeUnknown.into()),
        (None, Some(NewPassword { hash, initial })) => {
            let new = NewLicenseUser {
                email: email.clone(),
                first_name: request.contact.first_name.clone(),
                last_name: request.contact.last_name.clone(),
                phone: request.contact.phone.clone(),
                password_hash: hash,
                initial_password: initial.is_some(),
            };
            match tx.license_users().insert(caller.site, &new, now).await? {
                Some(id) => (id, initial),
                // A trial of another product has made this user just now; the password is the one it was told.
                None => {
                    let known = tx.license_users().find(caller.site, &email).await?;
                    (known.ok_or(StoreError::OutcomeUnknown)?.0.id, None)
                }
            }
        }
    };
    tx.license_users().assign(&Assignment { license, user: id, limit, activations: 0 }).await?;
    Ok(TrialUser { id, email, initial_password })
}
