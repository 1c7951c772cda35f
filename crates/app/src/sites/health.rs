//! Whether sites have what they need to answer devices.

use countersign_domain::site::Site;

use crate::{Ctx, Fault};

/// What a site has.
pub struct SiteHealth {
    /// The site.
    pub site: Site,
    /// Keys that check device tokens now.
    pub active_keys: usize,
    /// Keys that did so once.
    pub ended_keys: usize,
    /// Key pairs for answers.
    pub signing_keys: usize,
    /// Why the site cannot be loaded, if it cannot.
    pub fault: Option<Fault>,
}

/// Whether devices can be answered: what this process knows is recent enough, or could be compared with the store just now.
///
/// # Errors
/// [`Fault`] when the store has not been read for five seconds.
pub async fn ensure_answers(ctx: &Ctx) -> Result<(), Fault> {
    ctx.ensure_recent().await
}

/// Looks at all sites: each is loaded as for devices, from the store and not from memory.
///
/// # Errors
/// [`Fault`] when the store cannot be read. A site that cannot be loaded is no error.
pub async fn examine(ctx: &Ctx) -> Result<Vec<SiteHealth>, Fault> {
    let mut all = Vec::new();
    for site in super::list(ctx).await? {
        let (id, now) = (site.id, ctx.now());
        let fault = ctx.load(&site, None).await.err();
        let (keys, signing_keys) = ctx
            .store()
            .read::<_, Fault, _>(move |tx| {
                Box::pin(async move {
                    Ok((tx.authorization_keys().list(id).await?, tx.signing_keys().list(id).await?.len()))
                })
            })
            .await?;
        let active_keys = keys.iter().filter(|key| key.is_active(now)).count();
        all.push(SiteHealth { site, active_keys, ended_keys: keys.len() - active_keys, signing_keys, fault });
    }
    Ok(all)
}
