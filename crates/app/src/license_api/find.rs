//! Finding what a call names: its product, its license, and the device that it is active on.

use countersign_domain::device::{Device, DeviceIdentity, DeviceStatus};
use countersign_domain::ids::LicenseId;
use countersign_domain::licensing::{
    Activation, Assignment, Customer, License, LicenseStatus, LicensedProduct, ProductStatus, Standing,
};
use countersign_domain::text::{HardwareId, ProductCode, UserEmail};
use countersign_domain::time::Timestamp;
use countersign_store::repositories::{CalledLicense, Revisions, WholeLicense};
use countersign_store::{StoreError, Tx};

use super::LicenseCaller;
use super::question::{Identity, LicenseName};
use super::refusal::{LicenseError, Refusal};

/// Most licenses of one user, bundle or device that a call looks at.
pub(super) const LICENSES: u32 = 100;

/// How a row is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// As it is now.
    Look,
    /// So that no other unit changes it until this one ends.
    Lock,
}

/// What a call names.
pub(super) struct Found {
    pub(super) product: LicensedProduct,
    pub(super) license: License,
    /// What was read with it.
    pub(super) beside: Option<Beside>,
}

/// What is read together with a license that is named by its own key, as most are.
pub(super) struct Beside {
    /// Who holds it.
    pub(super) customer: Customer,
    /// Whether the product has a release.
    pub(super) has_releases: bool,
    /// Where it is active on the hardware of the call.
    pub(super) bound: Option<(Device, Activation)>,
    /// A device with this hardware, if it is active on none.
    pub(super) unbound: Option<Device>,
    /// What shows whether any of this has changed.
    pub(super) revisions: Revisions,
}

/// A license on a device where it is active.
pub(super) struct Bound {
    pub(super) product: LicensedProduct,
    pub(super) license: License,
    pub(super) device: Device,
    pub(super) activation: Activation,
    /// What was read with it; where it is active stands above.
    pub(super) beside: Option<Beside>,
}

/// The identity under which the site knows a device that named nothing but its hardware.
pub(super) fn hardware_identity(hardware: &HardwareId) -> DeviceIdentity {
    let (id, id_type) = (hardware.as_str().to_owned(), DeviceIdentity::HARDWARE.to_owned());
    DeviceIdentity { id, id_type, publisher_name: String::new() }
}

/// A product that can be used and that the caller may ask about.
pub(super) async fn product(
    tx: &mut dyn Tx,
    caller: &LicenseCaller,
    code: &ProductCode,
) -> Result<LicensedProduct, LicenseError> {
    let product = tx.licensed_products().find(caller.site, code).await?.ok_or(Refusal::UnknownProduct)?;
    caller.may_ask_about(product.product.id)?;
    usable(&product)?;
    Ok(product)
}

/// Whether licenses of a product can be used.
pub(super) fn usable(product: &LicensedProduct) -> Result<(), Refusal> {
    match product.status {
        ProductStatus::Active => Ok(()),
        ProductStatus::Disabled => Err(Refusal::DisabledProduct),
        ProductStatus::Archived => Err(Refusal::ArchivedProduct),
    }
}

/// A part of a bundle must be one.
pub(super) async fn is_in_bundle(
    tx: &mut dyn Tx,
    caller: &LicenseCaller,
    product: &LicensedProduct,
    bundle: Option<&ProductCode>,
) -> Result<(), LicenseError> {
    let Some(bundle) = bundle else { return Ok(()) };
    let bundle = tx.bundles().find(caller.site, bundle).await?.ok_or(Refusal::UnknownProduct)?;
    let is_in = bundle.products.iter().any(|one| one.product.id == product.product.id);
    if is_in { Ok(()) } else { Err(Refusal::UnknownProduct.into()) }
}

