//! The whole policy as two tables that anybody can read: which role holds which right, and who may do what.

use jiff::Timestamp;
use tenancy::policy::{ACTIONS, Access, ActionRow, Atom, AtomSet, Facts, HeldGrant, Question, Role, Verdict, judge};
use tenancy::{Actor, PersonId, ProcessId};

use crate::support::golden;

/// Stands above the table of acts.
const LEGEND: &str = "# yes: may do it; no: is told that it is not theirs to do; hidden: is told that there is no such \
thing.\n# Roles after viewer are held at the process that the act concerns.\n";

#[test]
fn which_role_holds_which_right() {
    let mut table = String::from("right");
    for role in Role::ALL {
        table.push('\t');
        table.push_str(role.text());
    }
    table.push('\n');
    for atom in Atom::ALL {
        table.push_str(atom.text());
        for role in Role::ALL {
            table.push_str(if role.atoms().has(*atom) { "\tyes" } else { "\t-" });
        }
        table.push('\n');
    }
    golden("crates/tenancy/policy/matrix.tsv", &table);
}

/// What one actor hears; `theirs` says whose the thing is that the act is done to.
fn verdict(row: &ActionRow, actor: Actor, access: &Access, process: ProcessId, theirs: bool) -> &'static str {
    let somebody = actor.person().filter(|_| theirs).unwrap_or_else(PersonId::random);
    let facts = Facts {
        process: Some(process),
        requester: Some(somebody),
        assignee: Some(somebody),
        person: Some(somebody),
        was_asked: theirs,
    };
    let verdict = judge(&Question {
        actor,
        access,
        mask: AtomSet::all(),
        rule: row.rule,
        internal: row.internal,
        facts,
        now: Timestamp::UNIX_EPOCH,
    });
    match verdict {
        Verdict::Allowed => "yes",
        Verdict::Forbidden => "no",
        Verdict::Hidden => "hidden",
    }
}

#[test]
fn who_may_do_what() {
    let process = ProcessId::random();
    let mut table = format!("{LEGEND}act\tto\tvisitor");
    for role in Role::ALL {
        table.push('\t');
        table.push_str(role.text());
    }
    table.push_str("\toperator\tcourier\tprober\tstreamer\n");
    let nothing = Access::default();
    for row in ACTIONS {
        let [own, other] = [true, false].map(|theirs| {
            let mut cells = vec![verdict(row, Actor::Visitor, &nothing, process, theirs)];
            for role in Role::ALL {
                let at = (!Role::OF_WORKSPACE.contains(role)).then_some(process);
                let grants = vec![HeldGrant { role: *role, process: at, expires_at: None }];
                let person = Actor::Person(PersonId::random());
                cells.push(verdict(row, person, &Access { grants }, process, theirs));
            }
            for actor in [Actor::Operator, Actor::Courier, Actor::Prober, Actor::Streamer] {
                cells.push(verdict(row, actor, &nothing, process, theirs));
            }
            cells.join("\t")
        });
        if own == other {
            table.push_str(&format!("{}\tany\t{own}\n", row.code));
        } else {
            table.push_str(&format!("{0}\ttheir own\t{own}\n{0}\tsomebody else's\t{other}\n", row.code));
        }
    }
    golden("crates/tenancy/policy/actions.tsv", &table);
}

/// What no table may ever show, whatever roles come later.
#[test]
fn some_things_nobody_may() {
    let process = ProcessId::random();
    for row in
        ACTIONS.iter().filter(|row| ["request.approve", "request.reject", "request.ask_changes"].contains(&row.code))
    {
        for role in Role::ALL {
            let access = Access { grants: vec![HeldGrant { role: *role, process: None, expires_at: None }] };
            let person = Actor::Person(PersonId::random());
            assert_ne!(verdict(row, person, &access, process, false), "yes", "{role:?} decides another's task");
        }
    }
    for row in ACTIONS.iter().filter(|row| ["effect.deliver", "claim.verdict", "workspace.open"].contains(&row.code)) {
        for role in Role::ALL {
            let access = Access { grants: vec![HeldGrant { role: *role, process: None, expires_at: None }] };
            let person = Actor::Person(PersonId::random());
            assert_eq!(verdict(row, person, &access, process, true), "hidden", "{role:?} does an internal act");
        }
    }
}
