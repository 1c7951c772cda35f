//! How many connections there may be, and how large a head.

use countersign_server::{ConnectionLimits, Terms};
use tokio::io::AsyncWriteExt;

use crate::support::{CLOSING, REQUEST, Running, to_end, up_to};

fn terms(connections: usize, connections_per_address: usize) -> Terms {
    let limits = ConnectionLimits { connections, connections_per_address, ..ConnectionLimits::default() };
    Terms { limits, ..Terms::default() }
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_gets_a_new_one_for_each_that_ends() {
    let server = Running::start(terms(100, 3)).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut socket = server.connect().await;
        socket.write_all(REQUEST.as_bytes()).await.unwrap();
        up_to(&mut socket, "\r\n\r\nOK").await;
        held.push(socket);
    }
    assert_eq!(server.exchange(CLOSING).await, "");
    assert_eq!((server.connections.open(), server.connections.counts().refused()), (3, 1));
    let mut first = held.remove(0);
    first.write_all(CLOSING.as_bytes()).await.unwrap();
    to_end(&mut first).await;
    while server.connections.open() > 2 {
        tokio::task::yield_now().await;
    }
    assert!(server.answers().await);
}

#[tokio::test]
async fn all_together_have_a_limit_too_and_a_proxy_has_no_other() {
    let proxies = || ["127.0.0.0/8".parse().unwrap()].into_iter().collect();
    let server = Running::start(Terms { proxies: proxies(), ..terms(5, 2) }).await;
    let mut held = Vec::new();
    for _ in 0..5 {
        let mut socket = server.connect().await;
        socket.write_all(REQUEST.as_bytes()).await.unwrap();
        up_to(&mut socket, "\r\n\r\nOK").await;
        held.push(socket);
    }
    assert_eq!(server.exchange(CLOSING).await, "");
    // New terms hold for new connections.
    server.connections.renew(Terms { proxies: proxies(), ..terms(6, 2) });
    assert!(server.answers().await);
}

#[tokio::test]
async fn heads_that_are_too_large_are_refused() {
    let server = Running::start(Terms::default()).await;
    let request = |lines: String| format!("GET / HTTP/1.1\r\nhost: server.test\r\nconnection: close\r\n{lines}\r\n");
    let many = |count: usize| (0..count).map(|number| format!("x-{number}: 1\r\n")).collect::<String>();
    let long = |bytes: usize| format!("x-long: {}\r\n", "y".repeat(bytes));
    for good in [many(98), long(30_000)] {
        assert!(server.exchange(&request(good)).await.starts_with("HTTP/1.1 200 "));
    }
    for bad in [many(99), many(2000), long(33_000), long(3_000_000)] {
        let answer = server.exchange(&request(bad)).await;
        // Whoever goes on to send when the answer is there may meet the end of the connection first.
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    assert!(server.exchange(&request(many(99))).await.starts_with("HTTP/1.1 431 "));
    assert!(server.answers().await);
}

#[tokio::test]
async fn requests_that_come_at_once_are_answered_in_order() {
    let server = Running::start(Terms::default()).await;
    let requests =
        [REQUEST, "HEAD / HTTP/1.1\r\nhost: server.test\r\n\r\n", "GET /no HTTP/1.1\r\nhost: a\r\n\r\n", CLOSING];
    let answers = server.exchange(&requests.concat()).await;
    let statuses: Vec<_> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(statuses, ["200", "200", "404", "200"]);
    assert_eq!(answers.matches("\r\n\r\nOK").count(), 2);
}

#[tokio::test]
async fn a_body_that_nobody_reads_may_come_after_the_answer_was_clear() {
    let server = Running::start(Terms::default()).await;
    for length in [5, 60_000] {
        let mut socket = server.connect().await;
        let head = format!("POST /no HTTP/1.1\r\nhost: server.test\r\ncontent-length: {length}\r\n\r\n");
        socket.write_all(head.as_bytes()).await.unwrap();
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        socket.write_all(&vec![b'x'; length]).await.unwrap();
        socket.write_all(CLOSING.as_bytes()).await.unwrap();
        let answers = to_end(&mut socket).await;
        assert!(answers.starts_with("HTTP/1.1 404 ") && answers.ends_with("\r\n\r\nOK"), "{answers}");
    }
    // A long one ends its connection, and the answer says what was wrong.
    let mut socket = server.connect().await;
    socket.write_all(b"POST /no HTTP/1.1\r\nhost: server.test\r\ncontent-length: 1000000\r\n\r\nx").await.unwrap();
    assert!(to_end(&mut socket).await.starts_with("HTTP/1.1 404 "));
}
