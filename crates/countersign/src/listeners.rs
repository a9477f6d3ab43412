//! The listeners: plain HTTP on loopback, TLS beside it, both of one router.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls_pki_types::UnixTime;
use web::{App, Listener};

use crate::admitted::Admitted;
use crate::config::{Config, PlainHttp};
use crate::tls;

/// Open listeners.
#[derive(Clone)]
pub struct Listeners {
    plain: SocketAddr,
    https: SocketAddr,
    handles: [Handle<SocketAddr>; 2],
    rustls: RustlsConfig,
    ca: std::sync::Arc<str>,
    plain_http: PlainHttp,
}

impl Listeners {
    /// Binds and serves.
    ///
    /// # Errors
    /// A sentence that names the address.
    pub async fn open(config: &Config, tls_dir: &Path, app: App) -> Result<Self, String> {
        let (rustls, ca) = certificate(config, tls_dir)?;
        let handles = [Handle::new(), Handle::new()];
        let plain_router = match config.plain_http {
            PlainHttp::RedirectOnly => Router::new().fallback(redirect),
            PlainHttp::Loopback | PlainHttp::BehindTlsProxy => web::router(app.clone(), Listener::Plain),
        };
        let header_time = Duration::from_millis(config.limits.header_timeout_ms);
        let flags = "--listen or --listen-https";
        let plain = bind(config.listen, flags)?;
        let https = bind(config.listen_https, flags)?;
        let (plain_address, https_address) = (address(&plain)?, address(&https)?);
        let admitted = Admitted::new(config);
        let mut server = axum_server::from_tcp(plain)
            .map_err(|error| error.to_string())?
            .acceptor(admitted.clone())
            .handle(handles[0].clone());
        bounded(server.http_builder(), header_time);
        tokio::spawn(server.serve(plain_router.into_make_service_with_connect_info::<SocketAddr>()));
        let mut server = axum_server::from_tcp(https)
            .map_err(|error| error.to_string())?
            .acceptor(RustlsAcceptor::new(rustls.clone()).acceptor(admitted))
            .handle(handles[1].clone());
        bounded(server.http_builder(), header_time);
        let router = web::router(app, Listener::Https);
        tokio::spawn(server.serve(router.into_make_service_with_connect_info::<SocketAddr>()));
        Ok(Self {
            plain: plain_address,
            https: https_address,
            handles,
            rustls,
            ca: ca.into(),
            plain_http: config.plain_http,
        })
    }

    /// Address of the plain listener.
    #[must_use]
    pub const fn plain(&self) -> SocketAddr {
        self.plain
    }
    /// Address of the TLS listener.
    #[must_use]
    pub const fn https(&self) -> SocketAddr {
        self.https
    }
    /// What the plain listener may do.
    #[must_use]
    pub const fn plain_http(&self) -> PlainHttp {
        self.plain_http
    }
    /// The authority that signed the certificate, or the certificate's own chain, in PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca
    }
    /// Scheme, host and port of the TLS listener.
    #[must_use]
    pub fn https_base(&self) -> String {
        format!("https://{}", host(self.https))
    }
    /// Where people reach the product.
    #[must_use]
    pub fn base_url(&self, config: &Config) -> String {
        config.public_url.clone().unwrap_or_else(|| match config.plain_http {
            PlainHttp::RedirectOnly => self.https_base(),
            PlainHttp::Loopback | PlainHttp::BehindTlsProxy => format!("http://{}", host(self.plain)),
        })
    }
    /// Lets open requests end, then closes.
    pub async fn close(&self) {
        for handle in &self.handles {
            handle.graceful_shutdown(Some(Duration::from_secs(3)));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// An address as a URL has it; the unspecified one is reached on loopback.
fn host(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => format!("127.0.0.1:{}", v4.port()),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => format!("[::1]:{}", v6.port()),
        other => other.to_string(),
    }
}

/// Bounds the time of a request's headers, and the streams of a connection.
pub(crate) fn bounded(builder: &mut Builder<TokioExecutor>, header_time: Duration) {
    builder.http1().timer(TokioTimer::new()).header_read_timeout(header_time);
    builder.http2().max_concurrent_streams(128).max_pending_accept_reset_streams(Some(20));
}

pub(crate) fn bind(address: SocketAddr, flags: &str) -> Result<std::net::TcpListener, String> {
    let listener = std::net::TcpListener::bind(address)
        .map_err(|error| format!("cannot listen on {address}: {error}; choose another with {flags}"))?;
    listener.set_nonblocking(true).map_err(|error| error.to_string())?;
    Ok(listener)
}

pub(crate) fn address(listener: &std::net::TcpListener) -> Result<SocketAddr, String> {
    listener.local_addr().map_err(|error| error.to_string())
}

fn now() -> UnixTime {
    UnixTime::now()
}

fn certificate(config: &Config, dir: &Path) -> Result<(RustlsConfig, String), String> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let (cert, key, authority) = match &config.tls.files {
        Some(files) => (files.cert.clone(), files.key.clone(), files.cert.clone()),
        None => {
            let local = tls::local_certificate(dir, now()).map_err(|error| words(&error))?;
            (local.cert, local.key, local.ca)
        }
    };
    let server = tls::server_config(&cert, &key, config.tls.min).map_err(|error| words(&error))?;
    let ca = std::fs::read_to_string(&authority).map_err(|error| format!("{}: {error}", authority.display()))?;
    Ok((RustlsConfig::from_config(server), ca))
}

/// Reads the certificate again, renewed where it is ours and near its end; open connections stay.
///
/// # Errors
/// A sentence.
pub async fn reload(listeners: &Listeners, config: &Config, dir: &Path) -> Result<(), String> {
    let (fresh, _) = certificate(config, dir)?;
    listeners.rustls.reload_from_config(fresh.get_inner());
    Ok(())
}

/// The plain port of a public listener: GET and HEAD go to TLS, everything else is refused.
async fn redirect(method: Method, uri: Uri, headers: axum::http::HeaderMap) -> Response {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let host = host.and_then(|host| host.split(':').next()).filter(|host| !host.is_empty());
    match (method, host) {
        (Method::GET | Method::HEAD, Some(host)) => {
            let path = uri.path_and_query().map_or("/", |path| path.as_str());
            Redirect::permanent(&format!("https://{host}{path}")).into_response()
        }
        _ => (StatusCode::UPGRADE_REQUIRED, "Use https.\n").into_response(),
    }
}
