//! The claims of a login for an hour: what somebody gets for user name and password, and shows instead of them.

use serde::Serialize;
use serde_json::Value;

use super::{JwsError, NumericDate, TimeClaims, Verified, all_claims};

/// What a session token says. Times are seconds since 1970.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionClaims {
    /// `iss`.
    pub issuer: String,
    /// `aud`: the one service that it is for.
    pub audience: String,
    /// `sub`: login name of the user.
    pub username: String,
    /// `tenant`: name of the site.
    pub site: String,
    /// `iat` and `nbf`.
    pub issued_at: i64,
    /// `exp`.
    pub expires_at: i64,
    /// `jti`.
    pub id: String,
    /// `countersign_user`: row id of the user, because a name can be given again.
    pub user: i64,
    /// `countersign_login`: stands for the password and the epoch of the store; a token from before another is refused.
    pub login: String,
}

#[derive(Serialize)]
struct Written<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    tenant: &'a str,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: &'a str,
    countersign_user: i64,
    countersign_login: &'a str,
}

impl SessionClaims {
    /// The JSON text to sign.
    ///
    /// # Errors
    ///
    /// That of the JSON writer, which does not fail for texts and numbers.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&Written {
            iss: &self.issuer,
            aud: &self.audience,
            sub: &self.username,
            tenant: &self.site,
            iat: self.issued_at,
            nbf: self.issued_at,
            exp: self.expires_at,
            jti: &self.id,
            countersign_user: self.user,
            countersign_login: &self.login,
        })
    }

    /// Reads a token whose signature was verified; whether it is still good is the caller's decision. `None`: it is not one
    /// that we could have made.
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
            let (NumericDate::At(_), NumericDate::At(_)) = (times.expires, times.not_before) else { return None };
            Some(Self {
                issuer: text("iss")?,
                audience: text("aud")?,
                username: text("sub")?,
                site: text("tenant")?,
                issued_at: number("iat").filter(|issued| number("nbf") == Some(*issued))?,
                expires_at: number("exp")?,
                id: text("jti")?,
                user: number("countersign_user")?,
                login: text("countersign_login")?,
            })
        };
        Ok(read())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_only_as_a_whole() {
        let claims = SessionClaims {
            issuer: "https://id.example".into(),
            audience: "ens".into(),
            username: "zoë@example.org".into(),
            site: "demo".into(),
            issued_at: 1000,
            expires_at: 4600,
            id: "x".into(),
            user: 7,
            login: "y".into(),
        };
        let json = claims.to_json().unwrap();
        assert_eq!(SessionClaims::read(&Verified(json.clone())).unwrap(), Some(claims));
        let whole: Value = serde_json::from_slice(&json).unwrap();
        for name in whole.as_object().unwrap().keys() {
            let mut lacking = whole.clone();
            lacking.as_object_mut().unwrap().remove(name);
            let read = SessionClaims::read(&Verified(lacking.to_string().into_bytes())).unwrap();
            assert_eq!(read, None, "{name}");
        }
    }
}
