//! The audit trail and the events, as they are read.

use countersign_app::{Page, sites, trails};
use countersign_domain::audit::{Actor, Channel};
use countersign_domain::site::{AuthFailure, SiteSettings};

use crate::support::{Producer, ada};

#[tokio::test]
async fn the_trails_tell_who_did_what_in_order() {
    let producer = Producer::new().await;
    let (ctx, site) = (&producer.ctx, producer.site);
    producer.create_customer("Nordwind", None).await;
    producer.create_order("SO-1", "Nordwind").await;
    let by_hand = ctx.acting_as(Actor::of(Channel::CommandLine));
    let all = sites::list(ctx).await.unwrap();
    let immediate = |settings: &mut SiteSettings| settings.auth_failure = AuthFailure::Immediate;
    sites::change_settings(&by_hand, &all[0], immediate).await.unwrap();

    let entries = producer.audit().await;
    let told: Vec<_> = entries.iter().map(|entry| (entry.verb.as_str(), entry.subject.as_str())).collect();
    let expected = [
        ("site.create", "acme"),
        ("product.create", "Pump"),
        ("customer.create", "Nordwind"),
        ("order.create", "SO-1"),
        ("site.change", "acme"),
    ];
    assert_eq!(told, expected);
    assert!(entries[..4].iter().all(|entry| entry.actor == ada()), "{entries:?}");
    assert_eq!(entries[4].actor, Actor { channel: Channel::CommandLine, name: String::new() });
    assert!(entries.iter().all(|entry| entry.at == ctx.now()));

    let page = Page { after: entries[1].id.0, limit: 2 };
    assert_eq!(trails::list_audit(ctx, site, page).await.unwrap(), entries[2..4]);
    let events = trails::list_events(ctx, site, Page::first(9)).await.unwrap();
    assert_eq!(events.len(), 2);
    let page = Page { after: events[0].id.0, limit: 9 };
    assert_eq!(trails::list_events(ctx, site, page).await.unwrap(), events[1..]);
    let other = producer.other_site().await;
    assert_eq!(trails::list_audit(ctx, other, Page::first(9)).await.unwrap().len(), 2);
}
