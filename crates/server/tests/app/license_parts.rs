//! Credentials that belong to an account, a customer or a single license, of both kinds: each sees its own part, and of what is
//! outside it learns no more than that it is not there.

use axum::body::Body;
use countersign_app::license_api::{
    Access, ApiKeyError, NewApiKey, PartName, create_api_key, describe_part, find_part, list_api_keys,
};
use countersign_app::licensing::customers::{self, NewCustomer};
use countersign_app::licensing::{accounts, licenses, orders};
use countersign_app::oauth;
use countersign_domain::licensing::{LicenseRules, ProductRules, ProductStatus};
use countersign_domain::text::{AccountName, CustomerName, LicenseKey, OrderNumber, ProductName};
use http::Method;
use serde_json::json;

use crate::license_support::{BASE, Licensing, endless, identity, proof, refusal, refused};
use crate::support::{Answer, request};
use crate::token_support::Registered;

/// Licenses of two customers of one account, and of one that is alone.
const LICENSES: [&str; 4] = ["NORTH-1", "NORTH-2", "SOUTH-1", "ALONE-1"];

/// What a credential of each part sees.
fn parts() -> Vec<(Option<PartName>, &'static [&'static str], &'static str)> {
    let account = PartName::Account(AccountName::new("Wind").unwrap());
    let license = PartName::License(LicenseKey::new("NORTH-2").unwrap());
    vec![
        (None, &LICENSES, "everything"),
        (Some(account), &LICENSES[..3], "account Wind"),
        (Some(customer("North")), &LICENSES[..2], "customer North"),
        (Some(license), &LICENSES[1..2], "license 2"),
    ]
}

fn customer(name: &str) -> PartName {
    PartName::Customer(CustomerName::new(name).unwrap())
}

/// A credential, as its requests carry it.
enum Credential {
    ApiKey(String, String),
    Token(String),
}

struct Shop(Licensing);

impl Shop {
    async fn new() -> Self {
        let door = Licensing::new().await;
        let rules = ProductRules { trial_days: Some(14), ..ProductRules::default() };
        door.product("Pump", "pump", rules, ProductStatus::Active).await;
        let (ctx, site) = (door.app.ctx(), door.app.site);
        let account = AccountName::new("Wind").unwrap();
        accounts::create(ctx, site, account.clone()).await.unwrap();
        for (name, account) in [("North", Some(account.clone())), ("South", Some(account)), ("Alone", None)] {
            let (name, email) = (CustomerName::new(name).unwrap(), format!("{name}@example.test"));
            let number = OrderNumber::new(name.as_str()).unwrap();
            customers::create(ctx, site, NewCustomer { name: name.clone(), email, account }).await.unwrap();
            orders::create(ctx, site, number, name).await.unwrap();
        }
        for (key, order) in LICENSES.into_iter().zip(["North", "North", "South", "Alone"]) {
            let (order, product) = (OrderNumber::new(order).unwrap(), ProductName::new("Pump").unwrap());
            let (key, terms, features) = (Some(LicenseKey::new(key).unwrap()), endless(9), vec![]);
            let new = licenses::NewLicense { order, product, key, features, terms };
            let carried = |_: &mut _, rules: &mut LicenseRules| rules.offline = true;
            licenses::create_from(ctx, site, new, None, carried).await.unwrap();
        }
        Self(door)
    }

    async fn api_key(&self, part: Option<PartName>) -> Credential {
        let new = NewApiKey { label: String::new(), products: vec![], part, access: Access::ReadWrite };
        let (made, shared) = create_api_key(self.0.app.ctx(), self.0.app.site, new).await.unwrap();
        Credential::ApiKey(made.key, shared.expose().clone())
    }

    async fn limit(&self, application: &Registered, part: Option<PartName>) {
        let (ctx, site) = (self.0.app.ctx(), self.0.app.site);
        let part = match part {
            Some(name) => Some(find_part(ctx, site, name).await.unwrap()),
            None => None,
        };
        let limited = oauth::change(ctx, site, application.id.clone(), None, move |application| {
            application.part = part;
        });
        limited.await.unwrap();
    }

    async fn send(&self, credential: &Credential, method: &Method, path: &str, body: String) -> Answer {
        let request = request(method, &format!("{BASE}{path}")).header("content-type", "application/json");
        let request = match credential {
            Credential::ApiKey(key, shared) => {
                let (date, authorization) = proof(key, shared, self.0.now());
                request.header("date", date).header("authorization", authorization)
            }
            Credential::Token(token) => request.header("authorization", format!("Bearer {token}")),
        };
        self.0.app.send(request.body(Body::from(body)).unwrap()).await
    }

