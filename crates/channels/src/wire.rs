//! The plain half of a connection that becomes TLS.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// First byte of a TLS handshake record (RFC 8446 section 5.1). No SMTP command begins with it.
const TLS_HANDSHAKE: u8 = 22;

/// What has been said so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Plain,
    Tls,
}

/// A TCP stream that hands out one byte at a time until we begin the TLS handshake.
///
/// The SMTP client reads through a buffer that outlives the change to TLS. Were more than the answer to STARTTLS in it,
/// somebody on the way could put answers there that we would take for the relay's own. With single bytes nothing is ever
/// read ahead: such bytes stay on the wire and break the handshake.
#[derive(Debug)]
pub(crate) struct Wire {
    tcp: TcpStream,
    phase: Phase,
}

impl Wire {
    pub(crate) const fn new(tcp: TcpStream) -> Self {
        Self { tcp, phase: Phase::Plain }
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.peer_addr()
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.phase == Phase::Tls || out.remaining() == 0 {
            return Pin::new(&mut self.tcp).poll_read(cx, out);
        }
        let mut byte = [0];
        let mut single = ReadBuf::new(&mut byte);
        ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut single))?;
        out.put_slice(single.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.first() == Some(&TLS_HANDSHAKE) {
            self.phase = Phase::Tls;
        }
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
