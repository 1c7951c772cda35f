//! The claims of an access token (RFC 9068 §2.2), as they are written and as they are read again after verification.

use serde::Serialize;
use serde_json::Value;

use super::{JwsError, NumericDate, TimeClaims, Verified, all_claims};

/// What an access token says. Times are seconds since 1970.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccessTokenClaims {
    /// `iss`.
    pub issuer: String,
    /// `sub` and `client_id`: an application acts in its own name.
    pub client_id: String,
    /// `aud`; written as a string when there is just one.
    pub audience: Vec<String>,
    /// `iat` and `nbf`.
    pub issued_at: i64,
    /// `exp`.
    pub expires_at: i64,
    /// `jti`.
    pub id: String,
    /// Names in `scope`.
    pub scopes: Vec<String>,
    /// Whether `scope` is an array, as older services write it, and not a text with blanks.
    pub scope_array: bool,
    /// `client_default_storage`: the name by which clients of older services know it.
    pub default_storage: Option<String>,
    /// `countersign_site`: name of the site.
    pub site: String,
    /// `countersign_credential`: what the application proved itself with.
    pub credential: i64,
    /// `countersign_generation`: tokens of the application that carry an older number are refused.
    pub generation: i64,
}

#[derive(Serialize)]
struct Written<'a> {
    iss: &'a str,
    sub: &'a str,
    client_id: &'a str,
    aud: OneOrMany<'a>,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: &'a str,
    scope: OneOrMany<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_default_storage: Option<&'a str>,
    countersign_site: &'a str,
    countersign_credential: i64,
    countersign_generation: i64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum OneOrMany<'a> {
    One(&'a str),
    Many(&'a [String]),
}

impl AccessTokenClaims {
    /// The JSON text to sign.
    ///
    /// # Errors
    ///
    /// That of the JSON writer, which does not fail for texts and numbers.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let words = self.scopes.join(" ");
        serde_json::to_vec(&Written {
            iss: &self.issuer,
            sub: &self.client_id,
            client_id: &self.client_id,
            aud: match &self.audience[..] {
                [one] => OneOrMany::One(one),
                many => OneOrMany::Many(many),
            },
            iat: self.issued_at,
            nbf: self.issued_at,
            exp: self.expires_at,
            jti: &self.id,
            scope: if self.scope_array { OneOrMany::Many(&self.scopes) } else { OneOrMany::One(&words) },
            client_default_storage: self.default_storage.as_deref(),
            countersign_site: &self.site,
            countersign_credential: self.credential,
            countersign_generation: self.generation,
        })
    }

    /// Reads a token whose signature was verified; whether it is still good is the caller's decision. `None`: it is not an
    /// access token that we could have made.
    ///
    /// # Errors
    ///
    /// [`JwsError::Json`] if the payload is not one strict JSON object.
    pub fn read(payload: &Verified<Vec<u8>>) -> Result<Option<Self>, JwsError> {
        let claims = all_claims(payload)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let number = |name: &str| claims.get(name).and_then(Value::as_i64);
        let read = || {
            let times = TimeClaims::of(&claims);
            // Both as whole numbers: what we make has no other, and no other is believed.
            let (NumericDate::At(_), NumericDate::At(_)) = (times.expires, times.not_before) else { return None };
            let client_id = text("client_id")?;
            let scope = claims.get("scope")?;
            let (scope_array, scopes) = match scope.as_str() {
                Some(words) => (false, words.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()),
                None => (true, texts(scope)?),
            };
            let audience = claims.get("aud")?;
            Some(Self {
                issuer: text("iss")?,
                client_id: text("sub").filter(|subject| *subject == client_id)?,
                audience: match audience.as_str() {
                    Some(one) => vec![one.to_owned()],
                    None => texts(audience)?,
                },
                issued_at: number("iat").filter(|issued| number("nbf") == Some(*issued))?,
                expires_at: number("exp")?,
                id: text("jti")?,
                scopes,
                scope_array,
                default_storage: text("client_default_storage"),
                site: text("countersign_site")?,
                credential: number("countersign_credential")?,
                generation: number("countersign_generation")?,
            })
        };
        Ok(read())
    }
}

fn texts(list: &Value) -> Option<Vec<String>> {
    list.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> AccessTokenClaims {
        AccessTokenClaims {
            issuer: "https://id.example".into(),
            client_id: "app-1".into(),
            audience: vec!["https://id.example/resources".into()],
            issued_at: 1000,
            expires_at: 2000,
            id: "x".into(),
            scopes: vec!["a".into(), "b".into()],
            scope_array: false,
            default_storage: None,
            site: "demo".into(),
            credential: 3,
            generation: 1,
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let several = AccessTokenClaims {
            audience: vec!["a".into(), "b".into()],
            scope_array: true,
            default_storage: Some("Main \"1\"".into()),
            ..claims()
        };
        for claims in [claims(), several] {
            let read = AccessTokenClaims::read(&Verified(claims.to_json().unwrap())).unwrap();
            assert_eq!(read, Some(claims));
        }
        let json: Value = serde_json::from_slice(&claims().to_json().unwrap()).unwrap();
        assert_eq!((&json["aud"], &json["scope"]), (&Value::from("https://id.example/resources"), &Value::from("a b")));
    }

    #[test]
    fn a_token_that_lacks_a_claim_is_none_of_ours() {
        let whole: Value = serde_json::from_slice(&claims().to_json().unwrap()).unwrap();
        for name in whole.as_object().unwrap().keys() {
            let mut lacking = whole.clone();
            lacking.as_object_mut().unwrap().remove(name);
            let read = AccessTokenClaims::read(&Verified(lacking.to_string().into_bytes())).unwrap();
            assert_eq!(read, None, "{name}");
        }
    }
}
