//! Asking the public listener, and comparing what it answered.

use std::collections::BTreeMap;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName, ORIGIN};
use serde_json::Value;

use crate::probe::{ProbeCtx, ProbeError};

/// Longest body that a check reads, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// As whom a request is made.
#[derive(Clone, Copy)]
pub(crate) enum Who<'a> {
    /// Nobody.
    Nobody,
    /// The holder of an API token.
    Token(&'a str),
    /// A signed-in browser with this Cookie header.
    Session(&'a str),
}

/// What a request carries.
#[derive(Clone, Default)]
pub(crate) enum Content {
    /// Nothing.
    #[default]
    Nothing,
    /// JSON, as it stands.
    Json(String),
    /// A form, already encoded.
    Form(String),
}

/// An answer of the public listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Values by lower-case name; several lines of one name are joined by a line feed.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
    /// The body as JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
    /// Whether the text stands anywhere in the answer.
    pub(crate) fn contains(&self, text: &str) -> bool {
        let in_headers = self.headers.values().any(|value| value.contains(text));
        in_headers || contains(&self.body, text.as_bytes())
    }
    /// Refused as somebody without the right: hidden or forbidden.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.status, 401 | 403) || self.is_hidden()
    }
    /// Answered as if what was named were not there: a body that names a process nobody knows is told so by a code.
    pub(crate) fn is_hidden(&self) -> bool {
        self.status == 404 || self.status == 422 && contains(&self.body, b"\"unknown_process\"")
    }
    /// Refused because too much is going on: evidence of nothing.
    fn is_want_of_room(&self) -> bool {
        self.status == 503 || self.status == 429 && contains(&self.body, b"/too-many-at-once\"")
    }
    /// Let through to the act itself, whatever the act then said of its input.
    pub(crate) fn is_let_through(&self) -> bool {
        !self.is_refused() && self.status != 405 && self.status != 429 && self.status < 500
    }
}

/// Whether `needle` stands in `hay`; an empty needle stands nowhere.
pub(crate) fn contains(hay: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && hay.windows(needle.len()).any(|window| window == needle)
}

impl ProbeCtx {
    /// Asks with GET.
    pub(crate) async fn get(&self, path: &str, who: Who<'_>) -> Result<Answer, ProbeError> {
        self.ask("GET", path, who, Content::Nothing, &[]).await
    }

    /// Asks with POST and a JSON body.
    pub(crate) async fn post_json(&self, path: &str, who: Who<'_>, body: &Value) -> Result<Answer, ProbeError> {
        self.ask("POST", path, who, Content::Json(body.to_string()), &[]).await
    }

    /// Asks over the public TLS listener. Forms carry the marks of the same origin, as a browser sends them.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        who: Who<'_>,
        content: Content,
        headers: &[(&'static str, &str)],
    ) -> Result<Answer, ProbeError> {
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| ProbeError::Missing("a method is unknown"))?;
        let mut request = self.http.request(method, format!("{}{path}", self.https_base));
        request = request.header("user-agent", "countersign-probe");
        request = match who {
            Who::Nobody => request,
            Who::Token(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            Who::Session(cookie) => request.header(COOKIE, cookie),
        };
        request = match content {
            Content::Nothing => request,
            Content::Json(body) => request.header(CONTENT_TYPE, "application/json").body(body),
            Content::Form(body) => request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body),
        };
        request = request.header(ORIGIN, &self.https_base).header("sec-fetch-site", "same-origin");
        for (name, value) in headers {
            request = request.header(HeaderName::from_static(name), *value);
        }
        let mut response = request.send().await.map_err(|_| ProbeError::Listener)?;
        let mut answer =
            Answer { status: response.status().as_u16(), headers: BTreeMap::new(), body: Vec::with_capacity(1024) };
        for (name, value) in response.headers() {
            let value = String::from_utf8_lossy(value.as_bytes());
            let line = answer.headers.entry(name.as_str().to_owned()).or_default();
            if !line.is_empty() {
                line.push('\n');
            }
            line.push_str(&value);
        }
        while let Some(chunk) = response.chunk().await.map_err(|_| ProbeError::Listener)? {
            if answer.body.len() + chunk.len() > BODY_BYTES_MAX {
                return Err(ProbeError::AnswerTooLong(BODY_BYTES_MAX));
            }
            answer.body.extend_from_slice(&chunk);
        }
        if answer.is_want_of_room() { Err(ProbeError::Busy) } else { Ok(answer) }
    }
}

