//! The way to the OpenID providers of accounts: guarded like every request to an address that others have named.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use countersign_app::license_api::{ProviderHttp, ProviderHttpError, ProviderRequest};
use countersign_domain::outbound::{OutboundPolicy, OutboundUrl};
use countersign_outbound::{Limits, OutboundRequest, Sender};
use countersign_store::BoxFuture;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

/// How long a provider may take to connect: somebody waits to log in.
const CONNECT: Duration = Duration::from_secs(3);
/// How long it may take in all.
const WHOLE: Duration = Duration::from_secs(8);

/// Asks providers.
pub(crate) struct Providers(Arc<Sender>);

impl Providers {
    /// By the sender of the process, which knows the operator's proxy.
    pub(crate) fn new(sender: Arc<Sender>) -> Self {
        Self(sender)
    }
}

impl ProviderHttp for Providers {
    fn send(&self, request: ProviderRequest) -> BoxFuture<'_, Result<Vec<u8>, ProviderHttpError>> {
        Box::pin(async move {
            let fault = |error: &dyn std::error::Error| ProviderHttpError::NoAnswer(describe(error));
            let ProviderRequest { site, url, authorization, form, allowed, limit } = request;
            let url = OutboundUrl::parse(&url).map_err(|error| fault(&error))?;
            let policy = Arc::new(OutboundPolicy { allowed, ..OutboundPolicy::default() });
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
            if let Some(authorization) = authorization {
                let mut value = HeaderValue::try_from(authorization.expose()).map_err(|error| fault(&error))?;
                value.set_sensitive(true);
                headers.insert(AUTHORIZATION, value);
            }
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
                return Err(ProviderHttpError::Status(answer.status.as_u16()));
            }
            if answer.is_cut {
                return Err(ProviderHttpError::NoAnswer("its answer is too long, or broke off".to_owned()));
            }
            Ok(answer.body)
        })
    }
}

/// With the cause, which tells more than that there was none.
fn describe(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

#[cfg(test)]
mod tests {
    use countersign_domain::ids::SiteId;
    use countersign_outbound::{EgressProxy, SystemResolver};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    fn providers(proxy: Option<EgressProxy>) -> Providers {
        let sender = Sender::new(Arc::new(SystemResolver::default()), proxy.map(Arc::new));
        Providers::new(Arc::new(sender.unwrap()))
    }

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
        let providers = providers(None);
        let ask = |path: &str, allowed: Vec<_>, limit| {
            let url = format!("http://{address}{path}");
            providers.send(ProviderRequest { site: SiteId(1), url, authorization: None, form: None, allowed, limit })
        };
        assert_eq!(ask("/good", vec![address], 100).await.unwrap(), b"{}");
        assert!(ask("/good", vec![], 100).await.is_err(), "the address is not public");
        assert!(ask("/good", vec![address], 1).await.is_err(), "the answer is too long");
        assert!(ask("/bad", vec![address], 100).await.is_err(), "the status is another");
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "what answers here ends with the test")]
    async fn providers_are_asked_through_the_operators_proxy() {
        let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", proxy.local_addr().unwrap());
        let heard = tokio::spawn(async move {
            let (mut connection, _) = proxy.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let read = connection.read(&mut request).await.unwrap();
            request.truncate(read);
            connection.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await.unwrap();
            String::from_utf8(request).unwrap()
        });
        let providers = providers(Some(EgressProxy::parse(&url).unwrap()));
        let url = "https://1.1.1.1/.well-known/openid-configuration".to_owned();
        let (allowed, authorization) = (vec![], None);
        let request = ProviderRequest { site: SiteId(1), url, authorization, form: None, allowed, limit: 100 };
        let error = providers.send(request).await.unwrap_err();
        assert!(error.to_string().contains("egress proxy"), "{error}");
        let heard = heard.await.unwrap();
        assert!(heard.starts_with("CONNECT 1.1.1.1:443 HTTP/1.1\r\n"), "{heard}");
    }
}
