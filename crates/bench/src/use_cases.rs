//! The use cases of licensed applications, without the door and its signatures: what is durable, by itself.
//!
//! Signing takes most of what an answer of the license door costs, so that next to nothing of the rest can be seen there. This
//! program takes the same requests as the server, and asks as much of each as the floor of durable writes does: it computes an
//! HMAC and reads the JSON. Then it calls the use case, and answers when that has committed.

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use clap::Args;
use countersign_app::license_api::{
    Access, Activate, Consumption, Credentials, Done, Identity, LicenseCaller, LicenseCredential, LicenseError,
    LicenseName, ReleaseFilter, activate, add_consumption, check,
};
use countersign_app::{Ctx, sites};
use countersign_crypto::HmacKey;
use countersign_domain::ids::ApiKeyId;
use countersign_domain::licensing::DeviceFacts;
use countersign_domain::text::{HardwareId, LicenseKey, ProductCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use serde_json::Value;

use crate::installation::{SITE, open};
use crate::limits::bare::{accept, json};

/// On what they work.
#[derive(Args)]
pub(crate) struct UseCases {
    /// The data directory.
    #[arg(long)]
    data: PathBuf,
}

/// What requests work with.
struct Served {
    ctx: Ctx,
    caller: LicenseCaller,
    key: HmacKey,
}

impl UseCases {
    /// Serves until the process is stopped.
    ///
    /// # Errors
    /// When the installation cannot be opened, or there is no address to listen on.
    pub(crate) fn run(self) -> Result<()> {
        // As the program has it.
        tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
            let node = open(&self.data).await?;
            let all = sites::list(node.ctx()).await?;
            let site = all.iter().find(|site| site.name.as_str() == SITE).context("the site is not listed")?.id;
            let credential = LicenseCredential::ApiKey(ApiKeyId(1));
            let caller =
                LicenseCaller { site, credential, products: None, access: Access::ReadWrite, parts: Vec::new() };
            let served = Arc::new(Served { ctx: node.ctx().clone(), caller, key: HmacKey::new(KEY) });
            accept(move |request| answer(request, served.clone())).await
        })
    }
}

async fn answer(request: Request<Incoming>, served: Arc<Served>) -> Response<Full<Bytes>> {
    match served.call(request).await {
        Ok(number) => json(StatusCode::OK, number.to_string().into()),
        Err(error) => json(StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}").into()),
    }
}

impl Served {
    /// Does what a request asks for, and gives a number out of the outcome.
    async fn call(&self, request: Request<Incoming>) -> Result<i64> {
        let (head, body) = request.into_parts();
        let call = head.uri.path().rsplit('/').next().unwrap_or_default();
        if let Some(query) = head.uri.query() {
            return self.check(Named::in_query(query)?).await;
        }
        let body = body.collect().await?.to_bytes();
        black_box(self.key.sign(&body));
        let document: Value = serde_json::from_slice(&body)?;
        let named = Named::in_document(&document)?;
        match call {
            "check_license" => self.check(named).await,
            "activate_license" => {
                let view = done(activate(&self.ctx, &self.caller, named.activation(), None).await)?;
                Ok(view.license.activations.into())
            }
            "add_consumption" => {
                let consumption = Consumption { units: document["consumptions"].as_i64().unwrap_or(1), overage: None };
                let counted = add_consumption(&self.ctx, &self.caller, named.identity(), consumption, None).await;
                Ok(done(counted)?.meter.total)
            }
            other => bail!("there is no call {other}"),
        }
    }

    async fn check(&self, named: Named) -> Result<i64> {
        let checked = check(&self.ctx, &self.caller, named.identity(), ReleaseFilter::default()).await;
        Ok(checked.map_err(refused)?.license.id.0)
    }
}

/// What every call names.
struct Named {
    product: ProductCode,
    hardware: HardwareId,
    key: LicenseKey,
}

impl Named {
    fn in_document(document: &Value) -> Result<Self> {
        Self::of(|name| document[name].as_str())
    }

    fn in_query(query: &str) -> Result<Self> {
        Self::of(|name| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')))
    }

    fn of<'m>(member: impl Fn(&str) -> Option<&'m str>) -> Result<Self> {
        let member = |name| member(name).with_context(|| format!("no {name}")).map(str::to_owned);
        let (product, hardware) = (ProductCode::new(member("product")?)?, HardwareId::new(member("hardware_id")?)?);
        Ok(Self { product, hardware, key: LicenseKey::new(member("license_key")?)? })
    }

    fn identity(self) -> Identity {
        let (name, Self { product, hardware, .. }) = (LicenseName::Key(self.key.clone()), self);
        Identity { product, bundle: None, hardware, name, license: None }
    }

    fn activation(self) -> Activate {
        Activate {
            product: self.product,
            bundle: None,
            hardware: self.hardware,
            by: Credentials::Key(self.key),
            license: None,
            facts: DeviceFacts::default(),
            variables: Vec::new(),
            releases: ReleaseFilter::default(),
        }
    }
}

fn done<T>(outcome: Result<Done<T>, LicenseError>) -> Result<T> {
    match outcome.map_err(refused)? {
        Done::Now(value) => Ok(value),
        Done::Before(_) => bail!("nothing was done before"),
    }
}

fn refused(error: LicenseError) -> anyhow::Error {
    match error {
        LicenseError::Fault(fault) => fault.into(),
        other @ (LicenseError::Denied(_) | LicenseError::Refused(_)) => anyhow::anyhow!("refused: {other}"),
    }
}

/// Any key.
const KEY: &[u8; 32] = b"countersign benchmark hmac key..";