/// Percent-encodes one value of a form (WHATWG URL, application/x-www-form-urlencoded).
pub(crate) fn form_value(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Headers that differ between any two answers and say nothing of the target.
const FLEETING: &[&str] = &["date", "x-request-id", "age", "x-ratelimit-remaining", "ratelimit"];
/// Members of a problem document that name the single answer.
const FLEETING_MEMBERS: &[&str] = &["request_id", "requestId", "instance", "trace_id", "trace"];

/// An answer without what must differ: the id that was asked for, the request's own id, the page's nonce, the date.
pub(crate) fn folded(answer: &Answer, asked: &str) -> Answer {
    let mut words: Vec<(String, &str)> = Vec::new();
    if let Some(id) = answer.header("x-request-id") {
        words.push((id.to_owned(), "REQUEST-ID"));
    }
    if let Some(nonce) = answer.header("content-security-policy").and_then(nonce_of) {
        words.push((nonce.to_owned(), "NONCE"));
    }
    words.push((asked.to_owned(), "ASKED"));
    let fold = |text: &str| words.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from.as_str(), to));
    let body = match answer.json() {
        Some(mut value) => {
            drop_fleeting(&mut value);
            fold(&value.to_string())
        }
        None => fold(&String::from_utf8_lossy(&answer.body)),
    };
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| !FLEETING.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), fold(value)))
        .collect();
    Answer { status: answer.status, headers, body: body.into_bytes() }
}

fn drop_fleeting(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|name, _| !FLEETING_MEMBERS.contains(&name.as_str()));
    }
}

fn nonce_of(policy: &str) -> Option<&str> {
    let (_, rest) = policy.split_once("'nonce-")?;
    rest.split_once('\'').map(|(nonce, _)| nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, id: &str, nonce: &str, body: &str) -> Answer {
        let headers = [
            ("x-request-id", id.to_owned()),
            ("content-security-policy", format!("script-src 'nonce-{nonce}'")),
            ("date", nonce.to_owned()),
        ];
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Answer { status, headers, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn answers_that_differ_in_fleeting_things_fold_to_the_same() {
        let one = answer(404, "r1", "n1", r#"{"title":"no","request_id":"r1","path":"/x/aaa"}"#);
        let two = answer(404, "r2", "n2", r#"{"title":"no","request_id":"r2","path":"/x/bbb"}"#);
        assert_eq!(folded(&one, "aaa"), folded(&two, "bbb"));
        let page = answer(404, "r1", "n1", "<p>r1 aaa</p><script nonce=n1>");
        let other = answer(404, "r2", "n2", "<p>r2 bbb</p><script nonce=n2>");
        assert_eq!(folded(&page, "aaa"), folded(&other, "bbb"));
    }

    #[test]
    fn answers_that_differ_in_anything_else_do_not() {
        let one = answer(404, "r1", "n1", r#"{"title":"no"}"#);
        assert_ne!(folded(&one, "a"), folded(&answer(403, "r1", "n1", r#"{"title":"no"}"#), "b"));
        assert_ne!(folded(&one, "a"), folded(&answer(404, "r1", "n1", r#"{"title":"not here"}"#), "b"));
        let mut more = one.clone();
        more.headers.insert("etag".to_owned(), "x".to_owned());
        assert_ne!(folded(&one, "a"), folded(&more, "b"));
    }

    #[test]
    fn form_values_are_encoded() {
        assert_eq!(form_value("a b@c&d=é"), "a+b%40c%26d%3D%C3%A9");
    }

    #[test]
    fn an_empty_needle_stands_nowhere() {
        assert!(!contains(b"abc", b""));
        assert!(contains(b"abc", b"bc"));
        assert!(!contains(b"ab", b"abc"));
    }
}
