//! Clients that go away in the middle of a write, on real connections: what they have told is there whole, or not at all.

use std::collections::BTreeSet;

use countersign_domain::event::Event;
use countersign_domain::ids::{DeviceId, SiteId};
use countersign_server::{Connections, Stop, Terms};
use countersign_store::repositories::Page;
use countersign_store::{Store, StoreError};
use http::StatusCode;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::licensing::{REGISTRATIONS, body, terms};
use crate::support::{App, good_token};

const CLIENTS: usize = 240;

/// Where a client breaks off.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// In its headers.
    Headers,
    /// In its body.
    Body,
    /// After all of its request.
    Answer,
    /// After the first byte of the answer.
    Reading,
}

fn cut(number: usize) -> Cut {
    [Cut::Headers, Cut::Body, Cut::Answer, Cut::Reading][number % 4]
}

async fn call(address: std::net::SocketAddr, number: usize) {
    let body = body(&format!("device-{number}"), json!({ "activationId": "ACT-1" })).to_string();
    let head = format!(
        "POST {REGISTRATIONS} HTTP/1.1\r\nhost: server.test\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
        good_token(),
        body.len()
    );
    let sent = match cut(number) {
        Cut::Headers => head.as_bytes()[..head.len() - 10].to_vec(),
        Cut::Body => [head.as_bytes(), &body.as_bytes()[..body.len() - 1]].concat(),
        Cut::Answer | Cut::Reading => [head.as_bytes(), body.as_bytes()].concat(),
    };
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(&sent).await.unwrap();
    if matches!(cut(number), Cut::Reading) {
        // An error here is as good: the connection has ended.
        let _ = socket.read_u8().await;
    }
    // Closed with bytes unread, the socket resets the connection under the server.
    drop(socket);
}

/// On one view of the store: the devices, those with an activation, and those that the outbox tells of. All three agree at
/// every moment.
async fn check_whole(store: &Store, site: SiteId) -> usize {
    let read = store.read::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let key = countersign_domain::text::LicenseKey::new("ACT-1").unwrap();
            let license = tx.licenses().find(site, &key).await?.unwrap();
            let devices: BTreeSet<DeviceId> =
                tx.devices().list(site, None, Page::first(1000)).await?.into_iter().map(|device| device.id).collect();
            let activated = tx.activations().list_of_license(license.id, Page::first(1000)).await?;
            let activated: BTreeSet<DeviceId> = activated.into_iter().map(|activation| activation.device).collect();
            let (mut registered, mut told) = (BTreeSet::new(), BTreeSet::new());
            for row in tx.outbox().list(site, Page::first(1000)).await? {
                if let Event::DeviceRegistered(device) = row.event {
                    registered.insert(device);
                }
                if let Event::LicenseActivated(_, device) = row.event {
                    told.insert(device);
                }
            }
            Ok((devices, activated, registered, told))
        })
    });
    let (devices, activated, registered, told) = read.await.unwrap();
    assert_eq!(devices, activated);
    assert_eq!(devices, registered);
    assert_eq!(devices, told);
    devices.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_leaves_its_write_whole_or_absent() {
    let app = App::new().await;
    app.license("Nordwind", None, "ACT-1", terms(1000)).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut serving = tokio::task::JoinSet::new();
    let router = app.router.clone();
    serving.spawn(async move { Connections::new(Terms::default()).serve(listener, router, &Stop::default()).await });

    let mut calls = tokio::task::JoinSet::new();
    for number in 0..CLIENTS {
        calls.spawn(call(address, number));
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap();
        check_whole(&app.world.store, app.site).await;
    }
    // Whoever had sent everything may still be under way; who had not leaves nothing.
    let complete = (0..CLIENTS).filter(|number| matches!(cut(*number), Cut::Answer | Cut::Reading)).count();
    assert!(check_whole(&app.world.store, app.site).await <= complete);
    for number in (0..CLIENTS).filter(|number| matches!(cut(*number), Cut::Headers | Cut::Body)) {
        assert_eq!(app.find_device(&format!("device-{number}")).await, None, "{number}");
    }
    // The server goes on, and those who read an answer's first byte are all there.
    assert_eq!(app.register("afterwards", "ACT-1").await, "");
    for number in (0..CLIENTS).filter(|number| matches!(cut(*number), Cut::Reading)) {
        assert!(app.find_device(&format!("device-{number}")).await.is_some(), "{number}");
    }
    assert_eq!(app.get("/ping").await.status, StatusCode::OK);
    serving.abort_all();
}
