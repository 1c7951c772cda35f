//! An OpenID provider made here from its standards, and a shop whose people log in there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use countersign_app::license_api::{ProviderHttp, ProviderHttpError, ProviderRequest, set_provider};
use countersign_crypto::encoding::{base64_encode, base64url_encode};
use countersign_crypto::{Algorithm, PrivateKey, Secret, sha256};
use countersign_domain::ids::{AccountId, LicenseUserId};
use countersign_domain::licensing::{
    ActivationLimit, Assignment, AuthorizationMethod, IdTokenAlgorithm, LicenseRules, ProductRules, ProductStatus,
    SsoProvider,
};
use countersign_domain::text::{AccountName, CustomerName, LicenseKey, OrderNumber, UserEmail};
use countersign_store::repositories::{NewCustomer, NewLicense, NewLicenseUser};
use countersign_store::{BoxFuture, StoreError};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::license_support::{HARDWARE, Licensing, endless};

pub(crate) const ISSUER: &str = "https://id.example.test";

/// A provider that signs with one key at a time, and takes challenges.
pub(crate) struct Provider {
    pub(crate) key: Mutex<(PrivateKey, &'static str)>,
    /// What it gives for the code `good`.
    pub(crate) tokens: Mutex<Value>,
    /// What it says about whoever has the access token `at-1`.
    pub(crate) info: Mutex<Value>,
    /// The challenge with which the code was asked for; empty: there was none.
    pub(crate) challenge: Mutex<String>,
    /// How it wants the client secret.
    pub(crate) methods: Mutex<Value>,
    pub(crate) is_down: AtomicBool,
    /// Whether it says nothing for ever where its keys are asked for; as always for the code `stuck`.
    pub(crate) is_stuck: AtomicBool,
    pub(crate) asked: AtomicUsize,
}

impl Provider {
    fn new() -> Arc<Self> {
        let key = PrivateKey::generate(Algorithm::ES256).unwrap();
        Arc::new(Self {
            key: Mutex::new((key, "k-1")),
            tokens: Mutex::default(),
            info: Mutex::default(),
            challenge: Mutex::default(),
            methods: Mutex::new(json!(["client_secret_post"])),
            is_down: AtomicBool::new(false),
            is_stuck: AtomicBool::new(false),
            asked: AtomicUsize::new(0),
        })
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let key = self.key.lock().unwrap();
        sign(&key.0, &json!({ "alg": "ES256", "kid": key.1 }), claims)
    }

    /// Takes a new key in place of the one before it.
    pub(crate) fn rotate(&self, name: &'static str) {
        *self.key.lock().unwrap() = (PrivateKey::generate(Algorithm::ES256).unwrap(), name);
    }

    fn answer(&self, request: &ProviderRequest) -> Option<Value> {
        let authorization = request.authorization.as_ref().map(|header| header.expose().as_str());
        match (request.url.strip_prefix(ISSUER)?, &request.form) {
            ("/.well-known/openid-configuration", None) => Some(json!({
                "issuer": ISSUER,
                "authorization_endpoint": format!("{ISSUER}/authorize?tenant=1"),
                "token_endpoint": format!("{ISSUER}/token"),
                "userinfo_endpoint": format!("{ISSUER}/me"),
                "jwks_uri": format!("{ISSUER}/keys"),
                "code_challenge_methods_supported": ["plain", "S256"],
                "token_endpoint_auth_methods_supported": *self.methods.lock().unwrap(),
            })),
            ("/keys", None) => {
                let key = self.key.lock().unwrap();
                let mut public = key.0.public_jwk().unwrap().to_public(Algorithm::ES256).unwrap();
                public.insert("kid".to_owned(), key.1.into());
                Some(json!({ "keys": [{ "kty": "RSA" }, public] }))
            }
            ("/token", Some(form)) => {
                let mut form = parameters(form.expose());
                let verifier = form.remove("code_verifier").unwrap_or_default();
                let challenge = base64url_encode(&sha256(verifier.as_bytes()));
                let is_proved = match *self.methods.lock().unwrap() == json!(["client_secret_post"]) {
                    true => {
                        let pair = (form.remove("client_id"), form.remove("client_secret"));
                        authorization.is_none() && pair == (Some("app".to_owned()), Some("s&cret".to_owned()))
                    }
                    // RFC 6749 section 2.3.1.
                    false => authorization == Some(format!("Basic {}", base64_encode(b"app:s%26cret")).as_str()),
                };
                let expected = "grant_type=authorization_code&code=good&redirect_uri=https%3A%2F%2Fapp.test%2Fback";
                let holds = is_proved && challenge == *self.challenge.lock().unwrap() && form == parameters(expected);
                holds.then(|| self.tokens.lock().unwrap().clone())
            }
            ("/me", None) if authorization == Some("Bearer at-1") => Some(self.info.lock().unwrap().clone()),
            _ => None,
        }
    }
}

pub(crate) fn sign(key: &PrivateKey, header: &Value, claims: &Value) -> String {
    let text = [header, claims].map(|part| base64url_encode(part.to_string().as_bytes())).join(".");
    format!("{text}.{}", base64url_encode(&key.sign(text.as_bytes()).unwrap()))
}

/// The parameters of a form or a query.
pub(crate) fn parameters(text: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), decode(value)))
        .collect()
}

