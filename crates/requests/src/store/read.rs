//! Reading one request.

use std::collections::BTreeMap;

use jiff::Timestamp;
use seal::{WorkspaceKeys, columns};
use serde_json::Value as Json;
use tenancy::policy::SeeRequest;
use tenancy::{
    CommentId, Credential, Database, DecisionId, Error, Mode, Origin, Permit, PersonId, ProcessId, ReadWrite,
    RequestId, Scope, TaskId, WorkspaceId,
};

use super::persist::Content;
use super::processes::cached;
use super::{Published, open, open_with, row_of, version};
use crate::engine::State;
use crate::form::Values;
use crate::statements as sql;

/// A request with its content, as somebody who may see it sees it; with the engine's state, or without for somebody who
/// only wants to show it.
#[derive(Debug)]
pub struct RequestView<S = State> {
    /// Its id.
    pub id: RequestId,
    /// The version it is pinned to.
    pub published: Published,
    /// Who handed it in.
    pub requester: PersonId,
    /// The word of its state.
    pub state_word: String,
    /// The key of the stage it stands in.
    pub stage: Option<String>,
    /// The engine's state.
    pub state: S,
    /// Its title.
    pub title: String,
    /// Number of the revision in force.
    pub revision_no: i32,
    /// Hash of the revision in force.
    pub revision_hash: [u8; 32],
    /// The content in force.
    pub values: Values,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was handed in.
    pub submitted_at: Option<Timestamp>,
    /// Since when it stands where it stands.
    pub stage_since: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    event_no: i32,
}

/// A request as an act finds it.
pub(super) struct Loaded {
    pub(super) id: RequestId,
    pub(super) published: Published,
    pub(super) state: State,
    pub(super) stage: Option<String>,
    pub(super) title: String,
    pub(super) revision_no: i32,
    pub(super) hash: [u8; 32],
    pub(super) values: Values,
    pub(super) event_no: i32,
}

impl Loaded {
    /// The content as it is, for an act that leaves it alone.
    pub(super) fn content(&self) -> Content {
        Content {
            number: self.revision_no,
            hash: self.hash,
            title: self.title.clone(),
            fresh: None,
            values: self.values.clone(),
        }
    }
}

fn unreadable(column: &'static str, id: RequestId) -> Error {
    Error::Row { table: "request", column, row: id.to_string() }
}

/// The process and version that a request's columns, from this one on, are pinned to.
fn pinned(row: &tokio_postgres::Row, from: usize) -> (ProcessId, i32) {
    (ProcessId::from_uuid(row.get(from)), row.get(from + 1))
}

fn view_of(
    keys: &WorkspaceKeys,
    published: Published,
    id: RequestId,
    row: &tokio_postgres::Row,
    from: usize,
) -> Result<RequestView, Error> {
    let engine = open_with::<columns::RequestState>(keys, id.bytes(), row.get(from + 9))?;
    let state = serde_json::from_slice(&engine).map_err(|_| unreadable("engine", id))?;
    view_with(keys, published, id, row, from, state)
}

fn view_with<S>(
    keys: &WorkspaceKeys,
    published: Published,
    id: RequestId,
    row: &tokio_postgres::Row,
    from: usize,
    state: S,
) -> Result<RequestView<S>, Error> {
    let revision_no: i32 = row.get(from + 5);
    let hash: &[u8] = row.get(from + 6);
    let values = values_in(keys, id, revision_no, &published, row.get(from + 14))?;
    Ok(RequestView {
        id,
        requester: PersonId::from_uuid(row.get(from + 2)),
        state_word: row.get(from + 3),
        stage: row.get(from + 4),
        state,
        title: open_with::<columns::RequestTitle>(keys, id.bytes(), row.get(from + 8))?,
        revision_no,
        revision_hash: hash.try_into().map_err(|_| unreadable("revision_hash", id))?,
        values,
        created_at: row.get(from + 10),
        submitted_at: row.get(from + 11),
        stage_since: row.get(from + 12),
        ended_at: row.get(from + 13),
        event_no: row.get(from + 7),
        published,
    })
}

fn values_in(
    keys: &WorkspaceKeys,
    id: RequestId,
    number: i32,
    published: &Published,
    sealed: Vec<u8>,
) -> Result<Values, Error> {
    let row = row_of(<columns::RevisionContent as seal::Column>::TABLE, id, number);
    let content = open_with::<columns::RevisionContent>(keys, row, sealed)?;
    let json: Json = serde_json::from_slice(&content).map_err(|_| unreadable("content", id))?;
    Ok(Values::from_stored(published.process.form(), json.get("values").unwrap_or(&Json::Null)))
}

/// Columns of facts that stand before a request's own in the statement that permits and reads at once.
const FACTS_COLUMNS: usize = 5;

