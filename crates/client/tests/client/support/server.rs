//! A server that follows a script: for each connection one expected request line and one canned answer.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use super::Answer;

/// A bound port that does not answer yet, so that its address can go into the script.
pub(crate) struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

/// One expected request, by the beginning of its request line, and the answer to it.
pub(crate) struct Step {
    line: String,
    answer: Answer,
}

/// What a client sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// A server at work.
pub(crate) struct Running {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<(Vec<Request>, Vec<String>)>,
    expected: usize,
}

pub(crate) fn step(line: &str, answer: Answer) -> Step {
    Step { line: line.to_owned(), answer }
}

impl Server {
    pub(crate) fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn serve(self, steps: Vec<Step>) -> Running {
        let stop = Arc::new(AtomicBool::new(false));
        let seen_stop = Arc::clone(&stop);
        let (address, expected) = (self.address, steps.len());
        let thread = thread::Builder::new()
            .name(format!("scripted server at {address}"))
            .spawn(move || follow(&self.listener, steps, &seen_stop))
            .unwrap();
        Running { address, stop, thread, expected }
    }
}

impl Running {
    /// Ends the server, demands that the script was followed to its end and not beyond, and returns what was sent.
    pub(crate) fn finish(self) -> Vec<Request> {
        self.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        let (requests, surprises) = self.thread.join().unwrap();
        assert!(surprises.is_empty(), "not in the script: {surprises:?}");
        assert_eq!(requests.len(), self.expected, "the script was not followed to its end: {requests:?}");
        requests
    }
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn follow(listener: &TcpListener, steps: Vec<Step>, stop: &AtomicBool) -> (Vec<Request>, Vec<String>) {
    let (mut requests, mut surprises) = (Vec::new(), Vec::new());
    let mut steps = steps.into_iter();
    loop {
        let (mut stream, _) = listener.accept().unwrap();
        let Some(request) = read_request(&stream) else {
            if stop.load(Ordering::SeqCst) {
                return (requests, surprises);
            }
            continue;
        };
        match steps.next() {
            Some(step) if request.line.starts_with(&step.line) => {
                // A client that has seen enough hangs up; that is its right.
                let _ = stream.write_all(&step.answer.0);
                requests.push(request);
            }
            Some(step) => {
                surprises.push(format!("{} instead of {}", request.line, step.line));
                let _ = stream.write_all(&Answer::new(599, &[], b"").0);
            }
            None => {
                surprises.push(request.line);
                let _ = stream.write_all(&Answer::new(599, &[], b"").0);
            }
        }
    }
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request { line: line.trim_end().to_owned(), headers, body: String::new() };
    let length: u64 = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    reader.take(length).read_to_string(&mut request.body).ok()?;
    Some(request)
}
