//! A file that stays open for the next download and is deleted meanwhile.

use std::time::Duration;

use countersign_server::Terms;

use crate::clients::{ask, get};
use crate::shop::Shop;

#[tokio::test]
async fn what_another_process_deletes_is_served_for_no_more_than_a_second() {
    let shop = Shop::open(Terms::default(), &[100_000]).await;
    let mut socket = shop.server.connect().await;
    let request = get(&shop.first().path, "");
    assert_eq!(ask(&mut socket, &request).await.status(), 200);
    std::fs::remove_file(shop.object(100_000)).unwrap();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(1)).await;
    for _ in 0..2 {
        assert_eq!(ask(&mut socket, &request).await.status(), 503);
    }
}

#[tokio::test]
async fn a_download_that_has_begun_goes_on() {
    let shop = Shop::open(Terms::default(), &[24 << 20]).await;
    let file = shop.first();
    let mut socket = shop.server.connect().await;
    let request = get(&file.path, "");
    tokio::io::AsyncWriteExt::write_all(&mut socket, request.as_bytes()).await.unwrap();
    let head = crate::clients::read_head(&mut socket).await;
    std::fs::remove_file(shop.object(24 << 20)).unwrap();
    let mut body = vec![0; crate::clients::length(&head)];
    tokio::io::AsyncReadExt::read_exact(&mut socket, &mut body).await.unwrap();
    assert!(body == file.bytes);
}