/// The product and the license of an identity.
pub(super) async fn license(
    tx: &mut dyn Tx,
    caller: &LicenseCaller,
    identity: &Identity,
    hold: Hold,
) -> Result<Found, LicenseError> {
    if let Some(found) = called(tx, caller, identity, hold).await? {
        return Ok(found);
    }
    let product = product(tx, caller, &identity.product).await?;
    is_in_bundle(tx, caller, &product, identity.bundle.as_ref()).await?;
    let license = named(tx, caller, &product, identity, hold).await?;
    Ok(Found { product, license, beside: None })
}

/// The same where a license is named by its own key, with what belongs to it. `None`: it is named in another way, or is not
/// there, and the single steps say why.
pub(super) async fn called(
    tx: &mut dyn Tx,
    caller: &LicenseCaller,
    identity: &Identity,
    hold: Hold,
) -> Result<Option<Found>, LicenseError> {
    let Identity { product, bundle: None, hardware, name: LicenseName::Key(key), license: wanted } = identity else {
        return Ok(None);
    };
    let called = CalledLicense { product, key, hardware };
    let found = match hold {
        Hold::Look => tx.licenses().find_called(caller.site, called).await?,
        Hold::Lock => tx.licenses().lock_called(caller.site, called).await?,
    };
    let Some(WholeLicense { license, product, customer, has_releases, bound, unbound, revisions }) = found else {
        return Ok(None);
    };
    caller.may_ask_about(product.product.id)?;
    usable(&product)?;
    if !caller.sees(&license) || wanted.is_some_and(|wanted| wanted != license.id) {
        return Err(Refusal::LicenseNotFound.into());
    }
    let beside = Beside { customer, has_releases, bound, unbound, revisions };
    Ok(Some(Found { product, license, beside: Some(beside) }))
}

/// The license of a product that an identity names.
pub(super) async fn named(
    tx: &mut dyn Tx,
    caller: &LicenseCaller,
    product: &LicensedProduct,
    identity: &Identity,
    hold: Hold,
) -> Result<License, LicenseError> {
    let (site, id) = (caller.site, product.product.id);
    let found = match (&identity.name, hold) {
        (LicenseName::Key(key), Hold::Look) => tx.licenses().find_for(site, id, key).await?,
        (LicenseName::Key(key), Hold::Lock) => tx.licenses().lock_for(site, id, key).await?,
        (LicenseName::User(email), hold) => {
            let wanted = Wanted { license: identity.license, hardware: Some(&identity.hardware), to_activate: false };
            of_user(tx, caller, product, email, wanted, hold).await?
        }
    };
    let found = found.filter(|found| caller.sees(found));
    let found = found.filter(|found| identity.license.is_none_or(|wanted| wanted == found.id));
    Ok(found.ok_or(Refusal::LicenseNotFound)?)
}

/// Which license of a user is wanted.
pub(super) struct Wanted<'a> {
    /// This one.
    pub(super) license: Option<LicenseId>,
    /// Best one that is active for the user on this device.
    pub(super) hardware: Option<&'a HardwareId>,
    /// Whether it is to be activated: one that can be is better than one that is active and has ended.
    pub(super) to_activate: bool,
}