/// Permits and reads a request in one statement.
///
/// # Errors
/// [`Error::NotFound`] for absent and hidden alike.
pub async fn see<M: Mode>(scope: &mut Scope<M>, id: RequestId) -> Result<(Permit<SeeRequest>, RequestView), Error> {
    let (permit, row) = scope.permit_by::<SeeRequest>(id, &sql::REQUEST_SEE).await?;
    let (process, number) = pinned(&row, FACTS_COLUMNS);
    let published = version(scope, process, number).await?;
    let view = view_of(scope.keys(), published, id, &row, FACTS_COLUMNS)?;
    Ok((permit, view))
}

/// As [`see`] for somebody who wants nothing else: in one statement, where what is kept in memory lets it.
///
/// # Errors
/// As [`see`], and [`Error::Unauthenticated`] for a credential that does not count.
pub async fn see_at_once(
    database: &Database,
    credential: Credential,
    workspace: WorkspaceId,
    origin: Origin,
    id: RequestId,
) -> Result<RequestView<()>, Error> {
    if let Some(glance) = database.glance::<SeeRequest>(credential, workspace, id, &sql::REQUEST_SEE).await? {
        let (process, number) = pinned(&glance.row, glance.from);
        if let Some(published) = cached((workspace, process, number)) {
            return view_with(&glance.keys, published, id, &glance.row, glance.from, ());
        }
    }
    let mut scope = database.view(credential, workspace, origin).await?;
    let (_permit, row) = scope.permit_by::<SeeRequest>(id, &sql::REQUEST_SEE).await?;
    let (process, number) = pinned(&row, FACTS_COLUMNS);
    let published = version(&scope, process, number).await?;
    let view = view_with(scope.keys(), published, id, &row, FACTS_COLUMNS, ())?;
    scope.finish();
    Ok(view)
}

/// Reads a request that a permit of another act was given for: the courier's, or a card's.
///
/// # Errors
/// [`Error::NotFound`] when it is gone.
pub async fn load<M: Mode>(scope: &Scope<M>, id: RequestId) -> Result<RequestView, Error> {
    let row = scope.one(&sql::REQUEST_LOAD, &[&scope.workspace().uuid(), &id.uuid()]).await?;
    let (process, number) = pinned(&row, 0);
    view_of(scope.keys(), version(scope, process, number).await?, id, &row, 0)
}

pub(super) async fn load_for_act(scope: &Scope<ReadWrite>, id: RequestId) -> Result<Loaded, Error> {
    let view = load(scope, id).await?;
    let stage = view.state.stage().map(str::to_owned);
    Ok(Loaded {
        id,
        state: view.state,
        stage,
        title: view.title,
        revision_no: view.revision_no,
        hash: view.revision_hash,
        values: view.values,
        event_no: view.event_no,
        published: view.published,
    })
}

