//! What is sent, and what becomes of answers of every kind.

use std::time::Duration;

use countersign_domain::ids::SiteId;
use countersign_outbound::{Limits, Phase, RetryAfter, SendError};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{allowing, answer_each, listen, read_request, request, sender};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn a_request_goes_out_as_it_was_given() {
    let (listener, address) = listen().await;
    let receiver = answer_each(listener, vec![OK.to_vec()]);
    let mut asked = request(&format!("http://hooks.example:{}/in?key=a%20b", address.port()), allowing(&[address]));
    asked.headers = HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (AUTHORIZATION, HeaderValue::from_static("Bearer x")),
        // Those are not the caller's.
        (HOST, HeaderValue::from_static("other.example")),
        (CONTENT_LENGTH, HeaderValue::from_static("7")),
    ]);
    let answer = sender().send(asked).await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.body[..], answer.is_cut), (200, &b"ok"[..], false));
    assert_eq!((answer.address, answer.tls, answer.retry_after), (address, None, None));
    let sent = receiver.await.unwrap().remove(0).to_ascii_lowercase();
    assert!(sent.starts_with("post /in?key=a%20b http/1.1\r\n"), "{sent}");
    for line in ["content-type: application/json", "authorization: bearer x", "content-length: 2"] {
        assert_eq!(sent.matches(&format!("\r\n{line}\r\n")).count(), 1, "{line} in {sent}");
    }
    assert!(sent.contains(&format!("\r\nhost: hooks.example:{}\r\n", address.port())), "{sent}");
    assert!(sent.contains("\r\nuser-agent: countersign/"), "{sent}");
    assert!(!sent.contains("other.example"), "{sent}");
}

#[tokio::test]
async fn check_09_redirects_are_answers_like_any_other() {
    for status in [301, 302, 303, 307, 308] {
        let (listener, address) = listen().await;
        let there = "Location: http://127.0.0.1:1/elsewhere";
        let text = format!("HTTP/1.1 {status} Moved\r\n{there}\r\nContent-Length: 0\r\n\r\n");
        let receiver = answer_each(listener, vec![text.into_bytes()]);
        let answer = sender().send(request(&format!("http://{address}/"), allowing(&[address]))).await.unwrap();
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(receiver.await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn check_09_a_busy_receiver_says_for_how_long() {
    let (listener, address) = listen().await;
    let text = b"HTTP/1.1 429 Slow down\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n";
    let _receiver = answer_each(listener, vec![text.to_vec()]);
    let answer = sender().send(request(&format!("http://{address}/"), allowing(&[address]))).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.retry_after), (429, Some(RetryAfter::Seconds(120))));
}

#[tokio::test]
async fn the_beginning_of_a_long_answer_is_kept_and_the_status_counts() {
    for (body, is_cut) in [(&b"0123456789"[..], false), (b"0123456789a", true)] {
        let (listener, address) = listen().await;
        let head = format!("HTTP/1.1 202 Accepted\r\nContent-Length: {}\r\n\r\n", body.len());
        let _receiver = answer_each(listener, vec![[head.as_bytes(), body].concat()]);
        let mut asked = request(&format!("http://{address}/"), allowing(&[address]));
        asked.limits.kept = 10;
        let answer = sender().send(asked).await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.body[..], answer.is_cut), (202, &b"0123456789"[..], is_cut));
    }
    // One that breaks off, and one that never ends.
    let (listener, address) = listen().await;
    let endless =
        [&b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"[..], &b"4\r\nabcd\r\n".repeat(100_000)].concat();
    let broken = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc".to_vec();
    let _receiver = answer_each(listener, vec![endless, broken]);
    let sender = sender();
    let asked = || request(&format!("http://{address}/"), allowing(&[address]));
    let answer = sender.send(asked()).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.body.len(), answer.is_cut), (200, 16 * 1024, true));
    let answer = sender.send(asked()).await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.body[..], answer.is_cut), (200, &b"abc"[..], true));
}

