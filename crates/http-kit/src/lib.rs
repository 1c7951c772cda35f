//! What every door shares on HTTP, and nothing that only one door needs.
//!
//! | concern | module |
//! |---|---|
//! | which site and path a request means | [`site_path`] |
//! | which request a task works for, one line about each in the log | [`request_id`], [`current_request`], [`access_log`] |
//! | panics of handlers, inside of the log | [`panics`] |
//! | from which address a request comes | [`client_address`] |
//! | reading a body within a size and a time | [`body`] |
//! | a JSON body as a structure, one in parts | [`json`], [`form_data`] |
//! | names as clients write them | [`lenient`] |
//! | answering with a file: conditions, ranges, digests | [`answer`] and the modules it is made of |
//! | pieces of files that the system itself sends | [`passage`] |
//! | headers that keep answers out of caches and from being guessed at | [`security_headers`] |
//! | the page that shows an OpenAPI document | [`openapi_page`] |
//!
//! This crate must never know: any door and its error shape, the store, use cases, credentials, or the clock of the
//! program. What it needs of those comes in as a value or a closure.

pub mod access_log;
pub mod answer;
pub mod body;
pub mod client_address;
pub mod conditional;
pub mod current_request;
pub mod disposition;
pub mod entity_tag;
pub mod form_data;
pub mod http_time;
pub mod json;
pub mod lenient;
mod multipart;
pub mod openapi_page;
pub mod panics;
pub mod passage;
pub mod ranges;
pub mod representation;
pub mod request_id;
pub mod security_headers;
pub mod site_path;
pub mod site_prefix;
