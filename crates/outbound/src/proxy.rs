//! The proxy through which requests leave, so that receivers see a fixed address (RFC 9110 section 9.3.6).

use std::fmt;
use std::io;
use std::net::SocketAddr;

use countersign_crypto::Secret;
use countersign_crypto::encoding::base64_encode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::error::SendError;

/// A proxy that the operator has named: `http://[user:password@]host[:port]`. It is asked for a tunnel to an address that
/// was judged here, so it resolves no names.
pub struct EgressProxy {
    host: String,
    port: u16,
    authorization: Option<Secret<String>>,
}

/// The text names no proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a proxy is named by http://host:port or http://user:password@host:port")]
pub struct ProxyUrlError;

impl EgressProxy {
    /// Reads the URL of a proxy. User name and password are used as they are written, without percent-decoding.
    ///
    /// # Errors
    /// [`ProxyUrlError`] for everything that names no HTTP proxy.
    pub fn parse(text: &str) -> Result<Self, ProxyUrlError> {
        let rest = text.strip_prefix("http://").ok_or(ProxyUrlError)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (credentials, authority) = match rest.rsplit_once('@') {
            Some((credentials, authority)) => (Some(credentials), authority),
            None => (None, rest),
        };
        let authorization = match credentials {
            Some(pair) if pair.contains(':') => Some(Secret::new(format!("Basic {}", base64_encode(pair.as_bytes())))),
            Some(_) => return Err(ProxyUrlError),
            None => None,
        };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && !port.contains(']') => {
                (host, port.parse().map_err(|_| ProxyUrlError)?)
            }
            _ => (authority, 8080),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_host = !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/');
        if is_host { Ok(Self { host: host.to_owned(), port, authorization }) } else { Err(ProxyUrlError) }
    }

    /// Opens a tunnel. A proxy that says nothing until then has failed itself; one that says that it cannot reach the
    /// receiver has not.
    pub(crate) async fn connect(&self, to: SocketAddr, until: Instant) -> Result<TcpStream, SendError> {
        let opened = timeout_at(until, self.open(to)).await;
        opened.unwrap_or_else(|_| Err(SendError::Proxy("it did not answer in time".into())))
    }

    async fn open(&self, to: SocketAddr) -> Result<TcpStream, SendError> {
        let failed = |error: io::Error| SendError::Proxy(error.to_string());
        let mut stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(failed)?;
        let mut request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n");
        if let Some(authorization) = &self.authorization {
            request.push_str(&format!("Proxy-Authorization: {}\r\n", authorization.expose()));
        }
        request.push_str("\r\n");
        let request = Secret::new(request);
        stream.write_all(request.expose().as_bytes()).await.map_err(failed)?;
        let mut head = Vec::new();
        // Byte by byte, because what follows the head belongs to the receiver.
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() >= HEAD_LIMIT {
                return Err(SendError::Proxy("its answer is too long".into()));
            }
            head.push(stream.read_u8().await.map_err(failed)?);
        }
        match status_of(&head) {
            Some(200..=299) => Ok(stream),
            // RFC 9110 section 15.6.3: what lies behind the proxy could not be reached, or did not answer.
            Some(status @ 502..=504) => {
                Err(SendError::Connect(io::Error::other(format!("the egress proxy answered {status}"))))
            }
            Some(status) => Err(SendError::Proxy(format!("it answered {status}"))),
            None => Err(SendError::Proxy("it does not speak HTTP".into())),
        }
    }
}

impl fmt::Debug for EgressProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EgressProxy({}:{})", self.host, self.port)
    }
}

fn status_of(head: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(head.split(|byte| *byte == b'\r').next()?).ok()?;
    let rest = line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "))?;
    rest.get(..3)?.parse().ok()
}

/// Longest head of a proxy's answer, in bytes.
const HEAD_LIMIT: usize = 8192;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_named_by_host_and_port() {
        for (text, shown, has_credentials) in [
            ("http://proxy.internal:3128", "EgressProxy(proxy.internal:3128)", false),
            ("http://proxy.internal/", "EgressProxy(proxy.internal:8080)", false),
            ("http://ada:p@ss@10.0.0.1:3128", "EgressProxy(10.0.0.1:3128)", true),
            ("http://[fd00::1]:3128", "EgressProxy(fd00::1:3128)", false),
        ] {
            let proxy = EgressProxy::parse(text).unwrap();
            assert_eq!((format!("{proxy:?}").as_str(), proxy.authorization.is_some()), (shown, has_credentials));
        }
        for text in ["", "proxy:3128", "https://proxy:3128", "http://", "http://ada@proxy", "http://p:x", "http://a b"]
        {
            assert_eq!(EgressProxy::parse(text).err(), Some(ProxyUrlError), "{text}");
        }
    }

    #[test]
    fn the_status_of_an_answer_is_found() {
        assert_eq!(status_of(b"HTTP/1.1 200 Connection established\r\n\r\n"), Some(200));
        assert_eq!(status_of(b"HTTP/1.0 407 x\r\nA: b\r\n\r\n"), Some(407));
        for head in [&b"SSH-2.0\r\n\r\n"[..], b"HTTP/1.1 2", b"HTTP/1.1 abc\r\n", b"\xff\r\n"] {
            assert_eq!(status_of(head), None);
        }
    }
}
