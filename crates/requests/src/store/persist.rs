//! Writing one event: the request's row, its revision, the event, tasks and decisions, and the effects, all of one act.

use seal::columns;
use serde_json::json;
use tenancy::policy::Action;
use tenancy::{Error, Permit, PersonId, ReadWrite, Record, RequestId, Scope};

use super::act::Drafted;
use super::{ActError, Published, row_of};
use crate::engine::{CloseHow, Effect, Event, Facts, Notice, Phase, Recipient, State, Verdict, effect_key, task_id};
use crate::form::Values;
use crate::revision::SALT_BYTES;
use crate::statements as sql;

/// Everything a changed request is written from.
pub(super) struct Change<'a> {
    pub(super) id: RequestId,
    pub(super) published: &'a Published,
    pub(super) event: Event,
    pub(super) facts: Facts,
    pub(super) before: Option<(i32, Option<String>)>,
    pub(super) state: State,
    pub(super) effects: Vec<Effect>,
    pub(super) content: Content,
    pub(super) kind: &'static str,
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

pub(super) fn described(change: &Change<'_>, record: Record) -> Record {
    record
        .with("process", change.published.key.clone())
        .with("version", change.published.version)
        .with("revision", change.content.number)
        .with("revision_hash", data_encoding::HEXLOWER.encode(&change.content.hash))
        .with("state", state_text(&change.state))
}

pub(super) async fn write<A: Action>(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<A>,
    record: Record,
    change: Change<'_>,
) -> Result<Drafted, ActError> {
    let drafted = Drafted { id: change.id, revision_hash: change.content.hash, state: state_text(&change.state) };
    write_with(scope, permit, record, change, None).await?;
    Ok(drafted)
}

pub(super) async fn write_with<A: Action>(
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

pub(super) const fn verdict_text(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approve",
        Verdict::Reject => "reject",
        Verdict::AskChanges => "ask_changes",
    }
}
