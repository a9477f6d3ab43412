//! Every role against every route: what the declared table of permissions says, and what the listener answers.

use tenancy::policy::{ACTIONS, AtomSet, Facts, Question, Rule, TokenScope, Verdict, judge};
use tenancy::{Actor, Internal};

use super::cookies::is_to_sign_in;
use super::targets::{self, Kind};
use super::{Found, Tally};
use crate::ask::{Answer, Content, Who};
use crate::canary::{Objects, Part, Side};
use crate::probe::{ProbeCtx, ProbeError, RouteAccess, RouteInfo};
use crate::registry::Outcome;

pub(super) async fn run(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let (side, objects) = cx.side_a()?;
    let mut tally = Tally::default();
    for route in cx.routes {
        let RouteAccess::Act(code) = route.access else {
            open_route(cx, route, &mut tally).await?;
            continue;
        };
        let rule = rule_of(code).ok_or(ProbeError::Missing("a route names an act that the policy does not have"))?;
        let path = targets::fill(route.path_template, |kind| targets::canary_value(side, objects, kind))
            .ok_or(ProbeError::Missing("a route has a parameter that the check does not know"))?;
        let name = format!("{} {}", route.method, route.path_template);
        nobody(cx, route, &path, &name, &mut tally).await?;
        for part in Part::ALL {
            let pair = format!("{name} as {}", part.word());
            if let Some(found) = somebody(cx, side, objects, (route, rule, &path), *part).await? {
                tally.count(pair, found);
            }
        }
    }
    Ok(tally.outcome("pairs of role and route answered as the table of permissions says"))
}

/// A route that everybody may use must answer without failing.
async fn open_route(cx: &ProbeCtx, route: &RouteInfo, tally: &mut Tally) -> Result<(), ProbeError> {
    if route.method != "GET" || route.access != RouteAccess::Open || route.path_template.contains('{') {
        return Ok(());
    }
    let answer = cx.get(route.path_template, Who::Nobody).await?;
    let open = !matches!(answer.status, 401 | 403) && answer.status < 500;
    tally.count(format!("GET {} as nobody", route.path_template), Found::right_if(open));
    Ok(())
}

async fn nobody(cx: &ProbeCtx, route: &RouteInfo, path: &str, name: &str, tally: &mut Tally) -> Result<(), ProbeError> {
    let answer = cx.ask(route.method, path, Who::Nobody, Content::Nothing, targets::STALE).await?;
    let away = is_to_sign_in(answer.status, answer.header("location"));
    let refused = away || (400..500).contains(&answer.status) && answer.status != 405;
    tally.count(format!("{name} as nobody"), Found::right_if(refused));
    Ok(())
}

/// One pair; nothing for a pair that is not tried: a write that would succeed.
async fn somebody(
    cx: &ProbeCtx,
    side: &Side,
    objects: &Objects,
    (route, rule, path): (&RouteInfo, Rule, &str),
    part: Part,
) -> Result<Option<Found>, ProbeError> {
    let is_api = route.path_template.starts_with("/api/");
    let mask = if is_api { token_mask() } else { AtomSet::all() };
    let facts = facts(side, objects, targets::object_of(route.path_template), part)?;
    let expected = match route.access {
        // The list of workspaces belongs to the platform's own workspace; elsewhere it does not exist.
        RouteAccess::Act(code) if code.starts_with("workspace.") => Verdict::Hidden,
        _ => expected(side, objects, part, (rule, mask, facts))?,
    };
    if route.method != "GET" && expected == Verdict::Allowed {
        return Ok(None);
    }
    let token = side.token(part)?;
    let session = if is_api { String::new() } else { side.session(cx, part).await? };
    let who = if is_api { Who::Token(&token) } else { Who::Session(&session) };
    let content = if route.method == "GET" { Content::Nothing } else { targets::body(route, side, objects)? };
    let answer = cx.ask(route.method, path, who, content, targets::STALE).await?;
    Ok(Some(Found::right_if(agrees(route.method, expected, &answer))))
}

