//! What has become of a license, as its producer sees it.

use countersign_app::Page;
use countersign_app::license_api::add_feature_consumption;
use countersign_app::licensing::features;
use countersign_app::licensing::history::{self, HistoryError};
use countersign_app::licensing::licenses;
use countersign_domain::event::CountedUnits;
use countersign_domain::licensing::{FeatureType, Units};
use countersign_domain::text::{FeatureCode, LicenseKey};

use crate::support::{Shop, TERMS, counting, identity, now, product};

#[tokio::test]
async fn the_history_of_a_license_has_its_devices_and_all_its_units() {
    let shop = Shop::new().await;
    let pages = FeatureCode::new("PAGES").unwrap();
    features::create(&shop.ctx, shop.site, product(), pages.clone(), String::new()).await.unwrap();
    let license = shop.license(TERMS, counting(10)).await;
    let change = |rules: &mut countersign_domain::licensing::FeatureRules| {
        rules.feature_type = FeatureType::Consumption;
        rules.metering.limit = Units::AtMost(100);
    };
    licenses::set_feature(&shop.ctx, shop.site, license.key.clone(), pages.clone(), change).await.unwrap();
    let other = shop.license(TERMS, counting(10)).await;

    let key = &license.key;
    shop.activate(key, "A").await.unwrap();
    shop.activate(&other.key, "A").await.unwrap();
    assert_eq!(shop.consume(key, "A", 7).await.unwrap(), 7);
    shop.consume(key, "A", 4).await.unwrap_err();
    assert_eq!(shop.consume(&other.key, "A", 1).await.unwrap(), 1);
    assert_eq!(shop.consume(key, "A", -2).await.unwrap(), 5);
    let of_pages = add_feature_consumption(&shop.ctx, &shop.caller, identity(key, "A"), pages.clone(), 40, None).await;
    assert_eq!(now(of_pages).unwrap().meter.total, 40);
    shop.deactivate(key, "A").await.unwrap();

    let list = async |key: &LicenseKey, page| history::list(&shop.ctx, shop.site, key.clone(), page).await;
    let all = list(key, Page::first(99)).await.unwrap();
    let said: Vec<_> = all
        .iter()
        .map(|happened| {
            let parts = happened.event.event.parts();
            let device = happened.device.as_ref().map(|device| device.id.as_str());
            (parts.kind, device, happened.feature.clone(), parts.counted)
        })
        .collect();
    let feature = licenses::find(&shop.ctx, shop.site, key.clone()).await.unwrap().unwrap().features[0].id;
    let counted = |feature, units, total| Some(CountedUnits { feature, units, total });
    let units = "license.units-counted";
    assert_eq!(
        said,
        [
            ("license.created", None, None, None),
            ("license.changed", None, None, None),
            ("license.activated", Some("A"), None, None),
            (units, Some("A"), None, counted(None, 7, 7)),
            (units, Some("A"), None, counted(None, -2, 5)),
            (units, Some("A"), Some(pages), counted(Some(feature), 40, 40)),
            ("license.released", Some("A"), None, None),
        ]
    );
    let part = list(key, Page { after: all[2].event.id.0, limit: 2 }).await.unwrap();
    assert_eq!(part, all[3..5]);
    assert_eq!(list(&other.key, Page::first(99)).await.unwrap().len(), 3);
    let unknown = LicenseKey::new("NOBODY-S-KEY").unwrap();
    assert!(matches!(list(&unknown, Page::first(9)).await, Err(HistoryError::UnknownLicense)));
}
