//! Texts that an application keeps for a license on a device.

use countersign_domain::ids::{DeviceId, LicenseId};
use countersign_domain::licensing::{DeviceVariable, VARIABLE_NAME_LIMIT, VARIABLE_VALUE_LIMIT, VARIABLES};
use countersign_domain::time::Timestamp;
use countersign_store::Tx;

use super::LicenseCaller;
use super::find::{self, Bound, Hold};
use super::question::Identity;
use super::refusal::{LicenseError, Refusal};
use crate::Ctx;

/// Writes variables of a license on a device where it is active, and gives those that were written, by name. Others stay as
/// they are.
///
/// # Errors
/// [`Refusal`] says why nothing was written.
pub async fn track_variables(
    ctx: &Ctx,
    caller: &LicenseCaller,
    identity: Identity,
    variables: Vec<(String, String)>,
) -> Result<Vec<DeviceVariable>, LicenseError> {
    caller.may_write()?;
    check_variables(&variables)?;
    let (site, caller) = (caller.site, caller.clone());
    ctx.write(site, move |tx| {
        Box::pin(async move {
            let Bound { license, device, .. } = find::bound(tx, &caller, &identity, Hold::Lock).await?;
            let now = tx.now().await?;
            write_variables(tx, license.id, device.id, &variables, now).await?;
            let mut all = tx.device_details().variables(license.id, device.id).await?;
            all.retain(|one| variables.iter().any(|(name, _)| *name == one.name));
            Ok(all)
        })
    })
    .await
}

/// The variables of a license on a device where it is active, by name.
///
/// # Errors
/// [`Refusal`] says why there is no answer.
pub async fn variables(
    ctx: &Ctx,
    caller: &LicenseCaller,
    identity: Identity,
) -> Result<Vec<DeviceVariable>, LicenseError> {
    let caller = caller.clone();
    ctx.store()
        .read(move |tx| {
            Box::pin(async move {
                let Bound { license, device, .. } = find::bound(tx, &caller, &identity, Hold::Look).await?;
                Ok(tx.device_details().variables(license.id, device.id).await?)
            })
        })
        .await
}

/// Variables that can be kept.
pub(super) fn check_variables(variables: &[(String, String)]) -> Result<(), Refusal> {
    let few = u32::try_from(variables.len()).is_ok_and(|count| count <= VARIABLES);
    let short = |(name, value): &(String, String)| {
        (1..=VARIABLE_NAME_LIMIT).contains(&name.len()) && value.len() <= VARIABLE_VALUE_LIMIT && !has_nul(name, value)
    };
    if few && variables.iter().all(short) { Ok(()) } else { Err(Refusal::TooManyVariables) }
}

/// PostgreSQL keeps no NUL in texts.
fn has_nul(name: &str, value: &str) -> bool {
    name.contains('\0') || value.contains('\0')
}

/// Writes variables, if there is room for them.
pub(super) async fn write_variables(
    tx: &mut dyn Tx,
    license: LicenseId,
    device: DeviceId,
    variables: &[(String, String)],
    now: Timestamp,
) -> Result<(), LicenseError> {
    for (name, value) in variables {
        tx.device_details().set_variable(license, device, name, value, now).await?;
    }
    if !variables.is_empty() {
        let all = tx.device_details().variables(license, device).await?;
        if u32::try_from(all.len()).unwrap_or(u32::MAX) > VARIABLES {
            return Err(Refusal::TooManyVariables.into());
        }
    }
    Ok(())
}