#[tokio::test]
async fn what_is_no_http_is_no_answer() {
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(20_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(100));
    for text in ["", "SSH-2.0-OpenSSH_9.9\r\n", "HTTP/1.1 200 OK\r\nContent-", "HTTP/9.9 200\r\n\r\n", &long, &many] {
        let (listener, address) = listen().await;
        let _receiver = answer_each(listener, vec![text.as_bytes().to_vec()]);
        let outcome = sender().send(request(&format!("http://{address}/"), allowing(&[address]))).await;
        assert!(matches!(outcome, Err(SendError::Broken(_))), "{:?}", outcome.map(|answer| answer.status));
    }
}

#[tokio::test]
async fn nobody_there_is_told_apart() {
    let (listener, address) = listen().await;
    drop(listener);
    let outcome = sender().send(request(&format!("http://{address}/"), allowing(&[address]))).await;
    assert!(matches!(&outcome, Err(error @ SendError::Connect(_)) if error.class() == "connect"));
    let nowhere = countersign_outbound::Sender::new(crate::support::Script::new(&[]), None).unwrap();
    let outcome = nowhere.send(request("https://hooks.example/", allowing(&[]))).await;
    assert!(matches!(&outcome, Err(error @ SendError::Resolve(_)) if error.class() == "resolve"));
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_says_nothing_is_given_up_in_time() {
    let (listener, address) = listen().await;
    let mut asked = request(&format!("http://{address}/"), allowing(&[address]));
    asked.limits = Limits { whole: Duration::from_secs(7), ..Limits::default() };
    let begin = tokio::time::Instant::now();
    let outcome = sender().send(asked).await;
    assert!(matches!(outcome, Err(SendError::TimedOut(Phase::Answer, limit)) if limit.as_secs() == 7));
    assert_eq!(begin.elapsed().as_secs(), 7);
    drop(listener);
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_does_not_change_the_outcome() {
    let (listener, address) = listen().await;
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab";
    #[expect(clippy::disallowed_methods, reason = "the receiver lives as long as the test")]
    let receiver = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(head).await.unwrap();
        // Nothing more, until the sender has gone.
        stream.read_u8().await.unwrap_err();
    });
    let answer = sender().send(request(&format!("http://{address}/"), allowing(&[address]))).await.unwrap();
    assert_eq!((answer.status.as_u16(), &answer.body[..], answer.is_cut), (200, &b"ab"[..], true));
    assert_eq!(answer.took.as_secs(), 15);
    receiver.await.unwrap();
}

/// A receiver that serves everything on connections that it keeps, and tells how many there were.
#[tokio::test]
async fn a_connection_is_used_again_for_the_same_site_and_receiver_only() {
    let (listener, address) = listen().await;
    #[expect(clippy::disallowed_methods, reason = "the receiver lives as long as the test")]
    let receiver = tokio::spawn(async move {
        let mut served = Vec::new();
        // Two connections, each with two requests; the third is closed by the receiver after one.
        for requests in [2, 2, 1, 1] {
            let (mut stream, _) = listener.accept().await.unwrap();
            for _ in 0..requests {
                served.push(read_request(&mut stream).await);
                stream.write_all(OK).await.unwrap();
            }
        }
        served.len()
    });
    let sender = sender();
    for (site, host) in [(1, "a.example"), (1, "a.example"), (2, "a.example"), (2, "a.example"), (1, "b.example")] {
        let mut asked = request(&format!("http://{host}:{}/", address.port()), allowing(&[address]));
        asked.site = SiteId(site);
        assert_eq!(sender.send(asked).await.unwrap().status.as_u16(), 200);
    }
    // The receiver has closed that one in the meantime: the request goes over another, and nobody notices.
    let asked = request(&format!("http://b.example:{}/", address.port()), allowing(&[address]));
    assert_eq!(sender.send(asked).await.unwrap().status.as_u16(), 200);
    assert_eq!(receiver.await.unwrap(), 6);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_it_waited_costs_no_time() {
    let (listener, address) = listen().await;
    let (close, to_close) = tokio::sync::oneshot::channel();
    let (closed, is_closed) = tokio::sync::oneshot::channel();
    #[expect(clippy::disallowed_methods, reason = "the receiver lives as long as the test")]
    let receiver = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(OK).await.unwrap();
        to_close.await.unwrap();
        drop(stream);
        closed.send(()).unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(OK).await.unwrap();
    });
    let sender = sender();
    let asked = || request(&format!("http://{address}/"), allowing(&[address]));
    assert_eq!(sender.send(asked()).await.unwrap().status.as_u16(), 200);
    close.send(()).unwrap();
    is_closed.await.unwrap();
    // Whoever hears of this connection has heard of the end of that one.
    let (_listener, elsewhere) = listen().await;
    tokio::net::TcpStream::connect(elsewhere).await.unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(5), sender.send(asked())).await;
    assert_eq!(answer.expect("it was waited for").unwrap().status.as_u16(), 200);
    receiver.await.unwrap();
}

