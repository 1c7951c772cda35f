//! Single sign-on: a provider made here from its standards, and what must not be believed of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign_app::license_api::{ProviderHttp, ProviderHttpError, ProviderRequest, set_provider};
use countersign_app::licensing::license_users;
use countersign_crypto::encoding::base64url_encode;
use countersign_crypto::{Algorithm, PrivateKey, Secret};
use countersign_domain::ids::{AccountId, LicenseUserId};
use countersign_domain::licensing::{
    ActivationLimit, Assignment, AuthorizationMethod, IdTokenAlgorithm, LicenseRules, ProductRules, ProductStatus,
    SsoProvider,
};
use countersign_domain::text::{AccountName, CustomerName, LicenseKey, OrderNumber, UserEmail};
use countersign_store::repositories::{NewCustomer, NewLicense, NewLicenseUser};
use countersign_store::{BoxFuture, StoreError};
use serde_json::{Value, json};

use crate::license_support::{HARDWARE, Licensing, endless, refusal, refused};

const ISSUER: &str = "https://id.example.test";

/// A provider that signs with one key at a time.
struct Provider {
    key: Mutex<(PrivateKey, &'static str)>,
    /// The ID token that it gives for the code `good`.
    exchanged: Mutex<Option<String>>,
    asked: AtomicUsize,
}

impl Provider {
    fn new() -> Arc<Self> {
        let key = PrivateKey::generate(Algorithm::ES256).unwrap();
        Arc::new(Self { key: Mutex::new((key, "k-1")), exchanged: Mutex::default(), asked: AtomicUsize::new(0) })
    }

    fn sign(&self, claims: &Value) -> String {
        let key = self.key.lock().unwrap();
        sign(&key.0, &json!({ "alg": "ES256", "kid": key.1 }), claims)
    }
}

fn sign(key: &PrivateKey, header: &Value, claims: &Value) -> String {
    let text = [header, claims].map(|part| base64url_encode(part.to_string().as_bytes())).join(".");
    format!("{text}.{}", base64url_encode(&key.sign(text.as_bytes()).unwrap()))
}

/// The way to it.
struct Way(Arc<Provider>);

impl ProviderHttp for Way {
    fn send(&self, request: ProviderRequest) -> BoxFuture<'_, Result<Vec<u8>, ProviderHttpError>> {
        Box::pin(async move {
            let Way(provider) = self;
            provider.asked.fetch_add(1, Ordering::Relaxed);
            let document = match (request.url.strip_prefix(ISSUER), request.form) {
                (Some("/.well-known/openid-configuration"), None) => json!({
                    "issuer": ISSUER,
                    "authorization_endpoint": format!("{ISSUER}/authorize?tenant=1"),
                    "token_endpoint": format!("{ISSUER}/token"),
                    "jwks_uri": format!("{ISSUER}/keys"),
                }),
                (Some("/keys"), None) => {
                    let key = provider.key.lock().unwrap();
                    let mut public = key.0.public_jwk().unwrap().to_public(Algorithm::ES256).unwrap();
                    public.insert("kid".to_owned(), key.1.into());
                    json!({ "keys": [{ "kty": "RSA" }, public] })
                }
                (Some("/token"), Some(form)) => {
                    let expected = "grant_type=authorization_code&code=good&client_id=app&\
                                    redirect_uri=https%3A%2F%2Fapp.test%2Fback&client_secret=s%26cret";
                    if form.expose() != expected {
                        return Err(ProviderHttpError("it answered with status 400".to_owned()));
                    }
                    json!({ "id_token": provider.exchanged.lock().unwrap().clone() })
                }
                _ => return Err(ProviderHttpError("it answered with status 404".to_owned())),
            };
            Ok(document.to_string().into_bytes())
        })
    }
}

fn name(text: &str) -> AccountName {
    AccountName::new(text).unwrap()
}

/// Two accounts of which one has a provider; a license of each for `ada@example.test`.
async fn shop() -> (Licensing, Arc<Provider>) {
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
    let settings = SsoProvider {
        issuer: ISSUER.to_owned(),
        client_id: "app".to_owned(),
        algorithm: IdTokenAlgorithm::Es256,
        domains: vec!["example.test".to_owned()],
        claim: Some(("groups".to_owned(), "pump users".to_owned())),
        allowed: vec![],
    };
    let secret = Some(Secret::new("s&cret".to_owned()));
    set_provider(door.app.ctx(), site, name("Group"), settings, secret).await.unwrap();
    (door, provider)
}

/// What a good ID token says.
fn claims(door: &Licensing) -> Value {
    let now = door.now().as_seconds();
    json!({
        "iss": ISSUER, "sub": "u-1", "aud": "app", "iat": now, "exp": now + 300, "email": "Ada@example.test",
        "email_verified": true, "groups": ["others", "pump users"],
    })
}

