//! Devices that register and report, and a producer that publishes, as fast as they can until the server is gone.

use std::sync::mpsc::Sender;
use std::thread::JoinHandle;

use anyhow::{Result, anyhow, ensure};
use countersign_interop::{Caller, Random};
use serde_json::{Value, json};

use crate::setup::Tokens;

/// Threads of devices.
const DEVICES: u32 = 4;

/// Something that the server has acknowledged.
#[derive(Debug)]
pub(crate) enum Acknowledged {
    /// The device has logged an event of that name.
    Event(String),
    /// An update is published, to a package with a file that is made of this number.
    Published(String, u64),
    /// A device has registered; the outcome is to be polled. `wants`: with the license of which there are too few.
    Registered { id: String, wants: bool, poll: String },
    /// The device has reported a status with that code.
    Status(i64),
}

/// The threads that send.
pub(crate) struct Streams(Vec<JoinHandle<Result<()>>>);

impl Streams {
    pub(crate) fn start(
        base_url: &str,
        tokens: &Tokens,
        round: u32,
        acknowledged: &Sender<Acknowledged>,
    ) -> Result<Self> {
        let stream = |thread: u32| {
            let (caller, tokens, sender) = (Caller::new(base_url), tokens.clone(), acknowledged.clone());
            let stream = move || {
                for number in 0.. {
                    let name = format!("{round}-{thread}-{number}");
                    let sent = if thread == DEVICES {
                        publish(&caller, &tokens, &sender, &name, u64::from(round) << 32 | number)
                    } else {
                        let code = i64::from(round) << 40 | i64::from(thread) << 32 | i64::try_from(number)?;
                        tell(&caller, &tokens, &sender, &name, code, number % 2 == 0)
                    };
                    match sent {
                        Ok(()) => {}
                        // The server is gone; an answer that is wrong is another matter.
                        Err(error) if error.downcast_ref::<ureq::Error>().is_some() => return Ok(()),
                        Err(error) => return Err(error),
                    }
                }
                Ok(())
            };
            std::thread::Builder::new().name(format!("stream {thread}")).spawn(stream)
        };
        Ok(Self((0..=DEVICES).map(stream).collect::<Result<_, _>>()?))
    }

    /// Waits for all threads; each ends when the server is gone.
    pub(crate) fn join(self) -> Result<()> {
        for thread in self.0 {
            thread.join().map_err(|_| anyhow!("a stream panicked"))??;
        }
        Ok(())
    }
}

fn identity(name: &str) -> Value {
    json!({ "id": name, "idType": "STRING", "publisherName": "acme" })
}

/// A device registers, reports a status and logs an event.
fn tell(
    caller: &Caller,
    tokens: &Tokens,
    acknowledged: &Sender<Acknowledged>,
    name: &str,
    code: i64,
    wants: bool,
) -> Result<()> {
    let mut registration = identity(name);
    registration["activationId"] = json!(if wants { "ACT-FEW" } else { "" });
    let answer = caller.post("/uai/2.0/devices/registrations", &tokens.device, &registration)?;
    ensure!(answer.status == 202, "registering: {answer:?}");
    let poll = answer.json()?["url"].as_str().unwrap_or_default().to_owned();
    acknowledged.send(Acknowledged::Registered { id: name.to_owned(), wants, poll: poll.clone() })?;
    // A device without a license is none that could log.
    let registered = caller.get(&poll)?.json()?["key"] == "";

    let mut status = identity(name);
    status["updateId"] = json!("UPD-1");
    status["statusCode"] = json!(code);
    let answer = caller.post("/uai/2.0/updates/statusLog", &tokens.device, &status)?;
    ensure!(answer.status == 202, "reporting: {answer:?}");
    acknowledged.send(Acknowledged::Status(code))?;

    if registered {
        let mut event = identity(name);
        event["eventName"] = json!(name);
        let answer = caller.post("/uai/2.0/events", &tokens.device, &event)?;
        ensure!(answer.status == 202, "logging: {answer:?}");
        acknowledged.send(Acknowledged::Event(name.to_owned()))?;
    }
    Ok(())
}

/// A producer uploads a file and publishes it.
fn publish(
    caller: &Caller,
    tokens: &Tokens,
    acknowledged: &Sender<Acknowledged>,
    name: &str,
    number: u64,
) -> Result<()> {
    const BASE: &str = "/flexnet/operations/api";
    let post = |path: &str, body: &[u8]| -> Result<Value> {
        let answer = caller.send(ureq::http::Method::POST, &format!("{BASE}/{path}"), &tokens.producer, body)?;
        ensure!(
            matches!(answer.status, 200 | 201),
            "publishing: {} {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
        answer.json()
    };
    let file = post("files", &content(number))?;
    let (package, update) = (format!("pump-{name}"), format!("UPD-{name}"));
    let files = json!([{ "fileName": "pump.bin", "sha256": file["sha256"], "execute": false }]);
    post(
        "download-packages",
        json!({ "packageId": package, "product": "Pump", "files": files }).to_string().as_bytes(),
    )?;
    let document = json!({
        "updateId": update, "updateName": name, "status": "Active", "startDate": "2026-01-01", "entitlementCheck": "None",
        "releaseFrom": ["pump-1"], "releaseTo": [{ "platform": format!("P-{name}"), "packageId": package }],
        "languages": [{ "languageCode": 1033, "title": name, "description": "" }],
    });
    post("updates", document.to_string().as_bytes())?;
    acknowledged.send(Acknowledged::Published(name.to_owned(), number))?;
    Ok(())
}

/// The bytes of a release: some hundred thousand that differ from those of every other number.
pub(crate) fn content(number: u64) -> Vec<u8> {
    let mut random = Random::new(number);
    let length = 100_000 + random.below(200_000);
    (0..length / 8).flat_map(|_| random.below(u64::MAX).to_le_bytes()).collect()
}
