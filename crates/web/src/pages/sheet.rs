//! The request page, gathered: content, rail, timeline, and what the reader may do.

use std::collections::{BTreeMap, BTreeSet};

use identity::people;
use requests::engine::{DryStage, Phase};
use requests::form::{Field, Value, Values};
use requests::store::{self, CommentRow, DecisionRow, EventRow, RequestView, RevisionRow, TaskRow};
use tenancy::policy::{Atom, AtomSet, SeeRequest};
use tenancy::{Permit, PersonId, ReadOnly, RequestId, Scope, trail};

use super::answers::{sum_key, value_text};
use super::caller::{PageCaller, name_of};
use super::edit::is_editable;
use super::fail::Fail;
use super::home::stage_name;
use super::{fill, once, story, words};
use crate::views::{
    Asked, AskedSection, Change, CommentForm, DecisionCard, Nav, RequestActions, RequestPage, SealCard, StaleNotice,
};

/// What was said about the form that was just sent from the page.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The reason as typed.
    pub(super) reason: String,
    /// What is wrong with it.
    pub(super) reason_error: Option<String>,
    /// The comment as typed.
    pub(super) comment: String,
    /// What is wrong with it.
    pub(super) comment_error: Option<String>,
    /// The hash of the older revision that a decision named.
    pub(super) stale: Option<[u8; 32]>,
}

/// Everything that is known of a request.
pub(super) struct Known {
    pub(super) view: RequestView,
    pub(super) tasks: Vec<TaskRow>,
    pub(super) decisions: Vec<DecisionRow>,
    pub(super) comments: Vec<CommentRow>,
    pub(super) revisions: Vec<RevisionRow>,
    pub(super) events: Vec<EventRow>,
    pub(super) foreseen: Vec<DryStage>,
    pub(super) names: BTreeMap<PersonId, String>,
    records: i64,
}

impl Known {
    async fn read(scope: &Scope<ReadOnly>, seen: &Permit<SeeRequest>, view: RequestView) -> Result<Self, Fail> {
        let (tasks, decisions, comments, revisions, events, records) = tokio::try_join!(
            store::tasks(scope, seen),
            store::decisions(scope, seen),
            store::comments(scope, seen),
            store::revisions(scope, seen, &view.published),
            store::events(scope, seen),
            trail::count_of(scope, seen),
        )?;
        let foreseen = fill::foreseen(scope, &view.published.process, view.requester, &view.values).await?;
        let mut known =
            Self { view, tasks, decisions, comments, revisions, events, foreseen, names: BTreeMap::new(), records };
        known.names = people::names(scope, &known.people()).await?;
        Ok(known)
    }

    /// Everybody the page names.
    fn people(&self) -> Vec<PersonId> {
        let mut ids = BTreeSet::from([self.view.requester]);
        ids.extend(self.tasks.iter().map(|task| task.person));
        ids.extend(self.decisions.iter().map(|decision| decision.person));
        ids.extend(self.comments.iter().map(|comment| comment.author));
        ids.extend(self.revisions.iter().map(|revision| revision.by));
        ids.extend(self.revisions.iter().flat_map(|revision| store::people_named(&revision.values)));
        ids.extend(self.events.iter().filter_map(|event| event.actor));
        ids.extend(self.foreseen.iter().flat_map(|stage| stage.approvers.iter().copied()));
        ids.into_iter().take(people::NAMES_MAX).collect()
    }

    /// The name of somebody.
    pub(super) fn name(&self, person: PersonId) -> String {
        name_of(&self.names, person)
    }

    fn text(&self, field: &Field, values: &Values) -> String {
        values.get(&field.key).map(|value: &Value| value_text(&field.kind, value, &self.names)).unwrap_or_default()
    }
}

