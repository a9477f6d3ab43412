//! Generates attempts: every place of every route where an id can stand, with every foreign id.

use reqwest::Method;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::Failure;
use crate::api::{Answer, Api, Call, Retry};

use super::pages::{self, Page};
use super::routes::Route;
use super::victim::{PUBLIC, Victim};

/// Where the id is put.
#[derive(Debug, Clone)]
enum Spot {
    /// Into every parameter of the path.
    Path,
    /// Into this query parameter; parameters of the path take an id that nobody has.
    Query(String),
    /// Into this member of the body; parameters of the path take an id that nobody has.
    Member(String),
    /// Wherever this page has room for it.
    Page(Page),
}

/// Who asks: by a token over the API, by a session on pages.
pub(super) struct Asker {
    pub(super) token: String,
    pub(super) cookie: String,
}

/// One foreign id at one spot of one route, and an id that nobody has for its twin.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) method: Method,
    pub(super) path: String,
    spot: Spot,
    template: Value,
    takes_body: bool,
    pub(super) foreign: String,
    pub(super) unknown: Uuid,
}

impl Attempt {
    /// Asks with `id` at the spot; the answer, and what of it must not depend on whose id it is.
    pub(super) async fn ask(&self, api: &Api, asker: &Asker, id: &str) -> Result<(Answer, String), Failure> {
        if let Spot::Page(page) = self.spot {
            let answer = api.page(&page.call(&asker.cookie, id)).await?;
            let plain = pages::plain(&answer, id);
            return Ok((answer, plain));
        }
        let answer = api.send(&self.call(&asker.token, id)).await?;
        let plain = plain(&answer, id).replace(&self.unknown.to_string(), "ID");
        Ok((answer, plain))
    }

    /// The call of the API with `id` at the spot.
    fn call<'a>(&self, token: &'a str, id: &str) -> Call<'a> {
        let nobody = self.unknown.to_string();
        let in_path = if matches!(self.spot, Spot::Path) { id } else { &nobody };
        let mut path = String::new();
        for part in self.path.split('/').skip(1) {
            path.push('/');
            path.push_str(if part.starts_with('{') { in_path } else { part });
        }
        let mut body = self.template.clone();
        match &self.spot {
            Spot::Path | Spot::Page(_) => {}
            Spot::Query(name) => path.push_str(&format!("?{name}={id}")),
            Spot::Member(name) => body[name] = json!(id),
        }
        Call {
            method: self.method.clone(),
            path,
            token,
            // A tag of the right form: without one, changes stop at 428 before they look at the id.
            if_match: (self.method != Method::GET).then_some(TAG),
            body: self.takes_body.then_some(body),
            retry: Retry::Bounded,
        }
    }
}

/// The hash of nothing, as an entity tag.
const TAG: &str = "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"";

/// The attempts of a campaign: all distinct ones again and again, up to the number asked for.
pub(super) struct Attempts {
    distinct: Vec<Attempt>,
    made: usize,
    wanted: usize,
}

impl Attempts {
    pub(super) fn new(routes: &[Route], victim: &Victim, wanted: usize) -> Self {
        let mut distinct = Vec::new();
        for id in &victim.ids {
            for route in routes.iter().filter(|route| !PUBLIC.contains(&route.path.as_str())) {
                for spot in spots(route) {
                    distinct.push(Attempt {
                        method: route.method.clone(),
                        path: route.path.clone(),
                        spot,
                        template: template(route),
                        takes_body: route.takes_body,
                        foreign: id.clone(),
                        unknown: Uuid::now_v7(),
                    });
                }
            }
            for page in Page::all() {
                distinct.push(Attempt {
                    method: page.method(),
                    path: page.path("ID"),
                    spot: Spot::Page(page),
                    template: Value::Null,
                    takes_body: false,
                    foreign: id.clone(),
                    unknown: Uuid::now_v7(),
                });
            }
        }
        Self { distinct, made: 0, wanted }
    }

    /// How many differ from one another.
    pub(super) fn distinct(&self) -> usize {
        self.distinct.len()
    }
}

impl Iterator for Attempts {
    type Item = Attempt;

    fn next(&mut self) -> Option<Attempt> {
        if self.made == self.wanted || self.distinct.is_empty() {
            return None;
        }
        // A stride that shares no factor with most lengths mixes routes and ids.
        let at = (self.made * 7919) % self.distinct.len();
        self.made += 1;
        let mut attempt = self.distinct[at].clone();
        attempt.unknown = Uuid::now_v7();
        Some(attempt)
    }
}

fn spots(route: &Route) -> Vec<Spot> {
    let mut spots = Vec::new();
    if !route.parameters().is_empty() {
        spots.push(Spot::Path);
    }
    spots.extend(route.queries.iter().cloned().map(Spot::Query));
    spots.extend(route.members.iter().cloned().map(Spot::Member));
    spots
}

/// A body that gets past the shape of the known operations; members that are not theirs are left out.
fn template(route: &Route) -> Value {
    let known = json!({
        "process": "purchase", "submit": true, "values": {}, "decision": "reject", "reason": "no",
        "task": "00000000-0000-7000-8000-000000000000", "text": "hello", "comment": "hello",
        "name": "x", "email": "x@asker.test", "role": "member",
    });
    let mut body = Map::new();
    for member in &route.members {
        if let Some(value) = known.get(member) {
            body.insert(member.clone(), value.clone());
        }
    }
    Value::Object(body)
}

/// Status and body of an answer without what must differ: the id that was asked for and the trace id.
fn plain(answer: &Answer, id: &str) -> String {
    let mut body = answer.body.clone();
    if let Some(members) = body.as_object_mut() {
        members.remove("request_id");
    }
    let text = if body.is_null() { answer.text.clone() } else { body.to_string() };
    let tag = answer.etag.as_deref().unwrap_or_default();
    format!("{} {tag} {}", answer.status, text.replace(id, "ID"))
}
