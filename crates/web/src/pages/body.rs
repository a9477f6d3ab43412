//! Posted forms: bounded, read as pairs of a name and a value.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};

use super::fail::Fail;
use crate::problem::Problem;
use crate::state::App;

/// Most pairs in one form.
const PAIRS_MAX: usize = 2_000;

/// A posted form.
#[derive(Debug)]
pub(super) struct Pairs {
    /// Names and values, in the order of the page.
    pub(super) pairs: Vec<(String, String)>,
    /// SHA-256 of the body: a repeated form is told from another one by it.
    pub(super) hash: [u8; 32],
}

impl Pairs {
    /// Reads a body.
    fn parse(bytes: &[u8]) -> Result<Self, Fail> {
        if bytes.split(|byte| *byte == b'&').count() > PAIRS_MAX {
            return Err(Problem::malformed(format!("A form has at most {PAIRS_MAX} values.")).into());
        }
        let pairs = form_urlencoded::parse(bytes).into_owned().collect();
        Ok(Self { pairs, hash: seal::sha256(bytes) })
    }

    /// The first value of a name; empty where there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Every value of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The answers of a process's form, by the names its fields have: `f.total` is `total`.
    pub(super) fn answers(&self) -> Vec<(String, String)> {
        let answer = |(name, value): &(String, String)| Some((name.strip_prefix("f.")?.to_owned(), value.clone()));
        self.pairs.iter().filter_map(answer).collect()
    }
}

impl FromRequest<App> for Pairs {
    type Rejection = Fail;

    async fn from_request(request: Request, app: &App) -> Result<Self, Fail> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let kind = kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        if !kind.is_empty() && kind != "application/x-www-form-urlencoded" {
            let what = "This is not a form of ours.";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", what).into());
        }
        let bytes = Bytes::from_request(request, app).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The form is too large.")
                    .detail(format!("At most {} bytes.", app.limits.body_max_bytes))
            } else {
                Problem::malformed("The form ended early.")
            }
        })?;
        Self::parse(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_in_order_and_bounded() {
        let read = Pairs::parse(b"group=a&group=b&f.total.amount=1%2C5&f.t=x+y&f=1").unwrap();
        assert_eq!(read.get("group"), "a");
        assert_eq!(read.get("absent"), "");
        assert_eq!(read.all("group").collect::<Vec<_>>(), ["a", "b"]);
        let answers = [("total.amount", "1,5"), ("t", "x y")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(read.answers(), answers);
        assert!(Pairs::parse("a=1&".repeat(PAIRS_MAX - 1).as_bytes()).is_ok());
        assert!(Pairs::parse("a=1&".repeat(PAIRS_MAX).as_bytes()).is_err());
        assert_ne!(read.hash, Pairs::parse(b"").unwrap().hash);
    }
}
