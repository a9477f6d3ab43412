//! Channels: what leaves the product. So far that is mail.
//!
//! Every effect to the outside is a row of the outbox, written in the transaction that caused it. The [`Courier`] takes
//! due rows, asks a [`MailComposer`] for the letters and hands them to a [`Transport`].
//!
//! What must stay true:
//! - A letter's head holds no control character, so nothing can add a header line ([`Letter::new`]).
//! - Mail leaves over verified TLS or not at all; there is no plain fallback ([`SmtpTransport`]).
//! - An effect is done once inside; outside it arrives at least once, each time with the same `Message-ID`.
//! - Logs, records and error codes hold no address and no content.
#![forbid(unsafe_code)]

mod back_off;
mod compose;
mod courier;
mod delivery;
mod file_outbox;
mod letter;
mod pace;
mod smtp;
mod transport;
mod turns;
mod wire;

pub use back_off::back_off;
pub use compose::{ComposeError, MailComposer};
pub use courier::{AT_ONCE_MAX, Courier};
pub use delivery::{DELIVERY_MAX, DeliveryError, LETTERS_MAX};
pub use file_outbox::FileOutbox;
pub use letter::{
    ADDRESS_BYTES_MAX, BODY_BYTES_MAX, Letter, LetterError, MESSAGE_REF_BYTES_MAX, Post, SUBJECT_CHARS_MAX, Sender,
    subject_line,
};
pub use pace::PER_SECOND_DEFAULT;
pub use smtp::{Login, SmtpSettings, SmtpTransport, TlsMode};
pub use transport::{SEND_MAX, Transport, TransportError};
