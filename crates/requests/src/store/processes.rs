//! Processes: what is published, in which version, and publishing another.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use seal::columns;
use tenancy::policy::PublishProcess;
use tenancy::{Error, Memory, Mode, Permit, PersonId, ProcessId, ReadWrite, Record, Scope};

use super::remembered::{self, Answer, Question};
use super::{CacheKey, directory, open, version_row};
use crate::process::{Problem, Process, publish_check};
use crate::statements as sql;

/// A published version, opened.
#[derive(Debug, Clone)]
pub struct Published {
    /// The process.
    pub id: ProcessId,
    /// Its key, as in addresses.
    pub key: String,
    /// The prefix of its requests' numbers.
    pub prefix: String,
    /// The version.
    pub version: i32,
    /// SHA-256 of the version's canonical document.
    pub hash: [u8; 32],
    /// The document.
    pub process: Arc<Process>,
}

/// A process in the catalogue.
#[derive(Debug, Clone)]
pub struct Catalogued {
    /// The process with its published version.
    pub published: Published,
    /// When this version was published.
    pub published_at: Option<Timestamp>,
}

/// One version, without its document.
#[derive(Debug, Clone)]
pub struct Version {
    /// The process.
    pub process: ProcessId,
    /// Its number, from 1.
    pub version: i32,
    /// `draft`, `published` or `retired`.
    pub state: String,
    /// SHA-256 of the canonical document.
    pub hash: Vec<u8>,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// By whom; nobody for the operator.
    pub published_by: Option<PersonId>,
}

/// Why a document was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The trusted base refused or failed.
    #[error(transparent)]
    Scope(#[from] Error),
    /// The document is not right; each problem is a sentence that names its place.
    #[error("the document has {} problems", .0.len())]
    Problems(Vec<Problem>),
}

/// Opened documents kept in memory: they are immutable, so only their keys' clock bounds them.
const CACHED_MAX: usize = 256;
/// As long as a workspace's keys are kept.
const CACHED_FOR: Duration = Duration::from_secs(300);

/// Documents by version, with the instant they were opened.
static OPENED: LazyLock<Memory<CacheKey, (Instant, Published)>> = LazyLock::new(|| Memory::new(CACHED_MAX));

/// A version that is in memory already.
pub(super) fn cached(key: CacheKey) -> Option<Published> {
    OPENED.get(&key).filter(|(since, _)| since.elapsed() < CACHED_FOR).map(|(_, published)| published)
}

/// One version, whatever its state: requests stay with theirs. A version never changes, so a cached one is not asked for
/// again; who may see it is decided at every use.
///
/// # Errors
/// [`Error::NotFound`] for an unknown version; [`Error::Row`] for a document that does not read.
pub async fn version<M: Mode>(scope: &Scope<M>, id: ProcessId, version: i32) -> Result<Published, Error> {
    let place = (scope.workspace(), id, version);
    if let Some(published) = cached(place) {
        return Ok(published);
    }
    let row = scope.one(&sql::VERSION_DOCUMENT, &[&scope.workspace().uuid(), &id.uuid(), &version]).await?;
    let hash: Vec<u8> = row.get(0);
    let document = open::<columns::ProcessDocument, M>(scope, version_row(id, version), row.get(1))?;
    let unreadable = || Error::Row { table: "process_version", column: "document", row: id.to_string() };
    let process = Arc::new(Process::parse(&document).map_err(|_| unreadable())?);
    let published = Published {
        id,
        key: process.key().to_owned(),
        prefix: process.prefix().to_owned(),
        version,
        hash: hash32(&hash, id)?,
        process,
    };
    OPENED.keep(place, (Instant::now(), published.clone()));
    Ok(published)
}

fn hash32(hash: &[u8], id: ProcessId) -> Result<[u8; 32], Error> {
    hash.try_into().map_err(|_| Error::Row { table: "process_version", column: "hash", row: id.to_string() })
}

/// The published version of a process.
///
/// # Errors
/// [`Error::NotFound`] for an unknown key.
pub async fn published<M: Mode>(scope: &Scope<M>, key: &str) -> Result<Published, Error> {
    if key.contains('\0') {
        // PostgreSQL's texts cannot hold this character, so no key has it.
        return Err(Error::NotFound);
    }
    let place = remembered::place(scope, Question::Process(key.to_owned()));
    if let Some(Answer::Version(id, number)) = remembered::recall(place.as_ref()) {
        return version(scope, id, number).await;
    }
    let row = scope.one(&sql::PROCESS_BY_KEY, &[&scope.workspace().uuid(), &key]).await?;
    let (id, number) = (ProcessId::from_uuid(row.get(0)), row.get(1));
    remembered::keep(place, Answer::Version(id, number));
    version(scope, id, number).await
}