fn login(member: &str, value: &str) -> Value {
    json!({
        "product": "pump", "hardware_id": HARDWARE, "customer_account_code": "Group", member: value,
        "redirect_uri": "https://app.test/back",
    })
}

/// The nonce of a URL to log in at.
async fn nonce(door: &Licensing) -> String {
    let path = "/sso_url?product=pump&customer_account_code=Group&response_type=token";
    let answer = door.verified(&door.get(path).await).await;
    let url = answer["url"].as_str().unwrap().to_owned();
    assert!(
        url.starts_with("https://id.example.test/authorize?tenant=1&response_type=id_token&client_id=app&"),
        "{url}"
    );
    assert_eq!(answer["openid_configuration"]["issuer"], ISSUER);
    assert_eq!(answer["alternate_urls"], json!([]));
    url.split('&').find_map(|pair| pair.strip_prefix("nonce=")).unwrap().to_owned()
}

#[tokio::test]
async fn a_person_of_an_account_activates_what_the_account_holds() {
    let (door, provider) = shop().await;
    let mut good = claims(&door);
    good["nonce"] = nonce(&door).await.into();
    let activated = door.post("/activate_license", &login("id_token", &provider.sign(&good))).await;
    let license = door.verified(&activated).await;
    assert_eq!(
        (&license["user"]["email"], &license["username"]),
        (&json!("ada@example.test"), &json!("ada@example.test"))
    );
    assert_eq!(license["customer"]["customer_account"]["name"], "Group", "not the license of the other account");
    let check = format!("/check_license?product=pump&hardware_id={HARDWARE}&username=ada%40example.test");
    assert_eq!(door.verified(&door.get(&check).await).await["license_active"], true);
    // By a code: the provider is asked with the sealed secret, and its token is verified all the same.
    *provider.exchanged.lock().unwrap() = Some(provider.sign(&good));
    door.verified(&door.post("/activate_license", &login("code", "good")).await).await;
    assert_eq!(refusal(&door.post("/activate_license", &login("code", "bad")).await), refused("sso_failed"));
    *provider.exchanged.lock().unwrap() = Some("nonsense".to_owned());
    assert_eq!(refusal(&door.post("/activate_license", &login("code", "good")).await), refused("sso_failed"));
    // What the provider publishes was read once.
    let documents = 2;
    assert_eq!(provider.asked.load(Ordering::Relaxed), documents + 3);
}

#[tokio::test]
async fn what_an_id_token_must_not_be() {
    let (door, provider) = shop().await;
    let with = |name: &str, value: Value| {
        let mut claims = claims(&door);
        claims[name] = value;
        provider.sign(&claims)
    };
    let now = door.now().as_seconds();
    let stranger = PrivateKey::generate(Algorithm::ES256).unwrap();
    let header = json!({ "alg": "ES256", "kid": "k-1" });
    let good = provider.sign(&claims(&door));
    let (signed, _) = good.rsplit_once('.').unwrap();
    let none = format!("{}.{}.", base64url_encode(b"{\"alg\":\"none\"}"), signed.split_once('.').unwrap().1);
    let other_nonce = format!("{}x", nonce(&door).await);
    for (what, token) in [
        ("another issuer", with("iss", json!("https://id.example.test/"))),
        ("another audience", with("aud", json!("other"))),
        ("no audience", with("aud", Value::Null)),
        ("several audiences without azp", with("aud", json!(["app", "other"]))),
        ("another authorized party", with("azp", json!("other"))),
        ("expired", with("exp", json!(now - 61))),
        ("no end", with("exp", Value::Null)),
        ("not yet valid", with("nbf", json!(now + 61))),
        ("from the future", with("iat", json!(now + 61))),
        ("a foreign nonce", with("nonce", json!("1772366400000.00.x"))),
        ("an altered nonce", with("nonce", json!(other_nonce))),
        ("a nonce that is no text", with("nonce", json!(7))),
        ("another domain", with("email", json!("ada@evil.test"))),
        ("no address", with("email", Value::Null)),
        ("an unverified address", with("email_verified", json!(false))),
        ("another group", with("groups", json!(["others"]))),
        ("a stranger's key", sign(&stranger, &header, &claims(&door))),
        ("another algorithm", sign(&stranger, &json!({ "alg": "RS256", "kid": "k-1" }), &claims(&door))),
        ("no algorithm", none),
        ("cut off", good[..good.len() - 4].to_owned()),
        ("doubled", format!("{good}.{good}")),
        ("nothing", "x".to_owned()),
    ] {
        let answer = door.post("/activate_license", &login("id_token", &token)).await;
        assert_eq!(refusal(&answer), refused("sso_failed"), "{what}");
    }
    // One who is let in has no license of the account.
    let unknown = with("email", json!("eve@example.test"));
    assert_eq!(
        refusal(&door.post("/activate_license", &login("id_token", &unknown)).await),
        refused("license_not_found")
    );
    // A nonce ends; a token of several audiences names whom it was made for.
    let (mut late, mut several) = (claims(&door), claims(&door));
    late["nonce"] = nonce(&door).await.into();
    late["exp"] = json!(now + 9000);
    several["aud"] = json!(["other", "app"]);
    several["azp"] = json!("app");
    door.verified(&door.post("/activate_license", &login("id_token", &provider.sign(&several))).await).await;
    door.app.world.clock.advance(Duration::from_secs(3601));
    let answer = door.post("/activate_license", &login("id_token", &provider.sign(&late))).await;
    assert_eq!(refusal(&answer), refused("sso_failed"), "a nonce that has ended");
}

