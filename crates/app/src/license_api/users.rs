//! License users: who they are, what is assigned to them, and their passwords.

use std::net::IpAddr;

use countersign_crypto::{Secret, sha256};
use countersign_domain::ids::SiteId;
use countersign_domain::licensing::{Customer, LicenseUser, Part, may_change};
use countersign_domain::text::{ProductCode, UserEmail};
use countersign_store::repositories::{LicenseFilter, Page};
use countersign_store::{StoreError, Tx};

use super::LicenseCaller;
use super::check::{Seen, assigned, product_of, view};
use super::find::{self, LICENSES};
use super::question::UserLogin;
use super::refusal::{LicenseError, Refusal};
use super::view::{CustomerLicenseUser, LicenseView};
use crate::Ctx;
use crate::users::TooMany;

/// Most users of a customer that are told about.
const USERS: usize = 1000;

/// Proves a user, and says what is seen with that: people of an account see what its customers hold, and nothing else.
///
/// # Errors
/// [`Refusal::InvalidCredentials`] and [`Refusal::SsoFailed`] without telling what was wrong.
pub async fn log_in(
    ctx: &Ctx,
    caller: &LicenseCaller,
    login: UserLogin,
    from: Option<IpAddr>,
) -> Result<(UserEmail, LicenseCaller), LicenseError> {
    match login {
        UserLogin::Password { email, password } => {
            prove(ctx, caller.site, email.clone(), password, from).await?;
            Ok((email, caller.clone()))
        }
        UserLogin::Sso(login) => super::sso::prove(ctx, caller, login, from).await,
    }
}

/// Proves a user by password. Failures are limited as those of producers are.
///
/// # Errors
/// [`Refusal::InvalidCredentials`] without telling what was wrong.
async fn prove(
    ctx: &Ctx,
    site: SiteId,
    email: UserEmail,
    password: Secret<String>,
    from: Option<IpAddr>,
) -> Result<(LicenseUser, String), LicenseError> {
    let caller = from.map(|address| (site, sha256(format!("license user {email}").as_bytes()), address));
    let found = ctx
        .store()
        .read::<_, LicenseError, _>(move |tx| Box::pin(async move { Ok(tx.license_users().find(site, &email).await?) }))
        .await?
        .filter(|(user, _)| user.enabled);
    if let Some((user, hash)) = &found
        && ctx.remembers_password(hash, &password)
    {
        return Ok((user.clone(), hash.clone()));
    }
    if let Some(seconds) = caller.as_ref().and_then(|caller| ctx.rates.password_wait(caller, ctx.now())) {
        return Err(Refusal::TooMany(seconds).into());
    }
    let hash = found.as_ref().map(|(_, hash)| hash.clone());
    let fits = ctx.check_password(hash, password, from).await?.map_err(|TooMany| Refusal::TooMany(1))?;
    if !fits && let Some(caller) = &caller {
        ctx.rates.note_wrong_password(caller, ctx.now());
    }
    Ok(found.filter(|_| fits).ok_or(Refusal::InvalidCredentials)?)
}

/// Replaces the password of a user, who must know the old one.
///
/// # Errors
/// [`Refusal::PasswordNotChangeable`] when the new one is too short or the same.
pub async fn change_password(
    ctx: &Ctx,
    caller: &LicenseCaller,
    email: UserEmail,
    passwords: (Secret<String>, Secret<String>),
    from: Option<IpAddr>,
) -> Result<(), LicenseError> {
    caller.may_write()?;
    let (site, (old, new)) = (caller.site, passwords);
    let may = may_change(old.expose(), new.expose());
    let (user, hash) = prove(ctx, site, email, old, from).await?;
    if !may {
        return Err(Refusal::PasswordNotChangeable.into());
    }
    let new = ctx.hash_wanted_password(new, from).await?.map_err(|TooMany| Refusal::TooMany(1))?;
    ctx.write(site, move |tx| {
        Box::pin(async move {
            let changed = tx.license_users().set_password(user.id, &hash, &new, false).await?;
            // Somebody else has changed it in the meantime.
            if changed { Ok(()) } else { Err(Refusal::InvalidCredentials.into()) }
        })
    })
    .await
}

