//! Every call of the license door with a key that may only ask, with one for another product, and with one of another customer: what the contract's section on
//! credentials lets each of them do, and nothing else.

use std::time::Duration;

use axum::body::Body;
use countersign_app::license_api::{Access, NewApiKey, PartName, create_api_key};
use countersign_app::licensing::bundles;
use countersign_app::licensing::customers::{self, NewCustomer};
use countersign_app::licensing::license_users::{self, NewUser};
use countersign_crypto::encoding::base64_encode;
use countersign_crypto::{HmacKey, Secret};
use countersign_domain::licensing::{
    ActivationLimit, Environment, FeatureRules, FeatureType, Floating, LicenseRules, LicenseType, Metering,
    ProductRules, ProductStatus, Seats, Units,
};
use countersign_domain::text::{CustomerName, LicenseKey, OrderNumber, ProductCode, ProductName, UserEmail};
use http::Method;
use serde_json::{Value, json};

use crate::license_proofs::proved_routes;
use crate::license_support::{BASE, HARDWARE, Licensing, endless, identity, proof};
use crate::support::{Answer, request};

/// A call, and the code of its refusal with a key that may only ask, with one for another product, and with one of another
/// customer; empty: it is done.
type Call = (&'static str, &'static str, &'static str, &'static str);

const REFUSED: &str = "invalid_api_key";
const FOREIGN: &str = "api_key_product_not_allowed";
const UNSEEN: &str = "license_not_found";

/// All calls, in an order in which the key that may do everything succeeds with each.
const CALLS: [Call; 29] = [
    ("/activate_license", REFUSED, FOREIGN, UNSEEN),
    ("/check_license", "", FOREIGN, UNSEEN),
    ("/check_license_feature", "", FOREIGN, UNSEEN),
    ("/floating/borrow", REFUSED, FOREIGN, UNSEEN),
    ("/floating/release", REFUSED, FOREIGN, UNSEEN),
    ("/floating/feature_borrow", REFUSED, FOREIGN, UNSEEN),
    ("/floating/feature_release", REFUSED, FOREIGN, UNSEEN),
    ("/add_consumption", REFUSED, FOREIGN, UNSEEN),
    ("/add_feature_consumption", REFUSED, FOREIGN, UNSEEN),
    ("/track_device_variables", REFUSED, FOREIGN, UNSEEN),
    ("/get_device_variables", "", FOREIGN, UNSEEN),
    ("/versions", "", FOREIGN, UNSEEN),
    ("/installation_file", "", FOREIGN, UNSEEN),
    ("/product_details", "", FOREIGN, ""),
    ("/products", "", "", ""),
    ("/device_licenses", "", "", ""),
    ("/customer_license_users", "", FOREIGN, "customer_not_found"),
    ("/user_licenses", "", FOREIGN, ""),
    ("/change_password", REFUSED, "", ""),
    ("/trial_key", REFUSED, FOREIGN, "trial_not_allowed"),
    ("/deactivate_license", REFUSED, FOREIGN, UNSEEN),
    ("/activate_bundle", REFUSED, FOREIGN, UNSEEN),
    ("/check_bundle", "", FOREIGN, UNSEEN),
    ("/deactivate_bundle", REFUSED, FOREIGN, UNSEEN),
    ("/activate_offline", REFUSED, FOREIGN, UNSEEN),
    ("/deactivate_offline", REFUSED, FOREIGN, UNSEEN),
    ("/activate_bundle_offline", REFUSED, FOREIGN, UNSEEN),
    ("/deactivate_bundle_offline", REFUSED, FOREIGN, UNSEEN),
    ("/sso_url", "sso_failed", FOREIGN, "sso_failed"),
];

const KEY: &str = "AAAA-BBBB-CCCC-0001";
/// A license with seats.
const FLOATING: &str = "FLOA-TING-0000-0001";
const USER: &str = "ada@example.test";

/// An API key with its shared key.
type Credential = (String, String);

