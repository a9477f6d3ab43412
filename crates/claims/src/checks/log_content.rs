//! Canary words sent through the public listener, and looked for in what the process logs.

use std::time::Duration;

use super::{Found, Tally};
use crate::ask::{Content, Who, form_value};
use crate::canary::Part;
use crate::probe::{ProbeCtx, ProbeError};
use crate::registry::Outcome;

/// How long a line may take from the act to the log.
const SETTLE: Duration = Duration::from_millis(200);

pub(super) async fn run(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let side = &cx.canary.a;
    let token = side.token(Part::Member)?;
    let [control, email, password, forged, value, query] =
        [word("control"), word("email"), word("password"), word("token"), word("value"), word("query")];
    let own_email = side.email(Part::Member);
    let never = [
        ("an e-mail address", email.as_str()),
        ("a password", &password),
        ("a forged token", &forged),
        ("a form value", &value),
        ("a query", &query),
        ("a live token", &token),
        ("a live password", side.password(Part::Member)?),
        ("a live e-mail address", &own_email),
        ("a canary word", &side.marker),
    ];
    let needles: Vec<&str> = std::iter::once(control.as_str()).chain(never.map(|(_, needle)| needle)).collect();
    let before = cx.log_tail.counters();
    // From here on every line is looked at: other people's lines must not push ours out of what is kept.
    let watch = cx.log_tail.watch(&needles);
    // If this word is not found the log was not read, and finding nothing else would prove nothing.
    tracing::debug!("a live check writes {control} to see that the log is read");
    let sign_in = format!("email={}&password={}", form_value(&format!("{email}@probe.invalid")), form_value(&password));
    cx.ask("POST", &format!("/w/{}/sign-in", side.slug), Who::Nobody, Content::Form(sign_in), &[]).await?;
    let forged_token = format!("csk_{forged}");
    cx.get("/api/v1/tasks", Who::Token(&forged_token)).await?;
    let malformed = Content::Json(format!("{{\"process\": \"{value}\", "));
    cx.ask("POST", "/api/v1/requests", Who::Token(&token), malformed, &[]).await?;
    let wrong = serde_json::json!({"process": side.process_keys[0], "values": {"title": [value], "unknown": value}, "submit": true});
    cx.post_json("/api/v1/requests", Who::Token(&token), &wrong).await?;
    cx.get(&format!("/no-such-address?q={query}"), Who::Nobody).await?;
    tokio::time::sleep(SETTLE).await;
    let seen = cx.log_tail.seen(watch);
    let Some((1.., rest)) = seen.split_first() else {
        return Err(ProbeError::Missing("the log could not be read back"));
    };
    let mut tally = Tally::default();
    for ((what, _), count) in never.iter().zip(rest) {
        tally.count(*what, Found::right_if(*count == 0));
    }
    let after = cx.log_tail.counters();
    let unknown = after.lines_with_unknown_fields > before.lines_with_unknown_fields;
    tally.count("known fields only", Found::right_if(!unknown));
    Ok(tally.outcome("canary words are in no line of the log, and its lines hold known fields only"))
}

/// A word that stands nowhere yet.
fn word(of: &str) -> String {
    format!("probe{of}{}", uuid::Uuid::new_v4().simple())
}
