//! Strict-Transport-Security on every kind of answer (RFC 6797).

use super::{Found, Tally};
use crate::ask::{Content, Who};
use crate::canary::Part;
use crate::probe::{ProbeCtx, ProbeError};
use crate::registry::Outcome;

/// One year, the least that is accepted.
const MAX_AGE_MIN_S: u64 = 31_536_000;

pub(super) async fn run(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let side = &cx.canary.a;
    let token = side.token(Part::Member)?;
    let home = format!("/w/{}/", side.slug);
    let broken = Content::Json("{\"process\": ".to_owned());
    let asks = [
        ("the front page", "GET", "/", Who::Nobody, Content::Nothing),
        ("the security page", "GET", "/trust", Who::Nobody, Content::Nothing),
        ("a page that wants a sign-in", "GET", home.as_str(), Who::Nobody, Content::Nothing),
        ("an unknown address", "GET", "/no-such-address", Who::Nobody, Content::Nothing),
        ("a wrong method", "DELETE", "/trust", Who::Nobody, Content::Nothing),
        ("a call without a token", "GET", "/api/v1/tasks", Who::Nobody, Content::Nothing),
        ("a call", "GET", "/api/v1/tasks", Who::Token(&token), Content::Nothing),
        ("a malformed call", "POST", "/api/v1/requests", Who::Token(&token), broken),
    ];
    let mut tally = Tally::default();
    for (name, method, path, who, content) in asks {
        let answer = cx.ask(method, path, who, content, &[]).await?;
        let age_s = answer.header("strict-transport-security").and_then(max_age_s);
        tally.count(format!("{name} ({})", answer.status), Found::right_if(age_s.is_some_and(|s| s >= MAX_AGE_MIN_S)));
    }
    Ok(tally.outcome("kinds of answers carry the header"))
}

/// The seconds of the `max-age` directive; nothing when the header stands twice.
fn max_age_s(header: &str) -> Option<u64> {
    if header.contains('\n') {
        return None;
    }
    header.split(';').find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        if !name.trim().eq_ignore_ascii_case("max-age") {
            return None;
        }
        value.trim().trim_matches('"').parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directive_is_read() {
        assert_eq!(max_age_s("max-age=63072000; includeSubDomains"), Some(63_072_000));
        assert_eq!(max_age_s("includeSubDomains; Max-Age=\"31536000\""), Some(31_536_000));
        assert_eq!(max_age_s("includeSubDomains"), None);
        assert_eq!(max_age_s("max-age=1\nmax-age=2"), None);
    }
}
