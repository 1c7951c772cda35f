//! A licensed application, as requests and answers: products, licenses and an API key, put into the store as a producer would.

use axum::body::Body;
use countersign_app::keys;
use countersign_app::license_api::{Access, NewApiKey, create_api_key};
use countersign_crypto::encoding::{base64_decode, base64_encode};
use countersign_crypto::{Algorithm, HmacKey, RsaPublicKey, VerifyingKey};
use countersign_domain::file_name::PlainFileName;
use countersign_domain::ids::{LicenseId, OrderId, ProductId, VersionId};
use countersign_domain::licensing::{
    ActivationLimit, Environment, FeatureRules, LicenseRules, LicenseStatus, LicenseTerms, LicensedProduct,
    ProductRules, ProductStatus, ReleasedVersion,
};
use countersign_domain::text::{CustomerName, FeatureCode, LicenseKey, OrderNumber, ProductCode, ProductName};
use countersign_domain::time::Timestamp;
use countersign_http_kit::http_time::HttpTime;
use countersign_store::StoreError;
use countersign_store::repositories::{NewCustomer, NewLicense, Page};
use countersign_testkit::WorldOptions;
use http::{Method, StatusCode};
use serde_json::Value;

use crate::support::{Answer, App, request};

pub(crate) const BASE: &str = "/api/v4";
pub(crate) const HARDWARE: &str = "HW-TEST-1";

/// The application with an API key.
pub(crate) struct Licensing {
    pub(crate) app: App,
    pub(crate) api_key: String,
    pub(crate) shared_key: String,
}

impl Licensing {
    /// Site `demo` with product `pump` and nothing else.
    pub(crate) async fn new() -> Self {
        Self::over(App::bare(WorldOptions::default()).await).await
    }

    /// The same on a site that has something already.
    pub(crate) async fn over(app: App) -> Self {
        let new = NewApiKey { label: "test".to_owned(), products: vec![], part: None, access: Access::ReadWrite };
        let (record, shared) = create_api_key(app.ctx(), app.site, new).await.unwrap();
        let licensing = Self { app, api_key: record.key, shared_key: shared.expose().clone() };
        licensing.product("Pump", "pump", ProductRules::default(), ProductStatus::Active).await;
        licensing
    }

