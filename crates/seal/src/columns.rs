//! Every sealed and blind-indexed column of the product, made from one table.
//!
//! The table stands in step with `aad-registry.tsv`, which only ever grows: the numbers are part of
//! the associated data of every stored value, so a changed line would make values unreadable. A new
//! column gets the next free number; renaming a table or column keeps its numbers.
//!
//! Every column here binds its row. A column that steers security and is rewritten in place should be
//! entered with the shape `RowVersion`, so that its own older ciphertext cannot be put back.

use crate::column::registered::Registered;
use crate::{Column, Purpose, Shape};

/// One line of the AAD registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Number of the table.
    pub table: u16,
    /// Number of the column within the table.
    pub column: u16,
    /// Name of the table.
    pub table_name: &'static str,
    /// Name of the column.
    pub column_name: &'static str,
    /// Purpose of the keys that seal it.
    pub purpose: Purpose,
    /// What its associated data binds.
    pub shape: Shape,
    /// Content is padded to a multiple of this many bytes; 0 for none.
    pub pad_bytes: usize,
}

macro_rules! columns {
    ($( $(#[$doc:meta])* $name:ident = ($table:literal, $column:literal), $table_name:literal . $column_name:literal,
        $purpose:ident, $shape:ident, pad $pad:literal, $content:ty; )*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub enum $name {}
            impl Registered for $name {}
            impl Column for $name {
                const TABLE: u16 = $table;
                const COLUMN: u16 = $column;
                const TABLE_NAME: &'static str = $table_name;
                const COLUMN_NAME: &'static str = $column_name;
                const SHAPE: Shape = Shape::$shape;
                const PURPOSE: Purpose = Purpose::$purpose;
                const PAD: usize = $pad;
                type Content = $content;
            }
        )*
        /// Every column, in the order of the registry.
        pub const ALL: &[Entry] = &[
            $( Entry {
                table: $table,
                column: $column,
                table_name: $table_name,
                column_name: $column_name,
                purpose: Purpose::$purpose,
                shape: Shape::$shape,
                pad_bytes: $pad,
            }, )*
        ];
    };
}

columns! {
    /// Name of a workspace.
    WorkspaceName = (1, 1), "workspace"."name", Field, Row, pad 0, String;
    /// What a person is called and reached at, as JSON.
    PersonProfile = (2, 1), "person"."profile", Field, Row, pad 0, Vec<u8>;
    /// Blind index of a person's e-mail address.
    PersonEmail = (2, 2), "person"."email", Blind, Row, pad 0, Vec<u8>;
    /// Name of a group.
    GroupName = (3, 1), "grp"."name", Field, Row, pad 0, String;
    /// Blind index of a group's name.
    GroupNameIndex = (3, 2), "grp"."name_bidx", Blind, Row, pad 0, Vec<u8>;
    /// Name of a process.
    ProcessName = (4, 1), "process"."name", Field, Row, pad 0, String;
    /// Document of a process version. Versions are never rewritten, so the row is enough.
    ProcessDocument = (5, 1), "process_version"."document", Field, Row, pad 0, Vec<u8>;
    /// Title of a request.
    RequestTitle = (6, 1), "request"."title", Field, Row, pad 0, String;
    /// State of the engine for a request.
    RequestState = (6, 2), "request"."state", Field, Row, pad 0, Vec<u8>;
    /// The values a requester handed in.
    RevisionContent = (7, 1), "revision"."content", Field, Row, pad 0, Vec<u8>;
    /// What an event of a request says.
    EventBody = (8, 1), "request_event"."body", Field, Row, pad 0, String;
    /// Why somebody decided as they did. Padded, so that a word and no word look alike.
    DecisionReason = (9, 1), "decision"."reason", Field, Row, pad 64, String;
    /// What a comment says.
    CommentBody = (10, 1), "comment"."body", Field, Row, pad 0, String;
    /// Verifier of a password (a PHC string).
    PasswordPhc = (11, 1), "password"."phc", Field, Row, pad 0, String;
    /// Address a session was opened from. Padded, so that address families look alike.
    SessionIp = (12, 1), "session"."ip", Field, Row, pad 64, String;
    /// Browser a session was opened with.
    SessionUserAgent = (12, 2), "session"."user_agent", Field, Row, pad 0, String;
    /// What its owner calls an API token.
    TokenLabel = (13, 1), "api_token"."label", Field, Row, pad 0, String;
    /// The part of an audit payload that lives with its retention class and month.
    AuditPeriodPart = (14, 1), "audit_payload"."period_part", AuditPeriod, Row, pad 0, Vec<u8>;
    /// The part of an audit payload that lives with a person's data.
    AuditPersonPart = (14, 2), "audit_payload"."person_part", AuditPerson, Row, pad 0, Vec<u8>;
    /// The answer kept for a repeated call.
    IdempotencyResponse = (15, 1), "idempotency"."response", Field, Row, pad 0, Vec<u8>;
    /// Blind index of what sign-in attempts are counted by.
    LoginBucketKey = (16, 1), "login_bucket"."key", Blind, Row, pad 0, Vec<u8>;
    /// What a check saw.
    ClaimObservation = (17, 1), "claim_state"."observation", Field, Row, pad 0, Vec<u8>;
    /// Whom a mail goes to.
    MailRecipient = (18, 1), "mail"."recipient", Field, Row, pad 0, String;
    /// Subject of a mail.
    MailSubject = (18, 2), "mail"."subject", Field, Row, pad 0, String;
    /// Body of a mail.
    MailBody = (18, 3), "mail"."body", Field, Row, pad 0, String;
    /// What a device calls itself.
    DeviceText = (19, 1), "device"."text", Field, Row, pad 0, String;
    /// What a workspace calls a stream of its audit trail.
    StreamName = (20, 1), "stream"."name", Field, Row, pad 0, String;
    /// Where a stream goes and what it proves itself with there, as JSON. Rewritten when a secret changes, so an older
    /// one cannot be put back.
    StreamSettings = (20, 2), "stream"."settings", Field, RowVersion, pad 0, Vec<u8>;
}
