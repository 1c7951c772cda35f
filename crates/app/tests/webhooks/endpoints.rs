//! Making, changing, switching and removing receivers, and their secrets.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign_app::sites;
use countersign_app::webhooks::endpoints::{EndpointChange, EndpointError, Switch};
use countersign_app::webhooks::{endpoints, secrets, service, trying};
use countersign_crypto::Secret;
use countersign_domain::ids::EndpointId;
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::text::EndpointName;
use countersign_domain::webhook::{
    Authorization, DeliveryState, EndpointSettings, EndpointState, Family, SignatureKind,
};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::support::{HOOK, Stage};

#[tokio::test]
async fn receivers_are_made_changed_and_removed() {
    let stage = Stage::new().await;
    let name = |text: &str| EndpointName::new(text).unwrap();
    let hook = stage.hook().await;
    let taken = endpoints::create(&stage.ctx, stage.site, name("hook"), EndpointSettings::new(HOOK), None).await;
    assert!(matches!(taken, Err(EndpointError::Taken)));
    let refused = EndpointSettings::new("https://refused.example.com/");
    let refused = endpoints::create(&stage.ctx, stage.site, name("other"), refused, None).await;
    assert!(matches!(refused, Err(EndpointError::Refused(_))));
    let broken = endpoints::create(&stage.ctx, stage.site, name("other"), EndpointSettings::new("x"), None).await;
    assert!(matches!(broken, Err(EndpointError::Settings(_))));

    let settings = EndpointSettings { authorization: Authorization::Bearer, ..EndpointSettings::new(HOOK) };
    let change = |settings: &EndpointSettings, secret: Option<&str>| EndpointChange {
        settings: Some(settings.clone()),
        authorization: secret.map(|secret| Some(Secret::new(secret.to_owned()))),
        revision: Some(1),
        ..EndpointChange::default()
    };
    for bad in [None, Some("a\r\nb"), Some(""), Some("ü")] {
        let outcome = endpoints::change(&stage.ctx, stage.site, hook.id, change(&settings, bad)).await;
        assert!(matches!(outcome, Err(EndpointError::Authorization(_))), "{bad:?}");
    }
    let changed = endpoints::change(&stage.ctx, stage.site, hook.id, change(&settings, Some("token"))).await.unwrap();
    assert_eq!((changed.revision, &changed.settings), (2, &settings));
    let late = endpoints::change(&stage.ctx, stage.site, hook.id, change(&settings, Some("token"))).await;
    assert!(matches!(late, Err(EndpointError::Conflict)));
    // Settings alone leave the secret as it is.
    let renamed = EndpointChange { name: Some(name("renamed")), ..EndpointChange::default() };
    endpoints::change(&stage.ctx, stage.site, hook.id, renamed).await.unwrap();
    stage.product("Pump").await;
    stage.work().await;
    let received = stage.receivers.received();
    assert_eq!(received[0].authorization, Some(("authorization".to_owned(), "Bearer token".to_owned())));

    endpoints::remove(&stage.ctx, stage.site, hook.id).await.unwrap();
    assert!(endpoints::list(&stage.ctx, stage.site).await.unwrap().is_empty());
    assert!(matches!(endpoints::remove(&stage.ctx, stage.site, hook.id).await, Err(EndpointError::Unknown)));
    stage.product("Later").await;
    stage.work().await;
    assert_eq!(stage.receivers.received().len(), 1);
}

