//! Binding a device to a license, and letting it go again.

use std::sync::Arc;

use countersign_domain::audit::Actor;
use countersign_domain::changes::Changes;
use countersign_domain::device::{Device, DeviceClass, DeviceIdentity, DeviceStatus};
use countersign_domain::event::{Event, Happened};
use countersign_domain::ids::{DeviceId, LicenseUserId, SiteId};
use countersign_domain::licensing::{
    ActivationRefusal, Assignment, DeviceFacts, Holder, License, LicenseStatus, LicensedProduct, Registrant, SeatWish,
    Standing, Step, decide,
};
use countersign_domain::text::{HardwareId, ProductCode, UserEmail};
use countersign_domain::time::Timestamp;
use countersign_store::repositories::NewDevice;
use countersign_store::{StoreError, Tx};

use super::find::{self, Found, Hold, Wanted, hardware_identity};
use super::once::{self, Done, Once};
use super::question::{Activate, Credentials, Identity, LicenseName, ReleaseFilter};
use super::refusal::{LicenseError, Refusal};
use super::seats::{self, Seated};
use super::users::log_in;
use super::variables::{check_variables, write_variables};
use super::view::LicenseView;
use super::{LicenseCaller, check};
use crate::Ctx;
use crate::licensing::{activation_event, note_change, write_activation};

/// An activation whose caller and credentials are proved, as units of work share it.
#[derive(Clone)]
pub(super) struct Proved {
    pub(super) caller: LicenseCaller,
    pub(super) actor: Arc<Actor>,
    pub(super) product: ProductCode,
    pub(super) bundle: Option<ProductCode>,
    pub(super) identity: Identity,
    pub(super) user: Option<UserEmail>,
    pub(super) facts: DeviceFacts,
    pub(super) variables: Vec<(String, String)>,
    pub(super) releases: ReleaseFilter,
    /// Whether it came by a file or a code, not from the device itself.
    pub(super) offline: bool,
    /// The date of the file.
    pub(super) asked_at: Option<Timestamp>,
}

/// Activates a license on a device. To repeat it refreshes what is known of the device and counts nothing. A device of
/// nobody, or of another customer who has nothing on it any more, belongs to the license's customer from then on.
///
/// # Errors
/// [`Refusal`] says why not; nothing was changed then.
pub async fn activate(
    ctx: &Ctx,
    caller: &LicenseCaller,
    request: Activate,
    once: Option<Once<LicenseView>>,
) -> Result<Done<LicenseView>, LicenseError> {
    if let Some(once) = once.as_ref().filter(|_| request.by.are_for_one_use())
        && let Some(before) = once::answered(ctx, caller.site, once).await?
    {
        return Ok(Done::Before(before));
    }
    let proved = Arc::new(proved(ctx, caller, request).await?);
    once::run(ctx, caller.site, once, move |tx| {
        let proved = proved.clone();
        Box::pin(async move {
            let found = wanted(tx, &proved).await?;
            bind(tx, &proved, found).await
        })
    })
    .await
}

/// The license that is to be activated, locked.
pub(super) async fn wanted(tx: &mut dyn Tx, proved: &Proved) -> Result<Found, LicenseError> {
    let Proved { caller, identity, .. } = proved;
    if let Some(found) = find::called(tx, caller, identity, Hold::Lock).await? {
        return Ok(found);
    }
    let product = find::product(tx, caller, &proved.product).await?;
    find::is_in_bundle(tx, caller, &product, proved.bundle.as_ref()).await?;
    let license = match &proved.user {
        None => find::named(tx, caller, &product, identity, Hold::Lock).await?,
        Some(email) => {
            let wanted = Wanted { license: identity.license, hardware: Some(&identity.hardware), to_activate: true };
            let found = find::of_user(tx, caller, &product, email, wanted, Hold::Lock).await?;
            found.ok_or(Refusal::LicenseNotFound)?
        }
    };
    Ok(Found { product, license, beside: None })
}

/// Proves what an activation comes with.
pub(super) async fn proved(ctx: &Ctx, caller: &LicenseCaller, request: Activate) -> Result<Proved, LicenseError> {
    caller.may_write()?;
    let mut caller = caller.clone();
    let Activate { product, bundle, hardware, by, license, facts, variables, releases } = request;
    check_variables(&variables)?;
    let (name, user) = match by {
        Credentials::Key(key) => (LicenseName::Key(key), None),
        Credentials::User(login) => {
            let email;
            (email, caller) = log_in(ctx, &caller, login, facts.seen_ip.parse().ok()).await?;
            (LicenseName::User(email.clone()), Some(email))
        }
    };
    let identity = Identity { product: product.clone(), bundle: bundle.clone(), hardware, name, license };
    let actor = ctx.actor();
    Ok(Proved {
        caller,
        actor,
        product,
        bundle,
        identity,
        user,
        facts,
        variables,
        releases,
        offline: false,
        asked_at: None,
    })
}