/// The way to the provider.
struct Way(Arc<Provider>);

impl ProviderHttp for Way {
    fn send(&self, request: ProviderRequest) -> BoxFuture<'_, Result<Vec<u8>, ProviderHttpError>> {
        Box::pin(async move {
            let Way(provider) = self;
            provider.asked.fetch_add(1, Ordering::Relaxed);
            if provider.is_down.load(Ordering::Relaxed) {
                return Err(ProviderHttpError::NoAnswer("nothing came within 8 seconds".to_owned()));
            }
            let has_stuck = request.form.as_ref().is_some_and(|form| form.expose().contains("code=stuck"));
            if has_stuck || provider.is_stuck.load(Ordering::Relaxed) && request.url.ends_with("/keys") {
                std::future::pending::<()>().await;
            }
            let answer = provider.answer(&request).ok_or(ProviderHttpError::Status(400))?;
            Ok(answer.to_string().into_bytes())
        })
    }
}

pub(crate) fn name(text: &str) -> AccountName {
    AccountName::new(text).unwrap()
}

/// What is laid down for the account `Group`.
pub(crate) fn settings() -> SsoProvider {
    SsoProvider {
        issuer: ISSUER.to_owned(),
        client_id: "app".to_owned(),
        algorithm: IdTokenAlgorithm::Es256,
        domains: vec!["example.test".to_owned()],
        claim: Some(("groups".to_owned(), "pump users".to_owned())),
        scopes: vec!["groups".to_owned()],
        redirects: vec![],
        allowed: vec![],
    }
}

/// Lays down the provider of an account.
pub(crate) async fn lay_down(door: &Licensing, account: &str, settings: SsoProvider) {
    let secret = Some(Secret::new("s&cret".to_owned()));
    set_provider(door.app.ctx(), door.app.site, name(account), settings, secret).await.unwrap();
}

/// Two accounts of which one has a provider; a license of each for `ada@example.test`.
pub(crate) async fn shop() -> (Licensing, Arc<Provider>) {
    let door = Licensing::new().await;
    let provider = Provider::new();
    door.app.ctx().ask_providers_by(Arc::new(Way(provider.clone())));
    let rules = ProductRules { authorization: AuthorizationMethod::User, ..ProductRules::default() };
    let product = door.product("Pump", "pump", rules, ProductStatus::Active).await;
    let site = door.app.site;
    let written = door.app.world.store.write::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let now = tx.now().await?;
            let new = NewLicenseUser {
                email: UserEmail::new("ada@example.test").unwrap(),
                first_name: String::new(),
                last_name: String::new(),
                phone: String::new(),
                password_hash: "none".to_owned(),
                initial_password: false,
            };
            let user: LicenseUserId = tx.license_users().insert(site, &new, now).await?.unwrap();
            for (group, key) in [("Other", "OTHER-KEY"), ("Group", "GROUP-KEY")] {
                let account: AccountId = tx.accounts().insert(site, &name(group), now).await?.unwrap();
                let customer = NewCustomer {
                    name: CustomerName::new(format!("{group} buyer")).unwrap(),
                    email: String::new(),
                    account: Some(account),
                };
                let customer = tx.customers().insert(site, &customer, now).await?.unwrap();
                let order = tx.orders().insert(site, &OrderNumber::new(group).unwrap(), customer, now).await?.unwrap();
                let new = NewLicense {
                    key: LicenseKey::new(key).unwrap(),
                    order,
                    product,
                    bundle_key: None,
                    features: vec![],
                    terms: endless(2),
                    rules: LicenseRules::default(),
                };
                let license = tx.licenses().insert(site, &new, now).await?.unwrap();
                let limit = ActivationLimit::AtMost(5);
                assert!(tx.license_users().assign(&Assignment { license, user, limit, activations: 0 }).await?);
            }
            Ok(())
        })
    });
    written.await.unwrap();
    lay_down(&door, "Group", settings()).await;
    (door, provider)
}

/// The parameters of a URL to log in at.
pub(crate) async fn url(door: &Licensing, more: &str) -> BTreeMap<String, String> {
    let path = format!("/sso_url?product=pump&customer_account_code=Group{more}");
    let answer = door.verified(&door.get(&path).await).await;
    let url = answer["url"].as_str().unwrap().to_owned();
    let query = url.strip_prefix("https://id.example.test/authorize?tenant=1&").expect(&url);
    assert_eq!(answer["openid_configuration"]["issuer"], ISSUER);
    assert_eq!(answer["alternate_urls"], json!([]));
    parameters(query)
}

/// What a good ID token says, after a login that began with parameters.
pub(crate) fn claims_after(door: &Licensing, began: &BTreeMap<String, String>) -> Value {
    let now = door.now().as_seconds();
    json!({
        "iss": ISSUER, "sub": "u-1", "aud": "app", "iat": now, "exp": now + 300, "email": "Ada@example.test",
        "email_verified": true, "groups": ["others", "pump users"], "nonce": began["nonce"],
    })
}

/// The same after a login that began just now.
pub(crate) async fn claims(door: &Licensing) -> Value {
    claims_after(door, &url(door, "").await)
}

pub(crate) fn login(member: &str, value: &str) -> Value {
    json!({
        "product": "pump", "hardware_id": HARDWARE, "customer_account_code": "Group", member: value,
        "redirect_uri": "https://app.test/back",
    })
}
