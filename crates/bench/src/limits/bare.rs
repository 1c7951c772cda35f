//! A hyper server with nothing around it: one thread, HTTP/1.1, no routes.

use std::convert::Infallible;
use std::error::Error;
use std::io::Write as _;
use std::net::Ipv4Addr;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use crate::process::READY;

/// Serves with a function until the process is stopped. Prints one line with the address when it is ready.
///
/// # Errors
/// When there is no address to listen on.
pub(super) fn serve<F, B>(answer: impl Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static) -> Result<()>
where
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(accept(answer))
}

/// The same on a runtime that is there.
///
/// # Errors
/// As [`serve`].
pub(crate) async fn accept<F, B>(answer: impl Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static) -> Result<()>
where
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let mut output = std::io::stdout();
    writeln!(output, "{READY}{}", listener.local_addr()?)?;
    output.flush()?;
    let connections = TaskTracker::new();
    loop {
        let (stream, _) = listener.accept().await?;
        let answer = answer.clone();
        connections.spawn(async move {
            let service = service_fn(|request| {
                let answer = answer(request);
                async { Ok::<_, Infallible>(answer.await) }
            });
            // A connection that breaks is the load's to notice.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// An answer with ready JSON.
pub(crate) fn json(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
