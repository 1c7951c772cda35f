//! The old form and that of the HTML product.

use axum::body::Body;
use http::StatusCode;
use serde_json::{Value, json};

use super::support::{MULTIPART, Storages, every_byte, multipart, refusal, text};

#[tokio::test]
async fn the_old_form() {
    let storages = Storages::new().await;
    let done = json!({ "Code": 200, "Status": "OK" });
    let call = |method: &'static str, path: &str, body: Vec<u8>| {
        let path = format!("/v1.1/storage/{path}");
        let storages = &storages;
        async move {
            let answer = storages.send_typed(method, &path, "multipart/form-data", body).await;
            assert_eq!(answer.status, StatusCode::OK, "{method} {path}: {}", text(&answer));
            answer
        }
    };
    assert_eq!(call("PUT", "folder?path=Word%20Documents%5Cin", vec![]).await.json(), done);
    assert_eq!(call("PUT", "file?path=Word+Documents/in/a.bin&storage=Main", every_byte()).await.json(), done);
    assert_eq!(call("PUT", "file?path=Word+Documents/in/a.bin&newdest=b%5Cb.bin", vec![]).await.json(), done);
    assert_eq!(call("POST", "file?src=b/b.bin&dest=c/c.bin", vec![]).await.json(), done);
    assert_eq!(call("GET", "file?path=/c/c.bin", vec![]).await.body, every_byte());
    let exists = call("GET", "exist?path=c/c.bin", vec![]).await.json();
    assert_eq!(exists, json!({ "FileExist": { "IsExist": true, "IsFolder": false }, "Code": 200, "Status": "OK" }));
    let list = call("GET", "folder?path=c", vec![]).await.json();
    let file = json!({ "Name": "c.bin", "IsFolder": false, "IsDirectory": false, "Size": every_byte().len(),
        "Path": "/c/c.bin", "ModifiedDate": "/Date(1772366400000+0000)/" });
    assert_eq!(list, json!({ "Files": [file], "Code": 200, "Status": "OK" }));
    let versions = call("GET", "version?path=c/c.bin", vec![]).await.json();
    assert_eq!(versions["FileVersions"][0]["IsLatest"], true);
    assert!(versions["FileVersions"][0]["VersionId"].is_string() && versions["Code"] == 200);
    let usage = call("GET", "disc", vec![]).await.json();
    assert!(usage["DiscUsage"]["UsedSize"].as_u64() < usage["DiscUsage"]["TotalSize"].as_u64(), "{usage}");
    for (name, expected) in [("Main", true), ("Other", false)] {
        let found = call("GET", &format!("{name}/exist"), vec![]).await.json();
        assert_eq!(found, json!({ "IsExist": expected, "Code": 200, "Status": "OK" }));
    }
    assert_eq!(call("PUT", "folder?path=c&newdest=d", vec![]).await.json(), done);
    assert_eq!(call("POST", "folder?src=d&dest=e", vec![]).await.json(), done);
    assert_eq!(call("DELETE", "file?path=e/c.bin", vec![]).await.json(), done);
    assert_eq!(call("DELETE", "folder?path=c&recursive=true", vec![]).await.json(), done);
    assert_eq!(storages.names("").await, ["Word Documents/", "b/", "e/"]);
    let missing = storages.get("/v1.1/storage/file?path=none").await;
    assert_eq!(refusal(&missing), (404, "errorItemNotFound".to_owned()));
}

#[tokio::test]
async fn the_form_of_the_html_product() {
    let storages = Storages::new().await;
    let upload = |path: &str, name: &str| {
        let body = multipart(&format!("name=\"File\"; filename=\"{name}\""), &every_byte());
        let path = format!("/v4.0/html/file/?path={path}");
        let storages = &storages;
        async move { storages.send_typed("POST", &path, MULTIPART, body).await }
    };
    for (path, name) in [("/", "a.html"), ("in", "b.html"), ("in%2Fc.html", "c.html"), ("in%2F", "d.html")] {
        assert_eq!(upload(path, name).await.json(), json!({ "uploaded": [name], "errors": [] }), "{path} {name}");
    }
    let get = |path: &str| {
        let path = format!("/v4.0/html/{path}");
        let storages = &storages;
        async move {
            let answer = storages.get(&path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}: {}", text(&answer));
            answer
        }
    };
    assert_eq!(get("file?path=in/c.html&storageName=&versionId=").await.body, every_byte());
    let names = |list: &Value| -> Vec<Value> {
        list["value"].as_array().unwrap().iter().map(|entry| entry["name"].clone()).collect()
    };
    assert_eq!(names(&get("folder?path=in").await.json()), ["b.html", "c.html", "d.html"]);
    assert_eq!(names(&get("folder?path=/").await.json()), ["in", "a.html"]);
    assert_eq!(get("storage/exist?path=in").await.json(), json!({ "exists": true, "isFolder": true }));
    assert_eq!(get("storage/exist/storage?storageName=Main").await.json(), json!({ "exists": true }));
    assert!(get("storage/disc/usage").await.json()["usedSize"].is_u64());
    for (method, path) in
        [("POST", "folder?path=new"), ("DELETE", "file?path=a.html"), ("DELETE", "folder?path=in&recursive=true")]
    {
        storages.done(method, &format!("/v4.0/html/{path}")).await;
    }
    assert_eq!(storages.names("").await, ["new/"]);
    let missing = storages.send("GET", "/v4.0/html/file?path=none", Body::empty()).await;
    let error = missing.json();
    assert_eq!((missing.status, &error["error"]["code"]), (StatusCode::NOT_FOUND, &json!("errorItemNotFound")));
    assert!(error["requestId"].is_string() && error.get("RequestId").is_none());
}
