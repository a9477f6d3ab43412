//! The flow: every stage is reached and left, nothing goes in circles, and nothing is approved unasked.

use std::collections::BTreeSet;

use super::shape::Problems;
use super::{EndOutcome, Process, START, StageKind};

/// Checks the graph of stages and routes.
pub(super) fn check(process: &Process, problems: &mut Problems) {
    if !process.stages.iter().any(|stage| matches!(stage.kind, StageKind::End(EndOutcome::Approved))) {
        problems.add("/stages", "no_end", "No stage ends the request as approved. Add one of kind end.");
    }
    references(process, problems);
    start(process, problems);
    for (n, stage) in process.stages.iter().enumerate() {
        let what = format!("Stage \"{}\"", stage.name);
        if !leads_to(process, START, &stage.key) {
            problems.add(format!("/stages/{n}"), "unreachable", format!("{what} is never reached from the start."));
        }
        if leads_to(process, &stage.key, &stage.key) {
            problems.add(format!("/stages/{n}"), "cycle", format!("{what} leads back to itself. A pass must end."));
        }
        match stage.kind {
            StageKind::End(_) if !process.routes(&stage.key).is_empty() => {
                let message = format!("{what} is an end and cannot lead anywhere.");
                problems.add(format!("/routes/{}", stage.key), "route_from_end", message);
            }
            StageKind::End(_) => {}
            StageKind::Approval(_) => {
                ways(process, &stage.key, &what, EndOutcome::Approved, problems);
                ways(process, &stage.key, &what, EndOutcome::Rejected, problems);
                rejected_is_not_approved(process, &stage.key, &what, problems);
            }
        }
    }
}

/// Whether some route after `from` reaches `to`.
pub(crate) fn leads_to(process: &Process, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        for route in process.routes(at) {
            if route.to == to {
                return true;
            }
            if seen.insert(route.to.as_str()) {
                open.push(&route.to);
            }
        }
    }
    false
}

fn references(process: &Process, problems: &mut Problems) {
    for (from, routes) in &process.routes {
        let at = format!("/routes/{from}");
        let stage = process.stage(from);
        if stage.is_none() && from != START {
            problems.add(&at, "unknown_stage", format!("There are routes of \"{from}\", but no such stage."));
        }
        let name = stage.map_or("start", |stage| &stage.name);
        for (n, route) in routes.iter().enumerate() {
            if process.stage(&route.to).is_none() {
                let message =
                    format!("Stage \"{name}\", route {}, leads to \"{}\", which is no stage.", n + 1, route.to);
                problems.add(format!("{at}/{n}/to"), "unknown_stage", message);
            }
            if stage.is_some() && route.on.is_none() {
                let message = format!("Stage \"{name}\", route {}, does not say \"on\": approved or rejected.", n + 1);
                problems.add(format!("{at}/{n}"), "missing_on", message);
            }
        }
    }
}

fn start(process: &Process, problems: &mut Problems) {
    let routes = process.routes(START);
    if routes.is_empty() {
        problems.add("/routes", "no_start", "There is no route from \"start\", so no request can enter.");
        return;
    }
    let conditions: Vec<bool> = routes.iter().map(|route| route.when.is_some()).collect();
    order("/routes/start", "The start", "", &conditions, problems);
    for (n, route) in routes.iter().enumerate() {
        if route.on.is_some() {
            let message = "The start has no outcome: its routes have no \"on\".";
            problems.add(format!("/routes/start/{n}/on"), "setting_not_here", message);
        }
        if let Some(StageKind::End(EndOutcome::Approved)) = process.stage(&route.to).map(|stage| &stage.kind) {
            let message = "The start leads straight to an approved end: nobody would have been asked.";
            problems.add(format!("/routes/start/{n}"), "approved_unasked", message);
        }
    }
}

/// The ways out for one outcome: the last, and only the last, has no condition.
fn ways(process: &Process, key: &str, what: &str, on: EndOutcome, problems: &mut Problems) {
    let routes = process.routes(key);
    let conditions: Vec<bool> =
        routes.iter().filter(|route| route.on == Some(on)).map(|route| route.when.is_some()).collect();
    let outcome = match on {
        EndOutcome::Approved => " when approved",
        EndOutcome::Rejected => " when rejected",
    };
    let at = format!("/routes/{key}");
    if conditions.is_empty() {
        problems.add(at, "no_way_out", format!("{what} has no way out{outcome}."));
    } else {
        order(&at, what, outcome, &conditions, problems);
    }
}

fn order(at: &str, what: &str, outcome: &str, conditions: &[bool], problems: &mut Problems) {
    match conditions.iter().position(|has_condition| !has_condition) {
        None => {
            let message = format!("{what} has no default route{outcome}: the last one needs no \"when\".");
            problems.add(at, "no_default_route", message);
        }
        Some(default) if default + 1 < conditions.len() => {
            let message = format!("{what} has a route after the default route{outcome}: it would never be taken.");
            problems.add(at, "route_after_default", message);
        }
        Some(_) => {}
    }
}

/// A rejection that leads straight to an approved end would be an automatic yes.
fn rejected_is_not_approved(process: &Process, key: &str, what: &str, problems: &mut Problems) {
    for (n, route) in process.routes(key).iter().enumerate() {
        let end = process.stage(&route.to).map(|stage| &stage.kind);
        if route.on == Some(EndOutcome::Rejected) && matches!(end, Some(StageKind::End(EndOutcome::Approved))) {
            let message = format!("{what} leads to an approved end when it is rejected.");
            problems.add(format!("/routes/{key}/{n}"), "approved_unasked", message);
        }
    }
}
