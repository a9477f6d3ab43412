//! The acts on a request. Each takes its permit, and no id beside it.

use jiff::tz::TimeZone;
use seal::columns;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use tenancy::policy::{
    Action, AnswerReturn, ApproveTask, AskForChanges, CommentOnRequest, EditRequest, RejectTask, SaveDraft,
    SubmitDraft, SubmitRequest, WithdrawRequest,
};
use tenancy::{
    CommentId, DecisionId, Error, Permit, PersonId, ReadWrite, Record, RequestId, RevisionId, Scope, TaskId,
};

use super::read::{Loaded, load_for_act};
use super::{ActError, COMMENT_CHARS_MAX, Published, directory, row_of};
use crate::engine::{
    CloseHow, Effect, Event, Facts, Notice, Phase, Reason, Recipient, Refusal, State, Verdict, effect_key, find_task,
    needs, step, task_id,
};
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

/// Everything a changed request is written from.
struct Change<'a> {
    id: RequestId,
    published: &'a Published,
    event: Event,
    facts: Facts,
    before: Option<(i32, Option<String>)>,
    state: State,
    effects: Vec<Effect>,
    content: Content,
    kind: &'static str,
}

/// The content in force after the act.
pub(super) struct Content {
    pub(super) number: i32,
    pub(super) hash: [u8; 32],
    pub(super) title: String,
    pub(super) values: Values,
    /// The salt of a revision that this act makes; nothing when it leaves the content alone.
    pub(super) fresh: Option<[u8; SALT_BYTES]>,
}

