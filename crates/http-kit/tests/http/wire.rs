//! The same answers over a real connection, where the HTTP library has its say about lengths.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::file::{content, etag, router};

/// Sends one request to a server of its own and returns the head and the body of what comes back.
async fn exchange(request: &str) -> (String, Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let client = async {
        let request = format!("{request}Host: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let body = answer.split_off(end + 4);
        (String::from_utf8(answer).unwrap().to_ascii_lowercase(), body)
    };
    tokio::select! {
        _ = axum::serve(listener, router()) => panic!("the server ends only with the test"),
        answer = client => answer,
    }
}

#[tokio::test]
async fn a_get_has_its_length_and_its_bytes() {
    let (head, body) = exchange("GET /file HTTP/1.1\r\n").await;
    assert!(head.starts_with("http/1.1 200 ") && head.contains("\r\ncontent-length: 1000\r\n"), "{head}");
    assert!(!head.contains("transfer-encoding"), "{head}");
    assert_eq!(body, content());
}

#[tokio::test]
async fn several_ranges_have_their_length_and_their_bytes() {
    let (head, body) = exchange("GET /file HTTP/1.1\r\nRange: bytes=0-9,-1\r\n").await;
    assert!(head.starts_with("http/1.1 206 ") && !head.contains("transfer-encoding"), "{head}");
    assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())), "{head}");
}

#[tokio::test]
async fn a_head_has_the_length_and_no_bytes() {
    let (head, body) = exchange("HEAD /file HTTP/1.1\r\nRange: bytes=0-9\r\n").await;
    assert!(head.starts_with("http/1.1 200 ") && head.contains("\r\ncontent-length: 1000\r\n"), "{head}");
    assert!(body.is_empty());
}

/// RFC 9110 §8.6: a 304 must not carry a length other than that of the 200, and carries none here.
#[tokio::test]
async fn a_304_has_no_length_of_its_own() {
    let (head, body) = exchange(&format!("GET /file HTTP/1.1\r\nIf-None-Match: {}\r\n", etag())).await;
    assert!(head.starts_with("http/1.1 304 ") && !head.contains("content-length"), "{head}");
    assert!(body.is_empty());
}