#[tokio::test]
async fn a_new_key_of_a_provider_is_looked_for_but_not_all_the_time() {
    let (door, provider) = shop().await;
    let activate = async || door.post("/activate_license", &login("id_token", &provider.sign(&claims(&door)))).await;
    door.verified(&activate().await).await;
    *provider.key.lock().unwrap() = (PrivateKey::generate(Algorithm::ES256).unwrap(), "k-2");
    let asked = provider.asked.load(Ordering::Relaxed);
    for _ in 0..5 {
        assert_eq!(refusal(&activate().await), refused("sso_failed"), "within a minute it is not asked again");
    }
    assert_eq!(provider.asked.load(Ordering::Relaxed), asked);
    door.app.world.clock.advance(Duration::from_secs(61));
    door.verified(&activate().await).await;
    assert_eq!(provider.asked.load(Ordering::Relaxed), asked + 2);
}

#[tokio::test]
async fn an_account_without_a_provider_has_no_single_sign_on() {
    let (door, provider) = shop().await;
    for (path, code) in [
        ("/sso_url?product=pump&customer_account_code=Other", "sso_failed"),
        ("/sso_url?product=pump&customer_account_code=Nobody", "sso_failed"),
        ("/sso_url?product=none&customer_account_code=Group", "unknown_product"),
        ("/sso_url?product=pump", "missing_parameters"),
        ("/sso_url?product=pump&customer_account_code=Group&response_type=all", "validation_error"),
    ] {
        assert_eq!(refusal(&door.get(path).await), refused(code), "{path}");
    }
    let mut elsewhere = login("id_token", &provider.sign(&claims(&door)));
    elsewhere["customer_account_code"] = json!("Other");
    assert_eq!(refusal(&door.post("/activate_license", &elsewhere).await), refused("sso_failed"));
}

#[tokio::test]
async fn people_who_log_in_elsewhere_see_what_their_account_has_for_them() {
    let (door, provider) = shop().await;
    let token_of = |email: &str| {
        let mut claims = claims(&door);
        claims["email"] = json!(email);
        provider.sign(&claims)
    };
    let good = token_of("ada@example.test");
    let path = |token: &str| format!("/user_licenses?product=pump&customer_account_code=Group&id_token={token}");
    let mine = door.verified(&door.get(&path(&good)).await).await;
    let mine = mine.as_array().unwrap();
    assert_eq!(mine.len(), 1, "licenses of other accounts are not seen");
    assert_eq!(mine[0]["license"]["customer"]["customer_account"]["name"], "Group");
    assert_eq!(mine[0]["user"]["email"], "ada@example.test");
    let nobodys = door.verified(&door.get(&path(&token_of("eve@example.test"))).await).await;
    assert_eq!(nobodys, json!([]), "nothing is assigned to her yet");
    assert_eq!(refusal(&door.get(&path("x")).await), refused("sso_failed"));
    assert_eq!(refusal(&door.get("/user_licenses?customer_account_code=Group").await), refused("missing_parameters"));
    *provider.exchanged.lock().unwrap() = Some(good.clone());
    let by_code = "/user_licenses?customer_account_code=Group&code=good&redirect_uri=https%3A%2F%2Fapp.test%2Fback";
    assert_eq!(door.verified(&door.get(by_code).await).await.as_array().unwrap().len(), 1);

    // Whoever borrows may prove himself; then he must succeed. This license has no seats.
    door.verified(&door.post("/activate_license", &login("id_token", &good)).await).await;
    let borrow = async |token: &str| door.post("/floating/borrow", &login("id_token", token)).await;
    assert_eq!(refusal(&borrow(&good).await), refused("floating_not_available"));
    assert_eq!(refusal(&borrow("x").await), refused("sso_failed"));
    let change = json!({ "customer_account_code": "Group", "id_token": good, "password": "a", "new_password": "b" });
    assert_eq!(refusal(&door.post("/change_password", &change).await), refused("change_password_not_allowed"));

    // What the producer has disabled is disabled, whoever lets the person in.
    let ada = UserEmail::new("ada@example.test").unwrap();
    license_users::set_enabled(door.app.ctx(), door.app.site, ada, false).await.unwrap();
    assert_eq!(refusal(&door.get(&path(&good)).await), refused("sso_failed"));
    assert_eq!(refusal(&door.post("/activate_license", &login("id_token", &good)).await), refused("sso_failed"));
}