#[tokio::test]
async fn what_a_receiver_has_begun_to_answer_is_not_sent_again() {
    let (listener, address) = listen().await;
    let begun = [OK.to_vec(), b"HTTP/1.1 2".to_vec()];
    #[expect(clippy::disallowed_methods, reason = "the receiver lives as long as the test")]
    let receiver = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        for answer in begun {
            read_request(&mut stream).await;
            stream.write_all(&answer).await.unwrap();
        }
        drop(stream);
        listener.accept().await.unwrap();
    });
    let sender = sender();
    let asked = || request(&format!("http://{address}/"), allowing(&[address]));
    assert_eq!(sender.send(asked()).await.unwrap().status.as_u16(), 200);
    let outcome = sender.send(asked()).await;
    assert!(matches!(outcome, Err(SendError::Broken(_))), "{outcome:?}");
    assert!(!receiver.is_finished());
    receiver.abort();
}

#[tokio::test(start_paused = true)]
async fn what_a_receiver_has_worked_on_is_not_sent_again() {
    let (listener, address) = listen().await;
    #[expect(clippy::disallowed_methods, reason = "the receiver lives as long as the test, and its time is moved")]
    let receiver = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(OK).await.unwrap();
        read_request(&mut stream).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        drop(stream);
        listener.accept().await.unwrap();
    });
    let sender = sender();
    let asked = || request(&format!("http://{address}/"), allowing(&[address]));
    assert_eq!(sender.send(asked()).await.unwrap().status.as_u16(), 200);
    let outcome = sender.send(asked()).await;
    assert!(matches!(outcome, Err(SendError::Broken(_))), "{outcome:?}");
    assert!(!receiver.is_finished());
    receiver.abort();
}

/// A receiver that answers once and keeps its connection until the sender has gone.
fn keeping(listener: tokio::net::TcpListener) -> tokio::task::JoinHandle<()> {
    #[expect(clippy::disallowed_methods, reason = "the receiver lives as long as the test")]
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(OK).await.unwrap();
        stream.read_u8().await.unwrap_err();
    })
}

#[tokio::test]
async fn a_connection_that_nobody_uses_any_more_is_closed() {
    let (listener, address) = listen().await;
    let (other, elsewhere) = listen().await;
    let (left, kept) = (keeping(listener), keeping(other));
    let sender = sender();
    for to in [address, elsewhere] {
        let answer = sender.send(request(&format!("http://{to}/"), allowing(&[to]))).await.unwrap();
        assert_eq!(answer.status.as_u16(), 200);
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(21)).await;
        tokio::time::resume();
    }
    tokio::time::timeout(Duration::from_secs(10), left).await.unwrap().unwrap();
    assert!(!kept.is_finished());
}