/// Every published process, by key, at most 200. The caller shows those the actor may see.
///
/// # Errors
/// The general failures of a query.
pub async fn catalogue<M: Mode>(scope: &Scope<M>) -> Result<Vec<Catalogued>, Error> {
    let mut found = Vec::new();
    for row in scope.rows(&sql::PROCESS_LIST, &[&scope.workspace().uuid()]).await? {
        let published = version(scope, ProcessId::from_uuid(row.get(0)), row.get(1)).await?;
        found.push(Catalogued { published, published_at: row.get(2) });
    }
    Ok(found)
}

/// Every version by process, newest first, at most 1,000.
///
/// # Errors
/// The general failures of a query.
pub async fn versions<M: Mode>(scope: &Scope<M>) -> Result<BTreeMap<ProcessId, Vec<Version>>, Error> {
    let mut found: BTreeMap<ProcessId, Vec<Version>> = BTreeMap::new();
    for row in scope.rows(&sql::VERSION_LIST, &[&scope.workspace().uuid()]).await? {
        let process = ProcessId::from_uuid(row.get(0));
        found.entry(process).or_default().push(Version {
            process,
            version: row.get(1),
            state: row.get(2),
            hash: row.get(3),
            published_at: row.get(4),
            published_by: row.get::<_, Option<uuid::Uuid>>(5).map(PersonId::from_uuid),
        });
    }
    Ok(found)
}

/// Publishes a document as the next version of its process, made if there is none of its key.
///
/// # Errors
/// [`PublishError::Problems`] with every sentence of the publish check; nothing is written then.
pub async fn publish(
    scope: &mut Scope<ReadWrite>,
    permit: Permit<PublishProcess>,
    document: &[u8],
) -> Result<Published, PublishError> {
    let process = Process::parse(document).map_err(PublishError::Problems)?;
    let known = directory::snapshot(scope, &process).await?;
    let problems = publish_check(&process, &known);
    if !problems.is_empty() {
        return Err(PublishError::Problems(problems));
    }
    let workspace = scope.workspace().uuid();
    let existing = scope.maybe(&sql::PROCESS_LOCK, &[&workspace, &process.key()]).await?;
    let hash = process.version_hash();
    let (id, number) = existing
        .as_ref()
        .map_or_else(|| (ProcessId::random(), 1), |row| (ProcessId::from_uuid(row.get(0)), row.get::<_, i32>(1) + 1));
    let canonical = process.to_canonical().into_bytes();
    let sealed =
        scope.keys().seal::<columns::ProcessDocument>(version_row(id, number), &canonical).map_err(Error::from)?;
    let name =
        scope.keys().seal::<columns::ProcessName>(id.bytes(), &process.name().to_owned()).map_err(Error::from)?;
    let publisher = scope.actor().person().map(PersonId::uuid);
    let record = Record::about(id.uuid())
        .with("process", process.key())
        .with("version", number)
        .with("version_hash", data_encoding::HEXLOWER.encode(&hash));
    let mut writer = scope.write(permit, record)?;
    let (key, prefix) = (process.key().to_owned(), process.prefix().to_owned());
    if existing.is_some() {
        writer.execute(&sql::VERSION_RETIRE, &[&workspace, &id.uuid()]).await?;
        let name = name.into_bytes();
        writer.execute_one(&sql::PROCESS_UPDATE, &[&workspace, &id.uuid(), &number, &name, &prefix]).await?;
    } else {
        writer.insert(
            &sql::PROCESS_INSERT,
            vec![
                Box::new(workspace),
                Box::new(id.uuid()),
                Box::new(key.clone()),
                Box::new(prefix.clone()),
                Box::new(name.into_bytes()),
                Box::new(number),
            ],
        );
    }
    writer.insert(
        &sql::VERSION_INSERT,
        vec![
            Box::new(workspace),
            Box::new(id.uuid()),
            Box::new(number),
            Box::new(hash.to_vec()),
            Box::new(sealed.into_bytes()),
            Box::new(publisher),
        ],
    );
    Ok(Published { id, key, prefix, version: number, hash, process: Arc::new(process) })
}
