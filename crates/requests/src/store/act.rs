//! The acts on a request. Each takes its permit, and no id beside it.

use jiff::tz::TimeZone;
use seal::columns;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use tenancy::policy::{
    Action, AnswerReturn, ApproveTask, AskForChanges, CommentOnRequest, EditRequest, RejectTask, SaveDraft,
    SubmitDraft, SubmitRequest, WithdrawRequest,
};
use tenancy::{
    CommentId, DecisionId, Error, Permit, PersonId, ReadWrite, Record, RequestId, RevisionId, Scope, TaskId,
};

use super::persist::{Change, Content, described, state_text, verdict_text, write, write_with};
use super::read::{Loaded, load_for_act};
use super::{ActError, COMMENT_CHARS_MAX, Published, directory};
use crate::engine::{Event, Facts, Phase, Reason, Refusal, State, Verdict, find_task, needs, step};
use crate::form::{FieldKind, FormContext, Values, validate};
use crate::revision::{self, RevisionContent, SALT_BYTES};
use crate::statements as sql;

/// A request that was made.
#[derive(Debug, Clone)]
pub struct Drafted {
    /// Its id.
    pub id: RequestId,
    /// The hash of its content.
    pub revision_hash: [u8; 32],
    /// The word of its state.
    pub state: &'static str,
}

/// What is asked of an act on a task.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// The hash of the revision that was shown to the person who decides.
    pub revision_hash: [u8; 32],
    /// Their words.
    pub reason: Option<&'a str>,
}

/// A decision that was given.
#[derive(Debug, Clone)]
pub struct Decision {
    /// Its id.
    pub id: DecisionId,
    /// The request.
    pub request: RequestId,
    /// The word of the request's state now.
    pub state: &'static str,
}

/// Checks values against the form as of now.
async fn checked(scope: &Scope<ReadWrite>, published: &Published, input: &Json) -> Result<Values, ActError> {
    let form = published.process.form();
    let today = scope.now().to_zoned(TimeZone::UTC).date();
    let mut active = BTreeSet::new();
    for field in form.fields().filter(|field| matches!(field.kind, FieldKind::Person)) {
        let id = input.get(&field.key).and_then(Json::as_str).and_then(|text| text.rsplit(':').next());
        if let Some(id) = id.and_then(|text| text.parse::<PersonId>().ok())
            && directory::is_active(scope, id).await?
        {
            active.insert(id);
        }
    }
    let exists = |id: PersonId| active.contains(&id);
    let cx = FormContext { today, submitted_on: today, person_exists: &exists };
    validate(form, input, &cx).map_err(ActError::Values)
}

fn content(
    published: &Published,
    id: RequestId,
    number: i32,
    parent: Option<[u8; 32]>,
    values: Values,
) -> Result<Content, ActError> {
    let salt = seal::random::<SALT_BYTES>();
    let hash = revision::hash(&RevisionContent {
        request: id,
        number: u32::try_from(number).unwrap_or(0),
        version_hash: published.hash,
        salt,
        values: &values,
        parent,
    })
    .map_err(|_| Error::Bound { what: "bytes of content", bound: revision::REVISION_BYTES_MAX as u64 })?;
    let title = published.process.form().title(&values).unwrap_or_else(|| published.process.name());
    let title = title.to_owned();
    Ok(Content { number, hash, title, values, fresh: Some(salt) })
}

/// Hands in a new request.
///
/// # Errors
/// [`ActError::Values`] with every value that is not valid; [`ActError::Refused`] by the engine.
pub async fn submit(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<SubmitRequest>,
    published: &Published,
    input: &Json,
) -> Result<Drafted, ActError> {
    same_process(permit.target(), published)?;
    let requester = scope.person()?;
    let values = checked(scope, published, input).await?;
    let id = RequestId::random();
    let content = content(published, id, 1, None, values)?;
    let event = Event::Submitted { by: requester, revision: RevisionId::random(), hash: content.hash };
    let change = decide(scope, id, published, &State::draft(requester), None, event, content, "submitted").await?;
    let record = described(&change, Record::about(id.uuid()));
    write(scope, permit, record, change).await
}

/// Saves a new request without handing it in.
///
/// # Errors
/// [`ActError::Values`] with every value that is not valid.
pub async fn save_draft(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<SaveDraft>,
    published: &Published,
    input: &Json,
) -> Result<Drafted, ActError> {
    same_process(permit.target(), published)?;
    let requester = scope.person()?;
    let values = checked(scope, published, input).await?;
    let id = RequestId::random();
    let content = content(published, id, 1, None, values)?;
    let state = State::draft(requester);
    let event = Event::Submitted { by: requester, revision: RevisionId::random(), hash: content.hash };
    let change = Change {
        id,
        published,
        event,
        facts: Facts::default(),
        before: None,
        state,
        effects: Vec::new(),
        content,
        kind: "drafted",
    };
    let record = described(&change, Record::about(id.uuid()));
    write(scope, permit, record, change).await
}

