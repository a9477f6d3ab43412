//! The edge: what happens to every request before a handler sees it, and to every answer after.
//!
//! A request gets an id and a nonce; it is bounded in time; a panic becomes an ordinary 500; a state-changing request
//! must come from our own pages; every answer carries the security headers. One line a request is logged: method,
//! route template, status and duration, never a path's values, a query or a body.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;

use crate::problem::Problem;
use crate::state::{App, Listener};

/// Most bytes kept of a path.
const PATH_BYTES_MAX: usize = 300;

#[derive(Debug)]
struct Current {
    id: String,
    path: String,
    /// Made when a page asks for it: an answer without a script names none.
    nonce: OnceLock<String>,
}

tokio::task_local! {
    static CURRENT: Arc<Current>;
}

/// The id of the request being answered.
#[must_use]
pub(crate) fn request_id() -> String {
    CURRENT.try_with(|current| current.id.clone()).unwrap_or_default()
}

/// The path of the request being answered, without its query.
#[must_use]
pub(crate) fn path() -> String {
    CURRENT.try_with(|current| current.path.clone()).unwrap_or_default()
}

/// The nonce of the answer's Content-Security-Policy.
#[must_use]
pub(crate) fn nonce() -> String {
    let make = || data_encoding::BASE64URL_NOPAD.encode(&seal::random::<16>());
    CURRENT.try_with(|current| current.nonce.get_or_init(make).clone()).unwrap_or_default()
}

/// The middleware around everything.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let path = request.uri().path();
    let current = Arc::new(Current {
        id: uuid::Uuid::now_v7().to_string(),
        path: path[..path.floor_char_boundary(PATH_BYTES_MAX)].to_owned(),
        nonce: OnceLock::new(),
    });
    let listener = request.extensions().get::<Listener>().copied().unwrap_or(Listener::Plain);
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let method = request.method().clone();
    CURRENT
        .scope(Arc::clone(&current), async move {
            let mut response = match refuse_foreign(&request) {
                Some(problem) => problem.into_response(),
                // No name holds the character that PostgreSQL's texts cannot: whatever is asked for is not there.
                None if has_nul(request.uri()) => crate::pages::unknown().await,
                None => answer(&app, request, next).await,
            };
            decorate(&mut response, listener, &current);
            let route = route.as_deref().unwrap_or("none");
            let status = response.status().as_u16();
            let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::debug!(request_id = %current.id, %method, route, status, took_ms, "answered");
            response
        })
        .await
}

/// The handler's answer, where there is room for the request and in its time.
async fn answer(app: &App, request: Request, next: Next) -> Response {
    // Whoever restarts and balances is answered even when nobody else is.
    let in_flight = if request.uri().path().starts_with("/health/") {
        None
    } else {
        let address = app.client_ip(peer(request.extensions()), request.headers());
        match app.limits.enter(address) {
            Ok(in_flight) => Some(in_flight),
            Err(crowded) => return Problem::from(crowded).into_response(),
        }
    };
    let bounded = tokio::time::timeout(app.limits.time_max, next.run(request));
    let answered = AssertUnwindSafe(bounded).catch_unwind().await;
    drop(in_flight);
    match answered {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            let mut problem =
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too-slow", "This took too long and was given up.");
            problem.retry_after_s = Some(5);
            problem.into_response()
        }
        Err(_) => {
            tracing::error!(request_id = %request_id(), "a handler panicked");
            Problem::internal().into_response()
        }
    }
}

/// The peer of the connection that a request came by.
pub(crate) fn peer(extensions: &Extensions) -> IpAddr {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.0.ip())
}

fn has_nul(uri: &Uri) -> bool {
    uri.path_and_query().is_some_and(|asked| asked.as_str().contains("%00"))
}

/// A state-changing request with a cookie must come from our own pages; one with a bearer token carries its own proof.
fn refuse_foreign(request: &Request) -> Option<Problem> {
    let changing = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let headers = request.headers();
    if !changing || headers.contains_key(header::AUTHORIZATION) || request.uri().path().starts_with("/api/") {
        return None;
    }
    let same = match headers.get("sec-fetch-site").and_then(|value| value.to_str().ok()) {
        Some(site) => site == "same-origin",
        None => origin_is_host(headers),
    };
    (!same).then(|| {
        Problem::new(StatusCode::FORBIDDEN, "foreign-origin", "This form was not sent from a page of ours.")
            .detail("Open the page again and send the form from there.")
    })
}

fn origin_is_host(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(origin), Some(host)) = (text(header::ORIGIN), text(header::HOST)) else { return false };
    origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://")) == Some(host)
}

/// Content-Security-Policy (Level 3) of an answer without a script.
const POLICY_WITHOUT_SCRIPTS: &str = "default-src 'none'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
    frame-ancestors 'none'; base-uri 'none'";

/// Headers of every answer.
const FIXED_HEADERS: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

fn decorate(response: &mut Response, listener: Listener, current: &Current) {
    let headers = response.headers_mut();
    if listener == Listener::Https && !claims::faults::on("hsts-off") {
        let two_years = HeaderValue::from_static("max-age=63072000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, two_years);
    }
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(HeaderName::from_static("x-request-id"), &current.id);
    match current.nonce.get() {
        None => set(header::CONTENT_SECURITY_POLICY, POLICY_WITHOUT_SCRIPTS),
        Some(nonce) => {
            let scripts = format!("script-src 'nonce-{nonce}' 'strict-dynamic'; {POLICY_WITHOUT_SCRIPTS}");
            set(header::CONTENT_SECURITY_POLICY, &scripts);
        }
    }
    for (name, value) in FIXED_HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    }
}
