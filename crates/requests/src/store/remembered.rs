//! What is kept in memory of who is asked and what is published, each for one access epoch of its workspace.
//!
//! The database moves the epoch with every change of people, groups, grants, managers and published versions, and a
//! scope knows its epoch from its first round trip: an answer of another epoch is never given. An answer read while the
//! epoch moved is newer than its label, never older, as it would be without memory.

use std::sync::{Arc, LazyLock};

use tenancy::{Memory, Mode, PersonId, ProcessId, Scope, WorkspaceId};

/// Most answers kept.
const KEPT_MAX: usize = 4096;
/// Longest answer kept, in people.
const PEOPLE_MAX: usize = 1000;

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Question {
    /// The active people of a group, by its name or id.
    Group(String),
    /// The active holders of a role.
    Role(String),
    /// The active person of an address or id.
    Person(String),
    /// A person's manager.
    ManagerOf(PersonId),
    /// The published version of a process, by its key.
    Process(String),
}

/// What was answered.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    People(Arc<[PersonId]>),
    Version(ProcessId, i32),
}

type Place = (WorkspaceId, i64, Question);

static KEPT: LazyLock<Memory<Place, Answer>> = LazyLock::new(|| Memory::new(KEPT_MAX));

/// The place of a question in a scope; nothing where the scope's epoch cannot be trusted any more.
pub(super) fn place<M: Mode>(scope: &Scope<M>, question: Question) -> Option<Place> {
    Some((scope.workspace(), scope.access_epoch()?, question))
}

/// What is kept for a place.
pub(super) fn recall(place: Option<&Place>) -> Option<Answer> {
    KEPT.get(place?)
}

/// Keeps an answer, unless it is too long.
pub(super) fn keep(place: Option<Place>, answer: Answer) {
    let Some(place) = place else { return };
    if matches!(&answer, Answer::People(people) if people.len() > PEOPLE_MAX) {
        return;
    }
    KEPT.keep(place, answer);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(people: usize) -> bool {
        let place = (WorkspaceId::random(), 1, Question::Role("owner".to_owned()));
        keep(Some(place.clone()), Answer::People((0..people).map(|_| PersonId::random()).collect()));
        recall(Some(&place)).is_some()
    }

    #[test]
    fn an_answer_is_kept_up_to_its_bound() {
        assert!(kept(0) && kept(PEOPLE_MAX));
        assert!(!kept(PEOPLE_MAX + 1));
    }

    #[test]
    fn another_epoch_and_another_workspace_know_nothing() {
        let (workspace, question) = (WorkspaceId::random(), Question::Group("finance".to_owned()));
        keep(Some((workspace, 7, question.clone())), Answer::People(Arc::new([])));
        assert!(recall(Some(&(workspace, 7, question.clone()))).is_some());
        assert!(recall(Some(&(workspace, 8, question.clone()))).is_none());
        assert!(recall(Some(&(WorkspaceId::random(), 7, question))).is_none());
        assert!(recall(None).is_none());
    }
}
