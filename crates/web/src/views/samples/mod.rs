//! One sample of every page, for tests and for the gallery (`cargo run -p web --example gallery -- DIR`).
//!
//! The people and requests here are made up. No page that is served reads this module.

mod admin;
mod erasure;
mod requests;
mod trust;

pub use admin::*;
pub use erasure::*;
pub use requests::*;
pub use trust::*;

use super::{Flash, Frame, Nav, Pill, Theme, Tone, When, WorkspaceNav};
use askama::Template;

/// A page that is ready to be looked at.
#[derive(Debug)]
pub struct Sample {
    /// File name without its ending.
    pub name: &'static str,
    /// The page, or askama's error.
    pub html: Result<String, askama::Error>,
}

fn sample(name: &'static str, page: &impl Template) -> Sample {
    Sample { name, html: page.render() }
}

/// Every page in that theme, some of them in several states.
#[must_use]
pub fn pages(theme: Theme) -> Vec<Sample> {
    vec![
        sample("enter-workspace", &enter_workspace(theme)),
        sample("sign-in", &sign_in(theme)),
        sample("one-time-link", &one_time_link(theme)),
        sample("set-password", &set_password(theme)),
        sample("link-spent", &link_spent(theme)),
        sample("error", &error_page(theme)),
        sample("home", &home(theme)),
        sample("home-empty", &home_empty(theme)),
        sample("catalogue", &catalogue(theme)),
        sample("catalogue-empty", &catalogue_empty(theme)),
        sample("form-new", &form_new(theme)),
        sample("form-edit", &form_edit(theme)),
        sample("request", &request(theme)),
        sample("request-stale", &request_stale(theme)),
        sample("request-returned", &request_returned(theme)),
        sample("people", &people(theme)),
        sample("person", &person(theme)),
        sample("groups", &groups(theme)),
        sample("group", &group(theme)),
        sample("audit", &audit(theme)),
        sample("audit log", &audit_log(theme)),
        sample("audit log, running", &audit_log_running(theme)),
        sample("record", &record(theme)),
        sample("erasure", &erasure(theme)),
        sample("erasure, ending", &erasure_ending(theme)),
        sample("ended", &ended(theme)),
        sample("processes", &processes(theme)),
        sample("process-edit", &process_edit(theme)),
        sample("streams", &streams(theme)),
        sample("stream", &stream(theme)),
        sample("tokens", &tokens(theme)),
        sample("workspaces", &workspaces(theme)),
        sample("trust", &trust(theme)),
        sample("trust-ledger", &trust_ledger(theme)),
    ]
}

/// Every mail: name, subject, text.
#[must_use]
pub fn mails() -> Vec<(&'static str, String, Result<String, askama::Error>)> {
    let (task, decided) = (task_mail(), decided_mail());
    let (returned, invitation, checkpoint) = (returned_mail(), invitation_mail(), checkpoint_mail());
    vec![
        ("task", task.subject(), task.render()),
        ("decided", decided.subject(), decided.render()),
        ("returned", returned.subject(), returned.render()),
        ("invitation", invitation.subject(), invitation.render()),
        ("checkpoint", checkpoint.subject(), checkpoint.render()),
    ]
}

fn signed_in(theme: Theme, title: &str, active: Nav) -> Frame {
    Frame {
        title: title.to_owned(),
        workspace: Some(WorkspaceNav {
            slug: "northwind".to_owned(),
            name: "Northwind".to_owned(),
            person_name: "Ana Ruiz".to_owned(),
            initials: "AR".to_owned(),
            may_people: true,
            may_audit: true,
            may_processes: true,
            may_workspaces: true,
            waiting_count: 3,
        }),
        active,
        theme,
        nonce: "c2FtcGxlLW5vbmNl".to_owned(),
        flash: None,
    }
}

fn outside(theme: Theme, title: &str, active: Nav) -> Frame {
    Frame { workspace: None, ..signed_in(theme, title, active) }
}

fn flash(tone: Tone, text: &str) -> Option<Flash> {
    Some(Flash { tone, text: text.to_owned() })
}

fn at(clock: &str, text: &str) -> When {
    When::new(format!("2026-11-17T{clock}:00+01:00"), text, format!("Tuesday, 17 November 2026, {clock}:00 CET"))
}

fn ok(word: &str) -> Pill {
    Pill::new(Tone::Ok, word)
}

fn wait(word: &str) -> Pill {
    Pill::new(Tone::Wait, word)
}

fn no(word: &str) -> Pill {
    Pill::new(Tone::No, word)
}

fn idle(word: &str) -> Pill {
    Pill::new(Tone::Idle, word)
}