/// What is assigned to a user who proves himself, by row id; of one product only, if one is named. Somebody whom a provider
/// lets in has nothing before the producer assigns something to him.
///
/// # Errors
/// [`Refusal`] says why there is no answer.
pub async fn user_licenses(
    ctx: &Ctx,
    caller: &LicenseCaller,
    product: Option<ProductCode>,
    login: UserLogin,
    from: Option<IpAddr>,
) -> Result<Vec<LicenseView>, LicenseError> {
    let (email, caller) = log_in(ctx, caller, login, from).await?;
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let only = match product {
                    Some(code) => Some(find::product(tx, &caller, &code).await?.product.id),
                    None => None,
                };
                let (mut views, now) = (Vec::new(), tx.now().await?);
                let Some((user, _)) = tx.license_users().find(caller.site, &email).await? else { return Ok(views) };
                for assignment in tx.license_users().assignments_to(user.id, only, LICENSES).await? {
                    let broken = StoreError::BrokenRow {
                        table: "license_assignments",
                        column: "license",
                        row: assignment.license.0,
                    };
                    let license = tx.licenses().find_by_id(caller.site, assignment.license).await?.ok_or(broken)?;
                    if caller.sees(&license) && caller.may_ask_about(license.product.id).is_ok() {
                        let product = product_of(tx, caller.site, &license).await?;
                        let seen = Seen { device: None, releases: None, beside: None, now };
                        let mut seen = view(tx, caller.site, license, product, seen).await?;
                        seen.user = assigned(tx, caller.site, &seen.license, Some(user.id)).await?;
                        views.push(seen);
                    }
                }
                Ok(views)
            })
        })
        .await
}

/// The users of a customer's licenses of a product.
///
/// # Errors
/// [`Refusal::CustomerDoesNotExist`] and [`Refusal::CustomerNotFound`] about the customer, who goes by e-mail address.
pub async fn customer_license_users(
    ctx: &Ctx,
    caller: &LicenseCaller,
    product: ProductCode,
    customer: String,
) -> Result<(Customer, Vec<CustomerLicenseUser>), LicenseError> {
    let caller = caller.clone();
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let product = find::product(tx, &caller, &product).await?.product.id;
                let customer = tx.customers().find_by_email(caller.site, &customer).await?;
                let customer = customer.ok_or(Refusal::CustomerDoesNotExist)?;
                if !sees_customer(tx, &caller, &customer).await? {
                    return Err(Refusal::CustomerNotFound.into());
                }
                let filter = LicenseFilter { customer: Some(customer.id), product: Some(product), order: None };
                let mut users = Vec::new();
                for license in tx.licenses().list(caller.site, filter, Page::first(LICENSES)).await? {
                    if !caller.sees(&license) {
                        continue;
                    }
                    let broken = StoreError::BrokenRow { table: "licenses", column: "order", row: license.id.0 };
                    let order = tx.orders().find(caller.site, &license.order).await?.ok_or(broken)?;
                    let room = USERS.saturating_sub(users.len());
                    for assignment in tx.license_users().assignments_of(license.id).await?.into_iter().take(room) {
                        let broken =
                            StoreError::BrokenRow { table: "license_assignments", column: "user", row: license.id.0 };
                        let user = tx.license_users().find_by_id(caller.site, assignment.user).await?.ok_or(broken)?;
                        users.push(CustomerLicenseUser {
                            user,
                            active: assignment.activations > 0,
                            assignment,
                            order: order.number.clone(),
                            order_id: order.id,
                        });
                    }
                }
                Ok((customer, users))
            })
        })
        .await
}

/// Whether a caller can see a customer. Of one whose licenses it cannot see it learns nothing.
async fn sees_customer(tx: &mut dyn Tx, caller: &LicenseCaller, customer: &Customer) -> Result<bool, StoreError> {
    for part in &caller.parts {
        let license = match part {
            Part::License(id) => tx.licenses().find_by_id(caller.site, *id).await?,
            Part::Account(_) | Part::Customer(_) => None,
        };
        if !part.is_about(customer, license.as_ref()) {
            return Ok(false);
        }
    }
    Ok(true)
}
