//! Answers: what is kept of one for an idempotency key, and its two signatures, made when it is sent.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use countersign_app::license_api::{Refusal, SignedAnswer};
use countersign_app::license_proof::{self, Place, Signed};
use countersign_http_kit::security_headers;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

use crate::auth::Proved;
use crate::error::{self, Error};

/// What the inner signature of a license object is over.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Licensed {
    pub(crate) hardware_id: String,
    /// License key, or e-mail address of the user.
    pub(crate) licensee: String,
    /// The end of the license as the object writes it; empty: none.
    pub(crate) validity_period: String,
}

/// An answer before it is signed: a pure function of its outcome, so that it can be kept and sent again.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) enum Draft {
    /// An object, which gets the inner signature as its last member if it is a license.
    Object(Object),
    /// An array of them.
    Array(Vec<Object>),
    /// A bare word.
    Word(String),
    /// A refusal: status and body.
    Refusal(u16, String),
}

/// An object of an answer.
#[derive(Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Object {
    json: String,
    licensed: Option<Licensed>,
}

impl Object {
    /// An object as it is sent.
    ///
    /// # Errors
    /// When it cannot be written, which is a fault of this program.
    pub(crate) fn new(body: &impl Serialize) -> Result<Self, Error> {
        Ok(Self { json: written(body)?, licensed: None })
    }

    /// JSON that is sent as it is.
    pub(crate) fn of(json: String) -> Self {
        Self { json, licensed: None }
    }

    /// A license object; the inner signature is added when it is sent.
    ///
    /// # Errors
    /// As [`Object::new`].
    pub(crate) fn license(body: &impl Serialize, licensed: Licensed) -> Result<Self, Error> {
        Ok(Self { json: written(body)?, licensed: Some(licensed) })
    }

    /// The object among others, with its inner signature.
    async fn finish(&self, proved: &Proved, place: Option<&Place<'_>>) -> Result<String, Error> {
        let Some(licensed) = &self.licensed else { return Ok(self.json.clone()) };
        let signed = licensed.signed();
        let signature = license_proof::license_signature(&proved.ctx, &proved.site, place, signed).await?;
        Ok(with_signature(&self.json, &signature))
    }

    /// The object by itself, with the signature over its bytes.
    ///
    /// # Errors
    /// When it cannot be signed: it must not be sent then.
    pub(crate) async fn prove(self, proved: &Proved, place: Option<&Place<'_>>) -> Result<SignedAnswer, Error> {
        let (ctx, site) = (&proved.ctx, &proved.site);
        let Some(licensed) = &self.licensed else {
            let body = Bytes::from(self.json);
            let signature = license_proof::sign_answer(ctx, site, place, &body).await?;
            return Ok(SignedAnswer { body, signature: signature.into() });
        };
        let finish = |signature: &str| Bytes::from(with_signature(&self.json, signature));
        let follows_from = (licensed.signed(), self.json.as_str());
        let proofs = license_proof::prove_license(ctx, site, place, follows_from, finish).await?;
        Ok(SignedAnswer { body: finish(&proofs.license), signature: proofs.answer.clone() })
    }
}

impl Licensed {
    /// As the signature reads it.
    pub(crate) fn signed(&self) -> Signed<'_> {
        let Self { hardware_id, licensee, validity_period } = self;
        Signed { hardware_id, licensee, validity_period }
    }
}

/// A license object with its inner signature as the last member.
fn with_signature(json: &str, signature: &str) -> String {
    let open = json.strip_suffix('}').unwrap_or(json);
    [open, ",\"license_signature\":\"", signature, "\"}"].concat()
}

pub(crate) fn written(body: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(body).map_err(Error::Json)
}

impl Draft {
    /// What is kept of a refusal.
    pub(crate) fn refused(refusal: Refusal) -> Self {
        let (status, body) = error::refused(refusal);
        Self::Refusal(status.as_u16(), String::from_utf8(body).unwrap_or_default())
    }

    /// The bytes that are kept for an idempotency key.
    pub(crate) fn to_kept(&self) -> Vec<u8> {
        // Texts and numbers can always be written.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The answer of kept bytes.
    ///
    /// # Errors
    /// When another version of this program has kept them in another form.
    pub(crate) fn from_kept(kept: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(kept).map_err(Error::Json)
    }

    /// The answer where the seat that it told of may be somebody else's by now: seats are taken and kept by checks.
    pub(crate) fn without_seat(mut self) -> Self {
        let objects = match &mut self {
            Self::Object(object) => std::slice::from_mut(object),
            Self::Array(objects) => objects,
            Self::Word(_) | Self::Refusal(..) => &mut [],
        };
        for object in objects {
            // In texts of others these marks would be escaped.
            object.json = object.json.replace("\"floating_in_use\":true", "\"floating_in_use\":false");
        }
        self
    }

    /// The answer with its signatures. `place` is that of a request which has written.
    ///
    /// # Errors
    /// When it cannot be signed: it must not be sent then.
    pub(crate) async fn send(self, proved: &Proved, place: Option<&Place<'_>>) -> Result<Response, Error> {
        let answer = match self {
            Self::Word(word) => return Ok(text(word)),
            Self::Refusal(status, body) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
                return Ok(error::plain(status, body.into_bytes()));
            }
            Self::Object(object) => object.prove(proved, place).await?,
            Self::Array(objects) => {
                let mut finished = Vec::with_capacity(objects.len());
                for object in objects {
                    finished.push(object.finish(proved, place).await?);
                }
                let body = Bytes::from(format!("[{}]", finished.join(",")));
                let signature = license_proof::sign_answer(&proved.ctx, &proved.site, place, &body).await?;
                SignedAnswer { body, signature: signature.into() }
            }
        };
        Ok(signed(answer))
    }
}

/// Sends an answer with its signature.
pub(crate) fn signed(answer: SignedAnswer) -> Response {
    let mut response = answer.body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(error::JSON));
    if let Ok(value) = HeaderValue::from_maybe_shared(answer.signature) {
        headers.insert(SIGNATURE, value);
    }
    security_headers::private(headers);
    response
}

/// Signs and sends an object that is not kept.
///
/// # Errors
/// When it cannot be signed.
pub(crate) async fn object(proved: &Proved, body: &impl Serialize) -> Result<Response, Error> {
    Draft::Object(Object::new(body)?).send(proved, None).await
}

/// A word as plain text, without quotes.
pub(crate) fn text(word: impl Into<String>) -> Response {
    let mut response = word.into().into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    security_headers::private(response.headers_mut());
    response
}

/// Name of the header with the signature over the body. Header names have no letter case.
const SIGNATURE: HeaderName = HeaderName::from_static("licensesignature");