/// Binds the device to a license that is locked.
pub(super) async fn bind(tx: &mut dyn Tx, proved: &Proved, found: Found) -> Result<LicenseView, LicenseError> {
    let Found { product, license, mut beside } = found;
    let site = proved.caller.site;
    if license.terms.status == LicenseStatus::Disabled {
        return Err(Refusal::LicenseNotEnabled.into());
    }
    let mut events = Vec::new();
    let bound = match &mut beside {
        Some(beside) => beside.bound.take(),
        None => tx.activations().find_by_hardware(site, license.id, &proved.identity.hardware).await?,
    };
    let hardware = &proved.identity.hardware;
    let known = match (&bound, &mut beside) {
        (Some((device, _)), _) => Some(device.clone()),
        (None, Some(beside)) => beside.unbound.take(),
        (None, None) => tx.devices().list_by_hardware(site, hardware).await?.into_iter().next(),
    };
    let device = match known {
        Some(device) => lock(tx, site, &device.identity).await?,
        None => insert(tx, site, hardware, &license, &mut events).await?,
    };
    // Now that nobody is waited for any more: a time from before would be older than what others have written.
    let now = tx.now().await?;
    let step = step(&license, &product, &device, proved.facts.is_vm, bound.is_some(), now).map_err(Refusal::from)?;
    let before = bound.as_ref().and_then(|(_, activation)| activation.user);
    let user = user_of(tx, proved, &license, before).await?;
    let license = match step {
        Step::Keep => license,
        Step::Activate => {
            let noted = write_activation(tx, &license, &device, now).await?;
            events.push(activation_event(&license, &noted, device.id));
            noted
        }
    };
    if let Some(user) = user {
        tx.license_users().count(license.id, user, 1).await?;
        tx.activations().set_user(license.id, device.id, Some(user)).await?;
    }
    let was = bound.map_or((false, None), |(_, activation)| (activation.offline, activation.asked_at));
    let is = (proved.offline, if proved.offline { was.1.max(proved.asked_at) } else { None });
    if is != was {
        tx.activations().set_offline(license.id, device.id, is.0, is.1).await?;
    }
    if device.holder != Some(license.holder) && may_move(tx, site, &device, license.holder, now).await? {
        let from = match device.holder {
            Some(holder) => tx.customers().find_by_id(site, holder.customer).await?,
            None => None,
        };
        let from = from.map(|customer| customer.name.to_string());
        tx.devices().set_customer(device.id, Some(license.holder.customer)).await?;
        note_change(&mut events, device.id, Changes::of("customer", from, license.customer.as_str()));
    }
    if device.status == DeviceStatus::Returned {
        tx.devices().set_status(device.id, DeviceStatus::Active).await?;
        let status = Changes::of("status", device.status.as_str(), DeviceStatus::Active.as_str());
        note_change(&mut events, device.id, status);
    }
    tx.device_details().set_facts(device.id, &proved.facts, now).await?;
    write_variables(tx, license.id, device.id, &proved.variables, now).await?;
    for event in events {
        tx.outbox().insert_changed(site, &event, &proved.actor, now).await?;
    }
    take_seat(tx, site, &license, device.id, now).await?;
    let variables = match proved.variables.is_empty() {
        true => Vec::new(),
        false => tx.device_details().variables(license.id, device.id).await?,
    };
    let seen = check::Seen { device: Some((&device, true)), releases: Some(&proved.releases), beside, now };
    let mut view = check::view(tx, site, license, product, seen).await?;
    view.user = check::assigned(tx, site, &view.license, user.or(before)).await?;
    view.named = proved.identity.name.key().cloned();
    view.variables = variables;
    Ok(view)
}

