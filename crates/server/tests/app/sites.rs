//! Which site a request means, and that sites do not mix.

use axum::body::Body;
use countersign_app::{keys, sites};
use countersign_domain::site::{SiteName, SiteSettings};
use countersign_testkit::WorldOptions;
use http::{Request, StatusCode};

use crate::support::{Answer, App, OTHER_KEY, UPDATES, accepted, good_token, question};

async fn ping_as(app: &App, host: &str, path: &str, token: &str) -> Answer {
    let request = Request::post(path).header("host", host).header("authorization", format!("Bearer {token}"));
    app.send(request.body(Body::from(question().to_string())).unwrap()).await
}

#[tokio::test]
async fn a_site_is_found_by_host_by_prefix_or_by_default() {
    let app = App::new().await;
    let settings = SiteSettings { hosts: vec!["Acme.example.com".to_owned()], ..SiteSettings::default() };
    sites::create(app.ctx(), SiteName::new("acme").unwrap(), settings).await.unwrap();
    for (host, path, prefix) in [
        ("acme.example.com", UPDATES.to_owned(), ""),
        ("ACME.EXAMPLE.COM:8443", UPDATES.to_owned(), ""),
        ("anything", format!("/t/acme{UPDATES}"), "/t/acme"),
        ("anything", format!("/t/acme/t/acme{UPDATES}"), "/t/acme"),
        ("anything", format!("/t/ACME{UPDATES}/"), "/t/acme"),
    ] {
        let answer = ping_as(&app, host, &path, &good_token()).await;
        let url = accepted(&format!("{prefix}{UPDATES}"), &answer);
        let poll = app.send(Request::get(&url).header("host", host).body(Body::empty()).unwrap()).await;
        // The site acme has no key, so this is its own refusal and not the answer of the default site.
        assert_eq!(poll.error_key(), "auth.key.missing", "{host} {path}");
        // A client that joins the URL to a base with the prefix sends the prefix twice.
        let doubled =
            app.send(Request::get(format!("{prefix}{url}")).header("host", host).body(Body::empty()).unwrap()).await;
        assert_eq!(doubled.error_key(), "auth.key.missing");
    }
    assert_eq!(
        ping_as(&app, "anything", UPDATES, &good_token()).await.status,
        StatusCode::ACCEPTED,
        "the default site"
    );
}

#[tokio::test]
async fn without_a_default_site_an_unknown_host_is_421() {
    let app = App::bare(WorldOptions { default_site: None, ..WorldOptions::default() }).await;
    let answer = ping_as(&app, "unknown.example.com", UPDATES, &good_token()).await;
    assert_eq!((answer.status, answer.error_key().as_str()), (StatusCode::MISDIRECTED_REQUEST, "site.unknown"));
    let answer = ping_as(&app, "unknown.example.com", &format!("/t/nowhere{UPDATES}"), &good_token()).await;
    assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
    let poll = app.get(&format!("{UPDATES}/x")).await;
    assert_eq!(poll.status, StatusCode::MISDIRECTED_REQUEST);
    for path in ["/", "/ping", "/healthz", "/readyz", "/docs", "/openapi/device.json"] {
        assert_eq!(app.get(path).await.status, StatusCode::OK, "{path} needs no site");
    }
}

#[tokio::test]
async fn a_token_of_one_site_is_not_valid_on_another() {
    let app = App::new().await;
    let id = sites::create(app.ctx(), SiteName::new("other").unwrap(), SiteSettings::default()).await.unwrap();
    let record = sites::list(app.ctx()).await.unwrap().into_iter().find(|site| site.id == id).unwrap();
    keys::upload(app.ctx(), &record, &OTHER_KEY.public_key().spki_base64()).await.unwrap();
    for path in crate::documents::posts_with_token("device") {
        let path = format!("/t/other{path}");
        let answer = app.post(&path, Some(&good_token()), question().to_string()).await;
        let poll = app.get(&accepted(&path, &answer)).await;
        assert_eq!((poll.status, poll.error_key().as_str()), (StatusCode::UNAUTHORIZED, "auth.token.signature"));
    }
}

#[tokio::test]
async fn absolute_urls_come_from_the_base_url_and_never_from_host() {
    let app = App::bare(WorldOptions { default_site: Some("based".to_owned()), ..WorldOptions::default() }).await;
    let settings =
        SiteSettings { base_url: Some("https://updates.example.com/x/".to_owned()), ..SiteSettings::default() };
    let site = sites::create(app.ctx(), SiteName::new("based").unwrap(), settings).await.unwrap();
    let app = App { site, ..app };
    app.upload_key(&crate::support::PRODUCER_KEY).await;
    keys::find_or_create_signing_key(app.ctx(), site).await.unwrap();
    app.publish("pump-4.1", "pump-4.2", "UPD-1", &[("a b.bin", b"x")]).await;
    let manifest = app.first_manifest().await;
    let url = manifest["manifestFiles"][0]["fileUrl"].as_str().unwrap();
    assert!(url.starts_with("https://updates.example.com/x/f/based/") && url.ends_with("/a%20b.bin"), "{url}");
    let path = url.strip_prefix("https://updates.example.com/x").unwrap();
    assert_eq!(app.get(path).await.status, StatusCode::OK);
}

