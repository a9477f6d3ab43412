//! Every listener of this process against the declared ones.

use std::net::SocketAddr;

use super::{Found, Tally};
use crate::hello;
use crate::probe::{PlainException, ProbeCtx, ProbeError};
use crate::registry::Outcome;
use crate::sockets;

pub(super) async fn run(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let found =
        tokio::task::spawn_blocking(sockets::listening).await.map_err(|_| ProbeError::Unreadable("the sockets"))??;
    let mut tally = Tally::default();
    for address in found {
        match judge(address, cx.https_addr, cx.plain_addr, cx.plain_exception) {
            Judged::Secure => {
                // A declared TLS listener must not answer plain HTTP.
                let reply = hello::first_bytes(cx.https_addr, b"GET / HTTP/1.1\r\nHost: probe\r\n\r\n").await?;
                let plain = reply.is_some_and(|bytes| bytes.starts_with(b"HTTP/") && !bytes.starts_with(b"HTTP/1.1 4"));
                tally.count("the TLS listener", Found::right_if(!plain));
            }
            Judged::Excused => {
                tally.count("the plain listener, bound to this machine or behind a stated proxy", Found::Right)
            }
            Judged::Undeclared => tally.count("a listener that nobody declared", Found::Wrong),
            Judged::Exposed => tally.count("a plain listener that other machines reach", Found::Wrong),
        }
    }
    Ok(tally.outcome("listeners are declared, and speak TLS or stay on this machine"))
}

#[derive(Debug, PartialEq, Eq)]
enum Judged {
    Secure,
    Excused,
    Undeclared,
    Exposed,
}

fn judge(found: SocketAddr, https: SocketAddr, plain: Option<SocketAddr>, exception: PlainException) -> Judged {
    if is_at(found, https) {
        return Judged::Secure;
    }
    if !plain.is_some_and(|plain| is_at(found, plain)) {
        return Judged::Undeclared;
    }
    if found.ip().is_loopback() || exception == PlainException::BehindStatedProxy {
        Judged::Excused
    } else {
        Judged::Exposed
    }
}

/// The same port on the same address, or on all addresses where checks speak to one of them.
fn is_at(found: SocketAddr, declared: SocketAddr) -> bool {
    found.port() == declared.port() && (found.ip() == declared.ip() || found.ip().is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_listener_is_declared_excused_exposed_or_unknown() {
        let (https, plain) = (at("127.0.0.1:8443"), Some(at("127.0.0.1:8080")));
        let only = PlainException::LoopbackOnly;
        assert_eq!(judge(at("127.0.0.1:8443"), https, plain, only), Judged::Secure);
        assert_eq!(judge(at("0.0.0.0:8443"), https, plain, only), Judged::Secure);
        assert_eq!(judge(at("127.0.0.1:8080"), https, plain, only), Judged::Excused);
        assert_eq!(judge(at("0.0.0.0:8080"), https, plain, only), Judged::Exposed);
        assert_eq!(judge(at("0.0.0.0:8080"), https, plain, PlainException::BehindStatedProxy), Judged::Excused);
        assert_eq!(judge(at("127.0.0.1:8081"), https, plain, only), Judged::Undeclared);
        assert_eq!(judge(at("127.0.0.1:8080"), https, None, only), Judged::Undeclared);
    }
}