/// Hands in what was saved as a draft.
///
/// # Errors
/// [`ActError::Refused`] when it is not a draft.
pub async fn submit_draft(scope: &mut Scope<ReadWrite>, permit: Permit<SubmitDraft>) -> Result<Drafted, ActError> {
    let loaded = load_for_act(scope, permit.target()).await?;
    let by = scope.person()?;
    let event = Event::Submitted { by, revision: RevisionId::random(), hash: loaded.hash };
    act(scope, permit, loaded, event, "submitted").await
}

/// Changes the content and hands it in again: every open and given decision is void.
///
/// # Errors
/// [`ActError::Values`], and [`Refusal::StaleRevision`] when `expected` is not the content in force.
pub async fn edit(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<EditRequest>,
    expected: [u8; 32],
    input: &Json,
) -> Result<Drafted, ActError> {
    let loaded = load_for_act(scope, permit.target()).await?;
    if loaded.hash != expected {
        return Err(Refusal::StaleRevision.into());
    }
    let by = scope.person()?;
    let values = checked(scope, &loaded.published, input).await?;
    if values == loaded.values && !matches!(loaded.state.phase, Phase::Returned { .. }) {
        return Err(Refusal::SameRevision.into());
    }
    let content = content(&loaded.published, loaded.id, loaded.revision_no + 1, Some(loaded.hash), values)?;
    let before = loaded.values.to_json();
    let after = content.values.to_json();
    let changed = changed_fields(&before, &after);
    let event = match loaded.state.phase {
        Phase::Draft => Event::Submitted { by, revision: RevisionId::random(), hash: content.hash },
        _ => Event::Edited { by, revision: RevisionId::random(), hash: content.hash },
    };
    let at = Some((loaded.event_no, loaded.stage.clone()));
    let change = decide(scope, loaded.id, &loaded.published, &loaded.state, at, event, content, "edited").await?;
    let record = described(&change, Record::about(loaded.id.uuid())).with("fields", changed);
    write(scope, permit, record, change).await
}

/// Answers a return without changing the content.
///
/// # Errors
/// [`ActError::Refused`] when the request was not returned.
pub async fn answer(scope: &mut Scope<ReadWrite>, permit: Permit<AnswerReturn>) -> Result<Drafted, ActError> {
    let loaded = load_for_act(scope, permit.target()).await?;
    let by = scope.person()?;
    act(scope, permit, loaded, Event::Answered { by }, "answered").await
}

/// Takes a request back.
///
/// # Errors
/// [`ActError::Refused`] when it has ended.
pub async fn withdraw(scope: &mut Scope<ReadWrite>, permit: Permit<WithdrawRequest>) -> Result<Drafted, ActError> {
    let loaded = load_for_act(scope, permit.target()).await?;
    let by = scope.person()?;
    act(scope, permit, loaded, Event::Withdrawn { by }, "withdrawn").await
}

/// Approves a task.
///
/// # Errors
/// [`ActError::Refused`]: closed, stale, or somebody else's.
pub async fn approve(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<ApproveTask>,
    ask: Ask<'_>,
) -> Result<Decision, ActError> {
    let task = permit.target();
    decided(scope, permit, task, Verdict::Approve, ask).await
}

/// Rejects a task; a reason is needed.
///
/// # Errors
/// As [`approve`].
pub async fn reject(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<RejectTask>,
    ask: Ask<'_>,
) -> Result<Decision, ActError> {
    let task = permit.target();
    decided(scope, permit, task, Verdict::Reject, ask).await
}

/// Sends a request back; a reason is needed.
///
/// # Errors
/// As [`approve`].
pub async fn ask_changes(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<AskForChanges>,
    ask: Ask<'_>,
) -> Result<Decision, ActError> {
    let task = permit.target();
    decided(scope, permit, task, Verdict::AskChanges, ask).await
}

/// Adds a comment. It moves nothing.
///
/// # Errors
/// [`Error::Bound`] over 20,000 characters.
pub async fn comment(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<CommentOnRequest>,
    body: &str,
) -> Result<CommentId, ActError> {
    bounded(body)?;
    let request = permit.target();
    let id = CommentId::random();
    let author = scope.person()?;
    let sealed = scope.keys().seal::<columns::CommentBody>(id.bytes(), &body.to_owned()).map_err(Error::from)?;
    let workspace = scope.workspace().uuid();
    let record = Record::about(request.uuid()).with("comment", id.to_string());
    scope.write(permit, record)?.insert(
        &sql::COMMENT_INSERT,
        vec![
            Box::new(workspace),
            Box::new(id.uuid()),
            Box::new(request.uuid()),
            Box::new(author.uuid()),
            Box::new(sealed.into_bytes()),
        ],
    );
    Ok(id)
}

