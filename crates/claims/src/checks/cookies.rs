//! Attributes of every cookie that a sign-in sets, and what an altered one is good for.

use super::{Found, Tally};
use crate::ask::{Content, Who};
use crate::canary::{Part, cookie_header};
use crate::probe::{ProbeCtx, ProbeError};
use crate::registry::Outcome;

/// A page that only somebody signed in may see, below the workspace's own address.
pub(super) const HOME: &str = "/";

pub(super) async fn run(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let side = &cx.canary.a;
    let lines = side.sign_in(cx, Part::Member).await?;
    let mut tally = Tally::default();
    for line in &lines {
        let cookie = Cookie::of(line);
        for (what, holds) in [
            ("begins with __Host-", cookie.name.starts_with("__Host-")),
            ("Secure", cookie.has("secure", "")),
            ("HttpOnly", cookie.has("httponly", "")),
            ("SameSite=Strict", cookie.has("samesite", "strict")),
            ("Path=/", cookie.has("path", "/")),
            ("no Domain", !cookie.attributes.iter().any(|(name, _)| name == "domain")),
        ] {
            tally.count(format!("a cookie: {what}"), Found::right_if(holds));
        }
    }
    let good = cookie_header(&lines);
    let path = format!("/w/{}{HOME}", side.slug);
    let kept = cx.get(&path, Who::Session(&good)).await?;
    tally.count("the cookie as it was set", Found::right_if(kept.status == 200));
    for (what, altered) in [("one sign altered", altered(&good)), ("cut short", good[..good.len() - 1].to_owned())] {
        let answer = cx.get(&path, Who::Session(&altered)).await?;
        let turned_away = answer.status == 401 || is_to_sign_in(answer.status, answer.header("location"));
        tally.count(format!("a cookie {what}"), Found::right_if(turned_away && !answer.contains(&side.marker)));
    }
    let out = format!("/w/{}/sign-out", side.slug);
    cx.ask("POST", &out, Who::Session(&good), Content::Form(String::new()), &[]).await?;
    let after = cx.get(&path, Who::Session(&good)).await?;
    let ended = after.status == 401 || is_to_sign_in(after.status, after.header("location"));
    tally.count("the cookie after signing out", Found::right_if(ended));
    Ok(tally.outcome("attributes and altered cookies were as they must be"))
}

/// Whether an answer sends the browser to a sign-in page.
pub(super) fn is_to_sign_in(status: u16, location: Option<&str>) -> bool {
    matches!(status, 302 | 303 | 307) && location.is_some_and(|location| location.contains("sign-in"))
}

/// The cookie with the middle sign of its value replaced.
fn altered(cookie: &str) -> String {
    let start = cookie.find('=').map_or(0, |at| at + 1);
    let middle = start + (cookie.len() - start) / 2;
    cookie
        .char_indices()
        .map(|(at, sign)| match sign {
            'A' if at == middle => 'B',
            _ if at == middle => 'A',
            other => other,
        })
        .collect()
}

struct Cookie<'a> {
    name: &'a str,
    attributes: Vec<(String, String)>,
}

impl<'a> Cookie<'a> {
    fn of(line: &'a str) -> Self {
        let mut parts = line.split(';');
        let name = parts.next().and_then(|pair| pair.split('=').next()).unwrap_or("").trim();
        let attributes = parts
            .map(|part| part.split_once('=').unwrap_or((part, "")))
            .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_ascii_lowercase()))
            .collect();
        Self { name, attributes }
    }

    fn has(&self, name: &str, value: &str) -> bool {
        self.attributes.iter().any(|(known, held)| known == name && held == value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read() {
        let cookie = Cookie::of("__Host-cs=v.t; Path=/; Secure; HttpOnly; SameSite=Strict");
        assert_eq!(cookie.name, "__Host-cs");
        assert!(cookie.has("secure", "") && cookie.has("samesite", "strict") && cookie.has("path", "/"));
        assert!(!Cookie::of("a=b; samesite=lax").has("samesite", "strict"));
        assert!(!Cookie::of("secure=1").has("secure", ""));
    }

    #[test]
    fn an_altered_cookie_is_another_of_the_same_length() {
        for cookie in ["__Host-cs=AAAA.BB", "__Host-cs=zzzz"] {
            let other = altered(cookie);
            assert_ne!(other, cookie);
            assert_eq!(other.len(), cookie.len());
        }
    }
}
