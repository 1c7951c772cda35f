//! Uploads in parts that nobody will complete: their process has died.

use std::io;
use std::time::SystemTime;

use http_body_util::{BodyExt, Limited};
use object_store::MultipartId;
use object_store::aws::AwsAuthorizer;
use object_store::client::{HttpRequest, HttpRequestBody};
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::{Bucket, failed};
use crate::{BlobError, LEFTOVER_AGE};

/// An upload in parts that was begun long ago.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StaleUpload {
    path: String,
    id: MultipartId,
}

impl Bucket {
    /// Uploads in parts below our prefix that were begun so long ago that nobody will complete them. Of many, the first thousand
    /// or so.
    pub(super) async fn stale_uploads(&self, now: SystemTime) -> Result<Vec<StaleUpload>, BlobError> {
        let credential = self.store.credentials().get_credential().await.map_err(failed(LIST))?;
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.uri_mut() = self.list_url().parse().map_err(|error| refused(io::Error::other(error)))?;
        let authorizer = AwsAuthorizer::new(&credential, "s3", &self.place.region);
        authorizer.try_authorize(&mut request, None).map_err(failed(LIST))?;
        let answer = self.client.execute(request).await.map_err(|error| refused(io::Error::other(error)))?;
        let status = answer.status();
        if status == http::StatusCode::NOT_IMPLEMENTED {
            // Some services have no such list; they forget uploads by rules of their own.
            return Ok(Vec::new());
        }
        let body = Limited::new(answer.into_body(), ANSWER_LIMIT).collect().await;
        let body = body.map_err(|error| refused(io::Error::other(error)))?.to_bytes();
        if !status.is_success() {
            return Err(refused(io::Error::other(format!("the service answered {status}"))));
        }
        let listed = read_listing(&body).map_err(|error| refused(io::Error::other(error)))?;
        let stale = listed.into_iter().filter(|(upload, begun)| {
            now.duration_since(*begun).is_ok_and(|age| age > LEFTOVER_AGE) && self.is_ours(&upload.path)
        });
        Ok(stale.map(|(upload, _)| upload).collect())
    }

    /// Tells the service to forget an upload.
    pub(super) async fn abort(&self, upload: &StaleUpload) -> Result<(), BlobError> {
        let path = Path::from(upload.path.as_str());
        match self.store.abort_multipart(&path, &upload.id).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed("end an upload in parts")(error)),
        }
    }

    fn is_ours(&self, path: &str) -> bool {
        self.key(&Path::from(path)).is_some()
    }

    /// The request that lists uploads in parts (`ListMultipartUploads` of the S3 API).
    fn list_url(&self) -> String {
        let place = &self.place;
        let endpoint = match place.endpoint.trim_end_matches('/') {
            "" => format!("https://s3.{}.amazonaws.com", place.region),
            endpoint => endpoint.to_owned(),
        };
        let root = self.root();
        if root.as_ref().is_empty() {
            return format!("{endpoint}/{}?uploads=", place.bucket);
        }
        // With the `/`: what begins with `files` may be another storage's `files-of-tests`.
        let prefix = format!("{root}/");
        format!("{endpoint}/{}?prefix={}&uploads=", place.bucket, utf8_percent_encode(&prefix, NON_ALPHANUMERIC))
    }
}

/// Uploads of a `ListMultipartUploadsResult`, with the time at which they were begun. What else is in it is not looked at.
fn read_listing(body: &[u8]) -> Result<Vec<(StaleUpload, SystemTime)>, quick_xml::Error> {
    let mut reader = Reader::from_reader(body);
    let (mut listed, mut element, mut text) = (Vec::new(), Vec::new(), String::new());
    let (mut path, mut id, mut begun) = (None, None, None);
    loop {
        match reader.read_event()? {
            Event::Start(start) => {
                element = start.local_name().as_ref().to_vec();
                text.clear();
            }
            Event::Text(found) => text.push_str(&found.decode()?),
            Event::GeneralRef(found) => match (found.resolve_char_ref()?, &*found.decode()?) {
                (Some(character), _) => text.push(character),
                (None, name) => text.push_str(quick_xml::escape::resolve_xml_entity(name).unwrap_or_default()),
            },
            Event::End(end) => match (end.local_name().as_ref(), element.as_slice()) {
                (b"Key", b"Key") => path = Some(text.clone()),
                (b"UploadId", b"UploadId") => id = Some(text.clone()),
                (b"Initiated", b"Initiated") => begun = text.parse::<jiff::Timestamp>().ok().map(SystemTime::from),
                (b"Upload", _) => {
                    if let (Some(path), Some(id), Some(begun)) = (path.take(), id.take(), begun.take()) {
                        listed.push((StaleUpload { path, id }, begun));
                    }
                }
                _ => {}
            },
            Event::Eof => return Ok(listed),
            Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::DocType(_)
            | Event::Empty(_)
            | Event::PI(_) => {}
        }
    }
}

fn refused(source: io::Error) -> BlobError {
    BlobError::Io { operation: LIST, source }
}

const LIST: &str = "list uploads in parts";
/// Most bytes of such a list: a thousand entries of 600 bytes each, and room.
const ANSWER_LIMIT: usize = 2 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_listing_is_read_and_nonsense_is_an_error() {
        let body = br#"<?xml version="1.0" encoding="UTF-8"?>
            <ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>b</Bucket>
            <KeyMarker></KeyMarker><IsTruncated>false</IsTruncated>
            <Upload><Key>a&amp;b/ab/cd/x</Key><UploadId>id-1</UploadId><Owner><ID>7</ID></Owner>
            <Initiated>2026-03-01T12:00:00.000Z</Initiated></Upload>
            <Upload><Key>no id</Key><Initiated>2026-03-01T12:00:00.000Z</Initiated></Upload>
            </ListMultipartUploadsResult>"#;
        let begun = SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_366_400);
        let expected = StaleUpload { path: "a&b/ab/cd/x".to_owned(), id: "id-1".to_owned() };
        assert_eq!(read_listing(body).unwrap(), [(expected, begun)]);
        assert_eq!(read_listing(b"").unwrap(), []);
        assert!(read_listing(b"<a></b>").is_err());
    }
}
