//! One request, from its URL to its answer.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use countersign_domain::ids::SiteId;
use countersign_domain::outbound::{Blocked, OutboundHost, OutboundPolicy, OutboundUrl};
use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
};
use http::{HeaderName, HeaderValue, Request};
use http_body_util::Full;
use tokio::time::{Instant, timeout, timeout_at};

use crate::connect::connect;
use crate::error::{Phase, SendError};
use crate::exchange::{Bounds, Failure, Line, Reply};
use crate::pool::{Place, Pool};
use crate::proxy::EgressProxy;
use crate::request::{Limits, OutboundAnswer, OutboundRequest};
use crate::resolver::{ResolveError, Resolver};
use crate::trust::{Trust, TrustError};

/// Sends requests. There is one in a process, because connections are kept in it.
pub struct Sender {
    resolver: Arc<dyn Resolver>,
    proxy: Option<Arc<EgressProxy>>,
    trust: Trust,
    pool: Pool,
}

impl Sender {
    /// A sender that resolves names with `resolver`, and leaves through `proxy` if there is one.
    ///
    /// # Errors
    /// [`TrustError`] when TLS cannot be set up.
    pub fn new(resolver: Arc<dyn Resolver>, proxy: Option<Arc<EgressProxy>>) -> Result<Self, TrustError> {
        Ok(Self { resolver, proxy, trust: Trust::new()?, pool: Pool::default() })
    }

    /// Judges a URL when it is configured, and what its name leads to at this moment. A name that leads nowhere yet is no
    /// fault: what counts is each request.
    ///
    /// # Errors
    /// [`Blocked`] says why nothing would be sent there.
    pub async fn judge(&self, site: SiteId, policy: &OutboundPolicy, url: &OutboundUrl) -> Result<(), Blocked> {
        policy.judge_url(url)?;
        match timeout(Limits::default().connect, self.addresses(site, policy, url)).await {
            Ok(Err(SendError::Blocked(blocked))) => Err(blocked),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Sends a request and reads the beginning of the answer. Whatever the status is, it is no error here.
    ///
    /// # Errors
    /// [`SendError`] says why there is no answer.
    pub async fn send(&self, request: OutboundRequest) -> Result<OutboundAnswer, SendError> {
        let (start, limits) = (Instant::now(), request.limits);
        let bounds = Bounds { deadline: start + limits.whole, kept: limits.kept };
        let late = || SendError::TimedOut(Phase::Answer, limits.whole);
        let connect_until = || (Instant::now() + limits.connect).min(bounds.deadline);
        let too_slow = |_| SendError::TimedOut(Phase::Connect, limits.connect);

        request.policy.judge_url(&request.url)?;
        let place = Place::of(&request);
        let mut message = write(&request, &place)?;
        let mut until = connect_until();
        let addresses = self.addresses(request.site, &request.policy, &request.url);
        let addresses = timeout_at(until, addresses).await.map_err(too_slow)??;
        if let Some(line) = self.pool.take(&place, &addresses) {
            match self.on(line, &place, message, bounds, start).await {
                Ok(answer) => return Ok(answer),
                Err(Failure::Late) => return Err(late()),
                Err(Failure::Http(error)) => return Err(SendError::Broken(error)),
                // The receiver had closed it, and is given another one.
                Err(Failure::Stale(_)) => {
                    message = write(&request, &place)?;
                    until = connect_until();
                }
            }
        }
        let line = Line::open(connect(&request, &addresses, self.proxy.as_deref(), &self.trust, until).await?).await?;
        match self.on(line, &place, message, bounds, start).await {
            Ok(answer) => Ok(answer),
            Err(Failure::Late) => Err(late()),
            Err(Failure::Http(error) | Failure::Stale(error)) => Err(SendError::Broken(error)),
        }
    }

    async fn on(
        &self,
        mut line: Line,
        place: &Place,
        message: Request<Full<Bytes>>,
        bounds: Bounds,
        start: Instant,
    ) -> Result<OutboundAnswer, Failure> {
        let Reply { status, retry_after, headers, body, is_cut, can_go_on } = line.exchange(message, bounds).await?;
        let (address, tls) = (line.address, line.tls.clone());
        if can_go_on {
            self.pool.put(place, line);
        }
        Ok(OutboundAnswer { status, retry_after, headers, body, is_cut, address, tls, took: start.elapsed() })
    }

    /// What the host of a URL is now. One address that must not be connected to makes all of them suspect.
    async fn addresses(
        &self,
        site: SiteId,
        policy: &OutboundPolicy,
        url: &OutboundUrl,
    ) -> Result<Vec<IpAddr>, SendError> {
        let addresses = match url.host() {
            OutboundHost::Address(address) => vec![*address],
            OutboundHost::Name(name) => match self.resolver.resolve(site, name).await {
                Ok(addresses) => addresses,
                Err(ResolveError::Busy) => return Err(SendError::Busy),
                Err(ResolveError::Failed(error)) => return Err(SendError::Resolve(error)),
            },
        };
        for address in &addresses {
            policy.judge(url, *address)?;
        }
        Ok(addresses)
    }
}

/// The request as it goes out.
fn write(request: &OutboundRequest, place: &Place) -> Result<Request<Full<Bytes>>, SendError> {
    let mut message = Request::builder().method(request.method.clone()).uri(request.url.target());
    let authority = HeaderValue::try_from(place.authority());
    if let Some(headers) = message.headers_mut() {
        *headers = request.headers.clone();
        for name in OURS {
            headers.remove(name);
        }
        headers.insert(HOST, authority.map_err(|error| SendError::Request(error.into()))?);
        headers.insert(CONTENT_LENGTH, HeaderValue::from(request.body.len()));
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(PRODUCT));
    }
    message.body(Full::new(request.body.clone())).map_err(SendError::Request)
}

/// Headers of the connection: they are made here or not at all.
const OURS: [HeaderName; 8] =
    [CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE];

/// `User-Agent`.
const PRODUCT: &str = concat!("Countersign/", env!("CARGO_PKG_VERSION"));
