//! The people: everybody a document names exists, and every stage has enough of them to be decided.

use super::publish::{Directory, Standing};
use super::shape::Problems;
use super::{AccessProposal, Approval, Approver, Mode, Principal, Process, SamePerson, StageKind};
use crate::engine::SEATS_MAX;

/// Checks approvers, groups in conditions and the proposed grants.
pub(super) fn check(process: &Process, directory: &dyn Directory, problems: &mut Problems) {
    for (n, stage) in process.stages.iter().enumerate() {
        if let StageKind::Approval(approval) = &stage.kind {
            stage_people(approval, &stage.name, &format!("/stages/{n}"), directory, problems);
        }
    }
    for (from, routes) in &process.routes {
        let name = process.stage(from).map_or("start", |stage| &stage.name);
        for (n, route) in routes.iter().enumerate() {
            let groups = route.when.iter().flat_map(|condition| condition.comparisons());
            for group in groups.filter_map(|comparison| comparison.group()) {
                if directory.group(group).is_none() {
                    let message = format!(
                        "Stage \"{name}\", route {}, asks about the group \"{group}\", which does not exist.",
                        n + 1
                    );
                    problems.add(format!("/routes/{from}/{n}/when"), "unknown_group", message);
                }
            }
        }
    }
    if let Some(access) = &process.access {
        proposals(access, directory, problems);
    }
}

/// How many people an entry could ask at most; adds a problem if it names nobody that exists.
fn possible(
    approver: &Approver,
    at: &str,
    what: &str,
    directory: &dyn Directory,
    problems: &mut Problems,
) -> Option<usize> {
    match approver {
        Approver::ManagerOf(_) => Some(1),
        Approver::Group(key) => match directory.group(key) {
            Some(facts) => Some(facts.active),
            None => {
                problems.add(at, "unknown_group", format!("{what} asks the group \"{key}\", which does not exist."));
                None
            }
        },
        Approver::Role(key) => match directory.role(key) {
            Some(facts) => Some(facts.active),
            None => {
                problems.add(at, "unknown_role", format!("{what} asks the role \"{key}\", which does not exist."));
                None
            }
        },
        Approver::Person(key) => match directory.person(key).map(|facts| facts.standing) {
            Some(Standing::Active) => Some(1),
            Some(Standing::Left) => {
                problems.add(at, "person_left", format!("{what} asks \"{key}\", who is deactivated."));
                None
            }
            None => {
                problems.add(at, "unknown_person", format!("{what} asks \"{key}\", who is no person here."));
                None
            }
        },
    }
}

fn stage_people(approval: &Approval, name: &str, at: &str, directory: &dyn Directory, problems: &mut Problems) {
    let what = format!("Stage \"{name}\"");
    let before = problems.0.len();
    let mut asked = 0;
    for (n, approver) in approval.approvers.iter().enumerate() {
        asked += possible(approver, &format!("{at}/approvers/{n}"), &what, directory, problems).unwrap_or(0);
    }
    let Some(fallback) = &approval.fallback else {
        let message = format!("{what} has no fallback: name who is asked when the approvers are too few.");
        problems.add(format!("{at}/fallback"), "no_fallback", message);
        return;
    };
    let spare = possible(fallback, &format!("{at}/fallback"), &format!("{what}, fallback,"), directory, problems);
    let most = asked + spare.unwrap_or(0);
    if problems.0.len() > before {
        return;
    }
    if most == 0 {
        problems.add(format!("{at}/approvers"), "nobody", format!("{what} has nobody who could decide."));
        return;
    }
    if let Mode::Quorum(quorum) = approval.mode
        && usize::from(quorum) > most
    {
        let message = format!("{what} needs {quorum} approvals, but only {most} people could ever be asked.");
        problems.add(format!("{at}/mode"), "quorum_too_large", message);
    }
    if asked > SEATS_MAX {
        let message = format!("{what} would ask {asked} people; {SEATS_MAX} is the most.");
        problems.add(format!("{at}/approvers"), "over_bound", message);
    }
    if approval.same_person == Some(SamePerson::Other) && most == 1 {
        let message = format!("{what} demands somebody else, but only one person could ever be asked.");
        problems.add(format!("{at}/same_person"), "only_one_person", message);
    }
}

fn proposals(access: &AccessProposal, directory: &dyn Directory, problems: &mut Problems) {
    if access.submit.is_empty() {
        problems.add("/access/submit", "nobody_may_submit", "The member \"access\" lets nobody submit.");
    }
    let lists = [
        ("submit", &access.submit),
        ("view", &access.view),
        ("report", &access.report),
        ("administer", &access.administer),
    ];
    for (right, list) in lists {
        for (n, principal) in list.iter().enumerate() {
            let (kind, key, known) = match principal {
                Principal::Group(key) => ("group", key, directory.group(key).is_some()),
                Principal::Role(key) => ("role", key, directory.role(key).is_some()),
                Principal::Person(key) => ("person", key, directory.person(key).is_some()),
            };
            if !known {
                let message =
                    format!("The member \"access\", {right}, names the {kind} \"{key}\", which does not exist.");
                problems.add(format!("/access/{right}/{n}"), "unknown_principal", message);
            }
        }
    }
}
