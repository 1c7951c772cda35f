//! Uploads on real connections: bodies that are refused while they are being sent, that wait, and that break off.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::support::{Storages, WORDS};
use crate::targets::Listening;

fn head(storages: &Storages, target: &[u8], token: &str, more: &str) -> Vec<u8> {
    let _ = storages;
    let lines = format!(" HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n{more}\r\n");
    [b"PUT ", WORDS.as_bytes(), b"/file/", target, lines.as_bytes()].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_upload_is_answered_and_the_connection_goes_on() {
    let storages = Storages::new().await;
    let server = Listening::new(&storages.app).await;
    let body = vec![b'x'; 8 << 20];
    let length = format!("content-length: {}\r\n", body.len());
    let mut socket = server.connect().await;
    // All of it is sent before anything is read, as many clients do.
    socket.write_all(&head(&storages, b"a", "bad", &length)).await.unwrap();
    socket.write_all(&body).await.unwrap();
    let last = "content-length: 3\r\nconnection: close\r\n";
    socket.write_all(&[head(&storages, b"a", &storages.token, last), b"abc".to_vec()].concat()).await.unwrap();
    let mut answers = Vec::new();
    socket.read_to_end(&mut answers).await.unwrap();
    let answers = String::from_utf8_lossy(&answers).into_owned();
    assert!(answers.starts_with("HTTP/1.1 401 ") && answers.contains("HTTP/1.1 200 OK"), "{answers}");
    assert_eq!(storages.bytes("a").await, b"abc");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_waits_for_consent_gets_the_refusal_instead() {
    let storages = Storages::new().await;
    let server = Listening::new(&storages.app).await;
    let expecting = "content-length: 3\r\nexpect: 100-continue\r\nconnection: close\r\n";
    let refused = server.exchange(&[&head(&storages, b"a", "bad", expecting)]).await;
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    let taken = server.exchange(&[&head(&storages, b"a", &storages.token, expecting), b"abc"]).await;
    assert!(taken.starts_with("HTTP/1.1 100 Continue\r\n") && taken.contains("HTTP/1.1 200 OK"), "{taken}");
    assert_eq!(storages.bytes("a").await, b"abc");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_stores_nothing() {
    let storages = Storages::new().await;
    storages.put("a", "old").await;
    let server = Listening::new(&storages.app).await;
    for more in ["content-length: 1000\r\n", "transfer-encoding: chunked\r\n"] {
        let mut socket = server.connect().await;
        socket.write_all(&head(&storages, b"a", &storages.token, more)).await.unwrap();
        socket.write_all(b"5\r\nabcde\r\n").await.unwrap();
        socket.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer).await;
        assert!(!String::from_utf8_lossy(&answer).contains(" 200 "), "{more}");
        assert_eq!(storages.bytes("a").await, b"old", "{more}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_come_as_they_are_typed() {
    let storages = Storages::new().await;
    let server = Listening::new(&storages.app).await;
    for (target, name) in [
        (&b"caf\xe9.txt"[..], "caf\u{e9}.txt"),
        (b"caf\xc3\xa9-utf8.txt", "caf\u{e9}-utf8.txt"),
        (b"a%.txt", "a%.txt"),
        (b"a+b.txt", "a+b.txt"),
    ] {
        let chunked = "transfer-encoding: chunked\r\nconnection: close\r\n";
        let request =
            [head(&storages, target, &storages.token, chunked), b"3\r\n\xff\r\n\r\n0\r\n\r\n".to_vec()].concat();
        let answer = server.exchange(&[&request]).await;
        assert!(answer.contains(&format!("{{\"Uploaded\":[\"{name}\"],\"Errors\":[]}}")), "{answer}");
        let path = percent_encode(name);
        assert_eq!(storages.bytes(&path).await, b"\xff\r\n", "{name}");
    }
}

fn percent_encode(name: &str) -> String {
    name.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
