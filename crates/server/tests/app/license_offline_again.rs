//! Files for devices without a connection that come again, altered or not, and how many may come.

use std::time::Duration;

use countersign_domain::text::HardwareId;
use countersign_domain::time::Timestamp;
use countersign_store::StoreError;
use countersign_store::repositories::OfflineRequest;
use http::StatusCode;
use serde_json::json;

use crate::license_offline::{Device, KEY, carried, date, send};
use crate::license_support::{HARDWARE, Licensing, endless, identity, refusal, refused};

#[tokio::test]
async fn a_file_that_comes_again_writes_nothing_over_what_is_newer() {
    let door = Licensing::new().await;
    let id = door.license(KEY, endless(1), carried()).await;
    let file = Device::new(&door, "activation", "r-1").with("variables", json!({ "room": "old" })).first();
    let first = send(&door, "/activate_offline", file.clone()).await;
    assert_eq!(first.json()["variables"][0]["value"], "old", "{}", String::from_utf8_lossy(&first.body));
    let mut online = identity(KEY, HARDWARE);
    online["variables"] = json!({ "room": "new" });
    online["hostname"] = json!("newer");
    door.verified(&door.post("/activate_license", &online).await).await;
    let again = send(&door, "/activate_offline", file).await;
    assert_eq!(again.json()["variables"][0]["value"], "new", "{}", String::from_utf8_lossy(&again.body));
    let (site, hardware) = (door.app.site, HardwareId::new(HARDWARE).unwrap());
    let found = door.app.world.store.read::<_, StoreError, _>(move |tx| {
        Box::pin(async move {
            let (device, activation) = tx.activations().find_by_hardware(site, id, &hardware).await?.unwrap();
            let (facts, _) = tx.device_details().facts(device.id).await?.unwrap();
            Ok((activation.offline, facts.hostname))
        })
    });
    assert_eq!(found.await.unwrap(), (false, "newer".to_owned()));
}

#[tokio::test]
async fn what_a_file_of_the_second_form_carries_is_used_up_with_it() {
    let door = Licensing::new().await;
    let id = door.license(KEY, endless(1), carried()).await;
    let first = Device::new(&door, "activation", "r-1");
    let date = first.request["date"].as_str().unwrap().to_owned();
    let text: serde_json::Value =
        serde_json::from_slice(&countersign_crypto::encoding::base64_decode(first.first().trim()).unwrap()).unwrap();
    // Clients write the signature of the first form into the second.
    let carrying = first.second(&text.to_string());
    assert_eq!(send(&door, "/activate_offline", carrying).await.status, StatusCode::OK);
    let forged = |kind, id| Device::new(&door, kind, id).with("date", date.as_str()).first();
    let used = refused("offline_request_used");
    door.app.world.clock.advance(Duration::from_secs(60));
    assert_eq!(refusal(&send(&door, "/deactivate_offline", forged("deactivation", "f-1")).await), used);
    assert_eq!(door.row(id).await.activations, 1);
    door.post("/deactivate_license", &identity(KEY, HARDWARE)).await;
    assert_eq!(refusal(&send(&door, "/activate_offline", forged("activation", "f-2")).await), used);
    assert_eq!(door.row(id).await.activations, 0);
}

