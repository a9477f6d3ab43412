//! Object stores that speak S3: a batch is an object of gzipped lines, and the same batch is the same object.

use std::io::Write as _;

use flate2::{Compression, GzBuilder};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use reqwest::{Method, Url};

use super::batch::Payload;
use super::send::{Asked, SendError};
use super::settings::{Format, ObjectStore};
use super::sigv4::{self, Signed};

/// The PUT of a batch, at the hour in which its first record was made.
pub(super) fn request(store: &ObjectStore, payload: &Payload, at: Timestamp) -> Result<Asked, SendError> {
    let hour = payload.at.to_zoned(TimeZone::UTC).strftime("%Y/%m/%d/%H").to_string();
    let ending = if payload.format == Format::Rfc5424 { "log" } else { "json" };
    let path = format!("/{}/{}{hour}/{}.{ending}.gz", store.bucket, store.prefix, payload.id);
    let url = Url::parse(&format!("{}{path}", store.endpoint)).map_err(|_| SendError::Settings)?;
    let body = gzip(payload.text().as_bytes()).map_err(|_| SendError::Settings)?;
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => return Err(SendError::Settings),
    };
    let signed = Signed {
        method: "PUT",
        path: url.path(),
        host: &host,
        headers: &[("content-type", "application/gzip")],
        body: &body,
        region: &store.region,
        access_key: &store.access_key,
        secret_key: store.secret_key.as_bytes(),
        at,
    };
    let mut headers = sigv4::headers(&signed);
    headers.push(("content-type", "application/gzip".to_owned()));
    Ok(Asked { method: Method::PUT, url, headers, body })
}

/// Without a time or a name in it, so that the same lines are the same bytes.
fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    gzip.write_all(bytes)?;
    gzip.finish()
}
