//! A receiver that does what it is told, a resolver that answers from a list, and requests.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use countersign_domain::ids::SiteId;
use countersign_domain::outbound::{OutboundPolicy, OutboundUrl};
use countersign_outbound::{Limits, OutboundRequest, ResolveError, Resolver, Sender};
use http::{HeaderMap, Method};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Answers each look-up with the next entry; the last one stays.
pub(crate) struct Script(Mutex<VecDeque<Vec<IpAddr>>>);

impl Script {
    pub(crate) fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |addresses: &&[&str]| addresses.iter().map(|address| address.parse().unwrap()).collect();
        Arc::new(Self(Mutex::new(answers.iter().map(parse).collect())))
    }
}

#[async_trait]
impl Resolver for Script {
    async fn resolve(&self, _: SiteId, _: &str) -> Result<Vec<IpAddr>, ResolveError> {
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        answer.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound).into())
    }
}

/// A sender whose names all lead to 127.0.0.1.
pub(crate) fn sender() -> Sender {
    Sender::new(Script::new(&[&["127.0.0.1"]]), None).unwrap()
}

/// A policy that allows these addresses.
pub(crate) fn allowing(addresses: &[SocketAddr]) -> OutboundPolicy {
    OutboundPolicy { allowed: addresses.to_vec(), ..OutboundPolicy::default() }
}

/// A request with a short body.
pub(crate) fn request(url: &str, policy: OutboundPolicy) -> OutboundRequest {
    OutboundRequest {
        site: SiteId(1),
        policy: Arc::new(policy),
        method: Method::POST,
        url: OutboundUrl::parse(url).unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"{}"),
        ca: None,
        limits: Limits::default(),
    }
}

/// A receiver on a free port of this machine.
pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Takes one connection for each answer, and gives the requests that came.
pub(crate) fn answer_each(listener: TcpListener, answers: Vec<Vec<u8>>) -> JoinHandle<Vec<String>> {
    #[expect(clippy::disallowed_methods, reason = "the receiver lives as long as the test")]
    tokio::spawn(async move {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            requests.push(read_request(&mut stream).await);
            // A client that has read enough may be gone already.
            let _ = stream.write_all(&answer).await;
        }
        requests
    })
}

/// Reads one request with a body of two bytes.
pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n{}") {
        bytes.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(bytes).unwrap()
}
