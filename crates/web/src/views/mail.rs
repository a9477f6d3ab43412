//! Mail texts, plain text. Each ends with why it was sent. Links are absolute.

use askama::Template;

/// Somebody is asked for a decision.
#[derive(Debug, Clone, Template)]
#[template(path = "mail_task.txt")]
pub struct TaskMail {
    /// Name of who is asked.
    pub to_name: String,
    /// Name of the workspace.
    pub workspace_name: String,
    /// Name of the requester.
    pub requester: String,
    /// Name of the process.
    pub process: String,
    /// Number of the request.
    pub number: String,
    /// Title of the request.
    pub title: String,
    /// Name of the stage.
    pub stage: String,
    /// Number of the revision.
    pub revision: u32,
    /// Absolute URL of the request.
    pub link: String,
}

impl TaskMail {
    /// The subject.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("Your decision: {} ({})", one_line(&self.title), self.number)
    }
}

/// A request ended.
#[derive(Debug, Clone, Template)]
#[template(path = "mail_decided.txt")]
pub struct DecidedMail {
    /// Name of the requester.
    pub to_name: String,
    /// Name of the workspace.
    pub workspace_name: String,
    /// Number of the request.
    pub number: String,
    /// Title of the request.
    pub title: String,
    /// "approved" or "rejected".
    pub outcome: String,
    /// Who decided last.
    pub by: String,
    /// The reason; empty for none.
    pub reason: String,
    /// Absolute URL of the request.
    pub link: String,
}

impl DecidedMail {
    /// The subject.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("{}: {} ({})", capitalised(&self.outcome), one_line(&self.title), self.number)
    }
}

/// Somebody asks for changes.
#[derive(Debug, Clone, Template)]
#[template(path = "mail_returned.txt")]
pub struct ReturnedMail {
    /// Name of the requester.
    pub to_name: String,
    /// Name of the workspace.
    pub workspace_name: String,
    /// Number of the request.
    pub number: String,
    /// Title of the request.
    pub title: String,
    /// Who asks.
    pub by: String,
    /// What is asked for.
    pub reason: String,
    /// Absolute URL of the request.
    pub link: String,
}

impl ReturnedMail {
    /// The subject.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("Changes asked for: {} ({})", one_line(&self.title), self.number)
    }
}

/// How the log of a workspace stands, to be kept.
#[derive(Debug, Clone, Template)]
#[template(path = "mail_checkpoint.txt")]
pub struct CheckpointMail {
    /// Name of who keeps it.
    pub to_name: String,
    /// Name of the workspace.
    pub workspace_name: String,
    /// The note, as it was signed, its last line end included.
    pub note: String,
    /// Absolute URL of the log's page.
    pub link: String,
}

impl CheckpointMail {
    /// The subject.
    #[must_use]
    pub fn subject(&self) -> String {
        let size = self.note.lines().nth(1).unwrap_or_default();
        format!("Checkpoint of {}: {} records", one_line(&self.workspace_name), one_line(size))
    }
}

/// Somebody is invited to a workspace.
#[derive(Debug, Clone, Template)]
#[template(path = "mail_invitation.txt")]
pub struct InvitationMail {
    /// Name of who is invited; empty where unknown.
    pub to_name: String,
    /// Name of the workspace.
    pub workspace_name: String,
    /// Who invites.
    pub by: String,
    /// Role given.
    pub role: String,
    /// Absolute one-time URL.
    pub link: String,
    /// When it stops working, with its zone.
    pub expires: String,
}

impl InvitationMail {
    /// The subject.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("{} invites you to {}", one_line(&self.by), one_line(&self.workspace_name))
    }
}

/// A header holds one line: control characters become spaces.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