/// The license of a product that is assigned to a user: the one that is wanted, else the best of them ([`fitness`]), else the
/// first. Of more than a hundred, those that were assigned last need their ID. Whether he may log in is asked where he
/// logs in: what is active stays active.
pub(super) async fn of_user(
    tx: &mut dyn Tx,
    caller: &LicenseCaller,
    product: &LicensedProduct,
    email: &UserEmail,
    wanted: Wanted<'_>,
    hold: Hold,
) -> Result<Option<License>, LicenseError> {
    let Some((user, _)) = tx.license_users().find(caller.site, email).await? else { return Ok(None) };
    let assignments = match wanted.license {
        Some(license) => tx.license_users().assignment(license, user.id).await?.into_iter().collect(),
        None => tx.license_users().assignments_to(user.id, Some(product.product.id), LICENSES).await?,
    };
    let (mut chosen, now) = (None, tx.now().await?);
    for assignment in assignments {
        let license = tx.licenses().find_by_id(caller.site, assignment.license).await?;
        let license = license.ok_or(StoreError::BrokenRow {
            table: "license_assignments",
            column: "license",
            row: assignment.license.0,
        })?;
        if license.product.id != product.product.id || !caller.sees(&license) {
            continue;
        }
        let active = match wanted.hardware {
            Some(hardware) => {
                let found = tx.activations().find_by_hardware(caller.site, license.id, hardware).await?;
                found.is_some_and(|(_, activation)| activation.user == Some(user.id))
            }
            None => false,
        };
        let fit = fitness(&license, &assignment, (active, wanted.to_activate), now);
        if chosen.as_ref().is_none_or(|(best, _)| fit > *best) {
            chosen = Some((fit, license));
        }
        if fit == BEST {
            break;
        }
    }
    let chosen = chosen.map(|(_, license)| license);
    match (chosen, hold) {
        (Some(license), Hold::Lock) => Ok(tx.licenses().lock_by_id(caller.site, license.id).await?),
        (chosen, _) => Ok(chosen),
    }
}

const BEST: u8 = 3;

/// How well a license fits a user's call: best one that is active and in force; then, if it is to be activated, one that can be;
/// then one that is active.
fn fitness(license: &License, assignment: &Assignment, (active, to_activate): (bool, bool), now: Timestamp) -> u8 {
    let in_force = license.standing(now) == Standing::InForce;
    let has_room =
        license.terms.limit.has_room(license.activations) && assignment.limit.has_room(assignment.activations);
    match (active, in_force) {
        (true, true) => BEST,
        (false, true) if to_activate && has_room => 2,
        (true, false) => 1,
        (false, _) => 0,
    }
}

/// A license that is enabled and active on the device of an identity.
pub(super) async fn bound(
    tx: &mut dyn Tx,
    caller: &LicenseCaller,
    identity: &Identity,
    hold: Hold,
) -> Result<Bound, LicenseError> {
    let found = license(tx, caller, identity, hold).await?;
    on_device(tx, caller, found, identity).await
}

/// The device of an identity on which a license is active. A license that is disabled, and a device that is out of use, are
/// refused.
pub(super) async fn on_device(
    tx: &mut dyn Tx,
    caller: &LicenseCaller,
    mut found: Found,
    identity: &Identity,
) -> Result<Bound, LicenseError> {
    // Only a license that is named by its key comes with where it is active: no user has to be compared.
    let bound = match &mut found.beside {
        Some(beside) => beside.bound.take(),
        None => activation(tx, caller, &found.license, identity).await?,
    };
    Ok(usable_on(found, bound)?)
}

/// A license on the device where it was found to be active, if it may be used there.
pub(super) fn usable_on(found: Found, bound: Option<(Device, Activation)>) -> Result<Bound, Refusal> {
    let Found { product, license, beside } = found;
    if license.terms.status == LicenseStatus::Disabled {
        return Err(Refusal::LicenseNotEnabled);
    }
    let absent = if license.activations == 0 { Refusal::LicenseNotActive } else { Refusal::DeviceNotFound };
    let (device, activation) = bound.ok_or(absent)?;
    if device.status == DeviceStatus::Obsolete {
        return Err(Refusal::Blacklisted);
    }
    Ok(Bound { product, license, device, activation, beside })
}

/// The device of an identity with the activation of a license there. Who names a user means what is active for that one.
pub(super) async fn activation(
    tx: &mut dyn Tx,
    caller: &LicenseCaller,
    license: &License,
    identity: &Identity,
) -> Result<Option<(Device, Activation)>, StoreError> {
    let found = tx.activations().find_by_hardware(caller.site, license.id, &identity.hardware).await?;
    let (Some((_, activation)), LicenseName::User(email)) = (&found, &identity.name) else { return Ok(found) };
    let named = tx.license_users().find(caller.site, email).await?.map(|(user, _)| user.id);
    Ok(if named.is_some() && activation.user == named { found } else { None })
}