/// Gathers the page of a request that the reader may see.
pub(super) async fn sheet(
    caller: &PageCaller,
    scope: &mut Scope<ReadOnly>,
    id: RequestId,
    said: Said,
) -> Result<RequestPage, Fail> {
    let (seen, view) = store::see(scope, id).await?;
    let known = Known::read(scope, &seen, view).await?;
    let held = scope.access().at_process(known.view.published.id, scope.now());
    let me = scope.person()?;
    let now = scope.now();
    let view = &known.view;
    let path = caller.path(&format!("/requests/{id}"));
    let may_audit = scope.atoms().has(Atom::AuditRead);
    Ok(RequestPage {
        frame: caller.frame(scope, &view.title, Nav::Home).await?,
        title: view.title.clone(),
        state: words::state_pill(&view.state),
        process: view.published.process.name().to_owned(),
        number: requests::request_number(&view.published.prefix, id),
        requester: known.name(view.requester),
        handed_in: words::when(now, view.submitted_at.unwrap_or(view.created_at)),
        notice: story::notice(&known),
        stale: said.stale.and_then(|shown| stale(&known, &shown, now)),
        asked: asked(&known),
        decision: decision(&known, me, held, &path, &said),
        happened: story::happened(&known, now),
        comment: held.has(Atom::RequestComment).then(|| CommentForm {
            action: format!("{path}/comment"),
            text: said.comment,
            submission_key: once::draw_key(),
            error: said.comment_error,
        }),
        rail: story::rail(&known, now),
        seal: SealCard {
            revision: u32::try_from(view.revision_no).unwrap_or(0),
            hash: data_encoding::HEXLOWER.encode(&view.revision_hash),
            hash_short: words::short_hash(&view.revision_hash),
            record_count: u64::try_from(known.records).unwrap_or(0),
            audit: may_audit.then(|| caller.path(&format!("/audit?request={id}"))),
        },
        actions: actions(&known, me, held, &path),
    })
}

fn asked(known: &Known) -> Vec<AskedSection> {
    let view = &known.view;
    let form = view.published.process.form();
    let before = known.revisions.iter().rev().find(|revision| revision.number < view.revision_no);
    let sum = sum_key(form);
    let row = |field: &Field| {
        let value = known.text(field, &view.values);
        let was = before.map(|revision| known.text(field, &revision.values));
        let is_hidden = value.is_empty() && field.show_when.is_some() && was.as_deref().unwrap_or("").is_empty();
        (!is_hidden).then(|| Asked {
            label: field.label.clone(),
            before: was.filter(|was| *was != value),
            value,
            is_sum: sum == Some(field.key.as_str()),
        })
    };
    let section = |section: &requests::form::Section| AskedSection {
        title: section.title.clone(),
        rows: section.fields.iter().filter_map(row).collect(),
    };
    form.sections().iter().map(section).filter(|section| !section.rows.is_empty()).collect()
}

fn stale(known: &Known, shown: &[u8; 32], now: jiff::Timestamp) -> Option<StaleNotice> {
    let view = &known.view;
    let read = known.revisions.iter().find(|revision| revision.hash == shown)?;
    let newest = known.revisions.last()?;
    let change = |field: &Field| {
        let (before, after) = (known.text(field, &read.values), known.text(field, &view.values));
        (before != after).then(|| Change { label: field.label.clone(), before, after })
    };
    Some(StaleNotice {
        text: format!(
            "{} saved revision {}, {}, while you were reading revision {}.",
            known.name(newest.by),
            newest.number,
            words::when(now, newest.at).text,
            read.number
        ),
        changes: view.published.process.form().fields().filter_map(change).collect(),
    })
}

fn decision(known: &Known, me: PersonId, held: AtomSet, path: &str, said: &Said) -> Option<DecisionCard> {
    let view = &known.view;
    let task = known.tasks.iter().find(|task| task.person == me && task.state == "open")?;
    if !held.has(Atom::RequestDecide) {
        return None;
    }
    let name = stage_name(&view.published.process, &task.stage);
    let stage = match (view.state.needed, view.state.seats.len()) {
        (_, 0 | 1) => name,
        (1, seats) => format!("{name}, one of {seats} decides"),
        (needed, seats) if usize::from(needed) == seats => format!("{name}, all {seats} must approve"),
        (needed, seats) => format!("{name}, {needed} of {seats} must approve"),
    };
    Some(DecisionCard {
        action: format!("{path}/decide"),
        task: task.id.to_string(),
        revision_hash: data_encoding::HEXLOWER.encode(&view.revision_hash),
        revision: u32::try_from(view.revision_no).unwrap_or(0),
        stage,
        reason: said.reason.clone(),
        error: said.reason_error.clone(),
    })
}

fn actions(known: &Known, me: PersonId, held: AtomSet, path: &str) -> RequestActions {
    let phase = &known.view.state.phase;
    if me != known.view.requester || !held.has(Atom::RequestWithdrawOwn) || !is_editable(phase) {
        return RequestActions::default();
    }
    let waits_for_me = matches!(phase, Phase::Draft | Phase::Returned { .. });
    RequestActions {
        edit: Some(format!("{path}/edit")),
        resubmit: waits_for_me.then(|| format!("{path}/resubmit")),
        withdraw: (!matches!(phase, Phase::Draft)).then(|| format!("{path}/withdraw")),
    }
}
