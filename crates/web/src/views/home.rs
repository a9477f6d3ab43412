//! Home and catalogue.

use super::{Frame, Pill, When};
use askama::Template;

/// `/w/{slug}/`: what waits for the reader, and what the reader asked for.
#[derive(Debug, Clone, Template)]
#[template(path = "home.html")]
pub struct Home {
    /// What every page has.
    pub frame: Frame,
    /// "Good morning, Ana".
    pub greeting: String,
    /// Open tasks of the reader, oldest first, one page of them.
    pub waiting: Vec<WaitingRow>,
    /// URL of the next page of tasks.
    pub waiting_next: Option<String>,
    /// Requests of the reader, newest first, one page of them.
    pub mine: Vec<RequestRow>,
    /// URL of the next page of requests.
    pub mine_next: Option<String>,
    /// When the workspace ends, where that was ordered.
    pub ends: Option<When>,
}

/// One task that waits for the reader.
#[derive(Debug, Clone)]
pub struct WaitingRow {
    /// Path of the request.
    pub href: String,
    /// Title of the request.
    pub title: String,
    /// Name of the stage.
    pub stage: String,
    /// Name of the requester.
    pub from: String,
    /// Since when the task is open.
    pub since: When,
    /// Sum with its currency, where the form has one.
    pub amount: Option<String>,
    /// When it is due, where a limit is set.
    pub due: Option<Pill>,
}

/// One request of the reader.
#[derive(Debug, Clone)]
pub struct RequestRow {
    /// Path of the request.
    pub href: String,
    /// Title of the request.
    pub title: String,
    /// Where it is: "with Jonas Weber since Monday".
    pub place: String,
    /// Its state.
    pub state: Pill,
}

/// `/w/{slug}/catalogue`: the processes the reader may start.
#[derive(Debug, Clone, Template)]
#[template(path = "catalogue.html")]
pub struct Catalogue {
    /// What every page has.
    pub frame: Frame,
    /// Published processes, by name.
    pub processes: Vec<ProcessCard>,
}

impl Catalogue {
    fn may_publish(&self) -> bool {
        self.frame.workspace.as_ref().is_some_and(|workspace| workspace.may_processes)
    }
}

/// One process to start.
#[derive(Debug, Clone)]
pub struct ProcessCard {
    /// Path of its request form.
    pub start: String,
    /// Its name.
    pub name: String,
    /// What it is for, one line.
    pub summary: String,
    /// Who decides, in order: "Line manager, then Finance from 5,000.00 EUR".
    pub path: String,
}
