//! Request targets as some clients write them, on real connections.

use countersign_server::{Connections, Stop, Terms};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::support::App;

/// A server on a port of its own.
pub(crate) struct Listening {
    address: std::net::SocketAddr,
    _serving: JoinSet<()>,
}

impl Listening {
    pub(crate) async fn new(app: &App) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        let router = app.router.clone();
        serving
            .spawn(async move { Connections::new(Terms::default()).serve(listener, router, &Stop::default()).await });
        Self { address, _serving: serving }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a connection of their own, piece by piece, and reads all answers. The last request must end it.
    pub(crate) async fn exchange(&self, pieces: &[&[u8]]) -> String {
        let mut socket = self.connect().await;
        for piece in pieces {
            socket.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut answers = Vec::new();
        socket.read_to_end(&mut answers).await.unwrap();
        String::from_utf8_lossy(&answers).into_owned()
    }
}

fn statuses(answers: &str) -> Vec<&str> {
    answers.split("HTTP/1.1 ").skip(1).map(|answer| answer.split(' ').next().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn targets_with_raw_bytes_reach_a_route() {
    let app = App::new().await;
    let server = Listening::new(&app).await;
    let get =
        |target: &[u8], more: &str| [b"GET ", target, b" HTTP/1.1\r\nhost: a\r\n", more.as_bytes(), b"\r\n"].concat();
    let last = "connection: close\r\n";

    // Latin-1 in the path, and in the query, on a connection that goes on behind a body of any bytes.
    let ask = b"POST /uai/2.0/signed-updates HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n\xff\r\n \xff";
    let all = [get(b"/caf\xe9", ""), ask.to_vec(), get(b"/ping?\xe9=\xff", ""), get(b"/ping", last)].concat();
    let answers = server.exchange(&[&all]).await;
    assert_eq!(statuses(&answers), ["404", "400", "200", "200"], "{answers}");
    assert!(answers.contains("request.path"), "a door of ours has answered: {answers}");
    let pieces: Vec<_> = all.chunks(3).collect();
    assert_eq!(statuses(&server.exchange(&pieces).await), ["404", "400", "200", "200"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_slashes_at_the_begin_of_a_path_are_one() {
    let app = App::new().await;
    for path in ["//ping", "///ping", "//t/demo//ping", "/t/demo///ping/"] {
        assert_eq!(app.get(path).await.status, 200, "{path}");
    }
    for path in ["/uai//version", "/ping//"] {
        assert_eq!(app.get(path).await.status, 404, "{path}");
    }
}
