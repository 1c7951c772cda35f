//! The compact form (RFC 7515 §7.1): three base64url parts separated by dots.

use crate::encoding::base64url_decode;
use crate::jose::claims::LIMITS as CLAIM_LIMITS;
use crate::jose::header::ReceivedHeader;
use crate::jose::{JwsError, Unverified, Verified};
use crate::json::parse_object;
use crate::verifying_key::{Algorithm, VerifyingKey};

/// The parts of a compact JWS.
#[derive(Clone)]
pub struct Compact<'a> {
    signing_input: &'a str,
    header: ReceivedHeader,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Compact<'a> {
    /// Takes a token apart without believing it.
    ///
    /// # Errors
    ///
    /// [`JwsError`] if the text is too long or is not a JWS in compact form; with white space or padding it is not.
    pub fn parse(token: &'a str) -> Result<Unverified<Self>, JwsError> {
        if token.len() > MAX_COMPACT_LEN {
            return Err(JwsError::TooLong);
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(JwsError::PartCount)?;
        let (header, payload) = signing_input.split_once('.').ok_or(JwsError::PartCount)?;
        if payload.contains('.') {
            return Err(JwsError::PartCount);
        }
        let part = |text: &str| base64url_decode(text).map_err(|_| JwsError::NotBase64Url);
        let header = ReceivedHeader::parse(header)?;
        Ok(Unverified(Self { signing_input, header, payload: part(payload)?, signature: part(signature)? }))
    }
}

impl Unverified<Compact<'_>> {
    /// The name of the key that the token claims to be signed with. Use it only to choose between keys that are
    /// trusted already.
    pub fn kid(&self) -> Option<&str> {
        self.0.header.kid()
    }

    /// The kind of token that the header names (RFC 8725 §3.11), if it names one. It is covered by the signature.
    pub fn typ(&self) -> Option<&str> {
        self.0.header.typ()
    }

    /// What a text claim of the payload alleges. Use it only to find the keys that the token must be verified with, and
    /// read it again from what was verified.
    pub fn alleged(&self, claim: &str) -> Option<String> {
        let claims = parse_object(&self.0.payload, CLAIM_LIMITS).ok()?;
        claims.get(claim)?.as_str().map(str::to_owned)
    }

    /// Checks the signature and gives the payload out. The caller takes `algorithm` from its own configuration; the
    /// header must name the same one.
    ///
    /// # Errors
    ///
    /// [`JwsError::AlgorithmMismatch`] if the header names another algorithm, [`JwsError::Verify`] if the key or the
    /// signature does not fit.
    pub fn verify(self, algorithm: Algorithm, key: &VerifyingKey) -> Result<Verified<Vec<u8>>, JwsError> {
        self.check(algorithm, key)?;
        Ok(Verified(self.0.payload))
    }

    /// As [`Unverified::verify`], for a caller that has several keys to try, each with its algorithm: the token is parsed once,
    /// and the index of the first key that fits comes with the payload.
    ///
    /// # Errors
    ///
    /// As [`Unverified::verify`], for the last key; without any key, [`crate::VerifyError::WrongKeyKind`].
    pub fn verify_with_any<'k>(
        self,
        keys: impl IntoIterator<Item = (Algorithm, &'k VerifyingKey)>,
    ) -> Result<(usize, Verified<Vec<u8>>), JwsError> {
        let mut last = JwsError::Verify(crate::VerifyError::WrongKeyKind);
        for (index, (algorithm, key)) in keys.into_iter().enumerate() {
            match self.check(algorithm, key) {
                Ok(()) => return Ok((index, Verified(self.0.payload))),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn check(&self, algorithm: Algorithm, key: &VerifyingKey) -> Result<(), JwsError> {
        self.0.header.require(algorithm)?;
        key.verify(algorithm, self.0.signing_input.as_bytes(), &self.0.signature)?;
        Ok(())
    }
}

/// The longest token that is looked at, in bytes. Tokens of our protocols have one to two KiB, and common servers stop
/// reading a header line at 8 or 16 KiB.
pub const MAX_COMPACT_LEN: usize = 16 * 1024;
