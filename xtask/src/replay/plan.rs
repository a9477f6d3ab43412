//! From the events of a permit to the acts that bring a request to the same end. Pure.

use std::fmt;

use crate::travel::{ROLES, Role};

/// One act over the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// The employee keeps a draft.
    Save {
        roles: Vec<Role>,
    },
    /// The employee submits, or edits and submits again.
    Submit {
        roles: Vec<Role>,
    },
    Approve(Role),
    AskChanges(Role),
    Reject(Role),
    Withdraw,
}

/// How the log leaves a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Saved and never submitted, or nothing at all.
    Draft,
    /// Waits for somebody.
    Open(Role),
    /// Waits for the employee.
    Returned,
    Approved,
    Rejected,
    Withdrawn,
}

/// Why the log's end cannot be reached by acts that the product has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unreachable {
    /// Something happens to a permit after FINAL_APPROVED.
    Reopened,
    /// An event that the log's description does not explain here.
    Unexplained,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Reopened => "the log goes on after FINAL_APPROVED: a finished request stays finished",
            Self::Unexplained => "an event that no act stands for",
        })
    }
}

/// What to do, and where it must lead.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Acts in the log's order; for an unreachable end, those before it.
    pub(crate) steps: Vec<Step>,
    pub(crate) end: Result<End, Unreachable>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Submitted,
    Approved(Role),
    FinalApproved(Role),
    RejectedBy(Role),
    /// The employee takes it back, or acknowledges a rejection.
    TakenBack,
    Saved,
    Waits(Role),
    Unknown,
}

/// Plans a permit from its event names; events of declarations and payments are left out.
pub(crate) fn plan(events: &[String]) -> Plan {
    let kinds: Vec<Kind> = events.iter().filter_map(|event| event.strip_prefix("Permit ")).map(kind).collect();
    let mut steps = Vec::new();
    let mut end = End::Draft;
    for (at, kind) in kinds.iter().enumerate() {
        let rest = kinds.get(at + 1..).unwrap_or_default();
        if end == End::Approved {
            return Plan { steps, end: Err(Unreachable::Reopened) };
        }
        let comes_back = rest.iter().any(|next| matches!(next, Kind::Submitted | Kind::Saved));
        let (step, next) = match *kind {
            Kind::Submitted => (Some(Step::Submit { roles: roles(rest) }), waits_first(rest)),
            Kind::Approved(role) => (Some(Step::Approve(role)), waits_next(rest, end)),
            Kind::FinalApproved(role) => (Some(Step::Approve(role)), End::Approved),
            Kind::RejectedBy(role) if comes_back => (Some(Step::AskChanges(role)), End::Returned),
            Kind::RejectedBy(role) => (Some(Step::Reject(role)), End::Rejected),
            Kind::TakenBack if matches!(end, End::Returned | End::Rejected) => (None, end),
            // The edit that follows takes it back by itself.
            Kind::TakenBack if comes_back => (None, end),
            Kind::TakenBack => (Some(Step::Withdraw), End::Withdrawn),
            Kind::Saved if steps.is_empty() && !comes_back => (Some(Step::Save { roles: roles(rest) }), End::Draft),
            Kind::Saved => (None, end),
            Kind::Waits(role) => (None, End::Open(role)),
            Kind::Unknown => return Plan { steps, end: Err(Unreachable::Unexplained) },
        };
        steps.extend(step);
        end = next;
    }
    Plan { steps, end: Ok(end) }
}

fn from_log(name: &str) -> Option<Role> {
    ROLES.into_iter().find(|role| role.key() == name.to_lowercase().replace(' ', "_"))
}

fn kind(name: &str) -> Kind {
    let Some((what, who)) = name.split_once(" by ") else { return Kind::Unknown };
    match (what, from_log(who), who) {
        ("SUBMITTED", None, "EMPLOYEE") => Kind::Submitted,
        ("SAVED", None, "EMPLOYEE") => Kind::Saved,
        ("REJECTED", None, "EMPLOYEE") => Kind::TakenBack,
        ("APPROVED", Some(role), _) => Kind::Approved(role),
        ("FINAL_APPROVED", Some(role), _) => Kind::FinalApproved(role),
        ("REJECTED", Some(role), _) => Kind::RejectedBy(role),
        ("FOR_APPROVAL", Some(role), _) => Kind::Waits(role),
        _ => Kind::Unknown,
    }
}

