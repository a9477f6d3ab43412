//! Writing: only with a permit, and never without a record.

use futures_util::future::join_all;
use serde_json::Value;
use tokio_postgres::types::ToSql;

use crate::composite;
use crate::database::{self, Params};
use crate::policy::Action;
use crate::record::{self, Entry, KeyNumbers, Record};
use crate::scope::{Permit, ReadWrite, Scope};
use crate::sql::Sql;
use crate::{Error, OutboxId, PersonId, RecordId, faults, statements};

/// An owned parameter of a statement that is sent later.
pub type Param = Box<dyn ToSql + Sync + Send>;

/// An insert that leaves with the commit.
pub(crate) struct Pushed {
    sql: &'static Sql,
    params: Vec<Param>,
}

/// An effect that leaves after the commit: a row of the outbox.
#[derive(Debug, Clone)]
pub(crate) struct Effect {
    kind: &'static str,
    key: [u8; 32],
    payload: String,
}

/// Most effects of one transaction.
pub const EFFECTS_MAX: usize = 500;

/// The writable half of a scope. It exists only where a record was registered for it.
#[derive(Debug)]
pub struct Writer<'scope> {
    scope: &'scope mut Scope<ReadWrite>,
}

/// What a commit leaves behind.
#[must_use]
#[derive(Debug)]
pub struct Committed {
    /// The records, in the order of their acts.
    pub records: Vec<RecordId>,
}

impl Scope<ReadWrite> {
    /// Uses up a permit and registers the record of its act; only then is there something to write with.
    ///
    /// # Errors
    /// [`Error::Integrity`] when the permit was given by another scope.
    pub fn write<A: Action>(&mut self, permit: Permit<A>, record: Record) -> Result<Writer<'_>, Error> {
        if permit.scope != self.number {
            return Err(Error::Integrity("a permit crossed its scope"));
        }
        self.entries.push(Entry { id: RecordId::random(), code: A::CODE, record });
        Ok(Writer { scope: self })
    }

    /// As [`write`](Self::write), under an id that follows from the act: what is done once in all has one record.
    pub(crate) fn write_as<A: Action>(&mut self, permit: Permit<A>, record: Record, id: RecordId) -> Result<(), Error> {
        let _writer = self.write(permit, record)?;
        self.entries.last_mut().expect("it was registered just now").id = id;
        Ok(())
    }

    /// The writer again, after an act of this scope registered its record: for what belongs to the act's transaction.
    ///
    /// # Errors
    /// [`Error::Integrity`] when no act did.
    pub fn again(&mut self) -> Result<Writer<'_>, Error> {
        if self.entries.is_empty() {
            return Err(Error::Integrity("a writer was asked for before any act"));
        }
        Ok(Writer { scope: self })
    }

    /// Appends records and effects as the last statements, and commits, all in one round trip.
    ///
    /// # Errors
    /// Whatever a statement answered; then nothing was written. [`Error::Unavailable`] when the connection broke: then
    /// whether it was written is not known, and the caller repeats with its idempotency key.
    pub async fn commit(mut self) -> Result<Committed, Error> {
        if self.entries.is_empty() {
            return Err(Error::Integrity("a scope without a record was committed"));
        }
        if self.effects.len() > EFFECTS_MAX {
            return Err(Error::Bound { what: "effects of one act", bound: EFFECTS_MAX as u64 });
        }
        let records = self.entries.iter().map(|entry| entry.id).collect();
        let mut queue = std::mem::take(&mut self.pushed);
        self.append_records(&mut queue).await?;
        self.append_effects(&mut queue);
        let client = self.client();
        let mut sends = Vec::new();
        for group in groups(&queue) {
            // Cached a connection; prepared before the pipeline, or COMMIT would overtake a cold statement.
            let parts: Vec<_> = group.iter().map(|pushed| (pushed.sql, pushed.params.len())).collect();
            match composite::inserts(&parts) {
                Some(text) => sends.push((group, database::prepare_text(client, parts[0].0.name(), &text).await?)),
                None => {
                    for one in group.chunks(1) {
                        sends.push((one, database::prepare(client, one[0].sql).await?));
                    }
                }
            }
        }
        // The switch acknowledges what it takes back: what a campaign that counts must find.
        let is_lost = faults::on("lose-one-request-in-forty")
            && self.number.is_multiple_of(40)
            && self.entries.iter().all(|entry| entry.code == "request.submit");
        let end = if is_lost { "ROLLBACK" } else { "COMMIT" };
        let sent = sends.iter().map(|(group, statement)| async move {
            let params: Vec<&(dyn ToSql + Sync)> =
                group.iter().flat_map(|pushed| &pushed.params).map(|param| &**param as &(dyn ToSql + Sync)).collect();
            let name = group[0].sql.name();
            client.execute(statement, &params).await.map_err(|error| Error::from_driver(name, error))
        });
        let (inserted, ended) = futures_util::future::join(join_all(sent), client.batch_execute(end)).await;
        // A failed statement aborts the transaction, and the COMMIT behind it rolls back: the first error is the truth.
        for outcome in inserted {
            outcome?;
        }
        ended.map_err(|error| Error::from_driver("commit", error))?;
        drop(self.client.take());
        if !self.effects.is_empty() {
            self.database.inner.wake.notify_one();
        }
        Ok(Committed { records })
    }

    async fn append_records(&mut self, queue: &mut Vec<Pushed>) -> Result<(), Error> {
        for at in 0..self.entries.len() {
            let (class, of) = (record::class_of(self.entries[at].code), self.entries[at].record.of);
            let numbers = self.key_numbers(class, of).await?;
            let entry = &self.entries[at];
            let rows = record::rows(&self.keys, entry, self.who.actor, &self.origin, numbers)?;
            let rec = entry.id.uuid();
            queue.push(Pushed {
                sql: &statements::INSERT_RECORD,
                params: vec![
                    Box::new(self.workspace.uuid()),
                    Box::new(rec),
                    Box::new(entry.code),
                    Box::new(class),
                    Box::new(rows.fields),
                    Box::new(rows.digests),
                    Box::new(self.who.actor.person().map(PersonId::uuid)),
                    Box::new(entry.record.target),
                    Box::new(i32::try_from(numbers.period).map_err(|_| Error::Integrity("key number"))?),
                    Box::new(rows.period_part),
                    Box::new(i32::try_from(numbers.person).map_err(|_| Error::Integrity("key number"))?),
                    Box::new(rows.person_part),
                ],
            });
        }
        Ok(())
    }

    fn append_effects(&self, queue: &mut Vec<Pushed>) {
        for effect in &self.effects {
            queue.push(Pushed {
                sql: &statements::INSERT_OUTBOX,
                params: vec![
                    Box::new(self.workspace.uuid()),
                    Box::new(OutboxId::random().uuid()),
                    Box::new(effect.kind),
                    Box::new(effect.key.to_vec()),
                    Box::new(effect.payload.clone()),
                ],
            });
        }
    }

    /// The keys for this class and month and for this actor; made at first need, durable before use.
    async fn key_numbers(&mut self, class: i16, of: Option<PersonId>) -> Result<KeyNumbers, Error> {
        let period = self.key_of(seal::Purpose::AuditPeriod, record::period_subject(class, self.who.now)).await?;
        let of = of.and_then(|person| self.keys.find_key(record::PERSON_PURPOSE, person.bytes()));
        let person = match self.who.person_key_no.or(of) {
            Some(number) => number,
            // Visitors whom nobody knows and internal actors share the workspace's own key.
            None => self.key_of(record::PERSON_PURPOSE, self.workspace.bytes()).await?,
        };
        Ok(KeyNumbers { period, person })
    }

    async fn key_of(&mut self, purpose: seal::Purpose, subject: [u8; 16]) -> Result<u32, Error> {
        if let Some(number) = self.keys.find_key(purpose, subject) {
            return Ok(number);
        }
        let workspace = self.workspace.bytes();
        let create = move |vault: &seal::Vault| vault.create_key(workspace, purpose, subject);
        let number = self.database.with_vault(create).await?;
        self.keys = self.database.keys(self.workspace).await?;
        Ok(number)
    }
}

