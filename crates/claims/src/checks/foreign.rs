//! One workspace asking for every kind of object of the other, by every route there is.

use std::collections::BTreeSet;

use super::targets::{self, Kind};
use super::{Found, Tally};
use crate::ask::{Content, Who, folded};
use crate::canary::{Objects, Part, Side};
use crate::probe::{ProbeCtx, ProbeError, RouteAccess, RouteInfo};
use crate::registry::Outcome;
use crate::statements;

/// One attempt and how it ended.
struct Attempt {
    name: String,
    found: Found,
}

pub(super) async fn cross_workspace(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let [a, b] = cx.sides()?;
    let mut tally = Tally::default();
    let mut channels = BTreeSet::new();
    for attempt in attempts(cx, b, a).await? {
        channels.insert(if attempt.name.contains("/api/") { "REST" } else { "pages" });
        tally.count(attempt.name, attempt.found);
    }
    let channels: Vec<&str> = channels.into_iter().collect();
    Ok(tally.outcome(&format!("attempts over {} found nothing of the other workspace", channels.join(" and "))))
}

pub(super) async fn plan_independence(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let [a, b] = cx.sides()?;
    let plans = [plan(cx, a.0).await?, plan(cx, b.0).await?];
    if plans[0] == plans[1] {
        return Err(ProbeError::Missing("the canary workspaces are on the same plan"));
    }
    let forth = attempts(cx, a, b).await?;
    let back = attempts(cx, b, a).await?;
    let mut tally = Tally::default();
    for (one, other) in forth.into_iter().zip(back) {
        let same = one.name == other.name && one.found == Found::Right && other.found == Found::Right;
        tally.count(one.name, Found::right_if(same));
    }
    Ok(tally.outcome(&format!("attempts ended alike from {} to {} and back", plans[0], plans[1])))
}

async fn plan(cx: &ProbeCtx, side: &Side) -> Result<String, ProbeError> {
    let scope = cx.view(side.workspace).await?;
    let plan = scope.one(&statements::CANARY_PLAN, &[&side.workspace.uuid()]).await?.get(0);
    scope.finish();
    Ok(plan)
}

/// Asks every route as the owner of one workspace for the objects of the other.
async fn attempts(
    cx: &ProbeCtx,
    (asker, own): (&Side, &Objects),
    (target, foreign): (&Side, &Objects),
) -> Result<Vec<Attempt>, ProbeError> {
    let token = asker.token(Part::Owner)?;
    let session = asker.session(cx, Part::Owner).await?;
    let mut found = Vec::new();
    for route in cx.routes.iter().filter(|route| matches!(route.access, RouteAccess::Act(_) | RouteAccess::Open)) {
        let is_api = route.path_template.starts_with("/api/");
        let who = if is_api { Who::Token(&token) } else { Who::Session(&session) };
        let name = format!("{} {}", route.method, route.path_template);
        match targets::object_of(route.path_template) {
            Some(Kind::Private) => {}
            Some(kind) => {
                let same = is_like_unknown(cx, route, who, (asker, own), (target, foreign), kind).await?;
                found.push(Attempt { name, found: Found::right_if(same) });
            }
            None if route.method == "GET" => {
                let Some(path) = targets::fill(route.path_template, |kind| targets::canary_value(asker, own, kind))
                else {
                    continue;
                };
                let answer = cx.get(&path, who).await?;
                let silent = !answer.contains(&target.marker) && answer.status < 500;
                found.push(Attempt { name, found: Found::right_if(silent) });
                if route.path_template.contains("{slug}") {
                    found.push(at_the_other(cx, route, who, target, foreign).await?);
                }
            }
            None => {}
        }
    }
    Ok(found)
}

/// A page of the other workspace with one's own session: nothing of it may come back.
async fn at_the_other(
    cx: &ProbeCtx,
    route: &RouteInfo,
    who: Who<'_>,
    target: &Side,
    foreign: &Objects,
) -> Result<Attempt, ProbeError> {
    let path = targets::fill(route.path_template, |kind| targets::canary_value(target, foreign, kind))
        .ok_or(ProbeError::Missing("a route has a parameter that the check does not know"))?;
    let answer = cx.get(&path, who).await?;
    let name = format!("GET {} at the other's address", route.path_template);
    let silent = !answer.contains(&target.marker) && answer.status != 200 && answer.status < 500;
    Ok(Attempt { name, found: Found::right_if(silent) })
}

/// Whether the answer for the other's object is the one for an id that never existed, byte for byte.
async fn is_like_unknown(
    cx: &ProbeCtx,
    route: &RouteInfo,
    who: Who<'_>,
    (asker, own): (&Side, &Objects),
    (target, foreign): (&Side, &Objects),
    object: Kind,
) -> Result<bool, ProbeError> {
    let value = targets::canary_value(target, foreign, object)
        .ok_or(ProbeError::Missing("the canary workspace lacks an object"))?;
    let unknown = targets::unknown_value(object, &value);
    let path_to = |named: &str| {
        targets::fill(route.path_template, |kind| {
            if kind == object { Some(named.to_owned()) } else { targets::canary_value(asker, own, kind) }
        })
    };
    let (Some(foreign_path), Some(unknown_path)) = (path_to(&value), path_to(&unknown)) else {
        return Err(ProbeError::Missing("a route has a parameter that the check does not know"));
    };
    let content = if route.method == "GET" { Content::Nothing } else { targets::body(route, asker, own)? };
    let answer = cx.ask(route.method, &foreign_path, who, content.clone(), targets::STALE).await?;
    let twin = cx.ask(route.method, &unknown_path, who, content, targets::STALE).await?;
    let silent = !answer.contains(&target.marker) && answer.status >= 400 && answer.status < 500;
    Ok(silent && folded(&answer, &value) == folded(&twin, &unknown))
}
