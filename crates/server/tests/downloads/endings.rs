//! How downloads end, and what is said about it: clients that go away, take long, or take nothing.

use std::time::Duration;

use bytes::BufMut as _;
use countersign_http_kit::access_log::Ending;
use countersign_server::Terms;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use crate::clients::{ask, get, length, read_head};
use crate::shop::Shop;
use crate::sockets::to_end;

/// More than all buffers between a server and a client that does not read.
const LARGE: usize = 24 << 20;

#[tokio::test]
async fn a_line_tells_how_a_download_ended() {
    let shop = Shop::open(Terms::default(), &[30, LARGE]).await;
    let (small, large) = (&shop.files[0], &shop.files[1]);
    let mut socket = shop.server.connect().await;
    assert_eq!(ask(&mut socket, &get(&small.path, "")).await.body, small.bytes);
    assert!(ask(&mut socket, &get(&large.path, "")).await.body == large.bytes);
    assert_eq!(ask(&mut socket, &get(&large.path, "range: bytes=5-99\r\n")).await.body, large.bytes[5..100]);
    socket.write_all(get(&large.path, "").as_bytes()).await.unwrap();
    read_head(&mut socket).await;
    drop(socket);
    shop.is_quiet().await;
    let told = shop.told();
    let endings: Vec<_> = told.iter().map(|told| (told.ending, told.status)).collect();
    let complete = |status| (Ending::Complete, status);
    assert_eq!(endings, [complete(200), complete(200), complete(206), (Ending::Abandoned, 200)]);
    let bytes: Vec<u64> = told.iter().map(|told| told.bytes).collect();
    assert_eq!(bytes[..3], [30, LARGE as u64, 95]);
    assert!(bytes[3] < LARGE as u64);
}

#[tokio::test]
async fn a_file_that_breaks_off_is_no_complete_download() {
    let shop = Shop::open(Terms::default(), &[LARGE]).await;
    let mut socket = shop.server.connect().await;
    socket.write_all(get(&shop.first().path, "").as_bytes()).await.unwrap();
    read_head(&mut socket).await;
    let object = std::fs::File::options().write(true).open(shop.object(LARGE)).unwrap();
    object.set_len(LARGE as u64 / 2).unwrap();
    to_end(&mut socket).await;
    shop.is_quiet().await;
    assert_eq!(shop.told()[0].ending, Ending::Failed);
}

#[tokio::test]
async fn a_client_with_small_buffers_gets_all_of_it() {
    let shop = Shop::open(Terms::default(), &[(2 << 20) + 11]).await;
    let file = shop.first();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut socket = socket.connect(shop.server.address).await.unwrap();
    socket.write_all(get(&file.path, "connection: close\r\n").as_bytes()).await.unwrap();
    let head = read_head(&mut socket).await;
    let mut body = Vec::with_capacity(length(&head));
    while socket.read_buf(&mut (&mut body).limit(3000)).await.unwrap() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(body == file.bytes);
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut_and_a_slow_one_is_not() {
    let shop = Shop::open(Terms::default(), &[LARGE]).await;
    let request = get(&shop.first().path, "connection: close\r\n");
    let (mut stalled, mut slow) = (shop.server.connect().await, shop.server.connect().await);
    stalled.write_all(request.as_bytes()).await.unwrap();
    slow.write_all(request.as_bytes()).await.unwrap();
    let mut body = vec![0; length(&read_head(&mut slow).await)];
    tokio::time::pause();
    for piece in body.chunks_mut(1 << 20) {
        tokio::time::advance(Duration::from_secs(20)).await;
        slow.read_exact(piece).await.unwrap();
    }
    assert!(body == shop.first().bytes);
    assert_eq!(shop.server.cut("stalled"), 1);
    assert!(to_end(&mut stalled).await.len() < LARGE);
}

#[tokio::test]
async fn a_stop_waits_for_a_download_and_a_cut_does_not() {
    let shop = Shop::open(Terms::default(), &[LARGE]).await;
    let request = get(&shop.first().path, "");
    let (mut first, mut second) = (shop.server.connect().await, shop.server.connect().await);
    for socket in [&mut first, &mut second] {
        socket.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(length(&read_head(socket).await), LARGE);
    }
    shop.server.stop.ask();
    let mut body = vec![0; LARGE];
    first.read_exact(&mut body).await.unwrap();
    assert!(body == shop.first().bytes);
    shop.server.connections.cut_all();
    assert!(to_end(&mut second).await.len() < LARGE);
    shop.is_quiet().await;
}
