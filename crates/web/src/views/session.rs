//! Pages before somebody is signed in.

use super::{Frame, When};
use askama::Template;

/// `/`: asks which workspace to sign in to; posts `workspace` to `/`.
#[derive(Debug, Clone, Template)]
#[template(path = "enter_workspace.html")]
pub struct EnterWorkspace {
    /// What every page has.
    pub frame: Frame,
    /// What was typed before.
    pub slug: String,
    /// What is wrong with it and what to do.
    pub error: Option<String>,
}

/// `/w/{slug}/sign-in`: posts `email`, `password` and `next` to itself.
#[derive(Debug, Clone, Template)]
#[template(path = "sign_in.html")]
pub struct SignIn {
    /// What every page has.
    pub frame: Frame,
    /// Slug of the workspace.
    pub slug: String,
    /// Path to go to afterwards, within the workspace; empty for home.
    pub next: String,
    /// What was typed before.
    pub email: String,
    /// What is wrong and what to do. Never says which of the two was wrong.
    pub error: Option<String>,
}

/// `/link/{slug}/{secret}` by GET: a button that uses the link by POST, so that a mail scanner cannot.
#[derive(Debug, Clone, Template)]
#[template(path = "one_time_link.html")]
pub struct OneTimeLink {
    /// What every page has.
    pub frame: Frame,
    /// The path to post to: the link itself.
    pub action: String,
    /// Name of the workspace.
    pub workspace_name: String,
    /// What the link is for, e.g. "Sign in as Ana Ruiz" (also the button's words).
    pub purpose: String,
    /// When it stops working.
    pub expires: When,
}

/// After an invitation or a one-time link: name and password; posts `name`, `password` and `password_again`.
#[derive(Debug, Clone, Template)]
#[template(path = "set_password.html")]
pub struct SetPassword {
    /// What every page has.
    pub frame: Frame,
    /// The path to post to.
    pub action: String,
    /// Name of the workspace.
    pub workspace_name: String,
    /// The address that was invited.
    pub email: String,
    /// Name as known or typed.
    pub name: String,
    /// Fewest characters of a password here.
    pub chars_min: usize,
    /// A path that goes on without a password, where that is allowed.
    pub skip: Option<String>,
    /// What is wrong with the name.
    pub name_error: Option<String>,
    /// What is wrong with the password.
    pub password_error: Option<String>,
}

/// A one-time link that was used, ended or never was.
#[derive(Debug, Clone, Template)]
#[template(path = "link_spent.html")]
pub struct LinkSpent {
    /// What every page has.
    pub frame: Frame,
    /// Where to sign in, when the workspace is known.
    pub sign_in: Option<String>,
}
