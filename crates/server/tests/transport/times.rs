//! Clients that only hold a place: each is cut when its time has passed, and others do not notice them.
//!
//! The clock of the runtime stands still while a test pauses it, and goes on to the next alarm when nothing else is to do:
//! so minutes pass at once, and how many did is exact but for the real time that passed before.

use std::time::Duration;

use countersign_server::{ConnectionLimits, Terms};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::support::{LARGE, REQUEST, Running, tls_terms, to_end, up_to};

/// The stretch of real time in which a test opened its connections, before it made the clock stand still.
struct Opening {
    began: Instant,
    ended: Instant,
}

impl Opening {
    /// Makes the clock stand still.
    fn end(began: Instant) -> Self {
        tokio::time::pause();
        Self { began, ended: Instant::now() }
    }

    /// Whether what has happened just now is this long after the connections were opened.
    fn was_ago(&self, time: Duration) -> bool {
        // Alarms ring up to a millisecond late, and some are set by others.
        const LATE: Duration = Duration::from_millis(10);
        let now = Instant::now();
        self.began + time <= now && now <= self.ended + time + LATE
    }
}

#[tokio::test]
async fn a_head_has_ten_seconds_and_a_waiting_connection_more() {
    let server = Running::start(Terms::default()).await;
    let began = Instant::now();
    let (mut fresh, mut slow, mut kept) = (server.connect().await, server.connect().await, server.connect().await);
    kept.write_all(REQUEST.as_bytes()).await.unwrap();
    up_to(&mut kept, "\r\n\r\nOK").await;
    slow.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
    let opening = Opening::end(began);
    assert_eq!(to_end(&mut slow).await, "");
    assert!(opening.was_ago(Duration::from_secs(10)));
    for waiting in [&mut fresh, &mut kept] {
        to_end(waiting).await;
        assert!(opening.was_ago(Duration::from_secs(75)));
    }
    assert_eq!((server.cut("head"), server.cut("idle")), (1, 2));
    assert_eq!(server.connections.open(), 0);
}

#[tokio::test]
async fn a_byte_now_and_then_gains_no_time() {
    let server = Running::start(Terms::default()).await;
    let mut slow = server.connect().await;
    tokio::time::pause();
    let began = Instant::now();
    let mut head = b"GET / HTTP/1.1\r\nx: ".to_vec();
    head.extend([b'y'; 60]);
    for byte in head {
        if slow.write_all(&[byte]).await.is_err() {
            break;
        }
        tokio::time::timeout(Duration::from_secs(1), slow.readable()).await.ok();
    }
    assert_eq!(to_end(&mut slow).await, "");
    assert!(began.elapsed() < Duration::from_secs(80));
    assert_eq!(server.cut("head"), 1);
}

#[tokio::test]
async fn a_body_has_its_time_and_its_connection_ends_with_it() {
    let server = Running::start(Terms::default()).await;
    let mut slow = server.connect().await;
    slow.write_all(b"POST /body HTTP/1.1\r\nhost: server.test\r\ncontent-length: 100\r\n\r\n{").await.unwrap();
    tokio::time::pause();
    let began = Instant::now();
    let answer = to_end(&mut slow).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let seconds = began.elapsed().as_secs();
    assert!((30..=40).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_and_one_that_reads_slowly_is_not() {
    let server = Running::start(Terms::default()).await;
    let request = b"GET /large HTTP/1.1\r\nhost: server.test\r\nconnection: close\r\n\r\n";
    let (mut stalled, mut slow) = (server.connect().await, server.connect().await);
    stalled.write_all(request).await.unwrap();
    slow.write_all(request).await.unwrap();
    tokio::time::pause();
    // A megabyte in 20 seconds, and all of it in more than 20 minutes.
    let (mut piece, mut received) = (vec![0; 1 << 20], 0);
    loop {
        tokio::time::advance(Duration::from_secs(20)).await;
        let mut filled = 0;
        while filled < piece.len() {
            match slow.read(&mut piece[filled..]).await.unwrap() {
                0 => break,
                bytes => filled += bytes,
            }
        }
        received += filled;
        if filled < piece.len() {
            break;
        }
    }
    assert!(received > LARGE, "{received}");
    assert_eq!(server.cut("stalled"), 1);
    assert!(to_end(&mut stalled).await.len() < LARGE);
}

#[tokio::test]
async fn a_handshake_has_its_time() {
    let server = Running::start(tls_terms("first")).await;
    let began = Instant::now();
    let mut silent = server.connect().await;
    let opening = Opening::end(began);
    to_end(&mut silent).await;
    assert!(opening.was_ago(Duration::from_secs(10)));
    assert_eq!(server.connections.counts().failed_handshakes(), 1);
}

#[tokio::test]
async fn slow_clients_take_nothing_from_others() {
    const SLOW: usize = 100;
    let limits = ConnectionLimits {
        header_time: Duration::from_millis(500),
        stall_time: Duration::from_millis(500),
        ..ConnectionLimits::default()
    };
    let server = Running::start(Terms { limits, ..Terms::default() }).await;
    let mut held = Vec::new();
    for _ in 0..SLOW {
        let (mut head, mut reading, mut idle) =
            (server.connect().await, server.connect().await, server.connect().await);
        head.write_all(b"GET /").await.unwrap();
        reading.write_all(b"GET /large HTTP/1.1\r\nhost: server.test\r\n\r\n").await.unwrap();
        idle.write_all(REQUEST.as_bytes()).await.unwrap();
        up_to(&mut idle, "\r\n\r\nOK").await;
        held.push((head, reading, idle));
        assert!(server.answers().await);
    }
    tokio::time::pause();
    let mut turns = 0;
    while (server.cut("head"), server.cut("stalled")) != (SLOW as u64, SLOW as u64) {
        tokio::time::advance(Duration::from_millis(100)).await;
        assert!(server.answers().await);
        turns += 1;
        assert!(turns < 1000, "{} and {} were cut", server.cut("head"), server.cut("stalled"));
    }
    for (head, reading, _) in &mut held {
        assert_eq!(to_end(head).await, "");
        assert!(to_end(reading).await.len() < LARGE);
    }
    assert_eq!(server.connections.open(), SLOW, "those that wait are there");
}
