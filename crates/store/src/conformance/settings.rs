//! Settings of sites that are replaced.

use countersign_domain::ids::SiteId;
use countersign_domain::site::{AuthFailure, Retention, SiteName, SiteSettings};

use super::purchases::MISSING;
use super::{NOW, site};
use crate::repositories::{SettingsOutcome, Tx};
use crate::{Store, StoreError};

fn settings(hosts: &[&str]) -> SiteSettings {
    SiteSettings {
        base_url: Some("https://updates.example.com".to_owned()),
        hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
        small_rsa_keys: true,
        key_id_in_answers: true,
        auth_failure: AuthFailure::Immediate,
        retention: Retention { status_reports: 0, device_events: 7, events: Retention::LIMIT },
        oauth_only: true,
        expiry_notices: "60,2".parse().expect("good"),
    }
}

async fn found(tx: &mut dyn Tx, name: &str) -> Result<SiteSettings, StoreError> {
    let name = SiteName::new(name).expect("good name");
    Ok(tx.sites().find(&name).await?.expect("the test has written it").settings)
}

/// New settings take the place of all old ones; a host of another site refuses them whole.
pub async fn settings_are_replaced_whole_or_not_at_all(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                assert_eq!(found(tx, "one").await?, SiteSettings::default());
                let full = settings(&["a.example.com", "b.example.com"]);
                assert_eq!(tx.sites().set_settings(one, &full).await?, SettingsOutcome::Replaced);
                assert_eq!(found(tx, "one").await?, full);
                assert_eq!(found(tx, "two").await?, SiteSettings::default(), "another site changed");

                let wanted = settings(&["c.example.com", "b.example.com"]);
                assert_eq!(tx.sites().set_settings(two, &wanted).await?, SettingsOutcome::HostTaken);
                assert_eq!(found(tx, "two").await?, SiteSettings::default(), "a refused site changed");
                assert_eq!(found(tx, "one").await?, full, "the owner of the host changed");

                // Its own host is in nobody's way, and what it gives up is free.
                let fewer = SiteSettings { base_url: None, key_id_in_answers: false, ..settings(&["a.example.com"]) };
                assert_eq!(tx.sites().set_settings(one, &fewer).await?, SettingsOutcome::Replaced);
                assert_eq!(found(tx, "one").await?, fewer);
                assert_eq!(tx.sites().set_settings(two, &wanted).await?, SettingsOutcome::Replaced);
                assert_eq!(found(tx, "two").await?.hosts, ["b.example.com", "c.example.com"]);

                let nobody = tx.sites().set_settings(SiteId(MISSING), &settings(&["d.example.com"])).await?;
                assert_eq!(nobody, SettingsOutcome::UnknownSite);
                let name = SiteName::new("three").expect("good name");
                let third = tx.sites().insert(&name, &settings(&["d.example.com"]), NOW).await?;
                assert!(third.is_some(), "a site that is not there has taken a host");
                Ok(())
            })
        })
        .await
        .expect("writes");
}
