//! Lists: what waits for somebody, what somebody handed in, what a process holds. Keyset pages, at most 200 rows.

use jiff::Timestamp;
use seal::columns;
use tenancy::policy::{Atom, SeeHome};
use tenancy::{Error, Mode, Permit, PersonId, ProcessId, RequestId, Scope, TaskId};
use uuid::Uuid;

use super::open;
use crate::engine::State;
use crate::statements as sql;

/// Most rows of one page.
const PAGE_MAX: i64 = 200;

/// A task that waits for a decision.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The task.
    pub task: TaskId,
    /// The request.
    pub request: RequestId,
    /// Its process and version.
    pub process: ProcessId,
    /// The version the request is pinned to.
    pub version: i32,
    /// The stage.
    pub stage: String,
    /// The hash of the revision to decide on.
    pub revision_hash: Vec<u8>,
    /// Since when it waits.
    pub opened_at: Timestamp,
    /// The request's title.
    pub title: String,
    /// Who handed it in.
    pub requester: PersonId,
}

/// A request in a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The request.
    pub id: RequestId,
    /// Its process.
    pub process: ProcessId,
    /// The version it is pinned to.
    pub version: i32,
    /// The word of its state.
    pub state_word: String,
    /// The engine's state.
    pub state: State,
    /// The stage it stands at.
    pub stage: Option<String>,
    /// Its title.
    pub title: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it stands there.
    pub stage_since: Option<Timestamp>,
    /// Hash of the revision in force.
    pub revision_hash: Vec<u8>,
}

/// Tasks that wait for the actor, oldest first, after a task, of one request if named.
///
/// # Errors
/// The general failures of a query.
pub async fn waiting<M: Mode>(
    scope: &Scope<M>,
    _permit: &Permit<SeeHome>,
    after: Option<TaskId>,
    request: Option<RequestId>,
    limit: i64,
) -> Result<Vec<Waiting>, Error> {
    let after = after.map_or(Uuid::nil(), TaskId::uuid);
    let (person, limit) = (scope.person()?.uuid(), limit.clamp(1, PAGE_MAX + 1));
    let request = request.map(RequestId::uuid);
    let rows = scope.rows(&sql::TASK_MINE, &[&scope.workspace().uuid(), &person, &after, &limit, &request]).await?;
    rows.iter()
        .map(|row| {
            let request = RequestId::from_uuid(row.get(1));
            Ok(Waiting {
                task: TaskId::from_uuid(row.get(0)),
                request,
                process: ProcessId::from_uuid(row.get(2)),
                stage: row.get(3),
                revision_hash: row.get(4),
                opened_at: row.get(5),
                title: open::<columns::RequestTitle, M>(scope, request.bytes(), row.get(6))?,
                requester: PersonId::from_uuid(row.get(7)),
                version: row.get(8),
            })
        })
        .collect()
}

/// How many tasks wait for the actor; counts to 1,000.
///
/// # Errors
/// The general failures of a query.
pub async fn waiting_count<M: Mode>(scope: &Scope<M>) -> Result<i64, Error> {
    let row = scope.one(&sql::TASK_COUNT, &[&scope.workspace().uuid(), &scope.person()?.uuid()]).await?;
    Ok(row.get(0))
}

/// Requests the actor handed in, newest first, before a request.
///
/// # Errors
/// The general failures of a query.
pub async fn mine<M: Mode>(
    scope: &Scope<M>,
    _permit: &Permit<SeeHome>,
    before: Option<RequestId>,
    limit: i64,
) -> Result<Vec<Listed>, Error> {
    let before = before.map_or(Uuid::max(), RequestId::uuid);
    let (person, limit) = (scope.person()?.uuid(), limit.clamp(1, PAGE_MAX + 1));
    let rows = scope.rows(&sql::REQUEST_MINE, &[&scope.workspace().uuid(), &person, &before, &limit]).await?;
    rows.iter().map(|row| listed(scope, row)).collect()
}

/// Requests of the processes at which the actor holds `request.read`, newest first, before a request.
///
/// # Errors
/// The general failures of a query.
pub async fn of_processes<M: Mode>(
    scope: &Scope<M>,
    _permit: &Permit<SeeHome>,
    before: Option<RequestId>,
    limit: i64,
) -> Result<Vec<Listed>, Error> {
    let everywhere = scope.atoms().has(Atom::RequestRead);
    let processes: Vec<Uuid> =
        scope.access().processes_with(Atom::RequestRead, scope.now()).map(ProcessId::uuid).collect();
    let before = before.map_or(Uuid::max(), RequestId::uuid);
    let limit = limit.clamp(1, PAGE_MAX + 1);
    let workspace = scope.workspace().uuid();
    let rows = scope.rows(&sql::REQUEST_OF_PROCESSES, &[&workspace, &processes, &before, &limit, &everywhere]).await?;
    rows.iter().map(|row| listed(scope, row)).collect()
}

fn listed<M: Mode>(scope: &Scope<M>, row: &tokio_postgres::Row) -> Result<Listed, Error> {
    let id = RequestId::from_uuid(row.get(0));
    let engine = open::<columns::RequestState, M>(scope, id.bytes(), row.get(6))?;
    Ok(Listed {
        id,
        process: ProcessId::from_uuid(row.get(1)),
        version: row.get(2),
        state_word: row.get(3),
        stage: row.get(4),
        title: open::<columns::RequestTitle, M>(scope, id.bytes(), row.get(5))?,
        state: serde_json::from_slice(&engine).map_err(|_| Error::Row {
            table: "request",
            column: "engine",
            row: id.to_string(),
        })?,
        created_at: row.get(7),
        stage_since: row.get(8),
        revision_hash: row.get(9),
    })
}
