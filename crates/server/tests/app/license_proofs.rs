//! Who is let in at the license door: every call with every kind of credential.

use std::time::Duration;

use axum::body::Body;
use countersign_app::license_api::{Access, NewApiKey, create_api_key, list_api_keys, revoke_api_key};
use countersign_app::sites;
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_domain::text::ProductName;
use http::{Method, StatusCode};
use serde_json::json;

use crate::documents::{document, routes};
use crate::license_support::{BASE, HARDWARE, Licensing, endless, identity, proof, refusal, refused};
use crate::support::request;

/// Method and path of every call that needs a proof, from the committed document: a new one is walked without being listed.
pub(crate) fn proved_routes() -> Vec<(Method, String)> {
    let document = document("license");
    let secured =
        |method: &Method, path: &str| document["paths"][path][method.as_str().to_lowercase()]["security"].is_array();
    let found: Vec<_> = routes("license").into_iter().filter(|(method, path)| secured(method, path)).collect();
    assert!(found.len() >= 29, "{}", found.len());
    found
}

/// Sends a call with these headers and gives status and code of its refusal.
async fn ask(door: &Licensing, method: &Method, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = request(method, &format!("{BASE}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    refusal(&door.app.send(request.body(Body::from("{}")).unwrap()).await)
}

#[tokio::test]
async fn every_call_refuses_what_is_no_proof() {
    let door = Licensing::new().await;
    let site = sites::create(door.app.ctx(), SiteName::new("other").unwrap(), SiteSettings::default()).await.unwrap();
    let new = || NewApiKey { label: String::new(), products: vec![], part: None, access: Access::ReadWrite };
    let (foreign, foreign_shared) = create_api_key(door.app.ctx(), site, new()).await.unwrap();
    let (revoked, revoked_shared) = create_api_key(door.app.ctx(), door.app.site, new()).await.unwrap();
    revoke_api_key(door.app.ctx(), door.app.site, revoked.id).await.unwrap();
    let now = door.now();
    let (date, good) = door.proof_at(now);
    let (old_date, old) = door.proof_at(now.minus(Duration::from_secs(901)));
    let (_, wrong) = proof(&door.api_key, "another shared key", now);
    let (_, foreign) = proof(&foreign.key, foreign_shared.expose(), now);
    let (_, revoked) = proof(&revoked.key, revoked_shared.expose(), now);
    let (date, old_date) = (date.as_str(), old_date.as_str());
    for (method, path) in proved_routes() {
        for (headers, status, code) in [
            (&[][..], 400, "missing_headers"),
            (&[("date", date)][..], 400, "missing_headers"),
            (&[("authorization", good.as_str())], 400, "missing_headers"),
            (&[("authorization", "algorithm=\"rsa-sha256\",apikey=\"k\"")], 400, "missing_headers"),
            (&[("date", date), ("date", date), ("authorization", &good)], 400, "authorization_invalid_headers"),
            (
                &[("date", date), ("authorization", &good), ("authorization", &good)],
                400,
                "authorization_invalid_headers",
            ),
            (&[("date", date), ("authorization", "Basic YTpi")], 400, "authorization_invalid_headers"),
            (
                &[("date", date), ("authorization", "headers=\"date\",apikey=\"k\"")],
                400,
                "authorization_missing_params",
            ),
            (&[("date", "yesterday"), ("authorization", &good)], 400, "date_header_diff"),
            (&[("date", old_date), ("authorization", &old)], 400, "date_header_diff"),
            (&[("date", date), ("authorization", &wrong)], 401, "signature_mismatch"),
            (&[("date", date), ("authorization", &foreign)], 400, "invalid_api_key"),
            (&[("date", date), ("authorization", &revoked)], 400, "invalid_api_key"),
            (&[("date", date), ("authorization", "Bearer a.b.c")], 401, "oauth_token_malformed"),
            (&[("date", date), ("authorization", "Bearer ")], 401, "oauth_token_malformed"),
        ] {
            let refused = ask(&door, &method, &path, headers).await;
            assert_eq!(refused, (status, code.to_owned()), "{method} {path} {headers:?}");
        }
        // On the other site the good key is nobody's.
        let at_other =
            request(&method, &format!("/t/other{BASE}{path}")).header("date", date).header("authorization", &good);
        assert_eq!(
            refusal(&door.app.send(at_other.body(Body::from("{}")).unwrap()).await),
            refused("invalid_api_key"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn item_c1_all_spellings_of_the_header_are_read() {
    let door = Licensing::new().await;
    let (date, good) = door.proof_at(door.now());
    for spelling in [
        good.clone(),
        good.replace("apiKey", "apikey"),
        good.replace("apiKey", "ApiKey").replace(',', ", "),
        good.replace(',', " ,\t").replace("signature", "Signature"),
        good.replace("algorithm=\"hmac-sha256\",", ""),
        good.split(',').rev().collect::<Vec<_>>().join(","),
    ] {
        let request =
            request(&Method::GET, "/api/v4/products").header("date", &date).header("authorization", &spelling);
        let answer = door.app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{spelling}");
    }
}

#[tokio::test]
async fn item_c2_the_signature_and_the_window_of_the_date() {
    let door = Licensing::new().await;
    let (date, wrong) = proof(&door.api_key, "another", door.now());
    let headers = [("date", date.as_str()), ("authorization", wrong.as_str())];
    assert_eq!(ask(&door, &Method::GET, "/products", &headers).await, (401, "signature_mismatch".to_owned()));
    for (minutes, accepted) in [(-14_i64, true), (14, true), (-16, false), (16, false)] {
        let at = countersign_domain::time::Timestamp::from_millis(door.now().as_millis() + minutes * 60_000);
        let (date, good) = door.proof_at(at);
        let request = request(&Method::GET, "/api/v4/products").header("date", date).header("authorization", good);
        let answer = door.app.send(request.body(Body::empty()).unwrap()).await;
        if accepted {
            assert_eq!(answer.status, StatusCode::OK, "{minutes}");
        } else {
            assert_eq!(refusal(&answer), refused("date_header_diff"), "{minutes}");
        }
    }
}

#[tokio::test]
async fn a_key_that_may_only_ask_and_one_for_another_product() {
    let door = Licensing::new().await;
    door.license("AAAA-BBBB-CCCC-0001", endless(3), Default::default()).await;
    let activated = door.post("/activate_license", &identity("AAAA-BBBB-CCCC-0001", HARDWARE)).await;
    door.verified(&activated).await;
    countersign_app::products::create(door.app.ctx(), door.app.site, ProductName::new("Valve").unwrap()).await.unwrap();
    let with = async |products: Vec<ProductName>, access| {
        let new = NewApiKey { label: String::new(), products, part: None, access };
        create_api_key(door.app.ctx(), door.app.site, new).await.unwrap()
    };
    let (reading, reading_shared) = with(vec![], Access::ReadOnly).await;
    let (valve, valve_shared) = with(vec![ProductName::new("Valve").unwrap()], Access::ReadWrite).await;
    let check = "/check_license?product=pump&hardware_id=HW-TEST-1&license_key=AAAA-BBBB-CCCC-0001";
    let by = async |(key, shared): (&str, &str), method: Method, path: &str| {
        let (date, value) = proof(key, shared, door.now());
        let request = request(&method, &format!("{BASE}{path}")).header("date", date).header("authorization", value);
        let body = identity("AAAA-BBBB-CCCC-0001", "HW-TEST-2");
        door.app.send(request.body(Body::from(body.to_string())).unwrap()).await
    };
    let reader = (reading.key.as_str(), reading_shared.expose().as_str());
    assert_eq!(by(reader, Method::GET, check).await.status, StatusCode::OK);
    for path in
        ["/activate_license", "/deactivate_license", "/add_consumption", "/activate_bundle", "/deactivate_bundle"]
    {
        assert_eq!(refusal(&by(reader, Method::POST, path).await), refused("invalid_api_key"), "{path}");
    }
    let other = (valve.key.as_str(), valve_shared.expose().as_str());
    assert_eq!(refusal(&by(other, Method::GET, check).await), refused("api_key_product_not_allowed"));
    assert_eq!(refusal(&by(other, Method::POST, "/activate_license").await), refused("api_key_product_not_allowed"));
    let used = list_api_keys(door.app.ctx(), door.app.site).await.unwrap();
    assert!(used.iter().all(|key| key.last_used_at.is_some()), "a use was not noted");
}

#[tokio::test]
async fn a_key_of_another_process_works_at_once_and_ends_at_once() {
    let door = Licensing::new().await;
    let beside = door.app.world.second_process().await;
    let new = NewApiKey { label: String::new(), products: vec![], part: None, access: Access::ReadWrite };
    let (record, shared) = create_api_key(&beside, door.app.site, new).await.unwrap();
    let ask = async || {
        let (date, value) = proof(&record.key, shared.expose(), door.now());
        let request = request(&Method::GET, "/api/v4/products").header("date", date).header("authorization", value);
        door.app.send(request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(ask().await.status, StatusCode::OK);
    revoke_api_key(&beside, door.app.site, record.id).await.unwrap();
    door.app.ctx().refresh().await.unwrap();
    assert_eq!(refusal(&ask().await), refused("invalid_api_key"));
}

#[tokio::test]
async fn wrong_signatures_of_one_address_are_limited_and_good_ones_are_not() {
    use countersign_http_kit::client_address::ClientAddress;
    let door = Licensing::new().await;
    let address = ClientAddress::of_peer([192, 0, 2, 1].into());
    let send = async |shared: &str| {
        let (date, value) = proof(&door.api_key, shared, door.now());
        let request = request(&Method::GET, "/api/v4/products").header("date", date).header("authorization", value);
        door.app.send(request.extension(address).body(Body::empty()).unwrap()).await
    };
    for _ in 0..60 {
        assert_eq!(refusal(&send("wrong").await).1, "signature_mismatch");
    }
    let limited = send("wrong").await;
    assert_eq!(refusal(&limited), (429, "rate_limit_exceeded".to_owned()));
    assert_eq!(limited.headers["retry-after"], "61");
    assert_eq!(send(&door.shared_key).await.status, StatusCode::OK);
    door.app.world.clock.advance(Duration::from_secs(61));
    assert_eq!(refusal(&send("wrong").await).1, "signature_mismatch");
}

#[tokio::test]
async fn public_calls_need_no_proof_and_show_the_key() {
    let door = Licensing::new().await;
    let get = async |path: &str| door.app.get(path).await;
    assert_eq!(get("/.well-known").await.json()["pub_key"], json!(null), "no key was needed so far");
    door.verified(&door.get("/products").await).await;
    for path in ["/.well-known", "/.well-known/", "/api/v4/.well-known", "/t/demo/.well-known"] {
        let answer = get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        let document = answer.json();
        let text = document["pub_key"].as_str().unwrap();
        let published = countersign_crypto::RsaPublicKey::parse_upload(text).unwrap();
        let key =
            countersign_app::keys::find_license_key(door.app.ctx(), &door.app.record().await).await.unwrap().unwrap();
        assert_eq!(published.spki_der(), key.spki);
        assert_eq!(document["supported_api_versions"], json!(["v4"]));
        assert_eq!(document["api_base_url"], "http://server.test/api");
        assert_eq!(document["timestamp"], "2026-03-01T12:00:00.000Z");
        let calls = document["endpoints"].as_array().unwrap();
        assert!(calls.contains(&json!({ "method": "POST", "url": "/api/v4/activate_license/" })), "{calls:?}");
        assert_eq!(calls.len(), routes("license").len());
    }
    let found = get("/api/v4/oauth_url?login_type=client_credentials").await.json();
    assert_eq!(found, json!({ "url": "http://server.test/connect/token", "login_type": "client_credentials" }));
    assert_eq!(refusal(&get("/api/v4/oauth_url?login_type=password").await), refused("validation_error"));
}
