//! Somebody on the way between device and server: a proxy that changes one byte of what the server says.
//!
//! The device is told of it as of any other proxy, so what goes through is exactly what the program sends and receives.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// Which answer is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The bytes of a file; counted from 0 in the order of requests.
    File(usize),
    /// The polling ID in the 202 about the update list.
    ListPollingId,
    /// The signed list of updates.
    List,
    /// The polling ID in the 202 about the manifest.
    ManifestPollingId,
    /// The signed manifest.
    Manifest,
    /// Nothing.
    Nothing,
}

/// A running proxy.
pub(crate) struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    part: Part,
    /// Where in the part the byte is, in thousandths of its length.
    position: usize,
    changed: AtomicUsize,
    files: AtomicUsize,
    requests: Mutex<Vec<String>>,
    reports: Mutex<Vec<Vec<u8>>>,
}

impl Proxy {
    /// Starts a proxy that changes one byte of a part.
    pub(crate) fn start(part: Part, position: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = State {
            part,
            position,
            changed: AtomicUsize::new(0),
            files: AtomicUsize::new(0),
            requests: Mutex::default(),
            reports: Mutex::default(),
        };
        let state = Arc::new(state);
        let shared = state.clone();
        // The threads end with the test process; each waits for bytes only.
        spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let state = shared.clone();
                spawn(move || {
                    // A connection that ends is the device's right, and how every one of them ends.
                    let _ = relay(connection, &state);
                });
            }
        });
        Self { address, state }
    }

    /// The URL that a program is told.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many bytes were changed.
    pub(crate) fn changed(&self) -> usize {
        self.state.changed.load(Ordering::SeqCst)
    }

    /// The request lines that went through.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state.requests.lock().unwrap().clone()
    }

    /// The status reports that went through: number and reason of each.
    pub(crate) fn reports(&self) -> Vec<(i64, String)> {
        let read = |body: &Vec<u8>| {
            let body: Value = serde_json::from_slice(body).unwrap();
            (body["statusCode"].as_i64().unwrap(), body["statusReason"].as_str().unwrap().to_owned())
        };
        self.state.reports.lock().unwrap().iter().map(read).collect()
    }
}

/// Serves one connection of the device: opens the tunnel that it asks for, and passes on requests and answers.
fn relay(device: TcpStream, state: &State) -> std::io::Result<()> {
    let mut from_device = BufReader::new(device.try_clone()?);
    let mut to_device = device;
    let (tunnel, _) = read_message(&mut from_device)?;
    let target = tunnel.split(' ').nth(1).unwrap_or_default().to_owned();
    assert!(tunnel.starts_with("CONNECT "), "{tunnel}");
    to_device.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let server = TcpStream::connect(target)?;
    let mut from_server = BufReader::new(server.try_clone()?);
    let mut to_server = server;
    loop {
        let (head, body) = read_message(&mut from_device)?;
        to_server.write_all(head.as_bytes())?;
        to_server.write_all(&body)?;
        let request = head.lines().next().unwrap_or_default().to_owned();
        if request.starts_with("POST /uai/2.0/updates/statusLog") {
            state.reports.lock().unwrap().push(body);
        }
        let (head, mut body) = read_message(&mut from_server)?;
        state.alter(&request, &mut body);
        state.requests.lock().unwrap().push(request);
        to_device.write_all(head.as_bytes())?;
        to_device.write_all(&body)?;
    }
}

impl State {
    /// Changes one byte of the body when it is the part to be changed.
    fn alter(&self, request: &str, body: &mut [u8]) {
        const UPDATES: &str = "/uai/2.0/signed-updates";
        const MANIFESTS: &str = "/uai/2.0/signed-updates/manifests";
        let mut words = request.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let is_manifest = path.starts_with(MANIFESTS);
        let part = match method {
            "POST" if is_manifest => Part::ManifestPollingId,
            "POST" if path.starts_with(UPDATES) => Part::ListPollingId,
            "GET" if is_manifest => Part::Manifest,
            "GET" if path.starts_with(UPDATES) => Part::List,
            "GET" if path.starts_with("/f/") => Part::File(self.files.fetch_add(1, Ordering::SeqCst)),
            _ => Part::Nothing,
        };
        if part != self.part || part == Part::Nothing {
            return;
        }
        let range = match part {
            Part::ListPollingId | Part::ManifestPollingId => {
                let start = body.iter().rposition(|byte| *byte == b'/').unwrap() + 1;
                start..body.iter().rposition(|byte| *byte == b'"').unwrap()
            }
            Part::File(_) | Part::List | Part::Manifest | Part::Nothing => 0..body.len(),
        };
        let position = range.start + (range.len() - 1) * self.position / 1000;
        body[position] ^= 1;
        self.changed.fetch_add(1, Ordering::SeqCst);
    }
}

/// Reads the head of a message with its empty line, and the body that its length announces.
fn read_message(source: &mut BufReader<TcpStream>) -> std::io::Result<(String, Vec<u8>)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if source.read_line(&mut head)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let lower = head.to_ascii_lowercase();
    assert!(!lower.contains("transfer-encoding"), "bodies have a length here: {head}");
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length:")).map_or("0", str::trim);
    let mut body = vec![0; length.parse().unwrap()];
    source.read_exact(&mut body)?;
    Ok((head, body))
}

fn spawn(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().name("proxy".to_owned()).spawn(work).unwrap();
}