/// Whether a device goes to another customer: not while it has a license of another account in force. Whoever has any key knows no
/// more than the hardware ID of a device that is not his, and must not take it away. A trial does not hold it.
async fn may_move(
    tx: &mut dyn Tx,
    site: SiteId,
    device: &Device,
    to: Holder,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if device.holder.is_none_or(|from| from.shares_account(to)) {
        return Ok(true);
    }
    for activation in tx.activations().list_on_device(device.id).await?.into_iter().take(find::LICENSES as usize) {
        let Some(license) = tx.licenses().find_by_id(site, activation.license).await? else { continue };
        let is_held = license.rules.trial_days.is_none() && license.standing(now) == Standing::InForce;
        if is_held && !license.holder.shares_account(to) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Gives the device a seat if one is free. An activation does not need it, but the producer learns that there was none.
async fn take_seat(
    tx: &mut dyn Tx,
    site: SiteId,
    license: &License,
    device: DeviceId,
    now: Timestamp,
) -> Result<(), LicenseError> {
    let seated = Seated::license(license);
    if !seated.rules.are_counted() || license.standing(now) != Standing::InForce {
        return Ok(());
    }
    match seats::take(tx, license, seated, device, SeatWish::Use).await {
        Ok(_) => Ok(()),
        Err(LicenseError::Denied(denied)) => Ok(seats::note(tx, site, &denied).await?),
        Err(error) => Err(error),
    }
}

/// What is to be done, or why the license is not activated. The device follows the license: whose it was does not matter.
fn step(
    license: &License,
    product: &LicensedProduct,
    device: &Device,
    is_vm: bool,
    activated: bool,
    now: Timestamp,
) -> Result<Step, ActivationRefusal> {
    let Device { id, status, .. } = *device;
    let registrant = Registrant { device: Some(id), holder: None, status, activated, virtual_machine: is_vm };
    let step = decide(license, registrant, now)?;
    if step == Step::Activate && product.rules.prevent_vm && is_vm {
        return Err(ActivationRefusal::VirtualMachine);
    }
    Ok(step)
}

/// The user for whom the license is to be counted from now on; `None` when it is counted for the right one already, or for
/// nobody.
async fn user_of(
    tx: &mut dyn Tx,
    proved: &Proved,
    license: &License,
    bound: Option<LicenseUserId>,
) -> Result<Option<LicenseUserId>, LicenseError> {
    let Some(email) = &proved.user else { return Ok(None) };
    let (user, _) = tx.license_users().find(proved.caller.site, email).await?.ok_or(Refusal::LicenseNotFound)?;
    if bound == Some(user.id) {
        return Ok(None);
    }
    let assignment = tx.license_users().assignment(license.id, user.id).await?;
    let Assignment { limit, activations, .. } = assignment.ok_or(Refusal::LicenseNotFound)?;
    if !limit.has_room(activations) {
        return Err(Refusal::LicenseActivatedMaxTimes.into());
    }
    if let Some(before) = bound {
        tx.license_users().count(license.id, before, -1).await?;
    }
    Ok(Some(user.id))
}

/// A new device with this hardware, locked.
async fn insert(
    tx: &mut dyn Tx,
    site: SiteId,
    hardware: &HardwareId,
    license: &License,
    events: &mut Vec<Happened>,
) -> Result<Device, LicenseError> {
    let now = tx.now().await?;
    let (identity, class, holder) = (hardware_identity(hardware), DeviceClass::Client, Some(license.holder));
    let customer = Some(license.holder.customer);
    let new = NewDevice { identity: identity.clone(), identity_name: String::new(), class, customer };
    if let Some(id) = tx.devices().insert(site, &new, now).await? {
        events.push(Event::DeviceRegistered(id).into());
        let NewDevice { identity, identity_name, .. } = new;
        let status = DeviceStatus::Active;
        let (registered_at, last_seen_at) = (now, now);
        return Ok(Device { id, identity, identity_name, class, status, holder, registered_at, last_seen_at });
    }
    // Another unit has inserted it in the meantime; inserting waited for that one.
    Ok(lock(tx, site, &identity).await?)
}

async fn lock(tx: &mut dyn Tx, site: SiteId, identity: &DeviceIdentity) -> Result<Device, StoreError> {
    tx.devices().lock(site, identity).await?.ok_or(StoreError::OutcomeUnknown)
}

/// Takes a license off a device, with the seats that it holds, which makes room for another one. The device stays known.
///
/// # Errors
/// [`Refusal::DeviceNotFound`] when it is not active there, and what else finding it says.
pub async fn deactivate(
    ctx: &Ctx,
    caller: &LicenseCaller,
    identity: Identity,
    variables: Vec<(String, String)>,
) -> Result<(), LicenseError> {
    caller.may_write()?;
    check_variables(&variables)?;
    let (site, caller, actor) = (caller.site, caller.clone(), ctx.actor());
    ctx.write(site, move |tx| {
        Box::pin(async move {
            let found = find::license(tx, &caller, &identity, Hold::Lock).await?;
            release(tx, &caller, &found.license, &identity, &actor, &variables).await
        })
    })
    .await
}

/// Takes a locked license off a device.
pub(super) async fn release(
    tx: &mut dyn Tx,
    caller: &LicenseCaller,
    license: &License,
    identity: &Identity,
    actor: &Actor,
    variables: &[(String, String)],
) -> Result<(), LicenseError> {
    let (device, _) = find::activation(tx, caller, license, identity).await?.ok_or(Refusal::DeviceNotFound)?;
    let now = tx.now().await?;
    write_variables(tx, license.id, device.id, variables, now).await?;
    tx.activations().delete(license.id, device.id).await?;
    let changes = Changes::of("activations", license.activations, license.activations.saturating_sub(1));
    let happened = Happened { event: Event::LicenseReleased(license.id, device.id), changes };
    Ok(tx.outbox().insert_changed(caller.site, &happened, actor, now).await?)
}
