//! Accounts, customers, orders, features and licenses.

use countersign_domain::ids::{CustomerId, LicenseId};
use countersign_domain::licensing::{ActivationLimit, Holder, LicenseRules, LicenseStatus, LicenseTerms};
use countersign_domain::text::FeatureCode;
use countersign_domain::time::{Date, Timestamp};

use super::purchases::{
    MISSING, TERMS, account, account_name, customer, customer_name, key, license, number, order, product,
};
use super::{NOW, site};
use crate::repositories::{LicenseFilter, NewCustomer, NewLicense, Page};
use crate::{Store, StoreError};

/// Customers come back with their account, and neither is found from another site.
pub async fn customers_belong_to_accounts_and_sites(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    let entered = Timestamp::from_seconds(77);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let name = account_name("Nordwind Group");
                let account = tx.accounts().insert(one, &name, NOW).await?.expect("free");
                assert_eq!(tx.accounts().insert(one, &name, NOW).await?, None, "a name was given twice");
                assert!(tx.accounts().insert(two, &name, NOW).await?.is_some(), "another site's name was in the way");
                let found = tx.accounts().find(one, &name).await?.expect("is there");
                assert_eq!((found.id, &found.name), (account, &name));
                assert_eq!(tx.accounts().find(one, &account_name("nordwind group")).await?, None);
                assert_eq!(tx.accounts().find_by_id(one, account).await?.as_ref(), Some(&found));
                assert_eq!(tx.accounts().find_by_id(two, account).await?, None, "a foreign account was found");
                let branch = NewCustomer {
                    name: customer_name("Nordwind Süd"),
                    email: "süd@example.com".to_owned(),
                    account: Some(account),
                };
                let id = tx.customers().insert(one, &branch, entered).await?.expect("free");
                assert_eq!(tx.customers().insert(one, &branch, NOW).await?, None, "a name was given twice");
                let alone = customer(tx, one, "Alone", None).await?;
                let customer = tx.customers().find(one, &branch.name).await?.expect("is there");
                assert_eq!((customer.id, &customer.name, &customer.email), (id, &branch.name, &branch.email));
                assert_eq!((&customer.account, customer.created_at), (&Some(found), entered));
                assert_eq!(tx.customers().find_by_id(one, id).await?, Some(customer));
                let alone = tx.customers().find_by_id(one, alone).await?.expect("is there");
                assert_eq!(tx.customers().find(one, &alone.name).await?.as_ref(), Some(&alone));
                assert_eq!((alone.account, alone.email.as_str()), (None, ""));
                assert_eq!(tx.customers().find(two, &branch.name).await?, None, "a foreign customer was found");
                assert_eq!(tx.customers().find_by_id(two, id).await?, None, "a foreign customer was found");
                assert!(tx.customers().list(two, Page::first(9)).await?.is_empty());
                assert_eq!(tx.accounts().list(one, Page::first(9)).await?.len(), 1);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// An order comes back with whose it is; its number is unique in its site.
pub async fn orders_name_their_customer(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    let entered = Timestamp::from_seconds(78);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let account = account(tx, one, "Group").await?;
                let branch = customer(tx, one, "Branch", Some(account)).await?;
                let alone = customer(tx, one, "Alone", None).await?;
                let stranger = customer(tx, two, "Stranger", None).await?;
                let id = tx.orders().insert(one, &number("SO-1"), branch, entered).await?.expect("free");
                assert_eq!(
                    tx.orders().insert(one, &number("SO-1"), alone, NOW).await?,
                    None,
                    "a number was given twice"
                );
                assert!(tx.orders().insert(two, &number("SO-1"), stranger, NOW).await?.is_some());
                order(tx, one, "SO-2", alone).await?;
                let found = tx.orders().find(one, &number("SO-1")).await?.expect("is there");
                assert_eq!((found.id, found.number.as_str(), found.created_at), (id, "SO-1", entered));
                assert_eq!(found.holder, Holder { customer: branch, account: Some(account) });
                assert_eq!(found.customer.as_str(), "Branch");
                let other = tx.orders().find(one, &number("SO-2")).await?.expect("is there");
                assert_eq!(other.holder, Holder { customer: alone, account: None });
                assert_eq!(tx.orders().find(two, &number("SO-2")).await?, None, "a foreign order was found");
                let listed = tx.orders().list(one, Some(branch), Page::first(9)).await?;
                assert_eq!(listed, [found], "the orders of one customer");
                assert!(tx.orders().list(two, Some(branch), Page::first(9)).await?.is_empty());
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// A license comes back as it was written, with its features by code; its terms can be changed.
pub async fn licenses_keep_features_and_terms(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    let entered = Timestamp::from_seconds(79);
    let date = |text| Some(Date::parse(text).expect("a date"));
    let dated = LicenseTerms { start_date: date("2026-03-01"), end_date: date("9999-12-30"), ..TERMS };
    let off = LicenseTerms { status: LicenseStatus::Disabled, limit: ActivationLimit::AtMost(u32::MAX), ..TERMS };
    let endless = LicenseTerms { limit: ActivationLimit::Unlimited, ..TERMS };
    let none = LicenseTerms { limit: ActivationLimit::AtMost(0), ..dated };
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let account = account(tx, one, "Group").await?;
                let branch = customer(tx, one, "Branch", Some(account)).await?;
                let order = order(tx, one, "SO-1", branch).await?;
                let (pump, valve) = (product(tx, one, "Pump").await?, product(tx, one, "Valve").await?);
                let mut features = Vec::new();
                for code in ["b", "A", "a", "c"] {
                    let code = FeatureCode::new(code).expect("good code");
                    features.push(tx.features().insert(pump, &code, "text", entered).await?.expect("free"));
                    assert_eq!(tx.features().insert(pump, &code, "", NOW).await?, None, "a code was given twice");
                    assert!(tx.features().insert(valve, &code, "", NOW).await?.is_some());
                }
                let listed = tx.features().list(pump).await?;
                let rows: Vec<_> = listed.iter().map(|f| (f.code.as_str(), f.id, f.product, f.name.as_str())).collect();
                assert_eq!(rows[..2], [("A", features[1], pump, "text"), ("a", features[2], pump, "text")]);
                assert_eq!(rows.len(), 4);
                features.pop();
                let new = NewLicense {
                    key: key("ACT-1"),
                    order,
                    product: pump,
                    bundle_key: None,
                    features,
                    terms: dated,
                    rules: LicenseRules::default(),
                };
                let id = tx.licenses().insert(one, &new, entered).await?.expect("free");
                assert_eq!(tx.licenses().insert(one, &new, NOW).await?, None, "a key was given twice");
                let found = tx.licenses().find(one, &new.key).await?.expect("is there");
                assert_eq!((found.id, &found.key, found.order.as_str()), (id, &new.key, "SO-1"));
                assert_eq!(found.holder, Holder { customer: branch, account: Some(account) });
                assert_eq!((found.customer.as_str(), found.product.name.as_str()), ("Branch", "Pump"));
                assert_eq!(
                    found.features.iter().map(|feature| feature.code.as_str()).collect::<Vec<_>>(),
                    ["A", "a", "b"]
                );
                assert_eq!((found.terms, found.activations, found.created_at), (dated, 0, entered));
                assert_eq!(tx.licenses().lock(one, &new.key).await?, Some(found));
                assert_eq!(tx.licenses().find(two, &new.key).await?, None, "a foreign license was found");
                assert_eq!(tx.licenses().lock(two, &new.key).await?, None, "a foreign license was locked");
                assert_eq!(tx.licenses().find(one, &key("act-1")).await?, None, "a key was found in another case");
                for terms in [off, endless, none, TERMS] {
                    assert!(tx.licenses().set_terms(id, &terms).await?);
                    let changed = tx.licenses().find(one, &new.key).await?.expect("is there");
                    assert_eq!((changed.terms, changed.features.len()), (terms, 3));
                }
                assert!(!tx.licenses().set_terms(LicenseId(MISSING), &off).await?);
                Ok(())
            })
        })
        .await
        .expect("writes");
}

