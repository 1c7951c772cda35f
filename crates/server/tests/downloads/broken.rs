//! Files that become shorter while they are sent, and answers whose pieces got lost: the connection ends, with nothing in it
//! that is not the file.

use axum::Router;
use axum::body::Body;
use axum::extract::Extension;
use axum::routing::get as route;
use bytes::Bytes;
use countersign_http_kit::passage::{FilePiece, Passage};
use countersign_server::Terms;
use std::fs::File;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::clients::{get, length, read_head};
use crate::shop::Shop;
use crate::sockets::{Running, tls_connect, tls_terms, to_end};

const LENGTH: usize = 24 << 20;

#[tokio::test]
async fn a_file_that_is_cut_short_breaks_the_connection() {
    let shop = Shop::open(Terms::default(), &[LENGTH]).await;
    is_broken_off(&shop, shop.server.connect().await).await;
    let shop = Shop::open(tls_terms("first"), &[LENGTH]).await;
    is_broken_off(&shop, tls_connect(shop.server.address, &["http/1.1"]).await).await;
}

async fn is_broken_off<S: AsyncRead + AsyncWrite + Unpin>(shop: &Shop, mut socket: S) {
    let file = shop.first();
    socket.write_all(get(&file.path, "").as_bytes()).await.unwrap();
    assert_eq!(length(&read_head(&mut socket).await), LENGTH);
    let mut body = vec![0; 10_000];
    socket.read_exact(&mut body).await.unwrap();
    File::options().write(true).open(shop.object(LENGTH)).unwrap().set_len((LENGTH - 1000) as u64).unwrap();
    // A connection that breaks may end with an error.
    let _ = socket.read_to_end(&mut body).await;
    assert!(body.len() < LENGTH && file.bytes.starts_with(&body), "{} bytes", body.len());
    shop.is_quiet().await;
}

#[tokio::test]
async fn a_file_that_was_cut_short_before_is_no_answer() {
    let shop = Shop::open(Terms::default(), &[100_000]).await;
    File::options().write(true).open(shop.object(100_000)).unwrap().set_len(99_999).unwrap();
    let answer = shop.server.exchange(&get(&shop.first().path, "connection: close\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
}

#[tokio::test]
async fn what_stands_for_a_piece_is_never_sent() {
    let piece = || FilePiece::first_of(Arc::new(File::open("/dev/zero").unwrap()), &(0..5000)).unwrap();
    let lost = move |Extension(passage): Extension<Passage>| async move {
        drop(passage.hand_over(piece()));
        Body::from(passage.hand_over(piece()))
    };
    let twice = move |Extension(passage): Extension<Passage>| async move {
        let bytes = passage.hand_over(piece());
        Body::from_stream(futures_util::stream::iter([bytes.clone(), bytes].map(Ok::<_, std::io::Error>)))
    };
    let cut =
        move |Extension(passage): Extension<Passage>| async move { Body::from(passage.hand_over(piece()).slice(1..)) };
    let foreign = move || async move { Body::from(Passage::default().hand_over(piece())) };
    let rest = || async { Body::from(Bytes::from_static(b"rest")) };
    let router = Router::new()
        .route("/lost", route(lost))
        .route("/twice", route(twice))
        .route("/cut", route(cut))
        .route("/foreign", route(foreign))
        .route("/rest", route(rest));
    let server = Running::serving(Terms::default(), router).await;
    for path in ["/lost", "/cut", "/foreign"] {
        let both = [get(path, ""), get("/rest", "connection: close\r\n")].concat();
        let answer = server.exchange(&both).await;
        assert!(!answer.contains('\0') && !answer.ends_with("rest"), "{path}: {answer}");
    }
    // The first one was right.
    let answer = server.exchange(&get("/twice", "")).await;
    assert!(answer.matches('\0').count() <= 5000 && !answer.ends_with("0\r\n\r\n"));
}

#[tokio::test]
async fn where_the_program_sends_files_itself_it_is_not_offered_pieces() {
    let offered = |passage: Option<Extension<Passage>>| async move { passage.is_some().to_string() };
    let router = || Router::new().route("/", route(offered));
    let request = get("/", "connection: close\r\n");
    let plain = Running::serving(Terms::default(), router()).await;
    assert!(plain.exchange(&request).await.ends_with(&format!("\r\n\r\n{}", cfg!(target_os = "linux"))));
    let secure = Running::serving(tls_terms("first"), router()).await;
    let mut socket = tls_connect(secure.address, &["http/1.1"]).await;
    socket.write_all(request.as_bytes()).await.unwrap();
    assert!(to_end(&mut socket).await.ends_with("\r\n\r\nfalse"));
}
