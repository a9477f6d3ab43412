//! A letter: checked once, so that no field of it can forge a header.

use std::fmt;
use std::time::SystemTime;

use jiff::Timestamp;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::{Address, Message};
use tenancy::OutboxId;

/// Most bytes of an address (RFC 5321 section 4.5.3.1.3, without the angle brackets).
pub const ADDRESS_BYTES_MAX: usize = 254;
/// Most characters of a subject.
pub const SUBJECT_CHARS_MAX: usize = 200;
/// Most bytes of a body.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of a message reference: two ids and what joins them.
pub const MESSAGE_REF_BYTES_MAX: usize = 80;
/// Most bytes of the host in a `Message-ID` (RFC 1035 section 2.3.4).
const HOST_BYTES_MAX: usize = 253;

/// What a letter may not be. It never holds the refused text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LetterError {
    /// The address is none, too long, or has a control character.
    #[error("the address is not one")]
    Address,
    /// The subject is empty, over [`SUBJECT_CHARS_MAX`], or has a control character.
    #[error("the subject is empty, too long, or has a control character")]
    Subject,
    /// The body is over [`BODY_BYTES_MAX`], or has a control character beside line ends and tabs.
    #[error("the body is too long or has a control character")]
    Body,
    /// The reference is empty, over [`MESSAGE_REF_BYTES_MAX`], or has more than letters, digits and hyphens.
    #[error("the message reference is not one")]
    MessageRef,
    /// The sender's address or host is not one.
    #[error("the sender is not one")]
    Sender,
    /// The parts do not make a message.
    #[error("the parts do not make a message")]
    Message,
}

/// One letter to one person, plain text.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    to: Address,
    subject: String,
    body_text: String,
    message_ref: String,
}

impl fmt::Debug for Letter {
    /// Without address and content: both are customer data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Letter({})", self.message_ref)
    }
}

impl Letter {
    /// Checks the parts of a letter. `message_ref` tells it apart among the letters of its effect and holds ids only:
    /// the request's, or the request's and the reader's joined by a hyphen. It must be the same at a second delivery.
    ///
    /// # Errors
    /// The [`LetterError`] of the first part that is refused.
    pub fn new(to: &str, subject: &str, body_text: &str, message_ref: &str) -> Result<Self, LetterError> {
        let to = address(to).ok_or(LetterError::Address)?;
        let length = subject.chars().count();
        if subject.trim().is_empty() || length > SUBJECT_CHARS_MAX || subject.chars().any(breaks_a_line) {
            return Err(LetterError::Subject);
        }
        let body_text = body_text.replace("\r\n", "\n");
        if body_text.len() > BODY_BYTES_MAX || body_text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            return Err(LetterError::Body);
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if message_ref.is_empty() || message_ref.len() > MESSAGE_REF_BYTES_MAX || !message_ref.bytes().all(plain) {
            return Err(LetterError::MessageRef);
        }
        Ok(Self { to, subject: subject.to_owned(), body_text, message_ref: message_ref.to_owned() })
    }

    /// What tells this letter apart among those of its effect.
    #[must_use]
    pub fn message_ref(&self) -> &str {
        &self.message_ref
    }
    /// The reader's address.
    #[must_use]
    pub fn to(&self) -> &str {
        self.to.as_ref()
    }
    /// The subject.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }
    /// The text.
    #[must_use]
    pub fn body_text(&self) -> &str {
        &self.body_text
    }
}

/// Makes any text a subject that [`Letter::new`] takes: control characters become spaces, what is over
/// [`SUBJECT_CHARS_MAX`] is cut and marked by an ellipsis. Blank text stays blank.
#[must_use]
pub fn subject_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if breaks_a_line(c) { ' ' } else { c }).collect();
    let plain = plain.trim();
    if plain.chars().count() <= SUBJECT_CHARS_MAX {
        return plain.to_owned();
    }
    plain.chars().take(SUBJECT_CHARS_MAX - 1).chain(['…']).collect()
}

/// Control characters, and the two separators that some readers take for a line's end.
fn breaks_a_line(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

fn address(text: &str) -> Option<Address> {
    if text.len() > ADDRESS_BYTES_MAX || text.chars().any(|c| breaks_a_line(c) || c.is_whitespace()) {
        return None;
    }
    text.parse().ok()
}

/// Who all letters are from, by configuration.
#[derive(Debug, Clone)]
pub struct Sender {
    mailbox: Mailbox,
    host: String,
}

impl Sender {
    /// `from` is an address, alone or as `Name <address>`; its domain becomes the host of every `Message-ID`.
    ///
    /// # Errors
    /// [`LetterError::Sender`] for anything else.
    pub fn new(from: &str) -> Result<Self, LetterError> {
        if from.len() > 2 * ADDRESS_BYTES_MAX || from.chars().any(breaks_a_line) {
            return Err(LetterError::Sender);
        }
        let mailbox: Mailbox = from.trim().parse().map_err(|_| LetterError::Sender)?;
        let host = mailbox.email.domain().to_owned();
        let named =
            host.len() <= HOST_BYTES_MAX && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
        if named { Ok(Self { mailbox, host }) } else { Err(LetterError::Sender) }
    }

    /// The host of every `Message-ID`, which we also greet a relay with.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// A letter as it goes over the wire, with the name it is known by.
#[derive(Clone)]
pub struct Post {
    pub(crate) message: Message,
    local_part: String,
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Post({})", self.local_part)
    }
}

impl Post {
    /// Puts the headers of an automatic mail (RFC 3834) around a letter. The `Message-ID` is the same each time the
    /// same effect is delivered.
    ///
    /// # Errors
    /// [`LetterError::Message`] when the parts do not make a message.
    pub fn new(letter: &Letter, sender: &Sender, effect: OutboxId, now: Timestamp) -> Result<Self, LetterError> {
        let local_part = format!("r.{}.{effect}", letter.message_ref);
        let message = Message::builder()
            .from(sender.mailbox.clone())
            .to(Mailbox::new(None, letter.to.clone()))
            .date(SystemTime::from(now))
            .message_id(Some(format!("<{local_part}@{}>", sender.host)))
            .subject(letter.subject.clone())
            .header(AutoSubmitted)
            .header(AutoResponseSuppress)
            .singlepart(SinglePart::plain(letter.body_text.clone()))
            .map_err(|_| LetterError::Message)?;
        Ok(Self { message, local_part })
    }

    /// The part of the `Message-ID` before the `@`: letters, digits, hyphens and full stops only.
    #[must_use]
    pub fn local_part(&self) -> &str {
        &self.local_part
    }
    /// The message, lines ended by CRLF.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.message.formatted();
        // The message's one part is closed by a line end of its own, which would show as a blank line.
        if bytes.ends_with(b"\r\n") {
            bytes.truncate(bytes.len() - 2);
        }
        bytes
    }
}

macro_rules! fixed_headers {
    ($($type:ident $name:literal $value:literal;)*) => {$(
        #[derive(Clone)]
        struct $type;
        impl Header for $type {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($name)
            }
            fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                if text == $value { Ok(Self) } else { Err("another value".into()) }
            }
            fn display(&self) -> HeaderValue {
                HeaderValue::new(Self::name(), $value.to_owned())
            }
        }
    )*};
}

fixed_headers! {
    AutoSubmitted "Auto-Submitted" "auto-generated";
    AutoResponseSuppress "X-Auto-Response-Suppress" "All";
}

#[cfg(test)]
#[path = "letter_tests.rs"]
mod tests;
