//! Accounts, customers, orders and features.

use countersign_app::Page;
use countersign_app::licensing::accounts::{self, CreateAccountError};
use countersign_app::licensing::customers::{self, CreateCustomerError, NewCustomer};
use countersign_app::licensing::features::{self, CreateFeatureError, ListFeaturesError};
use countersign_app::licensing::orders::{self, CreateOrderError, ListOrdersError};
use countersign_domain::event::Event;
use countersign_domain::text::FeatureCode;

use crate::support::{Producer, account, customer, order, product};

fn new(name: &str, email: &str, of: Option<&str>) -> NewCustomer {
    NewCustomer { name: customer(name), email: email.to_owned(), account: of.map(account) }
}

#[tokio::test]
async fn accounts_and_customers_are_created_once() {
    let producer = Producer::new().await;
    let (ctx, site) = (&producer.ctx, producer.site);
    let before = producer.trails().await;
    let id = accounts::create(ctx, site, account("Nordwind")).await.unwrap();
    producer.demand(&before, "account.create", "Nordwind", &[]).await;

    let before = producer.trails().await;
    let branch = new("Nordwind Nord", "buy@nordwind.example", Some("Nordwind"));
    customers::create(ctx, site, branch.clone()).await.unwrap();
    producer.demand(&before, "customer.create", "Nordwind Nord", &[]).await;

    let found = customers::find(ctx, site, customer("Nordwind Nord")).await.unwrap().unwrap();
    assert_eq!((found.email.as_str(), found.account.unwrap().id), ("buy@nordwind.example", id));
    assert_eq!(found.created_at, ctx.now());

    let before = producer.trails().await;
    let outcome = accounts::create(ctx, site, account("Nordwind")).await;
    assert!(matches!(outcome, Err(CreateAccountError::Taken(_))), "{outcome:?}");
    let outcome = customers::create(ctx, site, branch).await;
    assert!(matches!(outcome, Err(CreateCustomerError::Taken(_))), "{outcome:?}");
    let outcome = customers::create(ctx, site, new("Südwind", "", Some("Südwind"))).await;
    assert!(outcome.unwrap_err().to_string().contains("countersign account create \"Südwind\""));
    let long = format!("{}@example.com", "x".repeat(300));
    for email in ["a\nb@example.com", " ", &long] {
        let outcome = customers::create(ctx, site, new("Südwind", email, None)).await;
        assert!(matches!(outcome, Err(CreateCustomerError::Email(_))), "{outcome:?}");
    }
    assert_eq!(producer.trails().await, before, "a refusal left something");

    // The names of another site are free, and its customers are nobody here.
    let other = producer.other_site().await;
    accounts::create(ctx, other, account("Nordwind")).await.unwrap();
    customers::create(ctx, other, new("Südwind", "", None)).await.unwrap();
    assert!(customers::find(ctx, site, customer("Südwind")).await.unwrap().is_none());
}

#[tokio::test]
async fn lists_are_read_in_parts() {
    let producer = Producer::new().await;
    let (ctx, site) = (&producer.ctx, producer.site);
    for number in 1..=5 {
        producer.create_account(&format!("A{number}")).await;
        producer.create_customer(&format!("C{number}"), None).await;
    }
    for number in ["1", "2", "3"] {
        producer.create_order(number, "C2").await;
    }
    producer.create_order("4", "C3").await;

    let mut names = Vec::new();
    let mut page = Page::first(2);
    loop {
        let part = customers::list(ctx, site, page).await.unwrap();
        let Some(last) = part.last() else { break };
        page.after = last.id.0;
        names.extend(part.iter().map(|customer| customer.name.to_string()));
    }
    assert_eq!(names, ["C1", "C2", "C3", "C4", "C5"]);
    let first = accounts::list(ctx, site, Page::first(3)).await.unwrap();
    assert_eq!(first.iter().map(|account| account.name.as_str()).collect::<Vec<_>>(), ["A1", "A2", "A3"]);

    let of = async |name: &str| orders::list(ctx, site, Some(customer(name)), Page::first(9)).await.unwrap().len();
    assert_eq!((of("C1").await, of("C2").await, of("C3").await), (0, 3, 1));
    assert_eq!(orders::list(ctx, site, None, Page::first(9)).await.unwrap().len(), 4);
    let outcome = orders::list(ctx, site, Some(customer("Nobody")), Page::first(9)).await;
    assert!(matches!(outcome, Err(ListOrdersError::UnknownCustomer(_))), "{outcome:?}");
}

#[tokio::test]
async fn an_order_belongs_to_a_customer() {
    let producer = Producer::new().await;
    let (ctx, site) = (&producer.ctx, producer.site);
    producer.create_customer("Nordwind", None).await;
    let before = producer.trails().await;
    let id = orders::create(ctx, site, order("SO-1"), customer("Nordwind")).await.unwrap();
    producer.demand(&before, "order.create", "SO-1", &[Event::OrderCreated(id)]).await;
    let found = orders::find(ctx, site, order("SO-1")).await.unwrap().unwrap();
    assert_eq!((found.id, found.customer.as_str()), (id, "Nordwind"));

    let before = producer.trails().await;
    let outcome = orders::create(ctx, site, order("SO-1"), customer("Nordwind")).await;
    assert!(matches!(outcome, Err(CreateOrderError::Taken(_))), "{outcome:?}");
    let outcome = orders::create(ctx, site, order("SO-2"), customer("Nobody")).await;
    assert!(outcome.unwrap_err().to_string().contains("countersign customer create \"Nobody\""));
    let other = producer.other_site().await;
    let outcome = orders::create(ctx, other, order("SO-1"), customer("Nordwind")).await;
    assert!(matches!(outcome, Err(CreateOrderError::UnknownCustomer(_))), "{outcome:?}");
    assert_eq!(producer.trails().await, before, "a refusal left something");
    assert!(orders::find(ctx, other, order("SO-1")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_feature_belongs_to_a_product() {
    let producer = Producer::new().await;
    let (ctx, site) = (&producer.ctx, producer.site);
    let create = async |of: &str, code: &str, name: &str| {
        features::create(ctx, site, product(of), FeatureCode::new(code).unwrap(), name.to_owned()).await
    };
    let before = producer.trails().await;
    let id = create("Pump", "PRO", "Professional").await.unwrap();
    producer.demand(&before, "feature.create", "PRO of Pump", &[Event::FeatureCreated(id)]).await;
    create("Pump", "ALARM", "").await.unwrap();

    let before = producer.trails().await;
    let outcome = create("Pump", "PRO", "").await;
    assert!(matches!(outcome, Err(CreateFeatureError::Taken { .. })), "{outcome:?}");
    let outcome = create("Fan", "PRO", "").await;
    assert!(matches!(outcome, Err(CreateFeatureError::UnknownProduct(_))), "{outcome:?}");
    let outcome = create("Pump", "X", "two\nlines").await;
    assert!(matches!(outcome, Err(CreateFeatureError::Name(_))), "{outcome:?}");
    assert_eq!(producer.trails().await, before, "a refusal left something");

    let all = features::list(ctx, site, product("Pump")).await.unwrap();
    let shown: Vec<_> = all.iter().map(|feature| (feature.code.as_str(), feature.name.as_str())).collect();
    assert_eq!(shown, [("ALARM", ""), ("PRO", "Professional")]);
    let outcome = features::list(ctx, site, product("Fan")).await;
    assert!(matches!(outcome, Err(ListFeaturesError::UnknownProduct(_))), "{outcome:?}");
}