#[tokio::test]
async fn request_ids_are_kept_when_well_formed_and_made_otherwise() {
    let app = App::new().await;
    let with = async |id: &str| {
        let request = Request::get("/ping").header("x-request-id", id).body(Body::empty()).unwrap();
        app.send(request).await.headers["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(with("abc-123").await, "abc-123");
    assert_eq!(with("not well formed").await.len(), 32);
    assert_eq!(app.get("/ping").await.headers["x-request-id"].len(), 32);
}

#[tokio::test]
async fn without_the_store_answers_go_on_for_five_seconds_and_readiness_fails_at_once() {
    let app = App::new().await;
    let url = app.ask_for_url(UPDATES, &question()).await;
    app.ctx().close().await;
    app.world.clock.advance(std::time::Duration::from_secs(5));
    assert_eq!(app.get(&url).await.status, StatusCode::OK, "what is known is recent enough");
    assert_eq!(app.get("/ping").await.status, StatusCode::OK);
    app.world.clock.advance(std::time::Duration::from_secs(1));
    let answer = app.get(&url).await;
    assert_eq!((answer.status, answer.error_key().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "internal.error"));
    let ping = app.get("/ping").await;
    assert_eq!((ping.status, ping.error_key().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "internal.error"));
    assert_eq!(app.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(app.get("/healthz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_request_with_an_unclear_host_is_400() {
    let app = App::new().await;
    for hosts in [&["a.example.com", "b.example.com"][..], &["a b"], &["user@a.example.com"]] {
        let request = hosts.iter().fold(Request::post(UPDATES), |request, host| request.header("host", *host));
        let answer = app.send(request.body(Body::from(question().to_string())).unwrap()).await;
        assert_eq!(
            (answer.status, answer.error_key().as_str()),
            (StatusCode::BAD_REQUEST, "request.host"),
            "{hosts:?}"
        );
    }
}

#[tokio::test]
async fn a_site_that_cannot_be_loaded_harms_no_other() {
    let app = App::new().await;
    let other = sites::create(app.ctx(), SiteName::new("other").unwrap(), SiteSettings::default()).await.unwrap();
    let path = format!("/t/other{UPDATES}");
    assert_eq!(ping_as(&app, "anything", &path, &good_token()).await.status, StatusCode::ACCEPTED);
    let now = app.ctx().now();
    app.world
        .store
        .write::<_, countersign_store::StoreError, _>(move |tx| {
            Box::pin(async move {
                tx.signing_keys().insert(other, b"no key", b"not sealed", now).await?;
                tx.sites().touch(other).await
            })
        })
        .await
        .unwrap();
    app.ctx().refresh().await.unwrap();
    assert_eq!(
        ping_as(&app, "anything", &path, &good_token()).await.status,
        StatusCode::ACCEPTED,
        "it stays as it was"
    );
    // A process that has never seen it in order has only this one site out of order.
    let fresh = countersign_server::app(app.world.second_process().await);
    let post = |path: &str| Request::post(path).header("host", "x").body(Body::from("{}")).unwrap();
    let broken = tower::ServiceExt::oneshot(fresh.clone(), post(&path)).await.unwrap();
    assert_eq!(broken.status(), StatusCode::SERVICE_UNAVAILABLE);
    let healthy = tower::ServiceExt::oneshot(fresh, post(UPDATES)).await.unwrap();
    assert_eq!(healthy.status(), StatusCode::ACCEPTED);
}

#[tokio::test]
async fn hosts_of_a_site_are_host_names() {
    let app = App::bare(WorldOptions::default()).await;
    for host in ["acme.example.com:8443", "", "a/b", "*.example.com"] {
        let settings = SiteSettings { hosts: vec![host.to_owned()], ..SiteSettings::default() };
        let outcome = sites::create(app.ctx(), SiteName::new("acme").unwrap(), settings).await;
        assert!(matches!(outcome, Err(sites::SiteError::Host(_))), "{host:?}: {outcome:?}");
    }
    let hosts = ["A.example.com.", "a.example.com"].map(str::to_owned).to_vec();
    let settings = SiteSettings { hosts, ..SiteSettings::default() };
    sites::create(app.ctx(), SiteName::new("acme").unwrap(), settings).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_changes_of_settings_at_once_are_both_kept() {
    let app = App::bare(WorldOptions::default()).await;
    for days in 1..=20 {
        let site = app.record().await;
        let (ctx, other) = (app.ctx().clone(), site.clone());
        let status = move |settings: &mut SiteSettings| settings.retention.status_reports = days;
        let events = move |settings: &mut SiteSettings| settings.retention.events = days;
        let (one, two) = tokio::join!(
            sites::change_settings(app.ctx(), &site, status),
            sites::change_settings(&ctx, &other, events)
        );
        assert!(one.is_ok() && two.is_ok());
        let kept = app.record().await.settings.retention;
        assert_eq!((kept.status_reports, kept.events), (days, days));
    }
}
