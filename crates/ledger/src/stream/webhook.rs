//! Webhooks, signed in the manner of Standard Webhooks: HMAC-SHA-256 over id, time and body.

use data_encoding::BASE64;
use jiff::Timestamp;
use reqwest::{Method, Url};
use seal::hmac_sha256;

use super::batch::Payload;
use super::send::{Asked, SendError};
use super::settings::{Format, Webhook};

/// The POST of a batch. While a secret is being changed there are two signatures, the present one first.
pub(super) fn request(webhook: &Webhook, payload: &Payload, at: Timestamp) -> Result<Asked, SendError> {
    let url = Url::parse(&webhook.url).map_err(|_| SendError::Settings)?;
    let (id, time) = (payload.id.to_string(), at.as_second().to_string());
    let body = payload.text().into_bytes();
    let sign = |key: &zeroize::Zeroizing<Vec<u8>>| {
        let parts: [&[u8]; 5] = [id.as_bytes(), b".", time.as_bytes(), b".", &body];
        format!("v1,{}", BASE64.encode(&hmac_sha256(key, &parts)))
    };
    let signatures: Vec<String> = webhook.keys(at.as_second()).iter().map(sign).collect();
    if signatures.is_empty() {
        return Err(SendError::Settings);
    }
    let kind = if payload.format == Format::Rfc5424 { "text/plain; charset=utf-8" } else { "application/x-ndjson" };
    let headers = vec![
        ("content-type", kind.to_owned()),
        ("user-agent", "countersign".to_owned()),
        ("webhook-id", id),
        ("webhook-timestamp", time),
        ("webhook-signature", signatures.join(" ")),
    ];
    Ok(Asked { method: Method::POST, url, headers, body })
}
