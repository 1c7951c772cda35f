//! How providers are asked: the way to them is handed in, because this crate makes no requests.

use std::net::SocketAddr;

use countersign_crypto::Secret;
use countersign_domain::ids::SiteId;
use countersign_domain::licensing::SsoProvider;
use countersign_store::BoxFuture;

use super::published::DOCUMENT_LIMIT;
use crate::Ctx;

/// A request to a provider.
pub struct ProviderRequest {
    /// The site that sends it.
    pub site: SiteId,
    /// Where to.
    pub url: String,
    /// The header `Authorization`, if there is to be one.
    pub authorization: Option<Secret<String>>,
    /// A form to send with `POST`; without one it is a `GET`.
    pub form: Option<Secret<String>>,
    /// Addresses that may be asked although they are not public.
    pub allowed: Vec<SocketAddr>,
    /// Longest answer, in bytes.
    pub limit: usize,
}

/// Why a provider did not answer with a document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderHttpError {
    /// There is no whole answer.
    #[error("{0}")]
    NoAnswer(String),
    /// It answered with another status than 200.
    #[error("it answered with status {0}")]
    Status(u16),
}

/// The way to providers. Redirects are not followed, and addresses that are not public are refused unless they are allowed.
pub trait ProviderHttp: Send + Sync {
    /// The body of an answer with status 200.
    fn send(&self, request: ProviderRequest) -> BoxFuture<'_, Result<Vec<u8>, ProviderHttpError>>;
}

/// A request for one site and its provider.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) ctx: &'a Ctx,
    pub(super) site: SiteId,
    pub(super) settings: &'a SsoProvider,
}

impl Asking<'_> {
    /// `GET`, with a header `Authorization` if there is one.
    pub(super) async fn get(
        self,
        url: &str,
        authorization: Option<Secret<String>>,
    ) -> Result<Vec<u8>, ProviderHttpError> {
        self.send(url, authorization, None).await
    }

    /// `POST` of a form.
    pub(super) async fn post(
        self,
        url: &str,
        authorization: Option<Secret<String>>,
        form: Secret<String>,
    ) -> Result<Vec<u8>, ProviderHttpError> {
        self.send(url, authorization, Some(form)).await
    }

    async fn send(
        self,
        url: &str,
        authorization: Option<Secret<String>>,
        form: Option<Secret<String>>,
    ) -> Result<Vec<u8>, ProviderHttpError> {
        let absent = || ProviderHttpError::NoAnswer("this program asks no providers".to_owned());
        let http = self.ctx.discoveries.http.get().ok_or_else(absent)?;
        let (url, allowed) = (url.to_owned(), self.settings.allowed.clone());
        let request = ProviderRequest { site: self.site, url, authorization, form, allowed, limit: DOCUMENT_LIMIT };
        http.send(request).await
    }
}
