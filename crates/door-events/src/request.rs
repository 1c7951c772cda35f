//! What a request says besides its body: names in the path, and the query.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path};
use countersign_http_kit::lenient::decode_query;
use http::request::Parts;

use crate::error::Error;

/// The one name in a path, percent-decoded. Empty, which no name is, when it is not UTF-8.
pub(crate) struct NameInPath(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for NameInPath {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let found = Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(found.map(|Path(name)| name).unwrap_or_default()))
    }
}

impl NameInPath {
    /// The row id that it is; 0, which none is, when it is no number.
    pub(crate) fn row(&self) -> i64 {
        self.0.parse().ok().filter(|id| *id > 0).unwrap_or(0)
    }
}

/// The parameters of a query. One that is empty is not given; one that nobody asks for is ignored.
pub(crate) struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Self::read(parts.uri.query().unwrap_or_default())
    }
}

impl Query {
    fn read(text: &str) -> Result<Self, Error> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        if pairs.clone().count() > PARAMETERS {
            return Err(Error::parameter("query", "has too many parameters"));
        }
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Ok(Self(pairs.map(|(name, value)| (decode_query(name), decode_query(value))).collect()))
    }

    /// A parameter, if it is given.
    ///
    /// # Errors
    /// [`Error::Parameter`] when it is given twice.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<&str>, Error> {
        let mut values = self.0.iter().filter(|(found, value)| found == name && !value.is_empty());
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Error::parameter(name, "must be given once")),
            (value, None) => Ok(value.map(|(_, value)| value.as_str())),
        }
    }

    /// A parameter that can be read; `rule` says how it must look.
    ///
    /// # Errors
    /// [`Error::Parameter`] when it cannot, or is given twice.
    pub(crate) fn read_as<T>(
        &self,
        name: &'static str,
        rule: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        read(text).map(Some).ok_or(Error::parameter(name, rule))
    }
}

/// Most parameters of a query: no call has more than a handful.
const PARAMETERS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let found = Query::read("since=&type=a%2Eb+c%C3%A4&limit=2&other&x=1&x=2").ok().unwrap();
        assert_eq!(found.text("type").ok().unwrap(), Some("a.b cä"));
        assert_eq!(found.text("since").ok().unwrap(), None, "empty is not given");
        assert_eq!(found.read_as("limit", "", |text| text.parse().ok()).ok().unwrap(), Some(2));
        assert!(found.read_as("type", "", |text| text.parse::<u8>().ok()).is_err());
        assert!(found.text("x").is_err(), "given twice");
        assert!(Query::read(&"a=1&".repeat(16)).is_ok());
        assert!(Query::read(&"a=1&".repeat(17)).is_err());
    }
}
