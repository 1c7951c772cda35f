//! What a request says besides its body: names in the path, and the query.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path};
use countersign_app::listing::{PageNumber, SearchText};
use http::request::Parts;
use percent_encoding::percent_decode_str;

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

/// The parameters of a query. One that is empty is not given; one that nobody asks for is ignored.
pub(crate) struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Error> {
        Self::read(parts.uri.query().unwrap_or_default()).ok_or(Error::Parameter {
            name: "query",
            reason: format!("must be UTF-8, with at most {PARAMETERS} parameters"),
        })
    }
}

impl Query {
    pub(crate) fn read(text: &str) -> Option<Self> {
        let decode = |text: &str| {
            // As forms are encoded: a blank is a plus sign.
            let text = text.replace('+', " ");
            percent_decode_str(&text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
        };
        let mut parameters = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            if parameters.len() == PARAMETERS {
                return None;
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            parameters.push((decode(name)?, decode(value)?));
        }
        Some(Self(parameters))
    }

    /// A parameter, if it is given.
    ///
    /// # Errors
    /// [`Error::Parameter`] when it is given twice.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<&str>, Error> {
        let mut values = self.0.iter().filter(|(found, value)| found == name && !value.is_empty());
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Error::Parameter { name, reason: "must be given once".to_owned() }),
            (value, None) => Ok(value.map(|(_, value)| value.as_str())),
        }
    }

    /// A whole number within bounds.
    ///
    /// # Errors
    /// [`Error::Parameter`] when it is another one, or none.
    pub(crate) fn number(&self, name: &'static str, least: i64, most: i64) -> Result<Option<i64>, Error> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        let refused = || Error::Parameter { name, reason: format!("must be a whole number from {least} to {most}") };
        number.map(Some).ok_or_else(refused)
    }

    /// `page` and `size` of a list that is counted in pages.
    ///
    /// # Errors
    /// [`Error::Parameter`] when one is out of bounds.
    pub(crate) fn page(&self) -> Result<PageNumber, Error> {
        let page = self.number("page", 1, i64::from(u32::MAX))?.and_then(|page| u32::try_from(page).ok()).unwrap_or(1);
        Ok(PageNumber { page, size: self.size()? })
    }

    /// `size`: how many entries an answer has at most.
    ///
    /// # Errors
    /// [`Error::Parameter`] when it is out of bounds.
    pub(crate) fn size(&self) -> Result<u32, Error> {
        let size = self.number("size", 1, i64::from(LARGEST_PAGE))?;
        Ok(size.and_then(|size| u32::try_from(size).ok()).unwrap_or(USUAL_PAGE))
    }

    /// `q`: what is searched for.
    ///
    /// # Errors
    /// [`Error::Parameter`] when it is too long.
    pub(crate) fn search(&self) -> Result<SearchText, Error> {
        let reason = || format!("must be at most {} bytes long", SearchText::LIMIT);
        let text = self.text("q")?.unwrap_or_default();
        SearchText::new(text).ok_or_else(|| Error::Parameter { name: "q", reason: reason() })
    }
}

/// Most parameters of a query: no call has more than a handful.
const PARAMETERS: usize = 16;
/// Entries of an answer when nothing is said.
const USUAL_PAGE: u32 = 50;
/// Most entries of an answer.
const LARGEST_PAGE: u32 = 500;

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::read(text).unwrap()
    }

    #[test]
    fn parameters_are_decoded() {
        let found = query("status=&q=a%20b+c%C3%A4&page=2&other&x=1&x=2");
        assert_eq!(found.text("q").unwrap(), Some("a b cä"));
        assert_eq!(found.text("status").unwrap(), None, "empty is not given");
        assert_eq!(found.page().unwrap(), PageNumber { page: 2, size: 50 });
        assert!(found.text("x").is_err(), "given twice");
        assert!(Query::read("q=%ff").is_none());
        assert!(Query::read(&"a=1&".repeat(16)).is_some());
        assert!(Query::read(&"a=1&".repeat(17)).is_none());
    }

    #[test]
    fn pages_have_bounds() {
        for bad in ["page=0", "page=-1", "page=x", "page=4294967296", "size=0", "size=501", "size=1.5"] {
            assert!(query(bad).page().is_err(), "{bad}");
        }
        assert_eq!(query("size=500&page=4294967295").page().unwrap(), PageNumber { page: u32::MAX, size: 500 });
        assert!(query(&format!("q={}", "x".repeat(256))).search().is_err());
    }
}
