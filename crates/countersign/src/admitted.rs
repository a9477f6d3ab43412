//! Connections, at most so many of one address, over all listeners together.

use std::future::{Ready, ready};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use web::{Crowd, Place};

use crate::config::{self, Config, Network};

/// Admits connections before anything is read of them: one past its address's bound is closed.
///
/// A trusted proxy is not counted, for it stands for everybody behind it.
#[derive(Debug, Clone)]
pub(crate) struct Admitted {
    crowd: Crowd,
    proxies: Arc<[Network]>,
}

/// A connection that counts until it is closed.
#[derive(Debug)]
pub(crate) struct Counted {
    stream: TcpStream,
    _place: Option<Place>,
}

impl Admitted {
    pub(crate) fn new(config: &Config) -> Self {
        Self::of_at_most(config.limits.connections_per_address_max, &config.trusted_proxies)
    }

    /// So many connections of an address, and any number of these proxies.
    pub(crate) fn of_at_most(each_max: usize, proxies: &[Network]) -> Self {
        Self { crowd: Crowd::of_at_most(each_max), proxies: proxies.into() }
    }

    fn admit(&self, stream: TcpStream) -> io::Result<Counted> {
        let peer = stream.peer_addr()?.ip();
        let place = if config::is_among(&self.proxies, peer) {
            None
        } else {
            Some(self.crowd.enter(peer).ok_or_else(refused)?)
        };
        // An answer's last packet does not wait for the peer's acknowledgement of the one before (RFC 896).
        stream.set_nodelay(true)?;
        Ok(Counted { stream, _place: place })
    }
}

fn refused() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionRefused, "the address has its most connections")
}

impl<S> Accept<TcpStream, S> for Admitted {
    type Stream = Counted;
    type Service = S;
    type Future = Ready<io::Result<(Counted, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(self.admit(stream).map(|counted| (counted, service)))
    }
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, from)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, from)
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
