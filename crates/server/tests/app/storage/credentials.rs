//! Every call of the storages, without, with broken, and with another site's credentials.

use axum::body::Body;
use countersign_domain::oauth::Scopes;
use countersign_domain::storage::{StorageAccess, StorageGrant, StorageName, StoragePath};
use http::{Method, Request, StatusCode};

use super::support::{Storages, WORDS, refusal};
use crate::documents;

/// Method and path of each call of the storages, from the committed document, with something in each place.
fn calls() -> Vec<(Method, String)> {
    let routes =
        documents::routes("token").into_iter().filter(|(_, path)| path.contains("/storage") || path.contains("/html/"));
    let calls: Vec<_> = routes
        .map(|(method, path)| {
            let path = path.replace("{version}", "v4.0").replace("{product}", "words").replace("{storageName}", "Main");
            (method, path.replace("{path}", "in/a").replace("{srcPath}", "in/a"))
        })
        .collect();
    assert_eq!(calls.len(), 35);
    calls
}

/// Status, code and challenge.
fn outcome(answer: &crate::support::Answer) -> (u16, String, String) {
    let body = answer.json();
    let code = body["Error"]["Code"].as_str().or(body["error"]["code"].as_str()).unwrap().to_owned();
    let challenge = answer.headers.get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
    (answer.status.as_u16(), code, challenge.unwrap_or_default())
}

#[tokio::test]
async fn no_call_is_open() {
    let storages = Storages::new().await;
    let foreign = storages.foreign_token().await;
    let expired = storages.expired_token().await;
    for (method, path) in calls() {
        let send = |lines: Vec<String>| {
            let mut request = Request::builder().method(method.clone()).uri(&path);
            for line in lines {
                request = request.header("authorization", line);
            }
            storages.app.send(request.body(Body::empty()).unwrap())
        };
        let none = send(vec![]).await;
        let challenge = "Bearer realm=\"api\"".to_owned();
        assert_eq!(outcome(&none), (401, "invalid_token".to_owned(), challenge), "{method} {path}");
        for line in [
            "Bearer ",
            "Bearer",
            "Bearer null",
            "Bearer a.b.c",
            "Basic YTpi",
            "",
            &format!("Bearer {foreign}"),
            &format!("bearer {expired}"),
            &format!("Bearer {}x", storages.token),
        ] {
            let (status, code, challenge) = outcome(&send(vec![line.to_owned()]).await);
            assert_eq!((status, code.as_str()), (401, "invalid_token"), "{method} {path} {line}");
            let begin = "Bearer realm=\"api\", error=\"invalid_token\", error_description=\"";
            assert!(challenge.starts_with(begin), "{challenge}");
        }
        let good = format!("Bearer {}", storages.token);
        let (status, code, challenge) = outcome(&send(vec![good.clone(), good]).await);
        assert_eq!((status, code.as_str()), (400, "invalid_request"), "{method} {path}");
        assert!(challenge.contains("error=\"invalid_request\""), "{challenge}");
    }
    assert_eq!(storages.names("").await, [] as [&str; 0]);
}

#[tokio::test]
async fn a_token_has_no_place_in_a_url() {
    let storages = Storages::new().await;
    storages.put("a", "a").await;
    let alone = Request::get(format!("{WORDS}/file/a?access_token={}", storages.token));
    assert_eq!(storages.app.send(alone.body(Body::empty()).unwrap()).await.status, StatusCode::UNAUTHORIZED);
    let both = storages.get(&format!("{WORDS}/file/a?access_token=x")).await;
    assert_eq!(refusal(&both), (400, "invalid_request".to_owned()));
    let lower = Request::get(format!("{WORDS}/file/a")).header("authorization", format!("bEARER  {}", storages.token));
    assert_eq!(storages.app.send(lower.body(Body::empty()).unwrap()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn scopes_and_grants_limit_what_a_token_opens() {
    let storages = Storages::new().await;
    storages.put("in/a", "a").await;
    storages.put("out/b", "b").await;
    storages.change(|application| application.scopes = Scopes::parse("storage.read").unwrap()).await;
    assert_eq!(storages.bytes("in/a").await, b"a");
    for (method, path) in
        [("PUT", "file/in/a"), ("DELETE", "file/in/a"), ("PUT", "folder/new"), ("DELETE", "folder/in")]
    {
        let refused = storages.send(method, &format!("{WORDS}/{path}"), "x").await;
        assert_eq!(refusal(&refused), (403, "insufficient_scope".to_owned()), "{method} {path}");
        let challenge = refused.headers["www-authenticate"].to_str().unwrap();
        assert_eq!(challenge, "Bearer realm=\"api\", error=\"insufficient_scope\", scope=\"storage.write\"");
    }
    storages.change(|application| application.scopes = Scopes::parse("storage.write").unwrap()).await;
    assert_eq!(refusal(&storages.get(&format!("{WORDS}/file/in/a")).await).0, 403);

    storages
        .change(|application| {
            application.scopes = Scopes::usual();
            let (storage, path) = (StorageName::new("Main").unwrap(), StoragePath::new("in").unwrap());
            application.grants = vec![StorageGrant { storage, path, access: StorageAccess::Read }];
        })
        .await;
    assert_eq!(storages.bytes("in/a").await, b"a");
    for (method, path) in [("GET", "file/out/b"), ("PUT", "file/in/a"), ("GET", "folder/"), ("GET", "exist/out/b")] {
        let refused = storages.send(method, &format!("{WORDS}/{path}"), "x").await;
        assert_eq!(refusal(&refused), (403, "insufficient_scope".to_owned()), "{method} {path}");
    }
    storages.change(|application| application.disabled = true).await;
    assert_eq!(refusal(&storages.get(&format!("{WORDS}/file/in/a")).await).0, 401);
}
