//! A client of the public API: what replay, campaigns and a visitor's own program have in common.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, COOKIE, ETAG, HeaderMap, IF_MATCH, LOCATION, RETRY_AFTER, SET_COOKIE,
};
use serde_json::Value;
use uuid::Uuid;

use crate::Failure;

/// Attempts at one call before its last answer or error stands.
const ATTEMPTS_MAX: u32 = 6;

/// Longest pause before another attempt, whatever the server asks for.
const PAUSE_MAX_MS: u64 = 5_000;

/// Longest wait for one answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// One call.
#[derive(Clone)]
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    /// Path and query, from the slash on.
    pub(crate) path: String,
    pub(crate) token: &'a str,
    pub(crate) if_match: Option<&'a str>,
    pub(crate) body: Option<Value>,
    pub(crate) retry: Retry,
}

/// One visit of a page, as a browser makes it.
pub(crate) struct PageCall<'a> {
    pub(crate) method: Method,
    /// Path and query, from the slash on.
    pub(crate) path: String,
    /// `name=value`, or nothing.
    pub(crate) cookie: &'a str,
    /// Fields of a form that is posted, encoded.
    pub(crate) form: String,
}

/// What to do about an answer that says "later", or none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// Try again under the same idempotency key, up to a bound.
    Bounded,
    /// Report it.
    Never,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) etag: Option<String>,
    /// The body as JSON; `Null` when it is empty or something else.
    pub(crate) body: Value,
    /// The body as it came.
    pub(crate) text: String,
    /// Where a redirect leads.
    pub(crate) location: Option<String>,
    /// `Set-Cookie` lines.
    pub(crate) cookies: Vec<String>,
}

impl Answer {
    /// The answer, if it carries one of these statuses; else an error with the problem's words.
    pub(crate) fn expect(self, statuses: &[u16]) -> Result<Self, Failure> {
        if statuses.contains(&self.status) { Ok(self) } else { Err(self.problem().into()) }
    }

    /// Status, title and detail of a problem document on one line.
    pub(crate) fn problem(&self) -> String {
        let word = |name: &str| self.body[name].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}", self.status, word("title"), word("detail")).trim().to_owned()
    }

    /// A string member of the body.
    pub(crate) fn member(&self, name: &str) -> Result<&str, Failure> {
        self.body[name].as_str().ok_or_else(|| format!("the answer has no {name:?}").into())
    }

    /// The list `items` of the body; empty when there is none.
    pub(crate) fn items(&self) -> &[Value] {
        self.body["items"].as_array().map_or(&[], Vec::as_slice)
    }
}

/// A server's API, and how often it was called.
pub(crate) struct Api {
    client: reqwest::Client,
    base: String,
    calls: AtomicU64,
}

impl Api {
    /// `base` is `http://address`.
    pub(crate) fn new(base: &str) -> Result<Self, Failure> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ANSWER_MAX)
            .build()?;
        Ok(Self { client, base: base.trim_end_matches('/').to_owned(), calls: AtomicU64::new(0) })
    }

    /// Answers received so far.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// GET with bounded retries.
    pub(crate) async fn get(&self, path: &str, token: &str) -> Result<Answer, Failure> {
        self.send(&Call {
            method: Method::GET,
            path: path.to_owned(),
            token,
            if_match: None,
            body: None,
            retry: Retry::Bounded,
        })
        .await
    }

    /// Makes a call. A POST carries an idempotency key, so a repeated one takes effect once.
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Answer, Failure> {
        let key = Uuid::new_v4();
        let mut attempt = 1;
        loop {
            let last = call.retry == Retry::Never || attempt == ATTEMPTS_MAX;
            let pause_ms = match self.once(call, key).await {
                Ok((answer, asked_ms)) if !last && comes_later(answer.status, asked_ms) => {
                    asked_ms.unwrap_or(200 * u64::from(attempt))
                }
                Ok((answer, _)) => return Ok(answer),
                Err(error) if last => return Err(error),
                Err(_) => 200 * u64::from(attempt),
            };
            tokio::time::sleep(Duration::from_millis(pause_ms.min(PAUSE_MAX_MS))).await;
            attempt += 1;
        }
    }

    async fn once(&self, call: &Call<'_>, key: Uuid) -> Result<(Answer, Option<u64>), Failure> {
        let url = format!("{}{}", self.base, call.path);
        let mut request =
            self.client.request(call.method.clone(), url).header(AUTHORIZATION, format!("Bearer {}", call.token));
        if let Some(tag) = call.if_match {
            request = request.header(IF_MATCH, tag);
        }
        if call.method == Method::POST {
            request = request.header("idempotency-key", key.to_string());
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        self.answer(request).await
    }

    /// Visits a page with bounded retries while the server is busy.
    pub(crate) async fn page(&self, call: &PageCall<'_>) -> Result<Answer, Failure> {
        let mut attempt = 1;
        loop {
            let url = format!("{}{}", self.base, call.path);
            let mut request = self.client.request(call.method.clone(), url);
            if !call.cookie.is_empty() {
                request = request.header(COOKIE, call.cookie);
            }
            if call.method == Method::POST {
                request = request
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .header("sec-fetch-site", "same-origin")
                    .body(call.form.clone());
            }
            let (answer, asked_ms) = self.answer(request).await?;
            if attempt == ATTEMPTS_MAX || !comes_later(answer.status, asked_ms) {
                return Ok(answer);
            }
            let pause_ms = asked_ms.unwrap_or(200 * u64::from(attempt)).min(PAUSE_MAX_MS);
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            attempt += 1;
        }
    }

    /// Sends a request and takes its answer apart, with the pause it asks for in milliseconds.
    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<(Answer, Option<u64>), Failure> {
        let response = request.send().await?;
        let status = response.status().as_u16();
        let headers = response.headers();
        let etag = header(headers, ETAG.as_str());
        let location = header(headers, LOCATION.as_str());
        let lines = headers.get_all(SET_COOKIE).iter();
        let cookies = lines.filter_map(|line| line.to_str().ok().map(str::to_owned)).collect();
        let asked_ms = header(headers, RETRY_AFTER.as_str())
            .and_then(|seconds| seconds.parse::<u64>().ok())
            .map(|seconds| seconds.saturating_mul(1000));
        let text = response.text().await?;
        self.calls.fetch_add(1, Ordering::Relaxed);
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok((Answer { status, etag, body, text, location, cookies }, asked_ms))
    }
}

/// Too many requests, no capacity, or the same key still at work.
fn comes_later(status: u16, asked_ms: Option<u64>) -> bool {
    matches!(status, 429 | 502 | 503 | 504) || (status == 409 && asked_ms.is_some())
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}