/// Checks values against the form as of now.
async fn checked(scope: &Scope<ReadWrite>, published: &Published, input: &Json) -> Result<Values, ActError> {
    let form = published.process.form();
    let today = scope.now().to_zoned(TimeZone::UTC).date();
    let mut active = BTreeSet::new();
    for field in form.fields().filter(|field| matches!(field.kind, FieldKind::Person)) {
        let id = input.get(&field.key).and_then(Json::as_str).and_then(|text| text.rsplit(':').next());
        if let Some(id) = id.and_then(|text| text.parse::<PersonId>().ok()) {
            let unset: Vec<u8> = Vec::new();
            let row = scope.maybe(&sql::PERSON_ACTIVE, &[&scope.workspace().uuid(), &id.uuid(), &unset]).await?;
            if row.is_some() {
                active.insert(id);
            }
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
async fn act<A: Action>(
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

fn described(change: &Change<'_>, record: Record) -> Record {
    record
        .with("process", change.published.key.clone())
        .with("version", change.published.version)
        .with("revision", change.content.number)
        .with("revision_hash", data_encoding::HEXLOWER.encode(&change.content.hash))
        .with("state", state_text(&change.state))
}

async fn write<A: Action>(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<A>,
    record: Record,
    change: Change<'_>,
) -> Result<Drafted, ActError> {
    let drafted = Drafted { id: change.id, revision_hash: change.content.hash, state: state_text(&change.state) };
    write_with(scope, permit, record, change, None).await?;
    Ok(drafted)
}

async fn write_with<A: Action>(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<A>,
    record: Record,
    change: Change<'_>,
    decision: Option<Vec<tenancy::Param>>,
) -> Result<(), ActError> {
    let rows = Rows::seal(scope, &change)?;
    let actor = scope.actor().person().map(PersonId::uuid);
    let workspace = scope.workspace().uuid();
    let request = change.id.uuid();
    let mut writer = scope.write(permit, record)?;
    match &change.before {
        None => writer.insert(&sql::REQUEST_INSERT, rows.insert(workspace, &change)),
        Some((event_no, _)) => {
            let (state, stage) = (state_text(&change.state), change.state.stage());
            let hash = change.content.hash.to_vec();
            let number = event_no + 1;
            writer
                .execute_one(
                    &sql::REQUEST_UPDATE,
                    &[
                        &workspace,
                        &request,
                        &state,
                        &stage,
                        &change.content.number,
                        &hash,
                        &number,
                        &rows.title,
                        &rows.engine,
                        &rows.submitted_at,
                        &rows.ended_at,
                        event_no,
                    ],
                )
                .await?;
        }
    }
    if let Some(revision) = &rows.revision {
        writer.insert(
            &sql::REVISION_INSERT,
            vec![
                Box::new(workspace),
                Box::new(request),
                Box::new(change.content.number),
                Box::new(change.content.hash.to_vec()),
                Box::new(revision.clone()),
                Box::new(actor),
            ],
        );
    }
    writer.insert(
        &sql::EVENT_INSERT,
        vec![
            Box::new(workspace),
            Box::new(request),
            Box::new(rows.number),
            Box::new(change.kind),
            Box::new(actor),
            Box::new(rows.event.clone()),
        ],
    );
    carry_out(&mut writer, workspace, &change, rows.number).await?;
    if let Some(params) = decision {
        writer.insert(&sql::DECISION_INSERT, params);
    }
    Ok(())
}

/// The sealed columns of a change.
struct Rows {
    number: i32,
    title: Vec<u8>,
    engine: Vec<u8>,
    event: Vec<u8>,
    revision: Option<Vec<u8>>,
    submitted_at: Option<jiff::Timestamp>,
    ended_at: Option<jiff::Timestamp>,
}

impl Rows {
    fn seal(scope: &Scope<ReadWrite>, change: &Change<'_>) -> Result<Self, ActError> {
        let keys = scope.keys();
        let number = change.before.as_ref().map_or(1, |(event_no, _)| event_no + 1);
        let row = change.id.bytes();
        let engine = serde_json::to_vec(&change.state).map_err(|_| Error::Integrity("engine state"))?;
        let event = json!({"event": change.event, "facts": change.facts, "at": scope.now().to_string()}).to_string();
        let event_row = row_of(<columns::EventBody as seal::Column>::TABLE, change.id, number);
        let revision_row = row_of(<columns::RevisionContent as seal::Column>::TABLE, change.id, change.content.number);
        let revision = match &change.content.fresh {
            Some(salt) => {
                let values = change.content.values.to_json();
                let body = json!({"salt": data_encoding::HEXLOWER.encode(salt), "values": values});
                let sealed = keys.seal::<columns::RevisionContent>(revision_row, &body.to_string().into_bytes());
                Some(sealed.map_err(Error::from)?.into_bytes())
            }
            None => None,
        };
        let drafted = matches!(change.state.phase, Phase::Draft);
        let ended = matches!(change.state.phase, Phase::Ended { .. });
        Ok(Self {
            number,
            title: keys.seal::<columns::RequestTitle>(row, &change.content.title).map_err(Error::from)?.into_bytes(),
            engine: keys.seal::<columns::RequestState>(row, &engine).map_err(Error::from)?.into_bytes(),
            event: keys.seal::<columns::EventBody>(event_row, &event).map_err(Error::from)?.into_bytes(),
            revision,
            submitted_at: (!drafted).then(|| scope.now()),
            ended_at: ended.then(|| scope.now()),
        })
    }

    fn insert(&self, workspace: uuid::Uuid, change: &Change<'_>) -> Vec<tenancy::Param> {
        vec![
            Box::new(workspace),
            Box::new(change.id.uuid()),
            Box::new(change.published.id.uuid()),
            Box::new(change.published.version),
            Box::new(change.state.requester.uuid()),
            Box::new(state_text(&change.state)),
            Box::new(change.state.stage().map(str::to_owned)),
            Box::new(change.content.number),
            Box::new(change.content.hash.to_vec()),
            Box::new(self.number),
            Box::new(self.title.clone()),
            Box::new(self.engine.clone()),
            Box::new(self.submitted_at),
            Box::new(self.submitted_at),
            Box::new(self.ended_at),
        ]
    }
}

/// Turns the engine's effects into rows, in their order.
async fn carry_out(
    writer: &mut tenancy::Writer<'_>,
    workspace: uuid::Uuid,
    change: &Change<'_>,
    number: i32,
) -> Result<(), ActError> {
    let hash = change.content.hash.to_vec();
    let new_task = |task, stage: &str, person: PersonId, state: &'static str| -> Vec<tenancy::Param> {
        vec![
            Box::new(workspace),
            Box::new(task_id(change.id, task).uuid()),
            Box::new(change.id.uuid()),
            Box::new(change.published.id.uuid()),
            Box::new(stage.to_owned()),
            Box::new(person.uuid()),
            Box::new(state),
            Box::new(hash.clone()),
        ]
    };
    for (effect, index) in change.effects.iter().zip(0_u32..) {
        match effect {
            Effect::OpenTask { task, stage, person } => {
                writer.insert(&sql::TASK_INSERT, new_task(*task, stage, *person, "open"));
            }
            Effect::CarryDecision { task, stage, person, .. } => {
                writer.insert(&sql::TASK_INSERT, new_task(*task, stage, *person, "done"));
            }
            Effect::CloseTask { task, how } => {
                let state = match how {
                    CloseHow::Done => "done",
                    CloseHow::Superseded => "superseded",
                    CloseHow::Void => "void",
                };
                let id = task_id(change.id, *task).uuid();
                writer.execute(&sql::TASK_CLOSE, &[&workspace, &id, &state]).await?;
            }
            Effect::VoidDecision { task, .. } => {
                let id = task_id(change.id, *task).uuid();
                writer.execute(&sql::DECISION_VOID, &[&workspace, &id]).await?;
            }
            Effect::Notify { notice, to, task } => {
                let to = match to {
                    Recipient::Person(person) => json!(person.to_string()),
                    Recipient::Owners => json!("owners"),
                };
                let task = task.map(|task| task_id(change.id, task).to_string());
                let payload = json!({"request": change.id.to_string(), "to": to, "task": task});
                let key = effect_key(change.id, u32::try_from(number).unwrap_or(0), index);
                writer.effect(notice_kind(*notice), key, &payload);
            }
        }
    }
    Ok(())
}

/// The kind of the outbox row that tells somebody.
const fn notice_kind(notice: Notice) -> &'static str {
    match notice {
        Notice::TaskOpened => "mail.task_opened",
        Notice::TaskVoided => "mail.task_voided",
        Notice::Returned => "mail.returned",
        Notice::Approved => "mail.approved",
        Notice::Rejected => "mail.rejected",
        Notice::Cancelled => "mail.cancelled",
        Notice::Stuck => "mail.stuck",
    }
}

/// The word of a state in rows and answers.
pub(super) const fn state_text(state: &State) -> &'static str {
    use crate::engine::Outcome;
    match state.phase {
        Phase::Draft => "draft",
        Phase::Open { .. } => "open",
        Phase::Returned { .. } => "returned",
        Phase::Stuck { .. } => "stuck",
        Phase::Ended { outcome: Outcome::Approved } => "approved",
        Phase::Ended { outcome: Outcome::Rejected } => "rejected",
        Phase::Ended { outcome: Outcome::Withdrawn } => "withdrawn",
        Phase::Ended { outcome: Outcome::Cancelled } => "cancelled",
    }
}

const fn verdict_text(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approve",
        Verdict::Reject => "reject",
        Verdict::AskChanges => "ask_changes",
    }
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