#[tokio::test]
async fn no_file_around_a_used_signature_activates_anew() {
    let door = Licensing::new().await;
    let id = door.license(KEY, endless(1), carried()).await;
    let made = door.now();
    let first = Device::new(&door, "activation", "r-1").first();
    door.app.world.clock.advance(Duration::from_secs(60));
    let answered = date(door.now());
    assert_eq!(send(&door, "/activate_offline", first).await.status, StatusCode::OK);
    let forged = |id: &str, at: &str| Device::new(&door, "activation", id).with("date", at).first();
    // Around the signatures of the file and of its answer, which anyone has who has the response.
    let near = date(Timestamp::from_seconds(made.as_seconds() + 1));
    let beside = Device::new(&door, "activation", "f-0").with("date", near.as_str()).first_signed_at(&date(made));
    let forgeries = [beside, forged("f-1", &date(made)), forged("f-2", &answered)];
    assert_eq!(send(&door, "/activate_offline", forgeries[1].clone()).await.status, StatusCode::OK, "it is active");

    door.app.world.clock.advance(Duration::from_secs(60));
    let taken = date(door.now());
    let back = |id: &str| Device::new(&door, "deactivation", id).with("date", taken.as_str()).first();
    assert_eq!(send(&door, "/deactivate_offline", back("d-1")).await.status, StatusCode::OK);
    let used = refused("offline_request_used");
    for forgery in forgeries.iter().chain([&forged("f-3", &taken)]) {
        assert_eq!(refusal(&send(&door, "/activate_offline", forgery.clone()).await), used);
    }
    assert_eq!(door.row(id).await.activations, 0);

    // Nor does one deactivate anew. A device that makes a file of its own goes on.
    door.app.world.clock.advance(Duration::from_secs(60));
    let fresh = Device::new(&door, "activation", "r-2").first();
    assert_eq!(send(&door, "/activate_offline", fresh).await.status, StatusCode::OK);
    assert_eq!(refusal(&send(&door, "/deactivate_offline", back("d-2")).await), used);
    assert_eq!(refusal(&send(&door, "/activate_offline", forgeries[2].clone()).await), used);
    assert_eq!(door.row(id).await.activations, 1);
    // The second form answers with such a signature, too.
    let second = Device::new(&door, "deactivation", "d-3");
    assert_eq!(send(&door, "/deactivate_offline", second.second(&second.request.to_string())).await.status, 200);
    door.app.world.clock.advance(Duration::from_secs(60));
    let second = Device::new(&door, "activation", "r-3").with("date", date(made));
    let answered = date(door.now());
    assert_eq!(send(&door, "/activate_offline", second.second(&second.request.to_string())).await.status, 200);
    door.app.world.clock.advance(Duration::from_secs(60));
    assert_eq!(send(&door, "/deactivate_offline", Device::new(&door, "deactivation", "d-4").first()).await.status, 200);
    assert_eq!(refusal(&send(&door, "/activate_offline", forged("f-4", &answered)).await), used);
}

#[tokio::test]
async fn too_many_files_of_one_activation_are_refused_until_it_ends() {
    let door = Licensing::new().await;
    let id = door.license(KEY, endless(1), carried()).await;
    let file = |id: &str| Device::new(&door, "activation", id).first();
    assert_eq!(send(&door, "/activate_offline", file("r-1")).await.status, StatusCode::OK);
    let (site, hardware) = (door.app.site, HardwareId::new(HARDWARE).unwrap());
    let written = door.app.world.store.write::<_, StoreError, _>(move |tx| {
        let hardware = hardware.clone();
        Box::pin(async move {
            let (device, _) = tx.activations().find_by_hardware(site, id, &hardware).await?.unwrap();
            let done_at = tx.now().await?;
            for number in 0..3000 {
                let used = OfflineRequest { id: format!("n-{number}"), digest: [0; 32], device: device.id, done_at };
                assert!(tx.offline_requests().insert(site, &used).await?);
            }
            Ok(())
        })
    });
    written.await.unwrap();
    door.app.world.clock.advance(Duration::from_secs(60));
    let answer = send(&door, "/activate_offline", file("r-2")).await;
    assert_eq!(refusal(&answer), refused("offline_activation_not_allowed"));
    assert!(String::from_utf8_lossy(&answer.body).contains("countersign license release"));
    let back = Device::new(&door, "deactivation", "d-1").first();
    assert_eq!(send(&door, "/deactivate_offline", back).await.status, StatusCode::OK);
    door.app.world.clock.advance(Duration::from_secs(60));
    assert_eq!(send(&door, "/activate_offline", file("r-3")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_file_that_was_held_back_does_not_give_back_what_came_later() {
    let door = Licensing::new().await;
    let id = door.license(KEY, endless(1), carried()).await;
    let file = |kind, id: &str| {
        let device = Device::new(&door, kind, id);
        device.second(&device.request.to_string())
    };
    let minute = Duration::from_secs(60);
    assert_eq!(send(&door, "/activate_offline", file("activation", "a-1")).await.status, StatusCode::OK);
    door.app.world.clock.advance(minute);
    let older = file("activation", "a-2");
    door.app.world.clock.advance(minute);
    let held_back = file("deactivation", "d-1");
    door.app.world.clock.advance(minute);
    assert_eq!(send(&door, "/activate_offline", file("activation", "a-3")).await.status, StatusCode::OK);
    // One that is older than that, and brought after it, makes nothing older.
    assert_eq!(send(&door, "/activate_offline", older).await.status, StatusCode::OK);
    let refusal = refusal(&send(&door, "/deactivate_offline", held_back).await);
    assert_eq!((refusal, door.row(id).await.activations), (refused("offline_request_expired"), 1));
    door.app.world.clock.advance(minute);
    assert_eq!(send(&door, "/deactivate_offline", file("deactivation", "d-2")).await.status, StatusCode::OK);
    assert_eq!(door.row(id).await.activations, 0);
}