#[tokio::test]
async fn every_call_with_keys_that_may_not_do_everything() {
    let routes = proved_routes();
    for (_, path) in &routes {
        assert!(CALLS.iter().any(|(known, ..)| known == path), "{path} is not in the list of this test");
    }
    let shop = Shop::new().await;
    let reading = shop.key(vec![], None, Access::ReadOnly).await;
    let foreign = shop.key(vec![ProductName::new("Fan").unwrap()], None, Access::ReadWrite).await;
    let other = NewCustomer { name: CustomerName::new("Other").unwrap(), email: String::new(), account: None };
    let part = PartName::Customer(other.name.clone());
    customers::create(shop.door.app.ctx(), shop.door.app.site, other).await.unwrap();
    let unseeing = shop.key(vec![], Some(part), Access::ReadWrite).await;
    let full = (shop.door.api_key.clone(), shop.door.shared_key.clone());
    // To take a seat is more than to ask.
    for path in ["/check_license", "/check_license_feature"] {
        let refused = shop.call_about(FLOATING, (&Method::GET, path), &reading, 0).await;
        assert_eq!(refused.json()["code"], REFUSED, "{path}");
    }
    let mut passwords = 0;
    for (path, of_reading, of_foreign, of_unseeing) in CALLS {
        // Files of one second have one signature, which is used once.
        shop.door.app.world.clock.advance(Duration::from_secs(1));
        let method = &routes.iter().find(|(_, known)| known == path).unwrap().0;
        for (credential, expected, who) in [
            (&reading, of_reading, "one that may only ask"),
            (&foreign, of_foreign, "one for another product"),
            (&unseeing, of_unseeing, "one of another customer"),
            (&full, if path == "/sso_url" { "sso_failed" } else { "" }, "one for everything"),
        ] {
            let answer = shop.call(method, path, credential, passwords).await;
            let code =
                if answer.status == 200 { String::new() } else { answer.json()["code"].as_str().unwrap().to_owned() };
            assert_eq!(code, expected, "{path} with {who}: {}", String::from_utf8_lossy(&answer.body));
            passwords += u32::from(path == "/change_password" && answer.status == 200);
            match (who, path) {
                ("one for another product", "/products") => assert_eq!(codes(&answer), ["Fan"]),
                ("one for another product", "/device_licenses")
                | ("one of another customer", "/device_licenses" | "/user_licenses") => {
                    assert_eq!(answer.json(), json!([]), "{path} with {who}");
                }
                _ => {}
            }
        }
    }
}

fn codes(products: &Answer) -> Vec<String> {
    let code = |product: &Value| product["short_code"].as_str().unwrap().to_owned();
    products.json().as_array().unwrap().iter().map(code).collect()
}

/// A site with everything that calls ask for.
struct Shop {
    door: Licensing,
    /// The key of the bundle `suite`.
    suite: LicenseKey,
}

impl Shop {
    async fn new() -> Self {
        let door = Licensing::new().await;
        let rules = ProductRules { trial_days: Some(14), ..ProductRules::default() };
        door.product("Pump", "pump", rules.clone(), ProductStatus::Active).await;
        door.product("Valve", "valve", rules.clone(), ProductStatus::Active).await;
        door.product("Fan", "Fan", rules, ProductStatus::Active).await;
        let seats = Seats { floating: Floating::Cloud, users: 9, timeout: 30, borrow: Some(24) };
        let metering = Metering { limit: Units::AtMost(100), ..Metering::default() };
        let (license_type, feature_type) = (LicenseType::Consumption, FeatureType::Consumption);
        let rules = LicenseRules { license_type, offline: true, metering, ..LicenseRules::default() };
        let pages = FeatureRules { feature_type, metering, ..FeatureRules::default() };
        let shared = (LicenseRules { seats, ..rules.clone() }, FeatureRules { seats, ..pages.clone() });
        door.license_with(KEY, "pump", endless(9), rules, vec![("PAGES", pages)]).await;
        door.license_with(FLOATING, "pump", endless(9), shared.0, vec![("PAGES", shared.1)]).await;
        door.verified(&door.post("/activate_license", &identity(FLOATING, HARDWARE)).await).await;
        door.release("2.0", Environment::Linux, door.now()).await;
        let (ctx, site) = (door.app.ctx(), door.app.site);
        let suite = ProductCode::new("suite").unwrap();
        let parts = ["Pump", "Valve"].map(|name| ProductName::new(name).unwrap());
        bundles::create(ctx, site, suite.clone(), String::new(), parts.to_vec()).await.unwrap();
        let laid = (endless(9), LicenseRules { offline: true, ..LicenseRules::default() });
        let order = OrderNumber::new("SO-1").unwrap();
        let (suite, _) = bundles::license(ctx, site, order, suite, laid).await.unwrap();
        let new = NewUser {
            email: UserEmail::new(USER).unwrap(),
            first_name: String::new(),
            last_name: String::new(),
            phone: String::new(),
            password: Secret::new("password number 0".to_owned()),
        };
        let (email, key) = (new.email.clone(), LicenseKey::new(KEY).unwrap());
        license_users::add(ctx, site, new).await.unwrap();
        license_users::assign(ctx, site, (email, license_users::Address::Unproved), key, ActivationLimit::AtMost(1))
            .await
            .unwrap();
        Self { door, suite }
    }

