//! What every handler is given, and how a client's address is known.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::HeaderMap;
use tenancy::{Channel, Database, Origin, WorkspaceId};

use crate::limits::Limits;
use crate::trust::TrustSource;

/// Shared by all handlers.
#[derive(Clone)]
pub struct App {
    /// The maker of scopes.
    pub db: Database,
    /// Where the security page's verdicts come from.
    pub trust: Arc<dyn TrustSource>,
    /// Whether a peer is a proxy whose forwarded address is believed.
    pub trusted_proxy: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    /// What bounds a request.
    pub limits: Limits,
    /// The workspace whose owners see the list of workspaces.
    pub platform: WorkspaceId,
    /// Logs that are being recomputed because somebody asked for it.
    pub verifications: ledger::Verifications,
    /// Where the logs are anchored.
    pub anchors: ledger::AnchorsSeen,
    /// Whether streams of the trail may go to addresses of this machine and its network.
    pub private_receivers: ledger::stream::address::Private,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App")
    }
}

/// The listener a request came through; set by the binary, one value a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// TLS ends here: HSTS goes out.
    Https,
    /// Plain, on loopback or behind a stated TLS proxy.
    Plain,
}

impl App {
    /// Where a request came from, for its record.
    #[must_use]
    pub fn origin(&self, peer: IpAddr, headers: &HeaderMap, channel: Channel) -> Origin {
        let device = headers.get("user-agent").and_then(|value| value.to_str().ok()).unwrap_or("unknown");
        Origin::network(self.client_ip(peer, headers), device, channel)
    }

    /// The client's address: the peer, or what a trusted proxy says as its last hop.
    pub(crate) fn client_ip(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !(self.trusted_proxy)(peer) {
            return peer;
        }
        headers
            .get("x-forwarded-for")
            .and_then(|value| value.to_str().ok())
            .and_then(|hops| hops.rsplit(',').next())
            .and_then(|hop| hop.trim().parse().ok())
            .unwrap_or(peer)
    }
}