    /// Writes a product.
    pub(crate) async fn product(
        &self,
        name: &str,
        code: &str,
        rules: ProductRules,
        status: ProductStatus,
    ) -> ProductId {
        let name = ProductName::new(name).unwrap();
        let found = countersign_app::products::list(self.app.ctx(), self.app.site).await.unwrap();
        let id = match found.into_iter().find(|product| product.name == name) {
            Some(product) => product.id,
            None => countersign_app::products::create(self.app.ctx(), self.app.site, name).await.unwrap(),
        };
        let code = ProductCode::new(code).unwrap();
        let set = self.app.world.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move { tx.licensed_products().set(id, &code, status, &rules).await })
        });
        assert!(set.await.unwrap());
        id
    }

    /// The product of a code.
    pub(crate) async fn product_of(&self, code: &str) -> LicensedProduct {
        let (site, code) = (self.app.site, ProductCode::new(code).unwrap());
        let found = self.app.world.store.read::<_, StoreError, _>(move |tx| {
            Box::pin(async move { tx.licensed_products().find(site, &code).await })
        });
        found.await.unwrap().unwrap()
    }

    /// Writes a license with a key for product `pump`.
    pub(crate) async fn license(&self, key: &str, terms: LicenseTerms, rules: LicenseRules) -> LicenseId {
        self.license_with(key, "pump", terms, rules, vec![]).await
    }

    /// Writes a license with features.
    pub(crate) async fn license_with(
        &self,
        key: &str,
        product: &str,
        terms: LicenseTerms,
        rules: LicenseRules,
        features: Vec<(&'static str, FeatureRules)>,
    ) -> LicenseId {
        let (site, product) = (self.app.site, self.product_of(product).await.product.id);
        let key = LicenseKey::new(key).unwrap();
        let (name, number) = (CustomerName::new("Nordwind Č").unwrap(), OrderNumber::new("SO-1").unwrap());
        let written = self.app.world.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move {
                let now = tx.now().await?;
                let order: OrderId = match tx.orders().find(site, &number).await? {
                    Some(order) => order.id,
                    None => {
                        let new = NewCustomer { name, email: "buyer@example.test".to_owned(), account: None };
                        let customer = tx.customers().insert(site, &new, now).await?.unwrap();
                        tx.orders().insert(site, &number, customer, now).await?.unwrap()
                    }
                };
                let mut rows = Vec::new();
                for (code, rules) in features {
                    let code = FeatureCode::new(code).unwrap();
                    let known = tx.features().list(product).await?.into_iter().find(|one| one.code == code);
                    let id = match known {
                        Some(feature) => feature.id,
                        None => tx.features().insert(product, &code, "", now).await?.unwrap(),
                    };
                    assert!(tx.features().set_rules(id, &rules).await?);
                    rows.push(id);
                }
                let new = NewLicense { key, order, product, bundle_key: None, features: rows, terms, rules };
                Ok(tx.licenses().insert(site, &new, now).await?.unwrap())
            })
        });
        written.await.unwrap()
    }

    /// Writes a release of product `pump`, whose file is elsewhere.
    pub(crate) async fn release(&self, version: &str, environment: Environment, released_at: Timestamp) {
        let (site, product) = (self.app.site, self.product_of("pump").await.product.id);
        let release = ReleasedVersion {
            id: VersionId(0),
            product,
            version: version.to_owned(),
            environment,
            channel: String::new(),
            file_name: PlainFileName::new("pump.bin").unwrap(),
            url: Some("https://files.example/pump.bin".to_owned()),
            sha256: [1; 32],
            md5: [2; 16],
            size: 3,
            requires_version: String::new(),
            eula_link: String::new(),
            release_notes_link: String::new(),
            released_at,
        };
        let written = self.app.world.store.write::<_, StoreError, _>(move |tx| {
            Box::pin(async move { tx.versions().insert(site, &release, None, released_at).await })
        });
        assert!(written.await.unwrap().is_some());
    }

    /// The license of a row id, as it is now.
    pub(crate) async fn row(&self, id: LicenseId) -> countersign_domain::licensing::License {
        let site = self.app.site;
        let found = self
            .app
            .world
            .store
            .read::<_, StoreError, _>(move |tx| Box::pin(async move { tx.licenses().find_by_id(site, id).await }));
        found.await.unwrap().unwrap()
    }

    /// All licenses of the site.
    pub(crate) async fn licenses(&self) -> usize {
        let site = self.app.site;
        let found = self.app.world.store.read::<_, StoreError, _>(move |tx| {
            let filter = countersign_store::repositories::LicenseFilter::default();
            Box::pin(async move { tx.licenses().list(site, filter, Page::first(100)).await })
        });
        found.await.unwrap().len()
    }

    /// The two headers of a proof at a time.
    pub(crate) fn proof_at(&self, at: Timestamp) -> (String, String) {
        proof(&self.api_key, &self.shared_key, at)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.app.ctx().now()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[], body.to_string()).await
    }

    /// A proved request with further headers.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let (date, authorization) = self.proof_at(self.now());
        let mut request =
            request(&method, &format!("{BASE}{path}")).header("date", date).header("authorization", authorization);
        request = request.header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.app.send(request.body(body.into()).unwrap()).await
    }

    /// The document of a good answer, after its signature was verified over its bytes.
    pub(crate) async fn verified(&self, answer: &Answer) -> Value {
        assert_eq!(answer.status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer.body));
        assert_eq!(answer.headers["content-type"], "application/json; charset=utf-8");
        assert_eq!(answer.headers["cache-control"], "no-store");
        let signature = base64_decode(answer.headers["licensesignature"].to_str().unwrap()).unwrap();
        let key = self.verifying_key().await;
        key.verify(Algorithm::RS256, &answer.body, &signature).expect("the signature fits the bytes");
        let mut altered = answer.body.to_vec();
        altered[0] ^= 1;
        assert!(key.verify(Algorithm::RS256, &altered, &signature).is_err());
        let text = std::str::from_utf8(&answer.body).unwrap();
        assert!(!text.contains("\\u") && !text.contains(": ") && !text.contains(",\n"), "{text}");
        answer.json()
    }

    /// The key that applications of the site are built with.
    pub(crate) async fn verifying_key(&self) -> VerifyingKey {
        let key = keys::find_license_key(self.app.ctx(), &self.app.record().await).await.unwrap().unwrap();
        VerifyingKey::from_rsa(&RsaPublicKey::from_spki_der(&key.spki).unwrap()).unwrap()
    }
}

/// Date and `Authorization` under an API key.
pub(crate) fn proof(api_key: &str, shared_key: &str, at: Timestamp) -> (String, String) {
    let date = HttpTime::from_unix_seconds(at.as_seconds()).header_value().unwrap().to_str().unwrap().to_owned();
    let tag = HmacKey::new(shared_key.as_bytes()).sign(format!("licenseSpring\ndate: {date}").as_bytes());
    let signature = base64_encode(&tag);
    let value = format!("algorithm=\"hmac-sha256\",headers=\"date\",signature=\"{signature}\",apiKey=\"{api_key}\"");
    (date, value)
}

/// Terms that let so many devices in and never end.
pub(crate) fn endless(devices: u32) -> LicenseTerms {
    LicenseTerms {
        status: LicenseStatus::Enabled,
        start_date: None,
        end_date: None,
        limit: ActivationLimit::AtMost(devices),
    }
}

/// Status and code of an error, after checking that it is one.
pub(crate) fn refusal(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.headers["content-type"], "application/json; charset=utf-8");
    let object = answer.json();
    let members: Vec<_> = object.as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["code", "message", "status"], "{object}");
    assert_eq!(object["status"], answer.status.as_u16());
    assert!(object["message"].as_str().unwrap().len() > 5, "{object}");
    (answer.status.as_u16(), object["code"].as_str().unwrap().to_owned())
}

/// A refusal of the usual status.
pub(crate) fn refused(code: &str) -> (u16, String) {
    (400, code.to_owned())
}

/// The members by which a device names its license.
pub(crate) fn identity(key: &str, hardware: &str) -> Value {
    serde_json::json!({ "product": "pump", "hardware_id": hardware, "license_key": key })
}