#[tokio::test]
async fn another_site_has_no_such_receiver() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    let other = sites::create(&stage.ctx, SiteName::new("beta").unwrap(), SiteSettings::default()).await.unwrap();
    assert_eq!(endpoints::find(&stage.ctx, other, hook.id).await.unwrap(), None);
    assert!(matches!(endpoints::remove(&stage.ctx, other, hook.id).await, Err(EndpointError::Unknown)));
    assert!(matches!(
        endpoints::switch(&stage.ctx, other, hook.id, Switch::Disable).await,
        Err(EndpointError::Unknown)
    ));
    assert!(matches!(secrets::list(&stage.ctx, other, hook.id).await, Err(EndpointError::Unknown)));
    let rotated = secrets::rotate(&stage.ctx, other, hook.id, SignatureKind::Hmac, Duration::ZERO).await;
    assert!(matches!(rotated, Err(EndpointError::Unknown)));
    assert!(matches!(trying::send_sample(&stage.ctx, other, hook.id, "a.b").await, Err(EndpointError::Unknown)));
    assert!(endpoints::find(&stage.ctx, stage.site, hook.id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_new_secret_signs_beside_the_old_one_for_a_while() {
    let stage = Stage::new().await;
    let (hook, first) = {
        let name = EndpointName::new("hook").unwrap();
        endpoints::create(&stage.ctx, stage.site, name, EndpointSettings::new(HOOK), None).await.unwrap()
    };
    let second = secrets::rotate(&stage.ctx, stage.site, hook.id, SignatureKind::Ed25519, Duration::from_secs(3600))
        .await
        .unwrap();
    assert_ne!(second.bytes.expose(), first.expose());
    let listed = secrets::list(&stage.ctx, stage.site, hook.id).await.unwrap();
    let kinds: Vec<_> = listed.iter().map(|secret| (secret.kind, secret.ends_at.is_some())).collect();
    assert_eq!(kinds, [(SignatureKind::Ed25519, false), (SignatureKind::Hmac, true)]);
    assert_eq!(listed[1].bytes.expose(), first.expose());
    stage.product("A").await;
    stage.work().await;
    stage.advance(3600);
    stage.product("B").await;
    stage.work().await;
    assert_eq!(stage.receivers.received().iter().map(|one| one.secrets).collect::<Vec<_>>(), [2, 1]);
    for _ in 0..20 {
        let week = Duration::from_secs(30 * 24 * 3600);
        secrets::rotate(&stage.ctx, stage.site, hook.id, SignatureKind::Hmac, week).await.unwrap();
    }
    let listed = secrets::list(&stage.ctx, stage.site, hook.id).await.unwrap();
    assert!(listed.len() <= 10, "{}", listed.len());
}

#[tokio::test]
async fn switching_off_cancels_what_waits_and_disabling_keeps_it() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    let switch = async |how| endpoints::switch(&stage.ctx, stage.site, hook.id, how).await.unwrap().state;
    assert_eq!(switch(Switch::Disable).await, EndpointState::Disabled);
    stage.product("A").await;
    stage.work().await;
    assert_eq!(stage.states(hook.id).await, [DeliveryState::Queued]);
    assert_eq!(switch(Switch::Off).await, EndpointState::Off);
    stage.product("B").await;
    stage.work().await;
    assert_eq!(stage.states(hook.id).await, [DeliveryState::Cancelled], "no delivery is made for the second one");
    assert_eq!(switch(Switch::Enable).await, EndpointState::Enabled);
    stage.product("C").await;
    switch(Switch::Disable).await;
    stage.work().await;
    switch(Switch::EnableWithoutHeld).await;
    stage.product("D").await;
    stage.work().await;
    let states = stage.states(hook.id).await;
    assert_eq!(states, [DeliveryState::Cancelled, DeliveryState::Cancelled, DeliveryState::Delivered]);
    assert_eq!(stage.bodies().len(), 1);
}

#[tokio::test]
async fn a_sample_is_sent_and_nothing_of_it_is_kept() {
    let stage = Stage::new().await;
    let hook = stage.hook().await;
    let tried = trying::send_sample(&stage.ctx, stage.site, hook.id, "device.created").await.unwrap().unwrap();
    assert_eq!((tried.sent.status, tried.body.as_slice()), (Some(204), &b"sample device.created"[..]));
    assert!(stage.deliveries(hook.id).await.is_empty());
    assert!(trying::send_sample(&stage.ctx, stage.site, hook.id, "nonsense").await.unwrap().is_none());
    let unknown = trying::send_sample(&stage.ctx, stage.site, EndpointId(99), "a.b").await;
    assert!(matches!(unknown, Err(EndpointError::Unknown)));
}

#[tokio::test]
async fn the_event_service_stands_for_three_receivers() {
    let stage = Stage::new().await;
    let save = async |before: Option<&str>, text: &str, families: &[Family]| {
        service::save(&stage.ctx, stage.site, before.map(document), service_settings(text, families)).await
    };
    assert!(service::find(&stage.ctx, stage.site).await.unwrap().is_none());
    save(None, "one", &[Family::Product, Family::Device]).await.unwrap();
    assert!(matches!(save(None, "two", &[]).await, Err(EndpointError::Conflict)));
    assert_eq!(service::find(&stage.ctx, stage.site).await.unwrap().unwrap().expose(), b"one");
    let all = endpoints::list(&stage.ctx, stage.site).await.unwrap();
    assert_eq!(all.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["legacy-prod", "legacy-dev"]);
    stage.product("A").await;
    stage.work().await;
    save(Some("one"), "two", &[Family::Device]).await.unwrap();
    stage.product("B").await;
    stage.device("d").await;
    stage.work().await;
    let types: Vec<_> = stage.bodies().iter().map(|body| body.split(' ').nth(1).unwrap().to_owned()).collect();
    assert_eq!(types, ["product.created", "device.created"]);
    service::forget(&stage.ctx, stage.site).await.unwrap();
    assert!(service::find(&stage.ctx, stage.site).await.unwrap().is_none());
    let all = endpoints::list(&stage.ctx, stage.site).await.unwrap();
    assert!(all.iter().all(|one| one.state == EndpointState::Off && one.sealed_authorization.is_none()));
}

#[tokio::test]
async fn a_saved_document_and_its_receivers_are_never_apart() {
    let stage = Stage::new().await;
    let save = |before: Option<&str>, text: &str, families: &[Family]| {
        let before = before.map(document);
        service::save(&stage.ctx, stage.site, before, service_settings(text, families))
    };
    save(None, "on", &[Family::Product]).await.unwrap();
    let switching_off: [BoxFuture<'_, Result<(), EndpointError>>; 2] =
        [save(Some("on"), "off", &[]).boxed(), service::forget(&stage.ctx, stage.site).boxed()];
    for saving in switching_off {
        let done = AtomicBool::new(false);
        let saving = async {
            saving.await.unwrap();
            done.store(true, Ordering::SeqCst);
        };
        // Somebody looks all the time.
        let watching = async {
            while !done.load(Ordering::SeqCst) {
                let document = service::find(&stage.ctx, stage.site).await.unwrap();
                let all = endpoints::list(&stage.ctx, stage.site).await.unwrap();
                if document.is_none_or(|document| document.expose() != b"on") {
                    assert_eq!(all[0].state, EndpointState::Off);
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(saving, watching);
        let current = service::find(&stage.ctx, stage.site).await.unwrap();
        service::save(&stage.ctx, stage.site, current, service_settings("on", &[Family::Product])).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saving_and_forgetting_do_not_wait_for_each_other() {
    let stage = Stage::new().await;
    for _ in 0..20 {
        let current = service::find(&stage.ctx, stage.site).await.unwrap();
        let all = [Family::Entitlement, Family::Product, Family::Device];
        let (saved, forgotten) = tokio::join!(
            service::save(&stage.ctx, stage.site, current, service_settings("on", &all)),
            service::forget(&stage.ctx, stage.site)
        );
        assert!(matches!(saved, Ok(()) | Err(EndpointError::Conflict)), "{saved:?}");
        forgotten.unwrap();
    }
}

fn document(text: &str) -> Secret<Vec<u8>> {
    Secret::new(text.as_bytes().to_vec())
}

fn service_settings(text: &str, families: &[Family]) -> service::ServiceSettings {
    service::ServiceSettings {
        document: document(text),
        authorization: Authorization::Basic,
        secret: Some(Secret::new("anna:tulip".to_owned())),
        line_item_attributes: false,
        subscriptions: families.iter().map(|family| (*family, HOOK.to_owned())).collect(),
    }
}