/// The role an event is about.
fn role(kind: &Kind) -> Option<Role> {
    match kind {
        Kind::Approved(role) | Kind::FinalApproved(role) | Kind::RejectedBy(role) | Kind::Waits(role) => Some(*role),
        _ => None,
    }
}

/// Who takes part between this submission and the next, in the process's order. A submission that is
/// taken back before anybody acted names whom the next one names; without any, the supervisor.
fn roles(rest: &[Kind]) -> Vec<Role> {
    let mut found = Vec::new();
    for kind in rest {
        if *kind == Kind::Submitted && !found.is_empty() {
            break;
        }
        found.extend(role(kind));
        if matches!(kind, Kind::FinalApproved(_)) {
            break;
        }
    }
    found.sort_unstable();
    found.dedup();
    if found.is_empty() {
        found.push(Role::Supervisor);
    }
    found
}

fn waits_first(rest: &[Kind]) -> End {
    End::Open(roles(rest)[0])
}

/// After an approval that is not the last: waits for whoever acts next, else for whom it waited.
fn waits_next(rest: &[Kind], before: End) -> End {
    rest.first().and_then(role).map_or(before, End::Open)
}

#[cfg(test)]
mod tests {
    use super::{End, Plan, Role, Step, Unreachable, plan};

    fn planned(events: &[&str]) -> Plan {
        plan(&events.iter().map(|event| format!("Permit {event}")).collect::<Vec<_>>())
    }

    #[test]
    fn a_straight_permit_is_approved() {
        let found = planned(&[
            "SUBMITTED by EMPLOYEE",
            "APPROVED by ADMINISTRATION",
            "APPROVED by BUDGET OWNER",
            "FINAL_APPROVED by SUPERVISOR",
        ]);
        let roles = vec![Role::Administration, Role::BudgetOwner, Role::Supervisor];
        let steps = [
            Step::Submit { roles },
            Step::Approve(Role::Administration),
            Step::Approve(Role::BudgetOwner),
            Step::Approve(Role::Supervisor),
        ];
        assert_eq!(found, Plan { steps: steps.to_vec(), end: Ok(End::Approved) });
    }

    #[test]
    fn a_rejection_before_a_submission_asks_for_changes() {
        let back = ["SUBMITTED by EMPLOYEE", "REJECTED by PRE_APPROVER", "REJECTED by EMPLOYEE"];
        let found = planned(&back);
        assert_eq!(found.steps[1], Step::Reject(Role::PreApprover));
        assert_eq!(found.end, Ok(End::Rejected));

        let again = planned(&[&back[..], &["SUBMITTED by EMPLOYEE", "FINAL_APPROVED by DIRECTOR"]].concat());
        assert_eq!(again.steps[1], Step::AskChanges(Role::PreApprover));
        assert_eq!(again.steps[2], Step::Submit { roles: vec![Role::Director] });
        assert_eq!(again.end, Ok(End::Approved));

        let saved = planned(&[&back[..], &["SAVED by EMPLOYEE"]].concat());
        assert_eq!(saved.end, Ok(End::Returned));
    }

    #[test]
    fn the_employee_takes_back_an_open_permit() {
        let found = planned(&["SUBMITTED by EMPLOYEE", "REJECTED by EMPLOYEE"]);
        assert_eq!(found.steps[1], Step::Withdraw);
        assert_eq!(found.end, Ok(End::Withdrawn));
    }

    #[test]
    fn a_finished_permit_is_not_reopened() {
        let found = planned(&["SUBMITTED by EMPLOYEE", "FINAL_APPROVED by SUPERVISOR", "REJECTED by MISSING"]);
        assert_eq!(found.steps.len(), 2);
        assert_eq!(found.end, Err(Unreachable::Reopened));
    }

    #[test]
    fn drafts_and_waiting_permits_end_as_such() {
        assert_eq!(planned(&["SAVED by EMPLOYEE"]).end, Ok(End::Draft));
        let found = planned(&["SUBMITTED by EMPLOYEE", "APPROVED by ADMINISTRATION", "FOR_APPROVAL by SUPERVISOR"]);
        assert_eq!(found.end, Ok(End::Open(Role::Supervisor)));
    }

    #[test]
    fn other_events_do_not_count() {
        let events = ["Start trip", "Declaration SUBMITTED by EMPLOYEE"].map(str::to_owned);
        assert_eq!(plan(&events), Plan { steps: Vec::new(), end: Ok(End::Draft) });
    }
}
