//! Receivers of webhooks by command, beside a running server that sends to them.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Place, Running, text};

/// How long an arrival may take. None does; a test that fails is not to wait for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program on this machine that takes webhooks.
struct Hook {
    address: SocketAddr,
    arrivals: Receiver<Arrival>,
}

struct Arrival {
    path: String,
    headers: BTreeMap<String, String>,
    body: Value,
}

impl Hook {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (sender, arrivals) = mpsc::channel();
        let address = listener.local_addr().unwrap();
        // Ends with the test's process.
        let listening = move || {
            for stream in listener.incoming() {
                let Some(arrival) = take(stream.unwrap()) else { continue };
                if sender.send(arrival).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("hook".to_owned()).spawn(listening).unwrap();
        Self { address, arrivals }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn next(&self) -> Arrival {
        self.arrivals.recv_timeout(PATIENCE).unwrap()
    }
}

/// One request, answered with 204 and the end of the connection.
fn take(stream: TcpStream) -> Option<Arrival> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let path = lines.first()?.split(' ').nth(1)?.to_owned();
    let header = |line: &String| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    let headers: BTreeMap<_, _> = lines.iter().filter_map(header).collect();
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    reader.into_inner().write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").ok()?;
    Some(Arrival { path, headers, body: serde_json::from_slice(&body).ok()? })
}

/// A site with a server, and a receiver named `crm` that the operator allows.
struct World {
    place: Place,
    hook: Hook,
    secret: String,
    serving: Running,
}

impl World {
    fn start() -> Self {
        let (place, hook) = (Place::new(), Hook::start());
        place.run(&["site", "create", "acme"]).ok();
        let allowed = format!("webhook_allow = [\"acme={}\"]\n", hook.address);
        place.write("", &[("countersign.toml", allowed.as_bytes())]);
        let serving = place.serve(&["serve", "--default-site", "acme", "-q"]);
        let added = place.json(&["webhook", "add", "crm", &hook.url("/in")]);
        let secret = added["secret"].as_str().unwrap().to_owned();
        Self { place, hook, secret, serving }
    }

    fn product(&self, name: &str) {
        self.place.run(&["product", "create", name]).ok();
    }

