//! In which form a request speaks of storages, and in which casing it wants its answer.

use http::Method;

use super::call::Call;
use super::casing::Casing;
use super::error::Error;
use super::query::Query;
use super::target::Sent;
use super::{html, legacy, target};

/// The form of a request and of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Family {
    pub(crate) form: Form,
    pub(crate) casing: Casing,
}

/// Where names stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `/{version}/{product}/storage/…`, paths in the path.
    Common,
    /// `/{version}/html/…`, paths in the query.
    Html,
    /// `/v1.1/storage/…`, paths in the query.
    Legacy,
}

impl Family {
    /// The family of a path, and what follows the begin that all its paths have. `None` when it is of no family.
    pub(crate) fn of(path: &str) -> Option<(Self, &str)> {
        let (version, rest) = path.strip_prefix('/')?.split_once('/')?;
        if !is_version(version) {
            return None;
        }
        if version == "v1.1"
            && let Some(rest) = rest.strip_prefix("storage/")
        {
            return Some((Self { form: Form::Legacy, casing: Casing::Pascal }, rest));
        }
        let (product, rest) = rest.split_once('/')?;
        if product.is_empty() || !product.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
            return None;
        }
        let casing = Casing::of_product(product);
        if product == "html" && is_html(rest) {
            return Some((Self { form: Form::Html, casing }, rest));
        }
        // Operations that take long have a base of their own; their files are these.
        let rest = rest.strip_prefix("async/").unwrap_or(rest);
        Some((Self { form: Form::Common, casing }, rest.strip_prefix("storage/")?))
    }

    /// The call of a request.
    ///
    /// # Errors
    /// [`Error`] when it is none.
    pub(crate) fn read(self, method: &Method, rest: &str, query: &Query, sent: Sent) -> Result<Call, Error> {
        match self.form {
            Form::Common => target::read(method, rest, query, sent),
            Form::Html => html::read(method, rest, query),
            Form::Legacy => legacy::read(method, rest, query),
        }
    }
}

/// Whether a path of the HTML product is in its own form; in the common one, words of paths follow.
fn is_html(rest: &str) -> bool {
    let rest = rest.trim_end_matches('/');
    matches!(rest, "file" | "folder" | "storage/exist" | "storage/exist/storage" | "storage/disc/usage")
}

/// `v`, digits, a dot, digits.
fn is_version(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix('v').and_then(|text| text.split_once('.')).is_some_and(|(a, b)| digits(a) && digits(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_belong_to_families() {
        for (path, expected) in [
            ("/v4.0/words/storage/file/a", Some((Form::Common, Casing::Pascal, "file/a"))),
            ("/v3.0/imaging/storage/folder/", Some((Form::Common, Casing::Camel, "folder/"))),
            ("/v12.34/x9/storage/disc", Some((Form::Common, Casing::Both, "disc"))),
            ("/v3.0/slides/async/storage/file/a", Some((Form::Common, Casing::Both, "file/a"))),
            ("/v1.1/storage/file", Some((Form::Legacy, Casing::Pascal, "file"))),
            ("/v1.1/storage/storage/exist", Some((Form::Legacy, Casing::Pascal, "storage/exist"))),
            ("/v4.0/html/file/", Some((Form::Html, Casing::Camel, "file/"))),
            ("/v4.0/html/storage/exist", Some((Form::Html, Casing::Camel, "storage/exist"))),
            ("/v3.0/html/storage/file/a", Some((Form::Common, Casing::Camel, "file/a"))),
            ("/v4.0/words/storage", None),
            ("/v4.0/Words/storage/disc", None),
            ("/v4/words/storage/disc", None),
            ("/4.0/words/storage/disc", None),
            ("/v4.x/words/storage/disc", None),
            ("/v4.0/words/other/disc", None),
            ("/v4.0//storage/disc", None),
        ] {
            let found = Family::of(path).map(|(family, rest)| (family.form, family.casing, rest));
            assert_eq!(found, expected, "{path}");
        }
    }
}
