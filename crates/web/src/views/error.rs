//! The one page for everything that went wrong.

use super::Frame;
use askama::Template;

/// What happened, what to do, and the id to quote.
#[derive(Debug, Clone, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// What every page has.
    pub frame: Frame,
    /// HTTP status of the answer.
    pub status: u16,
    /// What happened, one sentence, also the headline.
    pub happened: String,
    /// What the reader can do about it.
    pub what_to_do: String,
    /// Id of the HTTP request, as in the log.
    pub request_id: String,
    /// Where to go on: path and words of the link.
    pub way_on: Option<(String, String)>,
}
