//! Workspaces of the installation, for its operator.

use super::{Frame, Pill, When};
use askama::Template;

/// `/w/{slug}/workspaces`: posts `slug`, `name` and `owner_email` to itself.
#[derive(Debug, Clone, Template)]
#[template(path = "workspaces.html")]
pub struct Workspaces {
    /// What every page has.
    pub frame: Frame,
    /// By slug. Nothing but what an operator has to know.
    pub workspaces: Vec<WorkspaceRow>,
    /// What was typed before.
    pub slug: String,
    /// What was typed before.
    pub name: String,
    /// What was typed before.
    pub owner_email: String,
    /// What is wrong and what to do.
    pub error: Option<String>,
    /// One-time link for the owner of a workspace just made; shown once.
    pub fresh_link: Option<String>,
}

/// One workspace.
#[derive(Debug, Clone)]
pub struct WorkspaceRow {
    /// Its slug.
    pub slug: String,
    /// When it was made.
    pub created: When,
    /// Active, ended.
    pub state: Pill,
}
