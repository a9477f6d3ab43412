//! The four families of rights, each apart from the others: submit, decide, report, administer.

use serde_json::json;
use tenancy::policy::{Atom, AtomSet};

use super::targets::STALE;
use super::{Found, Tally};
use crate::ask::{Answer, Content, Who};
use crate::canary::{Objects, Part, Side};
use crate::probe::{ProbeCtx, ProbeError};
use crate::registry::Outcome;

/// A deed of each family. None changes anything even when it is let through: the form is empty, the revision stale,
/// the document no process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// Hand in a request.
    Submit,
    /// Approve a task.
    Decide,
    /// View a report.
    Report,
    /// Publish a process.
    Administer,
}

impl Deed {
    const ALL: &'static [Self] = &[Self::Submit, Self::Decide, Self::Report, Self::Administer];

    const fn word(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Decide => "decide",
            Self::Report => "view a report",
            Self::Administer => "administer",
        }
    }

    /// Tries the deed in one of the two processes of a workspace.
    pub(super) async fn attempt(
        self,
        cx: &ProbeCtx,
        side: &Side,
        objects: &Objects,
        process: usize,
        token: &str,
    ) -> Result<Answer, ProbeError> {
        let key = &side.process_keys[process];
        let who = Who::Token(token);
        match self {
            Self::Submit => {
                let body = json!({"process": key, "values": {}, "submit": true});
                cx.post_json("/api/v1/requests", who, &body).await
            }
            Self::Decide => {
                let body = json!({"task": objects.tasks[process].to_string(), "decision": "approve", "reason": null});
                let path = format!("/api/v1/requests/{}/decisions", objects.requests[process]);
                cx.ask("POST", &path, who, Content::Json(body.to_string()), STALE).await
            }
            Self::Report => cx.get(&format!("/api/v1/reports/{key}"), who).await,
            Self::Administer => cx.post_json("/api/v1/processes", who, &json!({"document": {}})).await,
        }
    }

    /// Whether the person may, by what was granted to them; deciding also takes a task of their own.
    fn is_granted(self, part: Part, objects: &Objects) -> bool {
        let now = jiff::Timestamp::UNIX_EPOCH;
        let access = part.access(objects.processes[0]);
        let here: AtomSet = access.at_process(objects.processes[0], now);
        match self {
            Self::Submit => here.has(Atom::RequestSubmit),
            Self::Decide => here.has(Atom::RequestDecide) && part == Part::Approver,
            Self::Report => here.has(Atom::ReportView),
            // A new process belongs to the whole workspace.
            Self::Administer => access.in_workspace(now).has(Atom::ProcessPublish),
        }
    }
}

/// Those whose rights are compared: four with one family each, and two who show that the deeds themselves work.
const PEOPLE: &[Part] =
    &[Part::Submitter, Part::Approver, Part::Reporter, Part::ProcessAdmin, Part::Admin, Part::Viewer];

pub(super) async fn run(cx: &ProbeCtx) -> Result<Outcome, ProbeError> {
    let (side, objects) = cx.side_a()?;
    let mut tally = Tally::default();
    for part in PEOPLE {
        let token = side.token(*part)?;
        for deed in Deed::ALL {
            let answer = deed.attempt(cx, side, objects, 0, &token).await?;
            let granted = deed.is_granted(*part, objects);
            let right = if granted { answer.is_let_through() } else { answer.status == 403 || answer.is_hidden() };
            tally.count(format!("{} as {} ({})", deed.word(), part.word(), answer.status), Found::right_if(right));
        }
    }
    Ok(tally.outcome("deeds were let through to those who may, and to nobody else"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenancy::{CommentId, GroupId, ProcessId, RecordId, RequestId, StreamId, TaskId};

    #[test]
    fn each_single_right_is_of_one_family_only() {
        let objects = Objects {
            processes: [ProcessId::random(), ProcessId::random()],
            requests: [RequestId::random(), RequestId::random()],
            tasks: [TaskId::random(), TaskId::random()],
            comment: CommentId::random(),
            group: GroupId::random(),
            record: RecordId::random(),
            stream: StreamId::random(),
        };
        let granted = |part: Part| -> Vec<Deed> {
            Deed::ALL.iter().copied().filter(|deed| deed.is_granted(part, &objects)).collect()
        };
        assert_eq!(granted(Part::Submitter), [Deed::Submit]);
        assert_eq!(granted(Part::Approver), [Deed::Decide]);
        assert_eq!(granted(Part::Reporter), [Deed::Report]);
        assert_eq!(granted(Part::Viewer), []);
        for deed in Deed::ALL {
            assert!(
                PEOPLE.iter().any(|part| deed.is_granted(*part, &objects)),
                "nobody shows that {} works",
                deed.word()
            );
            assert!(PEOPLE.iter().any(|part| !deed.is_granted(*part, &objects)));
        }
    }
}
