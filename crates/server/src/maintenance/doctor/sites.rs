//! Whether sites can answer devices.

use countersign_app::Ctx;
use countersign_app::sites::{self, SiteHealth};

use super::Findings;
use crate::Config;

/// Looks at every site, and at the default one.
pub(super) async fn sites(config: &Config, ctx: &Ctx, findings: &mut Findings) {
    let all = match sites::examine(ctx).await {
        Ok(all) => all,
        Err(error) => {
            findings.error("sites", format!("the sites cannot be read: {error}"), "see the cause");
            return;
        }
    };
    if all.is_empty() {
        findings.warning("sites", "there is no site", "create one: countersign site create NAME");
    }
    if let Some(name) = config.default_site.as_ref().filter(|name| all.iter().all(|health| health.site.name != **name))
    {
        let todo = "correct default_site, or create it; see: countersign site list";
        findings.error("default-site", format!("the default site {name} is not there"), todo);
    }
    for health in &all {
        site(health, findings);
    }
}

fn site(health: &SiteHealth, findings: &mut Findings) {
    let name = &health.site.name;
    if let Some(fault) = &health.fault {
        let mut what = format!("site {name} cannot be loaded: {fault}");
        if let Some(cause) = std::error::Error::source(fault) {
            what.push_str(&format!(": {cause}"));
        }
        findings.error("sites", what, "restore a backup; the site answers nothing after a restart");
    }
    if health.active_keys == 0 {
        let what = if health.ended_keys > 0 {
            format!("all keys of site {name} that check device tokens have ended, so every device is refused")
        } else {
            format!("site {name} has no key that checks device tokens, so every device is refused")
        };
        findings.warning("authorization-keys", what, format!("upload one: countersign key upload FILE --site {name}"));
    }
    if health.signing_keys == 0 {
        let what = format!("site {name} has no key to sign answers with, so signed questions fail");
        findings.warning("signing-keys", what, format!("make one: countersign key signing --site {name}"));
    }
}
