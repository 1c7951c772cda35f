//! Requests that leave through a proxy.

use std::sync::Arc;

use countersign_domain::outbound::OutboundPolicy;
use countersign_outbound::{EgressProxy, SendError, Sender};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Script, allowing, answer_each, listen, read_request, request};

#[tokio::test]
async fn a_proxy_is_asked_for_the_address_that_was_judged() {
    let (listener, address) = listen().await;
    #[expect(clippy::disallowed_methods, reason = "the proxy lives as long as the test")]
    let proxy = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(b"HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n").await.unwrap();
        let request = read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        (String::from_utf8(head).unwrap(), request)
    });
    let through = EgressProxy::parse(&format!("http://ada:secret@{address}")).unwrap();
    let sender = Sender::new(Script::new(&[&["1.2.3.4"]]), Some(Arc::new(through))).unwrap();
    let policy = OutboundPolicy { plain_http: true, ..OutboundPolicy::default() };
    let answer = sender.send(request("http://hooks.example/x", policy)).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.address), (204, "1.2.3.4:80".parse().unwrap()));
    let (head, request) = proxy.await.unwrap();
    let expected =
        "CONNECT 1.2.3.4:80 HTTP/1.1\r\nHost: 1.2.3.4:80\r\nProxy-Authorization: Basic YWRhOnNlY3JldA==\r\n\r\n";
    assert_eq!(head, expected);
    assert!(request.starts_with("POST /x HTTP/1.1\r\n"), "{request}");
    assert!(!request.to_ascii_lowercase().contains("proxy-authorization"), "{request}");
}

#[tokio::test]
async fn a_proxy_that_fails_is_told_apart_from_the_receiver() {
    let long = [&b"HTTP/1.1 200 OK\r\n"[..], &b"X: y\r\n".repeat(4000)].concat();
    for answer in [b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n".to_vec(), b"nonsense\r\n\r\n".to_vec(), long] {
        let (listener, address) = listen().await;
        #[expect(clippy::disallowed_methods, reason = "the proxy lives as long as the test")]
        let proxy = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.write_all(&answer).await;
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
        });
        let through = EgressProxy::parse(&format!("http://{address}")).unwrap();
        let sender = Sender::new(Script::new(&[&["1.2.3.4"]]), Some(Arc::new(through))).unwrap();
        let outcome = sender.send(request("https://hooks.example/", OutboundPolicy::default())).await;
        assert!(matches!(&outcome, Err(error @ SendError::Proxy(_)) if error.class() == "proxy"));
        proxy.await.unwrap();
    }
}

/// A proxy that answers one question with each of these.
fn proxy(listener: tokio::net::TcpListener, answers: &'static [&'static str]) -> tokio::task::JoinHandle<Vec<String>> {
    #[expect(clippy::disallowed_methods, reason = "the proxy lives as long as the test")]
    tokio::spawn(async move {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            asked.push(String::from_utf8(head).unwrap().lines().next().unwrap().to_owned());
            stream.write_all(answer.as_bytes()).await.unwrap();
            if answer.contains(" 200 ") {
                read_request(&mut stream).await;
                stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            }
        }
        asked
    })
}

#[tokio::test]
async fn an_address_that_the_proxy_cannot_reach_is_the_receivers_fault() {
    let policy = || OutboundPolicy { plain_http: true, ..OutboundPolicy::default() };
    let addresses: &[&str] = &["1.2.3.4", "1.2.3.5"];
    let (listener, address) = listen().await;
    let serving = proxy(listener, &["HTTP/1.1 503 Service Unavailable\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"]);
    let through = EgressProxy::parse(&format!("http://{address}")).unwrap();
    let sender = Sender::new(Script::new(&[addresses]), Some(through.into())).unwrap();
    let answer = sender.send(request("http://hooks.example/", policy())).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.address), (204, "1.2.3.5:80".parse().unwrap()));
    let asked = serving.await.unwrap();
    assert_eq!(asked, ["CONNECT 1.2.3.4:80 HTTP/1.1", "CONNECT 1.2.3.5:80 HTTP/1.1"]);

    let (listener, address) = listen().await;
    let serving = proxy(listener, &["HTTP/1.1 502 Bad Gateway\r\n\r\n", "HTTP/1.1 504 Gateway Timeout\r\n\r\n"]);
    let through = EgressProxy::parse(&format!("http://{address}")).unwrap();
    let sender = Sender::new(Script::new(&[addresses]), Some(through.into())).unwrap();
    let outcome = sender.send(request("http://hooks.example/", policy())).await;
    assert!(matches!(&outcome, Err(error @ SendError::Connect(_)) if error.class() == "connect"), "{outcome:?}");
    assert_eq!(serving.await.unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_says_nothing_is_not_held_against_the_receiver() {
    let (listener, address) = listen().await;
    let through = EgressProxy::parse(&format!("http://{address}")).unwrap();
    let sender = Sender::new(Script::new(&[&["1.2.3.4"]]), Some(through.into())).unwrap();
    let outcome = sender.send(request("https://hooks.example/", OutboundPolicy::default())).await;
    assert!(matches!(outcome, Err(SendError::Proxy(_))), "{outcome:?}");
    drop(listener);
}

#[tokio::test]
async fn what_the_operator_allows_by_address_is_not_beyond_the_proxy() {
    let (listener, address) = listen().await;
    let receiver = answer_each(listener, vec![b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()]);
    let nowhere = EgressProxy::parse("http://127.0.0.1:1").unwrap();
    let sender = Sender::new(Script::new(&[]), Some(Arc::new(nowhere))).unwrap();
    let answer = sender.send(request(&format!("http://{address}/"), allowing(&[address]))).await.unwrap();
    assert_eq!(answer.status.as_u16(), 204);
    assert_eq!(receiver.await.unwrap().len(), 1);
}
