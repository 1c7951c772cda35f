//! Uploads in every form in which clients send a file.

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::StatusCode;
use serde_json::json;

use super::support::{MULTIPART, Storages, WORDS, every_byte, multipart, refusal, text};

#[tokio::test]
async fn a_file_is_the_body_or_a_part_of_it() {
    let storages = Storages::new().await;
    let bytes = every_byte();
    for (form, content_type, body) in [
        ("raw", Some("application/octet-stream"), bytes.clone()),
        ("raw, another type", Some("application/json"), bytes.clone()),
        ("raw, no type", None, bytes.clone()),
        ("parts without a boundary", Some("multipart/form-data"), bytes.clone()),
        ("a boundary that the body does not have", Some(MULTIPART), bytes.clone()),
        ("part `file`", Some(MULTIPART), multipart("name=\"file\"; filename=\"local.bin\"", &bytes)),
        ("part called like the file", Some(MULTIPART), multipart("name=\"a b.bin\"; filename=\"a b.bin\"", &bytes)),
        ("part `File`", Some(MULTIPART), multipart("name=\"File\"; filename=\"file.name\"", &bytes)),
        ("part without a file name", Some(MULTIPART), multipart("name=\"attachments\"", &bytes)),
        ("part `fileContent`", Some(MULTIPART), multipart("name=fileContent; filename=x", &bytes)),
    ] {
        let mut request = storages.request("PUT", &format!("{WORDS}/file/in/{}", "stored.bin"));
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let answer = storages.app.send(request.body(body.into()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{form}: {}", text(&answer));
        assert_eq!(answer.json(), json!({ "Uploaded": ["stored.bin"], "Errors": [] }), "{form}");
        assert_eq!(storages.bytes("in/stored.bin").await, bytes, "{form}");
        storages.done("DELETE", &format!("{WORDS}/file/in/stored.bin")).await;
    }
}

#[tokio::test]
async fn a_body_without_parts_needs_the_name_of_a_file() {
    let storages = Storages::new().await;
    let refused = storages.send("PUT", &format!("{WORDS}/file/in/"), "content").await;
    assert_eq!(refusal(&refused), (400, "errorPathInvalid".to_owned()));
    let listed = storages.get(&format!("{WORDS}/folder/")).await.json();
    assert_eq!(listed, json!({ "Value": [] }), "a file was called like the folder");
}

#[tokio::test]
async fn a_file_comes_in_pieces_and_behind_fields() {
    let storages = Storages::new().await;
    let large = vec![7_u8; 300_000];
    let fields = b"--XyZ\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nabout it\r\n".to_vec();
    let named = multipart("name=f; filename=f", &large);
    let body = [fields.clone(), named, b"epilogue".to_vec()].concat();
    let pieces: Vec<_> =
        body.chunks(1000).map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece))).collect();
    let path = format!("{WORDS}/file/large");
    let answer = storages.send_typed("PUT", &path, MULTIPART, Body::from_stream(stream::iter(pieces))).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", text(&answer));
    assert_eq!(storages.bytes("large").await, large);

    // Without a name, a long part is the file, and of short ones the first.
    let unnamed = multipart("name=f", &large);
    assert_eq!(storages.send_typed("PUT", &path, MULTIPART, [fields.clone(), unnamed].concat()).await.status, 200);
    assert_eq!(storages.bytes("large").await, large);
    let short = [fields, multipart("name=f", b"short")].concat();
    assert_eq!(storages.send_typed("PUT", &path, MULTIPART, short).await.status, 200);
    assert_eq!(storages.bytes("large").await, b"about it");
}

#[tokio::test]
async fn a_folder_takes_the_names_of_its_files() {
    let storages = Storages::new().await;
    let part = |name: &str| multipart(&format!("name=f; filename=\"{name}\""), b"bytes");
    let send = |path: &str, body: Vec<u8>| {
        let path = format!("{WORDS}/file/{path}");
        let storages = &storages;
        async move { storages.send_typed("PUT", &path, MULTIPART, body).await }
    };
    for (path, sent, name) in [
        ("in/", "a.txt", "a.txt"),
        ("in", "C:\\dir\\b.txt", "b.txt"),
        ("in", "/etc/../c d.txt", "c d.txt"),
        ("", "top", "top"),
    ] {
        let answer = send(path, part(sent)).await;
        assert_eq!(answer.json(), json!({ "Uploaded": [name], "Errors": [] }), "{path} {sent}");
    }
    assert_eq!(storages.names("in").await, ["a.txt", "b.txt", "c d.txt"]);
    assert_eq!(storages.names("").await, ["in/", "top"]);
    for sent in ["..", ".", "dir/", "dir\\.."] {
        assert_eq!(refusal(&send("in/", part(sent)).await), (400, "errorPathInvalid".to_owned()), "{sent}");
    }
    assert_eq!(refusal(&send("in/", multipart("name=f", b"x")).await), (400, "errorPathInvalid".to_owned()));
    assert_eq!(refusal(&storages.send("PUT", &format!("{WORDS}/file/in"), "raw").await).1, "errorPathInvalid");

    let two = |first: &str, second: &str| {
        let head =
            |name: &str| format!("--XyZ\r\nContent-Disposition: form-data; name=f; filename={name}\r\n\r\n{name}");
        format!("{}\r\n{}\r\n--XyZ--", head(first), head(second)).into_bytes()
    };
    assert_eq!(send("in", two("one", "two")).await.json()["Uploaded"], json!(["one", "two"]));
    assert_eq!(storages.bytes("in/two").await, b"two");
    assert_eq!(refusal(&send("new", two("one", "two")).await), (400, "errorUploadInvalid".to_owned()));
    assert_eq!(storages.names("").await, ["in/", "top"], "nothing of a refused upload is left");
}

#[tokio::test]
async fn what_breaks_off_is_not_stored() {
    let storages = Storages::new().await;
    storages.put("kept", "old").await;
    let whole = multipart("name=f; filename=f", b"new bytes");
    for length in [1, 40, whole.len() - 12, whole.len() - 3] {
        let answer =
            storages.send_typed("PUT", &format!("{WORDS}/file/kept"), MULTIPART, whole[..length].to_vec()).await;
        // Less than a boundary is a raw file, which is whole.
        if length > 10 {
            assert_eq!(refusal(&answer), (400, "errorUploadInvalid".to_owned()), "{length}");
            assert_eq!(storages.bytes("kept").await, b"old", "{length}");
        } else {
            storages.put("kept", "old").await;
        }
    }
    let broken = || {
        let pieces = [Ok(Bytes::from_static(b"--XyZ\r\n\r\nnew")), Err(std::io::Error::other("gone"))];
        Body::from_stream(stream::iter(pieces))
    };
    for content_type in ["application/octet-stream", MULTIPART] {
        let answer = storages.send_typed("PUT", &format!("{WORDS}/file/kept"), content_type, broken()).await;
        assert_eq!(refusal(&answer), (400, "errorUploadIncomplete".to_owned()), "{content_type}");
        assert_eq!(storages.bytes("kept").await, b"old");
    }
    let request = storages.request("PUT", &format!("{WORDS}/file/kept")).header("content-length", "10");
    let short = Body::from_stream(stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"short"))]));
    let answer = storages.app.send(request.body(short).unwrap()).await;
    assert_eq!(refusal(&answer), (400, "errorUploadIncomplete".to_owned()));
    assert_eq!(storages.bytes("kept").await, b"old");
}
