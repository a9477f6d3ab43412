//! Who acts, from where, and with what proof.

use std::net::IpAddr;

use crate::{PersonId, SessionId, TokenId};

/// Who acts. There is no all-powerful actor: each internal one may do only the acts that name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Somebody of the workspace.
    Person(PersonId),
    /// Nobody yet: the sign-in and link pages.
    Visitor,
    /// The operator at the control socket of this installation.
    Operator,
    /// Delivers effects from the outbox.
    Courier,
    /// Runs the live checks.
    Prober,
    /// Carries out what was ordered to be erased.
    Custodian,
    /// Sends streams of the audit trail to their receivers.
    Streamer,
    /// Gives records their leaves, and begins the logs anew after a restore.
    Integrator,
}

impl Actor {
    /// The person, where the actor is one.
    #[must_use]
    pub const fn person(&self) -> Option<PersonId> {
        match self {
            Self::Person(id) => Some(*id),
            _ => None,
        }
    }
    /// The word a record carries.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Person(_) => "person",
            Self::Visitor => "visitor",
            Self::Operator => "operator",
            Self::Courier => "courier",
            Self::Prober => "prober",
            Self::Custodian => "custodian",
            Self::Streamer => "streamer",
            Self::Integrator => "integrator",
        }
    }
}

/// The proof of an actor, resolved inside the scope's first round trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// SHA-256 of a session's token.
    Session([u8; 32]),
    /// SHA-256 of an API token.
    Token([u8; 32]),
    /// Nobody: a sign-in or link page.
    Visitor,
    /// An internal actor, which only the binary hands out.
    Internal(Internal),
}

/// The internal actors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Internal {
    /// See [`Actor::Operator`].
    Operator,
    /// See [`Actor::Courier`].
    Courier,
    /// See [`Actor::Prober`].
    Prober,
    /// See [`Actor::Custodian`].
    Custodian,
    /// See [`Actor::Streamer`].
    Streamer,
    /// See [`Actor::Integrator`].
    Integrator,
}

/// How a credential got in: for records and for rules that differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// A signed-in browser.
    Session(SessionId),
    /// An API token.
    Token(TokenId),
    /// Neither.
    Nothing,
}

/// Where an act came from; part of every record (PIQ-44).
#[derive(Debug, Clone)]
pub struct Origin {
    /// The client's address, if it came over a network.
    pub ip: Option<IpAddr>,
    /// The client's own description, cut to 200 characters.
    pub device: String,
    /// The door it came through.
    pub channel: Channel,
}

/// Doors into the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// A page.
    Page,
    /// The REST API.
    Api,
    /// The control socket.
    Control,
    /// A worker of ours.
    Worker,
}

impl Channel {
    /// The word that records and rows carry.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Api => "api",
            Self::Control => "control",
            Self::Worker => "worker",
        }
    }
}

impl Origin {
    /// An origin inside this process.
    #[must_use]
    pub fn internal(channel: Channel) -> Self {
        Self { ip: None, device: "countersign".to_owned(), channel }
    }
    /// An origin on the network; the device text is cut to 200 characters.
    #[must_use]
    pub fn network(ip: IpAddr, device: &str, channel: Channel) -> Self {
        Self { ip: Some(ip), device: device.chars().filter(|c| !c.is_control()).take(200).collect(), channel }
    }
}
