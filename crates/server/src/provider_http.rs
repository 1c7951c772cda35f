//! The way to the OpenID providers of accounts: guarded like every request to an address that others have named.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use countersign_app::license_api::{ProviderHttp, ProviderHttpError, ProviderRequest};
use countersign_domain::outbound::{OutboundPolicy, OutboundUrl};
use countersign_outbound::{Limits, OutboundRequest, Sender, SystemResolver, TrustError};
use countersign_store::BoxFuture;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

/// How long a provider may take to connect: somebody waits to log in.
const CONNECT: Duration = Duration::from_secs(3);
/// How long it may take in all.
const WHOLE: Duration = Duration::from_secs(8);

/// Asks providers.
pub(crate) struct Providers(Sender);

impl Providers {
    pub(crate) fn new() -> Result<Self, TrustError> {
        Ok(Self(Sender::new(Arc::new(SystemResolver::default()), None)?))
    }
}

impl ProviderHttp for Providers {
    fn send(&self, request: ProviderRequest) -> BoxFuture<'_, Result<Vec<u8>, ProviderHttpError>> {
        Box::pin(async move {
            let fault = |error: &dyn std::error::Error| ProviderHttpError(error.to_string());
            let ProviderRequest { site, url, form, allowed, limit } = request;
            let url = OutboundUrl::parse(&url).map_err(|error| fault(&error))?;
            let policy = Arc::new(OutboundPolicy { allowed, ..OutboundPolicy::default() });
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
            let (method, body) = match form {
                Some(form) => {
                    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
                    (Method::POST, Bytes::from(form.expose().clone()))
                }
                None => (Method::GET, Bytes::new()),
            };
            let limits = Limits { connect: CONNECT, whole: WHOLE, kept: limit };
            let request = OutboundRequest { site, policy, method, url, headers, body, ca: None, limits };
            let answer = self.0.send(request).await.map_err(|error| fault(&error))?;
            if answer.status != StatusCode::OK {
                return Err(ProviderHttpError(format!("it answered with status {}", answer.status.as_u16())));
            }
            if answer.is_cut { Err(ProviderHttpError("its answer is too long".to_owned())) } else { Ok(answer.body) }
        })
    }
}

#[cfg(test)]
mod tests {
    use countersign_domain::ids::SiteId;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "what answers here ends with the test")]
    async fn only_allowed_and_public_addresses_are_asked() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let read = connection.read(&mut request).await.unwrap_or(0);
                let is_good = request.starts_with(b"GET /good ") && read > 0;
                let status = if is_good { "200 OK" } else { "404 Not Found" };
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
                let _ = connection.write_all(answer.as_bytes()).await;
            }
        });
        let providers = Providers::new().unwrap();
        let ask = |path: &str, allowed: Vec<_>, limit| {
            let url = format!("http://{address}{path}");
            providers.send(ProviderRequest { site: SiteId(1), url, form: None, allowed, limit })
        };
        assert_eq!(ask("/good", vec![address], 100).await.unwrap(), b"{}");
        assert!(ask("/good", vec![], 100).await.is_err(), "the address is not public");
        assert!(ask("/good", vec![address], 1).await.is_err(), "the answer is too long");
        assert!(ask("/bad", vec![address], 100).await.is_err(), "the status is another");
    }
}