/// What the policy says of this person and this target.
fn expected(
    side: &Side,
    objects: &Objects,
    part: Part,
    (rule, mask, facts): (Rule, AtomSet, Facts),
) -> Result<Verdict, ProbeError> {
    const NO_INTERNAL: &[Internal] = &[];
    let access = part.access(objects.processes[0]);
    Ok(judge(&Question {
        actor: Actor::Person(side.person(part)?),
        access: &access,
        mask,
        rule,
        internal: NO_INTERNAL,
        facts,
        now: jiff::Timestamp::UNIX_EPOCH,
    }))
}

/// What the database would say of the route's target, asked by this person.
fn facts(side: &Side, objects: &Objects, object: Option<Kind>, part: Part) -> Result<Facts, ProbeError> {
    let asker = side.person(part)?;
    let (first, requester) = (Some(objects.processes[0]), Some(side.person(Part::Member)?));
    let was_asked = part == Part::Approver;
    Ok(match object {
        Some(Kind::Request | Kind::Comment) => Facts { process: first, requester, was_asked, ..Facts::default() },
        Some(Kind::Task) => {
            let assignee = Some(side.person(Part::Approver)?);
            Facts { process: first, requester, assignee, was_asked, ..Facts::default() }
        }
        Some(Kind::ProcessKey | Kind::ProcessId) => Facts { process: first, ..Facts::default() },
        Some(Kind::Person) => Facts { person: Some(side.person(Part::Viewer)?), ..Facts::default() },
        // What a route without a target does, it does to the asker or to the whole workspace.
        _ => Facts { person: Some(asker), process: first, ..Facts::default() },
    })
}

/// Whether an answer is the one expected. Reads are compared exactly; a refused write must have been refused.
fn agrees(method: &str, expected: Verdict, answer: &Answer) -> bool {
    match (method, expected) {
        (_, Verdict::Allowed) => answer.is_let_through(),
        ("GET", Verdict::Forbidden) => answer.status == 403,
        ("GET", Verdict::Hidden) => answer.status == 404,
        (_, Verdict::Forbidden | Verdict::Hidden) => (400..500).contains(&answer.status),
    }
}

/// The declared rule of an act.
pub(super) fn rule_of(code: &str) -> Option<Rule> {
    ACTIONS.iter().find(|action| action.code == code).map(|action| action.rule)
}

/// What the canary tokens let through: every scope there is.
pub(super) fn token_mask() -> AtomSet {
    TokenScope::ALL.iter().fold(AtomSet::EMPTY, |sum, scope| sum.union(scope.atoms()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn answer(status: u16) -> Answer {
        Answer { status, headers: BTreeMap::new(), body: Vec::new() }
    }

    #[test]
    fn reads_are_compared_exactly_and_writes_must_be_refused() {
        assert!(agrees("GET", Verdict::Hidden, &answer(404)));
        assert!(!agrees("GET", Verdict::Hidden, &answer(403)));
        assert!(!agrees("GET", Verdict::Hidden, &answer(200)));
        assert!(agrees("GET", Verdict::Forbidden, &answer(403)));
        assert!(agrees("GET", Verdict::Allowed, &answer(200)));
        assert!(!agrees("GET", Verdict::Allowed, &answer(404)));
        assert!(!agrees("GET", Verdict::Allowed, &answer(500)));
        assert!(agrees("POST", Verdict::Hidden, &answer(403)));
        assert!(agrees("POST", Verdict::Forbidden, &answer(422)));
        assert!(!agrees("POST", Verdict::Forbidden, &answer(201)));
        assert!(!agrees("POST", Verdict::Forbidden, &answer(303)));
        assert!(!agrees("POST", Verdict::Forbidden, &answer(500)));
    }

    #[test]
    fn acts_are_found_by_their_code() {
        assert!(rule_of("request.see").is_some());
        assert_eq!(rule_of("request.nothing"), None);
    }
}