    /// What a credential can do with each license, and what it is told of the device and of customers.
    async fn sees(&self, credential: &Credential, own: &[&str], hardware: &str) {
        for key in LICENSES {
            let call = identity(key, hardware).to_string();
            let query = format!("?product=pump&license_key={key}&hardware_id={hardware}");
            let activated = self.send(credential, &Method::POST, "/activate_license", call.clone()).await;
            let checked = self.send(credential, &Method::GET, &format!("/check_license{query}"), String::new()).await;
            let versions = self.send(credential, &Method::GET, &format!("/versions{query}"), String::new()).await;
            if own.contains(&key) {
                self.0.verified(&activated).await;
                self.0.verified(&checked).await;
                self.0.verified(&versions).await;
            } else {
                for answer in [&activated, &checked, &versions] {
                    assert_eq!(refusal(answer), refused("license_not_found"), "{key}");
                }
                let away = self.send(credential, &Method::POST, "/deactivate_license", call).await;
                assert_eq!(refusal(&away), refused("license_not_found"), "{key}");
            }
        }
        let path = format!("/device_licenses?hardware_id={hardware}");
        let listed = self.0.verified(&self.send(credential, &Method::GET, &path, String::new()).await).await;
        let keys = listed.as_array().unwrap().iter().map(|license| license["license_key"].as_str().unwrap().to_owned());
        assert_eq!(keys.collect::<Vec<_>>(), own);
        for name in ["North", "South", "Alone"] {
            let path = format!("/customer_license_users?product=pump&customer={name}%40example.test");
            let answer = self.send(credential, &Method::GET, &path, String::new()).await;
            if own.iter().any(|key| key.starts_with(&name.to_uppercase())) {
                self.0.verified(&answer).await;
            } else {
                assert_eq!(refusal(&answer), refused("customer_not_found"), "{name}");
            }
        }
        let path = format!("/trial_key?product=pump&hardware_id={hardware}-TRIAL");
        let trial = self.send(credential, &Method::GET, &path, String::new()).await;
        if own.len() == LICENSES.len() {
            self.0.verified(&trial).await;
        } else {
            assert_eq!(refusal(&trial), refused("trial_not_allowed"));
        }
    }
}

#[tokio::test]
async fn an_api_key_sees_its_part_and_nothing_else() {
    let shop = Shop::new().await;
    for (number, (part, own, words)) in parts().into_iter().enumerate() {
        let credential = shop.api_key(part).await;
        shop.sees(&credential, own, &format!("HW-{number}")).await;
        // What others have activated on the same device is not its business.
        let all = shop.api_key(None).await;
        for key in LICENSES {
            let call = identity(key, &format!("HW-{number}")).to_string();
            shop.0.verified(&shop.send(&all, &Method::POST, "/activate_license", call).await).await;
        }
        shop.sees(&credential, own, &format!("HW-{number}")).await;
        let (ctx, site) = (shop.0.app.ctx(), shop.0.app.site);
        let record = list_api_keys(ctx, site).await.unwrap().remove(1);
        let told = match record.part {
            Some(part) => describe_part(ctx, site, part).await.unwrap(),
            None => "everything".to_owned(),
        };
        assert_eq!(told, words);
    }
}

#[tokio::test]
async fn an_application_sees_its_part_from_the_moment_it_is_laid_down() {
    let shop = Shop::new().await;
    let application = shop.0.app.application().await;
    // A token that was issued before is held to it as well.
    let token = Credential::Token(shop.0.app.token_of(&application).await);
    let mut parts = parts();
    parts.extend([parts[0].clone(), parts[2].clone()]);
    for (number, (part, own, _)) in parts.into_iter().enumerate() {
        shop.limit(&application, part).await;
        shop.sees(&token, own, &format!("HW-{number}")).await;
    }
}

#[tokio::test]
async fn a_file_goes_no_further_than_its_maker_and_than_whoever_brings_it() {
    let shop = Shop::new().await;
    let north = shop.api_key(Some(customer("North"))).await;
    let south = shop.api_key(Some(customer("South"))).await;
    let all = shop.api_key(None).await;
    let file = |maker: &Credential, license: &str, hardware: &str| {
        let Credential::ApiKey(key, shared) = maker else { unreachable!("makers sign files with an API key") };
        let date = proof(key, shared, shop.0.now()).0;
        let text = format!("licenseSpring\ndate: {date}\n{license}\n{hardware}\n{key}");
        let tag = countersign_crypto::HmacKey::new(shared.as_bytes()).sign(text.as_bytes());
        let request = json!({
            "request": "activation", "product": "pump", "hardware_id": hardware, "license_key": license, "api_key": key,
            "date": date, "request_id": hardware, "signature": countersign_crypto::encoding::base64_encode(&tag),
        });
        countersign_crypto::encoding::base64_encode(request.to_string().as_bytes())
    };
    let tries = [
        (&north, &south, "NORTH-1", false),
        (&north, &south, "SOUTH-1", false),
        (&south, &all, "NORTH-1", false),
        (&all, &south, "NORTH-1", false),
        (&north, &all, "NORTH-1", true),
        (&all, &north, "NORTH-1", true),
        (&north, &north, "NORTH-1", true),
    ];
    for (number, (maker, bringer, license, good)) in tries.into_iter().enumerate() {
        let file = file(maker, license, &format!("HW-{number}"));
        let answer = shop.send(bringer, &Method::POST, "/activate_offline", file).await;
        if good {
            assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        } else {
            assert_eq!(refusal(&answer), refused("license_not_found"), "{license}");
        }
    }
}

#[tokio::test]
async fn a_part_that_is_not_there_is_named() {
    let shop = Shop::new().await;
    for (part, expected) in [
        (customer("Nobody"), "this site has no customer \"Nobody\"; see: countersign customer list"),
        (
            PartName::Account(AccountName::new("Nobody").unwrap()),
            "this site has no account \"Nobody\"; see: countersign account list",
        ),
        (
            PartName::License(LicenseKey::new("NORTH-9").unwrap()),
            "this site has no license with this key; see: countersign license list",
        ),
    ] {
        let new = NewApiKey { label: String::new(), products: vec![], part: Some(part), access: Access::ReadWrite };
        let refused = create_api_key(shop.0.app.ctx(), shop.0.app.site, new).await;
        assert!(matches!(refused, Err(ApiKeyError::Part(_))));
        assert_eq!(refused.unwrap_err().to_string(), expected);
    }
}