    async fn key(&self, products: Vec<ProductName>, part: Option<PartName>, access: Access) -> Credential {
        let new = NewApiKey { label: String::new(), products, part, access };
        let (made, shared) = create_api_key(self.door.app.ctx(), self.door.app.site, new).await.unwrap();
        (made.key, shared.expose().clone())
    }

    /// Makes a call with all that it could need.
    async fn call(&self, method: &Method, path: &str, credential: &Credential, passwords: u32) -> Answer {
        let license = match path {
            path if path.contains("bundle") => self.suite.as_str(),
            path if path.contains("floating") => FLOATING,
            _ => KEY,
        };
        self.call_about(license, (method, path), credential, passwords).await
    }

    async fn call_about(
        &self,
        license: &str,
        (method, path): (&Method, &str),
        (key, shared): &Credential,
        passwords: u32,
    ) -> Answer {
        let product = if license == self.suite.as_str() { "suite" } else { "pump" };
        let mut members = json!({
            "product": product, "hardware_id": HARDWARE, "license_key": license, "feature": "PAGES", "consumptions": 1,
            "variables": { "language": "hr" }, "customer": "buyer@example.test", "version": "2.0",
            "customer_account_code": "ACME",
        });
        if path.ends_with("licenses") || path == "/change_password" {
            members = json!({ "product": product, "hardware_id": HARDWARE, "username": USER });
            members["password"] = format!("password number {passwords}").into();
            members["new_password"] = format!("password number {}", passwords + 1).into();
        }
        let (date, authorization) = proof(key, shared, self.door.now());
        let (query, body) = if *method == Method::GET {
            let pairs = members.as_object().unwrap().iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
            let encoded = pairs.map(|(name, value)| format!("{name}={}", value.replace(' ', "+").replace('@', "%40")));
            (format!("?{}", encoded.collect::<Vec<_>>().join("&")), String::new())
        } else if path.ends_with("_offline") {
            let kind = if path.starts_with("/activate") { "activation" } else { "deactivation" };
            (String::new(), file(kind, (product, license), (key, shared), &date))
        } else {
            (String::new(), members.to_string())
        };
        let request = request(method, &format!("{BASE}{path}{query}"));
        let request = request.header("date", date).header("authorization", authorization);
        let content = if path.ends_with("_offline") { "text/plain" } else { "application/json" };
        self.door.app.send(request.header("content-type", content).body(Body::from(body)).unwrap()).await
    }
}

/// A file of a device without a connection, signed as its first form is.
fn file(kind: &str, (product, license): (&str, &str), (key, shared): (&str, &str), date: &str) -> String {
    let text = format!("licenseSpring\ndate: {date}\n{license}\nHW-OFFLINE\n{key}");
    let signature = base64_encode(&HmacKey::new(shared.as_bytes()).sign(text.as_bytes()));
    let request = json!({
        "request": kind, "product": product, "hardware_id": "HW-OFFLINE", "license_key": license, "api_key": key,
        "date": date, "request_id": format!("{kind} {license} {key}"), "signature": signature,
    });
    base64_encode(request.to_string().as_bytes())
}