/// Cuts what is queued into what leaves together: at most [`composite::PARTS_MAX`] inserts, and one record at most, for
/// the parts of one statement have no order and records are numbered in theirs.
fn groups(queue: &[Pushed]) -> Vec<&[Pushed]> {
    let mut groups = Vec::new();
    let mut rest = queue;
    while !rest.is_empty() {
        let mut records = 0;
        let whole = rest.iter().take(composite::PARTS_MAX).take_while(|pushed| {
            records += usize::from(std::ptr::eq(pushed.sql, &statements::INSERT_RECORD));
            records <= 1
        });
        let (group, later) = rest.split_at(whole.count());
        groups.push(group);
        rest = later;
    }
    groups
}

impl Writer<'_> {
    /// Runs a change and says how many rows it touched.
    ///
    /// # Errors
    /// The general failures of a statement.
    pub async fn execute(&self, sql: &'static Sql, params: Params<'_>) -> Result<u64, Error> {
        database::execute(self.scope.client(), sql, params).await
    }

    /// Runs a change that must touch exactly one row.
    ///
    /// # Errors
    /// [`Error::Rows`] for any other number.
    pub async fn execute_one(&self, sql: &'static Sql, params: Params<'_>) -> Result<(), Error> {
        match self.execute(sql, params).await? {
            1 => Ok(()),
            found => Err(Error::Rows { statement: sql.name(), expected: 1, found }),
        }
    }

    /// Rows of a statement, inside the transaction.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn rows(&self, sql: &'static Sql, params: Params<'_>) -> Result<Vec<tokio_postgres::Row>, Error> {
        self.scope.rows(sql, params).await
    }

    /// Queues a plain `INSERT`, which adds one row or fails; it leaves in one pipeline with the commit.
    ///
    /// # Panics
    /// When the statement is not an insert: that is a defect of the caller that any test of it shows.
    pub fn insert(&mut self, sql: &'static Sql, params: Vec<Param>) {
        assert!(sql.text().starts_with("INSERT "), "{}: only inserts are queued", sql.name());
        self.scope.pushed.push(Pushed { sql, params });
    }

    /// Queues an effect for after the commit. The payload holds ids only; the key makes it happen once.
    pub fn effect(&mut self, kind: &'static str, key: [u8; 32], payload: &Value) {
        self.scope.effects.push(Effect { kind, key, payload: payload.to_string() });
    }
}
