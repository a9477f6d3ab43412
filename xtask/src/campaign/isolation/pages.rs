//! The pages' half of the campaign: a signed-in browser of one workspace asks for another's things.

use reqwest::Method;
use uuid::Uuid;

use crate::Failure;
use crate::api::{Answer, Api, PageCall};
use crate::server::Server;

/// Pages with the form that each takes. `ID` is where an id can stand; `{slug}` is tried with both
/// workspaces.
const PAGES: &[(&str, &str)] = &[
    ("/w/{slug}/new/ID", ""),
    ("/w/{slug}/new/ID", "f.title=x"),
    ("/w/{slug}/requests/ID", ""),
    ("/w/{slug}/requests/ID/edit", ""),
    ("/w/{slug}/requests/ID/edit", "f.title=x"),
    ("/w/{slug}/requests/ID/decide", "task=ID&decision=approve"),
    ("/w/{slug}/requests/ID/decide", "task=ID&decision=reject&reason=no"),
    ("/w/{slug}/requests/ID/comment", "text=x"),
    ("/w/{slug}/requests/ID/withdraw", "x=x"),
    ("/w/{slug}/requests/ID/resubmit", "x=x"),
    ("/w/{slug}/people/ID", ""),
    ("/w/{slug}/people/ID", "act=save"),
    ("/w/{slug}/people/ID", "act=save&manager=ID"),
    ("/w/{slug}/groups/ID", ""),
    ("/w/{slug}/groups/ID", "act=add&person=ID"),
    ("/w/{slug}/processes/ID", ""),
    ("/w/{slug}/processes/ID", "document=%7B%7D"),
    ("/w/{slug}/tokens", "act=revoke&token=ID"),
    ("/w/{slug}/audit?request=ID", ""),
    ("/w/{slug}/audit?actor=ID", ""),
    ("/w/{slug}/?cursor=ID", ""),
];

/// A page attempt: its template, before ids and slugs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    path: &'static str,
    form: &'static str,
    /// Whether the address names the other workspace.
    abroad: Abroad,
}

/// Which workspace the address names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Abroad {
    Own,
    Other,
}

impl Page {
    /// Every page, in the asker's workspace and in the other one.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        [Abroad::Own, Abroad::Other]
            .into_iter()
            .flat_map(|abroad| PAGES.iter().map(move |(path, form)| Self { path, form, abroad }))
    }

    pub(super) fn method(self) -> Method {
        if self.form.is_empty() { Method::GET } else { Method::POST }
    }

    pub(super) fn path(self, id: &str) -> String {
        let slug = if self.abroad == Abroad::Own { super::ASKER } else { super::VICTIM };
        self.path.replace("{slug}", slug).replace("ID", id)
    }

    pub(super) fn call<'a>(self, cookie: &'a str, id: &str) -> PageCall<'a> {
        PageCall { method: self.method(), path: self.path(id), cookie, form: self.form.replace("ID", id) }
    }
}

/// Signs in by a one-time link and returns the session's cookie as `name=value`.
pub(in crate::campaign) async fn sign_in(
    api: &Api,
    server: &Server,
    workspace: &str,
    email: &str,
) -> Result<String, Failure> {
    let printed = server.command(&["link", "create", "--workspace", workspace, "--as", email])?;
    let link = printed.split_whitespace().find(|word| word.contains("/link/"));
    let at = link.and_then(|link| link.find("/link/").map(|at| link[at..].to_owned()));
    let path = at.ok_or_else(|| format!("link create printed no link: {printed}"))?;
    let form = "act=open".to_owned();
    let answer = api.page(&PageCall { method: Method::POST, path, cookie: "", form }).await?;
    let cookie = answer.cookies.iter().find(|cookie| cookie.starts_with("__Host-"));
    let pair = cookie.and_then(|cookie| cookie.split(';').next()).map(str::to_owned);
    pair.ok_or_else(|| format!("the link gave no session: {}", answer.problem()).into())
}

/// Status, place and text of a page without what differs from page to page: ids and nonces.
pub(super) fn plain(answer: &Answer, id: &str) -> String {
    let place = answer.location.as_deref().unwrap_or_default();
    format!("{} {} {}", answer.status, place.replace(id, "ID"), without_chance(&answer.text.replace(id, "ID")))
}

fn without_chance(text: &str) -> String {
    let mut plain = String::new();
    for (at, part) in text.split("nonce=\"").enumerate() {
        let rest = if at == 0 { part } else { part.split_once('"').map_or("", |(_, rest)| rest) };
        plain.push_str(rest);
    }
    // Words of the right length and form are ids of this one answer.
    let is_id = |word: &&str| word.len() == 36 && Uuid::parse_str(word).is_ok();
    let cut = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
    for id in plain.clone().split(cut).filter(is_id) {
        plain = plain.replace(id, "ID");
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{Page, without_chance};

    #[test]
    fn chance_is_taken_out_and_nothing_else() {
        let page = "<script nonce=\"a1b2\" src=x></script><p>01a20106-5b31-74e6-8655-a9b48bacd70a gone</p>";
        assert_eq!(without_chance(page), "<script  src=x></script><p>ID gone</p>");
    }

    #[test]
    fn every_page_has_room_for_an_id() {
        assert!(Page::all().all(|page| page.path.contains("ID") || page.form.contains("ID")));
        assert!(Page::all().any(|page| page.path("7").starts_with("/w/sample/")));
    }
}
