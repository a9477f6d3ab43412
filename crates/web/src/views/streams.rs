//! Streams of the audit trail.

use super::{Frame, Pill, When};
use askama::Template;

/// `/w/{slug}/streams`: posts to itself with `receiver` and what belongs to it.
#[derive(Debug, Clone, Template)]
#[template(path = "streams.html")]
pub struct Streams {
    /// What every page has.
    pub frame: Frame,
    /// In the order of their making.
    pub streams: Vec<StreamLine>,
    /// May make one.
    pub may_add: bool,
    /// What was typed before.
    pub typed: StreamTyped,
    /// What is wrong and what to do.
    pub error: Option<String>,
}

/// A stream in the list.
#[derive(Debug, Clone)]
pub struct StreamLine {
    /// Path of its page.
    pub href: String,
    /// Its name.
    pub name: String,
    /// Where it goes.
    pub to: String,
    /// How it is.
    pub state: Pill,
    /// How far it is behind.
    pub lag: String,
    /// When a batch arrived last.
    pub last_sent: Option<When>,
    /// Batches among its dead letters.
    pub dead: u64,
}

/// What was typed into the form of a stream; never a secret.
#[derive(Debug, Clone, Default)]
pub struct StreamTyped {
    /// `webhook`, `object_store` or `syslog`; empty before.
    pub receiver: String,
    /// Its name.
    pub name: String,
    /// Word of its format.
    pub format: String,
    /// `first` or `now`.
    pub begin: String,
    /// URL of the webhook.
    pub url: String,
    /// URL of the object store.
    pub endpoint: String,
    /// Bucket.
    pub bucket: String,
    /// Region.
    pub region: String,
    /// Prefix of keys.
    pub prefix: String,
    /// Id of the key.
    pub access_key: String,
    /// Host of the syslog receiver.
    pub host: String,
    /// Its port.
    pub port: String,
    /// Authorities in PEM.
    pub ca_pem: String,
}

impl Streams {
    /// Whether the form of a receiver is the one that was sent.
    fn is_open(&self, receiver: &str) -> bool {
        self.typed.receiver == receiver
    }

    /// The problem of that form.
    fn error_of(&self, receiver: &str) -> Option<&str> {
        self.error.as_deref().filter(|_| self.is_open(receiver))
    }
}

/// `/w/{slug}/streams/{id}`: posts to itself with `act`.
#[derive(Debug, Clone, Template)]
#[template(path = "stream.html")]
pub struct StreamPage {
    /// What every page has.
    pub frame: Frame,
    /// Where the buttons post to.
    pub action: String,
    /// Its name.
    pub name: String,
    /// How it is.
    pub state: Pill,
    /// What the state means, and what to do.
    pub state_text: String,
    /// Labels and values.
    pub facts: Vec<(String, String)>,
    /// When a batch arrived last.
    pub last_sent: Option<When>,
    /// When it is tried again, while an attempt failed.
    pub next_try: Option<When>,
    /// Key with which a receiver checks checkpoints.
    pub vkey: Option<String>,
    /// May change it.
    pub may_change: bool,
    /// It can be paused.
    pub can_pause: bool,
    /// It can go on.
    pub can_resume: bool,
    /// The batch that can be left out, in words.
    pub can_skip: Option<String>,
    /// It has a secret of ours.
    pub can_rotate: bool,
    /// Batches that were given up, newest first.
    pub dead: Vec<DeadLine>,
    /// A secret just made; shown once.
    pub fresh: Option<String>,
    /// What came of a test.
    pub tested: Option<Tested>,
}

/// A batch that was given up.
#[derive(Debug, Clone)]
pub struct DeadLine {
    /// When.
    pub when: When,
    /// Which records, in words.
    pub records: String,
    /// Why, in words.
    pub why: String,
    /// What became of it.
    pub state: Pill,
}

/// What came of a test event.
#[derive(Debug, Clone)]
pub struct Tested {
    /// It arrived.
    pub is_taken: bool,
    /// In words.
    pub text: String,
    /// What the receiver said, cut short.
    pub said: String,
}