    /// Looks again and again until something is so: the server works on beside the commands.
    fn wait(&self, words: &[&str], holds: impl Fn(&Value) -> bool) -> Value {
        (0..2000)
            .map(|_| self.place.json(words))
            .find(holds)
            .unwrap_or_else(|| panic!("{words:?} did not come to be so"))
    }
}

#[test]
fn a_receiver_is_added_tried_changed_and_removed() {
    let world = World::start();
    let run = |words: &[&str]| world.place.run(&[&["webhook"], words].concat());
    assert!(world.secret.starts_with("whsec_"));
    let listed = run(&["list"]).ok().stdout;
    assert!(
        listed.contains("crm") && listed.contains(&world.hook.url("/in")) && listed.contains("enabled"),
        "{listed}"
    );

    let tried = world.place.json(&["webhook", "test", "crm", "--type", "device.created"]);
    assert_eq!((&tried["outcome"], &tried["status"]), (&"answered".into(), &204.into()), "{tried}");
    let sample = world.hook.next();
    assert_eq!((&sample.path[..], &sample.body["type"]), ("/in", &"device.created".into()));
    assert!(sample.headers["webhook-signature"].starts_with("v1,"), "{:?}", sample.headers);
    let people = run(&["test", "crm"]).ok().stdout;
    assert!(people.contains("Status") && people.contains("204"), "{people}");
    world.hook.next();

    let changed = world.place.json(&[
        "webhook",
        "set",
        "crm",
        "--rename",
        "erp",
        "--url",
        &world.hook.url("/new"),
        "--rate",
        "50",
    ]);
    assert_eq!((&changed["name"], &changed["rate"]), (&"erp".into(), &50.into()));
    let secret = world.place.write("", &[("login.txt", b"ada:tulip\n")]).join("login.txt");
    run(&["set", "erp", "--auth", "basic", "--secret-file", text(&secret)]).ok();
    world.product("Pump");
    let told = world.hook.next();
    assert_eq!((&told.path[..], &told.body["type"]), ("/new", &"product.created".into()));
    assert_eq!(told.headers["authorization"], "Basic YWRhOnR1bGlw");

    assert_eq!(run(&["remove", "erp"]).ok().last_line(), "Removed erp.");
    assert!(run(&["list"]).ok().stdout.contains("countersign webhook add NAME URL"));
    assert!(world.serving.terminate().success());
}

#[test]
fn what_was_sent_is_listed_counted_and_sent_again() {
    let world = World::start();
    world.product("Pump");
    let first = world.hook.next();
    world.wait(&["webhook", "show", "crm"], |shown| shown["deliveries"][0]["state"] == "delivered");
    let shown = world.place.run(&["webhook", "show", "crm"]).ok().stdout;
    assert!(shown.contains("1 delivered, since"), "{shown}");

    let events = world.place.json(&["webhook", "events"]);
    assert_eq!((&events[0]["sequence"], &events[0]["type"]), (&1.into(), &"product.created".into()));
    assert!(world.place.json(&["webhook", "events", "--after", "1"]).as_array().unwrap().is_empty());
    let deliveries = world.place.json(&["webhook", "deliveries", "crm"]);
    assert_eq!((&deliveries[0]["state"], &deliveries[0]["attempts"]), (&"delivered".into(), &1.into()));
    assert_eq!(deliveries[0]["message_id"], first.headers["webhook-id"]);

    let event = events[0]["id"].to_string();
    let queued = world.place.run(&["webhook", "replay", "crm", "--event", &event]).ok().stdout;
    assert!(queued.contains("the server sends it"), "{queued}");
    let again = world.hook.next();
    assert_eq!((&again.body, &again.headers["webhook-id"]), (&first.body, &first.headers["webhook-id"]));

    let all = ["webhook", "replay", "crm", "--state", "delivered", "--since", "2020-01-01T00:00:00Z"];
    world.wait(&["webhook", "deliveries", "crm"], |listed| listed[0]["state"] == "delivered");
    let dry = world.place.json(&[&all[..], &["--dry-run"]].concat());
    assert_eq!((&dry["deliveries"], &dry["task"]), (&1.into(), &Value::Null));
    let task = world.place.json(&all);
    assert!(task["deliveries"] == 1 && task["task"].is_number(), "{task}");
    assert_eq!(world.hook.next().body, first.body);

    let task = world.place.json(&["webhook", "backfill", "crm"]);
    assert!(task["task"].is_number(), "{task}");
    assert_eq!(world.hook.next().body["type"], "product.snapshot");
    let told = world.place.json(&["webhook", "checkpoint", "crm"]);
    assert!(told["number"] == 1 && told["dead"] == 0, "{told}");
    assert_eq!(world.hook.next().body["type"], "checkpoint");
}

#[test]
fn a_replaced_secret_signs_beside_the_old_one() {
    let world = World::start();
    let rotated = world.place.json(&["webhook", "secret", "rotate", "crm", "--kind", "ed25519", "--overlap", "48"]);
    assert!(rotated["secret"].as_str().unwrap().starts_with("whsk_"), "{rotated}");
    assert!(rotated["public_key"].as_str().unwrap().starts_with("whpk_"), "{rotated}");
    let all = world.place.json(&["webhook", "secret", "show", "crm"]);
    let secrets: Vec<_> = all.as_array().unwrap().iter().map(|one| one["secret"].clone()).collect();
    assert_eq!(secrets, [rotated["secret"].clone(), world.secret.clone().into()]);
    assert!(all[0]["ends_at"].is_null() && all[1]["ends_at"].is_string(), "{all}");
    world.product("Pump");
    let signature = world.hook.next().headers["webhook-signature"].clone();
    let kinds: Vec<_> = signature.split(' ').filter_map(|entry| Some(entry.split_once(',')?.0)).collect();
    assert_eq!(kinds, ["v1a", "v1"]);

    // Without overlap the old ones end at once.
    world.place.run(&["webhook", "secret", "rotate", "crm", "--overlap", "0"]).ok();
    world.product("Valve");
    let signature = world.hook.next().headers["webhook-signature"].clone();
    assert!(signature.starts_with("v1,") && !signature.contains(' '), "{signature}");
}

#[test]
fn a_receiver_is_switched_off_and_on() {
    let world = World::start();
    let run = |words: &[&str]| world.place.run(&[&["webhook"], words].concat()).ok();
    assert_eq!(run(&["disable", "crm"]).last_line(), "crm is disabled now.");
    world.product("Held");
    let shown = world.wait(&["webhook", "show", "crm"], |shown| !shown["deliveries"].as_array().unwrap().is_empty());
    assert_eq!(shown["deliveries"][0]["state"], "held");
    assert_eq!(run(&["enable", "crm"]).last_line(), "crm is enabled now.");
    assert_eq!(world.hook.next().body["data"]["product"]["name"], "Held");

    run(&["disable", "crm"]);
    world.product("Discarded");
    world.wait(&["webhook", "events"], |events| events.as_array().unwrap().len() == 2);
    run(&["enable", "crm", "--discard-held"]);
    world.product("Next");
    assert_eq!(world.hook.next().body["data"]["product"]["name"], "Next");
    run(&["off", "crm"]);
    world.product("Unheard");
    world.wait(&["webhook", "events"], |events| events.as_array().unwrap().len() == 4);
    assert_eq!(world.place.json(&["webhook", "deliveries", "crm"]).as_array().unwrap().len(), 3);
}

#[test]
fn listening_prints_events_and_hands_them_on_until_it_is_interrupted() {
    let world = World::start();
    let program = Hook::start();
    let url = program.url("/hooks");
    world.product("Before");
    let mut listening = world.place.begin(&[
        "webhook",
        "listen",
        "--after",
        "0",
        "--forward",
        &url,
        "--format",
        "fno",
        "--json",
        "--bodies",
    ]);
    let line: Value = serde_json::from_str(&listening.read_until("{")).unwrap();
    assert_eq!((&line["sequence"], &line["type"]), (&1.into(), &"product.created".into()));
    let handed = program.next();
    assert_eq!((&handed.path[..], &handed.body["eventHeader"]["event"]), ("/hooks", &"PROD".into()));
    assert_eq!(serde_json::from_str::<Value>(line["body"].as_str().unwrap()).unwrap(), handed.body);
    assert!(!handed.headers.contains_key("webhook-signature"));

    // What comes now is there without asking again.
    world.product("After");
    let line: Value = serde_json::from_str(&listening.read_until("{")).unwrap();
    assert_eq!(
        (&line["sequence"], program.next().body["eventHeader"]["eventType"].as_str()),
        (&2.into(), Some("CREATE"))
    );
    // The program has an event before its answer is told of; that has been done when the next event comes.
    world.product("Last");
    listening.read_until("{");
    assert!(listening.interrupt().success(), "Ctrl-C is no failure");
    let log = std::fs::read_to_string(world.place.path("program.log")).unwrap();
    assert!(log.contains("Listening to events of site acme behind number 0."), "{log}");
    assert!(log.contains(&format!("1 -> {url}: 204")) && log.contains(&format!("2 -> {url}: 204")), "{log}");
}

#[test]
fn a_program_that_is_not_there_does_not_end_the_listening() {
    let world = World::start();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    world.product("Pump");
    let url = format!("http://{nobody}/");
    let mut listening = world.place.begin(&["webhook", "listen", "--after", "0", "--forward", &url]);
    listening.read_until("1  ");
    world.product("Valve");
    listening.read_until("2  ");
    assert!(listening.terminate().success());
    let log = std::fs::read_to_string(world.place.path("program.log")).unwrap();
    assert!(log.contains(&format!("1 -> {url}: ")) && log.to_lowercase().contains("refused"), "{log}");
}

#[test]
fn refusals_say_what_to_do() {
    let world = World::start();
    let fails = |words: &[&str]| world.place.run(&[&["webhook"], words].concat()).fails(1);
    let url = world.hook.url("/in");
    for (words, expected) in [
        (&["show", "nobody"][..], "this site has no receiver nobody; see: countersign webhook list"),
        (&["remove", "nobody"], "countersign webhook list"),
        (&["test", "nobody"], "countersign webhook list"),
        (&["replay", "nobody"], "countersign webhook list"),
        (&["backfill", "nobody"], "countersign webhook list"),
        (&["checkpoint", "nobody"], "countersign webhook list"),
        (&["secret", "rotate", "nobody"], "countersign webhook list"),
        (&["add", "crm", &url], "an endpoint of that name exists in this site already"),
        (&["add", "inside", "http://127.0.0.1:1/"], "the URL is refused"),
        (&["add", "odd", "not a url"], "the URL"),
        (&["add", "locked", &url, "--auth", "bearer"], "needs a secret"),
        (&["add", "locked", &url, "--auth", "magic"], "none, basic, bearer or header:NAME"),
        (&["set", "crm", "--family", "unicorn"], "write one of: device, entitlement, product"),
        (&["set", "crm", "--type", "product.sold"], "there are no events of type"),
        (&["set", "crm", "--concurrency", "65"], "from 1 to 64"),
        (&["test", "crm", "--type", "product.sold"], "there are no events of type product.sold"),
        (&["replay", "crm", "--event", "4711"], "event 4711 is not sent again; see: countersign webhook events"),
        (&["replay", "crm", "--since", "yesterday"], "write it like 2026-03-01T12:00:00Z"),
    ] {
        let error = fails(words);
        assert!(error.contains(expected), "{words:?}: {error}");
    }
    for words in [&["replay", "crm", "--event", "1", "--dry-run"][..], &["secret", "rotate", "crm", "--overlap", "169"]]
    {
        assert_eq!(world.place.run(&[&["webhook"], words].concat()).code, Some(2), "{words:?}");
    }
    // A receiver that cannot be reached is what the command was to find out.
    let tried = world.place.json(&["webhook", "test", "crm"]);
    assert_eq!(tried["status"], 204);
}