/// One revision with its content.
#[derive(Debug)]
pub struct RevisionRow {
    /// Its number, from 1.
    pub number: i32,
    /// Its hash.
    pub hash: Vec<u8>,
    /// Its content.
    pub values: Values,
    /// Who made it.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

/// Every revision, oldest first, at most 100.
///
/// # Errors
/// The general failures of a query.
pub async fn revisions<M: Mode>(
    scope: &Scope<M>,
    permit: &Permit<SeeRequest>,
    published: &Published,
) -> Result<Vec<RevisionRow>, Error> {
    let id = permit.target();
    let rows = scope.rows(&sql::REVISION_LIST, &[&scope.workspace().uuid(), &id.uuid()]).await?;
    rows.iter()
        .map(|row| {
            let number = row.get(0);
            Ok(RevisionRow {
                number,
                hash: row.get(1),
                values: values_in(scope.keys(), id, number, published, row.get(2))?,
                by: PersonId::from_uuid(row.get(3)),
                at: row.get(4),
            })
        })
        .collect()
}

/// One task of a request.
#[derive(Debug, Clone)]
pub struct TaskRow {
    /// Its id.
    pub id: TaskId,
    /// The stage.
    pub stage: String,
    /// Who is asked.
    pub person: PersonId,
    /// `open`, `done`, `superseded` or `void`.
    pub state: String,
    /// Since when.
    pub opened_at: Timestamp,
    /// Until when.
    pub closed_at: Option<Timestamp>,
}

/// Every task of a request, in the order of their opening.
///
/// # Errors
/// The general failures of a query.
pub async fn tasks<M: Mode>(scope: &Scope<M>, permit: &Permit<SeeRequest>) -> Result<Vec<TaskRow>, Error> {
    let rows = scope.rows(&sql::TASK_OF_REQUEST, &[&scope.workspace().uuid(), &permit.target().uuid()]).await?;
    Ok(rows
        .iter()
        .map(|row| TaskRow {
            id: TaskId::from_uuid(row.get(0)),
            stage: row.get(1),
            person: PersonId::from_uuid(row.get(2)),
            state: row.get(3),
            opened_at: row.get(4),
            closed_at: row.get(5),
        })
        .collect())
}

/// One decision on a request.
#[derive(Debug, Clone)]
pub struct DecisionRow {
    /// Its id.
    pub id: DecisionId,
    /// The task it answers.
    pub task: TaskId,
    /// Whose.
    pub person: PersonId,
    /// The stage.
    pub stage: String,
    /// `approve`, `reject` or `ask_changes`.
    pub verdict: String,
    /// The hash of the revision that was shown.
    pub revision_hash: Vec<u8>,
    /// The words given with it.
    pub reason: Option<String>,
    /// `page` or `api`.
    pub channel: String,
    /// When it was given.
    pub given_at: Timestamp,
    /// When it stopped counting, if it did.
    pub voided_at: Option<Timestamp>,
}

/// Every decision on a request, oldest first.
///
/// # Errors
/// The general failures of a query.
pub async fn decisions<M: Mode>(scope: &Scope<M>, permit: &Permit<SeeRequest>) -> Result<Vec<DecisionRow>, Error> {
    let rows = scope.rows(&sql::DECISION_LIST, &[&scope.workspace().uuid(), &permit.target().uuid()]).await?;
    rows.iter()
        .map(|row| {
            let id = DecisionId::from_uuid(row.get(0));
            let sealed: Option<Vec<u8>> = row.get(7);
            let reason = match sealed {
                Some(bytes) => Some(open::<columns::DecisionReason, M>(scope, id.bytes(), bytes)?),
                None => None,
            };
            Ok(DecisionRow {
                id,
                task: TaskId::from_uuid(row.get(1)),
                person: PersonId::from_uuid(row.get(2)),
                stage: row.get(3),
                verdict: row.get(4),
                revision_hash: row.get(5),
                reason,
                channel: row.get(8),
                given_at: row.get(9),
                voided_at: row.get(11),
            })
        })
        .collect()
}

/// One comment.
#[derive(Debug, Clone)]
pub struct CommentRow {
    /// Its id.
    pub id: CommentId,
    /// Whose.
    pub author: PersonId,
    /// Its words.
    pub body: String,
    /// When.
    pub at: Timestamp,
}

/// Every comment on a request, oldest first, at most 500.
///
/// # Errors
/// The general failures of a query.
pub async fn comments<M: Mode>(scope: &Scope<M>, permit: &Permit<SeeRequest>) -> Result<Vec<CommentRow>, Error> {
    let rows = scope.rows(&sql::COMMENT_LIST, &[&scope.workspace().uuid(), &permit.target().uuid()]).await?;
    rows.iter()
        .map(|row| {
            let id = CommentId::from_uuid(row.get(0));
            let body = open::<columns::CommentBody, M>(scope, id.bytes(), row.get(2))?;
            Ok(CommentRow { id, author: PersonId::from_uuid(row.get(1)), body, at: row.get(3) })
        })
        .collect()
}

/// How many requests of a process stand in each state; no content is opened.
///
/// # Errors
/// The general failures of a query.
pub async fn counts<M: Mode>(
    scope: &Scope<M>,
    permit: &Permit<tenancy::policy::SeeReport>,
) -> Result<BTreeMap<String, i64>, Error> {
    let process = permit.target().uuid();
    let rows = scope.rows(&sql::REPORT_COUNTS, &[&scope.workspace().uuid(), &process]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// One event of a request, without its body.
#[derive(Debug, Clone)]
pub struct EventRow {
    /// Its number, from 1.
    pub number: i32,
    /// `drafted`, `submitted`, `edited`, `answered`, `withdrawn`, `person_left` or `decided`.
    pub kind: String,
    /// Who, where a person acted.
    pub actor: Option<PersonId>,
    /// When.
    pub at: Timestamp,
}

/// Every event of a request, oldest first, at most 500.
///
/// # Errors
/// The general failures of a query.
pub async fn events<M: Mode>(scope: &Scope<M>, permit: &Permit<SeeRequest>) -> Result<Vec<EventRow>, Error> {
    let rows = scope.rows(&sql::EVENT_LIST, &[&scope.workspace().uuid(), &permit.target().uuid()]).await?;
    Ok(rows
        .iter()
        .map(|row| EventRow {
            number: row.get(0),
            kind: row.get(1),
            actor: row.get::<_, Option<uuid::Uuid>>(2).map(PersonId::from_uuid),
            at: row.get(3),
        })
        .collect())
}

/// Who decided last on a request, and with which words: for the letter that tells of it.
///
/// # Errors
/// The general failures of a query.
pub async fn last_words<M: Mode>(
    scope: &Scope<M>,
    request: RequestId,
) -> Result<Option<(PersonId, Option<String>)>, Error> {
    let row = scope.maybe(&sql::DECISION_LAST, &[&scope.workspace().uuid(), &request.uuid()]).await?;
    let Some(row) = row else { return Ok(None) };
    let id = DecisionId::from_uuid(row.get(0));
    let sealed: Option<Vec<u8>> = row.get(2);
    let reason = sealed.map(|bytes| open::<columns::DecisionReason, M>(scope, id.bytes(), bytes)).transpose()?;
    Ok(Some((PersonId::from_uuid(row.get(1)), reason)))
}