async fn decided<A: Action>(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<A>,
    task: TaskId,
    verdict: Verdict,
    ask: Ask<'_>,
) -> Result<Decision, ActError> {
    let reason = ask.reason.map(str::trim).filter(|text| !text.is_empty());
    reason.map_or(Ok(()), bounded)?;
    let person = scope.person()?;
    let workspace = scope.workspace().uuid();
    let row = scope.one(&sql::TASK_REQUEST, &[&workspace, &task.uuid()]).await?;
    let request = RequestId::from_uuid(row.get(0));
    let stage: String = row.get(1);
    let loaded = load_for_act(scope, request).await?;
    let key = find_task(&loaded.state, request, task).ok_or(Refusal::TaskClosed)?;
    let event = Event::Decided {
        task: key,
        person,
        verdict,
        revision_hash: ask.revision_hash,
        reason: if reason.is_some() { Reason::Given } else { Reason::Absent },
    };
    let version_hash = loaded.published.hash;
    let id = DecisionId::random();
    let sealed = match reason {
        Some(text) => {
            let sealed = scope.keys().seal::<columns::DecisionReason>(id.bytes(), &text.to_owned());
            Some(sealed.map_err(Error::from)?.into_bytes())
        }
        None => None,
    };
    let channel = scope.origin().channel.word();
    let content = loaded.content();
    let at = Some((loaded.event_no, loaded.stage.clone()));
    let change = decide(scope, request, &loaded.published, &loaded.state, at, event, content, "decided").await?;
    let state = state_text(&change.state);
    let word = verdict_text(verdict);
    let record = described(&change, Record::about(request.uuid()))
        .with("task", task.to_string())
        .with("decision", id.to_string())
        .with("stage", stage.clone());
    let params: Vec<tenancy::Param> = vec![
        Box::new(workspace),
        Box::new(id.uuid()),
        Box::new(task.uuid()),
        Box::new(request.uuid()),
        Box::new(person.uuid()),
        Box::new(stage),
        Box::new(word),
        Box::new(ask.revision_hash.to_vec()),
        Box::new(version_hash.to_vec()),
        Box::new(sealed),
        Box::new(channel),
    ];
    write_with(scope, permit, record, change, Some(params)).await?;
    Ok(Decision { id, request, state })
}

/// One event on a loaded request that leaves its content alone.
pub(super) async fn act<A: Action>(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<A>,
    loaded: Loaded,
    event: Event,
    kind: &'static str,
) -> Result<Drafted, ActError> {
    let content = loaded.content();
    let at = Some((loaded.event_no, loaded.stage.clone()));
    let change = decide(scope, loaded.id, &loaded.published, &loaded.state, at, event, content, kind).await?;
    let record = described(&change, Record::about(loaded.id.uuid()));
    write(scope, permit, record, change).await
}

/// Gathers the facts and steps; nothing is written yet.
#[expect(clippy::too_many_arguments, reason = "the parts of one event; a struct would only rename them")]
async fn decide<'a>(
    scope: &Scope<ReadWrite>,
    id: RequestId,
    published: &'a Published,
    state: &State,
    before: Option<(i32, Option<String>)>,
    event: Event,
    content: Content,
    kind: &'static str,
) -> Result<Change<'a>, ActError> {
    let now = scope.now();
    let queries = needs(&published.process, state, &event, now);
    let facts = directory::facts_for(scope, &queries, &content.values).await?;
    let (state, effects) = step(&published.process, state, &event, &facts, now)?;
    Ok(Change { id, published, event, facts, before, state, effects, content, kind })
}

fn bounded(text: &str) -> Result<(), ActError> {
    if text.chars().count() > COMMENT_CHARS_MAX {
        let bound = COMMENT_CHARS_MAX as u64;
        return Err(Error::Bound { what: "characters of a comment or reason", bound }.into());
    }
    Ok(())
}

fn same_process(permitted: tenancy::ProcessId, published: &Published) -> Result<(), ActError> {
    if permitted == published.id {
        Ok(())
    } else {
        Err(Error::Integrity("a permit for one process was used on another").into())
    }
}

/// Which fields differ, by key; values stay out of the trail.
fn changed_fields(before: &Json, after: &Json) -> Json {
    let keys =
        |json: &Json| json.as_object().map(|map| map.keys().cloned().collect::<BTreeSet<_>>()).unwrap_or_default();
    let all: BTreeSet<String> = keys(before).union(&keys(after)).cloned().collect();
    Json::from(all.into_iter().filter(|key| before.get(key) != after.get(key)).collect::<Vec<_>>())
}
