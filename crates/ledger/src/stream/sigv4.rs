//! AWS Signature Version 4 of a request without a query, as S3 takes it.

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use seal::{hmac_sha256, sha256};

/// A request to be signed.
pub(super) struct Signed<'a> {
    pub(super) method: &'a str,
    /// As it stands on the wire, with its escapes.
    pub(super) path: &'a str,
    pub(super) host: &'a str,
    /// Further headers, in lower case, that are signed and that the caller sends.
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: &'a [u8],
    pub(super) region: &'a str,
    pub(super) access_key: &'a str,
    pub(super) secret_key: &'a [u8],
    pub(super) at: Timestamp,
}

/// The headers to be sent besides `host` and those that were given.
pub(super) fn headers(request: &Signed<'_>) -> Vec<(&'static str, String)> {
    let at = request.at.to_zoned(TimeZone::UTC);
    let (date, time) = (at.strftime("%Y%m%d").to_string(), at.strftime("%Y%m%dT%H%M%SZ").to_string());
    let hash = HEXLOWER.encode(&sha256(request.body));
    let own = [("host", request.host), ("x-amz-content-sha256", &hash), ("x-amz-date", &time)];
    let mut all: Vec<(&str, &str)> = own.iter().chain(request.headers).copied().collect();
    all.sort_unstable();
    let names = all.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines: String = all.iter().flat_map(|(name, value)| [name, ":", value.trim(), "\n"]).collect();
    let canonical = format!("{}\n{}\n\n{lines}\n{names}\n{hash}", request.method, request.path);
    let reach = format!("{date}/{}/s3/aws4_request", request.region);
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{reach}\n{}", HEXLOWER.encode(&sha256(canonical.as_bytes())));
    let secret = zeroize::Zeroizing::new([b"AWS4", request.secret_key].concat());
    let steps = [date.as_bytes(), request.region.as_bytes(), b"s3", b"aws4_request", text.as_bytes()];
    let mut key = zeroize::Zeroizing::new(secret.to_vec());
    for step in steps {
        *key = hmac_sha256(&key, &[step]).to_vec();
    }
    let signature = HEXLOWER.encode(&key);
    let access_key = request.access_key;
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={access_key}/{reach},SignedHeaders={names},Signature={signature}");
    vec![("x-amz-content-sha256", hash), ("x-amz-date", time), ("authorization", authorization)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The PUT of the examples in Amazon's documentation of the signature for S3.
    #[test]
    fn the_example_of_the_documentation_has_its_signature() {
        let signed = Signed {
            method: "PUT",
            path: "/test%24file.text",
            host: "examplebucket.s3.amazonaws.com",
            headers: &[("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            body: b"Welcome to Amazon S3.",
            region: "us-east-1",
            access_key: "AKIAIOSFODNN7EXAMPLE",
            secret_key: b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            at: "2013-05-24T00:00:00Z".parse().unwrap(),
        };
        let authorization = headers(&signed).pop().unwrap().1;
        assert_eq!(
            authorization,
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
             SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,\
             Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        );
    }
}