/// Licenses are listed for which everything holds that is asked for.
pub async fn licenses_are_filtered_by_all_that_is_given(store: &Store) {
    let (one, two) = (site(store, "one").await, site(store, "two").await);
    store
        .write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let (ada, bob) = (customer(tx, one, "Ada", None).await?, customer(tx, one, "Bob", None).await?);
                let mut orders = Vec::new();
                for (text, buyer) in [("A-1", ada), ("B-1", bob), ("A-2", ada)] {
                    orders.push(order(tx, one, text, buyer).await?);
                }
                let products = [product(tx, one, "Pump").await?, product(tx, one, "Valve").await?];
                // From the last order to the first, so that row ids do not follow the orders.
                for round in 0..2 {
                    for order in (0..3).rev() {
                        for (number, &product) in products.iter().enumerate() {
                            let key = format!("{order}{number}{round}");
                            license(tx, one, &key, orders[order], product, TERMS).await?;
                        }
                    }
                }
                let filter =
                    |order: Option<usize>, customer: Option<CustomerId>, product: Option<usize>| LicenseFilter {
                        order: order.map(|order| orders[order]),
                        customer,
                        product: product.map(|product| products[product]),
                    };
                for (filter, keys) in [
                    (filter(None, None, None), "200 210 100 110 000 010 201 211 101 111 001 011"),
                    (filter(Some(0), None, None), "000 010 001 011"),
                    (filter(None, Some(ada), None), "200 210 000 010 201 211 001 011"),
                    (filter(None, None, Some(1)), "210 110 010 211 111 011"),
                    (filter(None, Some(ada), Some(0)), "200 000 201 001"),
                    (filter(Some(2), None, Some(1)), "210 211"),
                    (filter(Some(2), Some(ada), Some(0)), "200 201"),
                    (filter(Some(2), Some(bob), None), ""),
                ] {
                    let keys: Vec<_> = keys.split_whitespace().collect();
                    let mut page = Page::first(3);
                    for part in keys.chunks(3) {
                        let listed = tx.licenses().list(one, filter, page).await?;
                        assert_eq!(listed.iter().map(|l| l.key.as_str()).collect::<Vec<_>>(), part, "{filter:?}");
                        page.after = listed.last().expect("a part is not empty").id.0;
                    }
                    assert!(tx.licenses().list(one, filter, page).await?.is_empty() || keys.is_empty());
                    let listed = tx.licenses().list(one, filter, Page::first(99)).await?;
                    assert_eq!(listed.len(), keys.len(), "{filter:?}");
                    assert!(tx.licenses().list(two, filter, Page::first(99)).await?.is_empty(), "foreign: {filter:?}");
                }
                Ok(())
            })
        })
        .await
        .expect("writes");
}
