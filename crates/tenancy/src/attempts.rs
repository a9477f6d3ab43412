//! Attempts to break the rules, as the application's own role, for the live checks. Every one is rolled back.

use crate::database::Database;
use crate::{Error, WorkspaceId};

/// Something the database must refuse or answer with nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Change a record.
    UpdateRecord,
    /// Delete a record.
    DeleteRecord,
    /// Empty the trail.
    TruncateRecords,
    /// Switch the trail's trigger off.
    DisableTrigger,
    /// Choose a record's time.
    ForgeTime,
    /// Write a leaf of one's own.
    InventLeaf,
    /// Say that the log is shorter.
    CutHead,
    /// Write a row of another workspace.
    ForeignInsert,
    /// Move a row to another workspace.
    ForeignMove,
}

impl Attempt {
    /// Every attempt on the trail.
    pub const ON_THE_TRAIL: &'static [Self] = &[
        Self::UpdateRecord,
        Self::DeleteRecord,
        Self::TruncateRecords,
        Self::DisableTrigger,
        Self::ForgeTime,
        Self::InventLeaf,
        Self::CutHead,
    ];
    /// Every attempt across workspaces.
    pub const ACROSS: &'static [Self] = &[Self::ForeignInsert, Self::ForeignMove];

    /// Words for evidence.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::UpdateRecord => "update a record",
            Self::DeleteRecord => "delete a record",
            Self::TruncateRecords => "empty the trail",
            Self::DisableTrigger => "disable the trigger",
            Self::ForgeTime => "choose a record's time",
            Self::InventLeaf => "write a leaf",
            Self::CutHead => "shorten the log",
            Self::ForeignInsert => "insert for another workspace",
            Self::ForeignMove => "move a row to another workspace",
        }
    }

    const fn sql(self) -> &'static str {
        match self {
            Self::UpdateRecord => "UPDATE audit.record SET action = action",
            Self::DeleteRecord => "DELETE FROM audit.record",
            Self::TruncateRecords => "TRUNCATE audit.record",
            Self::DisableTrigger => "ALTER TABLE audit.record DISABLE TRIGGER no_mod",
            Self::ForgeTime => {
                "INSERT INTO audit.record (workspace_id, rec, ts, action, class, fields, digests)
                 VALUES (current_setting('app.workspace_id')::uuid, gen_random_uuid(), now(), 'x', 1, 0, ''::bytea)"
            }
            Self::InventLeaf => {
                "INSERT INTO audit.leaf (workspace_id, epoch, idx, record_id, hash)
                 VALUES (current_setting('app.workspace_id')::uuid, 1, 0, 0, sha256(''::bytea))"
            }
            Self::CutHead => "UPDATE audit.head SET size = 0",
            Self::ForeignInsert => {
                "INSERT INTO countersign.grp (workspace_id, group_id, name, name_bidx)
                 VALUES (current_setting('probe.other')::uuid, gen_random_uuid(), ''::bytea, ''::bytea)"
            }
            Self::ForeignMove => "UPDATE countersign.grp SET workspace_id = current_setting('probe.other')::uuid",
        }
    }
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Refused by the database.
    Refused,
    /// Let through, touching this many rows.
    LetThrough(u64),
}

impl Database {
    /// Makes an attempt in a workspace, against another; rolled back whatever comes of it.
    ///
    /// # Errors
    /// [`Error::Busy`] and [`Error::Unavailable`]; a refusal is an answer.
    pub async fn attempt(&self, attempt: Attempt, own: WorkspaceId, other: WorkspaceId) -> Result<Answer, Error> {
        let client = self.app().await?;
        let begin = format!("BEGIN; SET LOCAL app.workspace_id = '{own}'; SET LOCAL probe.other = '{other}'");
        client.batch_execute(&begin).await.map_err(|error| Error::from_driver("begin", error))?;
        let outcome = client.execute(attempt.sql(), &[]).await;
        client.batch_execute("ROLLBACK").await.map_err(|error| Error::from_driver("rollback", error))?;
        match outcome {
            Ok(rows) => Ok(Answer::LetThrough(rows)),
            Err(error) if error.as_db_error().is_some() => Ok(Answer::Refused),
            Err(error) => Err(Error::from_driver("attempt", error)),
        }
    }

    /// The forgotten filter: counts rows of every tenant table without a condition, in one workspace's scope.
    /// Answers with (tables asked, rows seen, rows of any other workspace).
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn forgotten_filter(&self, own: WorkspaceId) -> Result<(u64, i64, i64), Error> {
        let client = self.app().await?;
        let begin = format!("BEGIN READ ONLY; SET LOCAL app.workspace_id = '{own}'");
        client.batch_execute(&begin).await.map_err(|error| Error::from_driver("begin", error))?;
        let mut sums = (0, 0, 0);
        let mut failed = None;
        for table in TENANT_TABLES {
            let sql = format!("SELECT count(*), count(*) FILTER (WHERE workspace_id <> $1) FROM {table}");
            match client.query_one(&sql, &[&own.uuid()]).await {
                Ok(row) => {
                    sums.0 += 1;
                    sums.1 += row.get::<_, i64>(0);
                    sums.2 += row.get::<_, i64>(1);
                }
                Err(error) => {
                    failed = Some(Error::from_driver("forgotten filter", error));
                    break;
                }
            }
        }
        client.batch_execute("ROLLBACK").await.map_err(|error| Error::from_driver("rollback", error))?;
        failed.map_or(Ok(sums), Err)
    }

    /// Asks every tenant table without any workspace set. Answers with (tables asked, tables that answered).
    ///
    /// # Errors
    /// [`Error::Busy`] and [`Error::Unavailable`].
    pub async fn without_workspace(&self) -> Result<(u64, u64), Error> {
        let client = self.app().await?;
        let mut answered = 0;
        for table in TENANT_TABLES {
            match client.query(&format!("SELECT workspace_id FROM {table} LIMIT 1"), &[]).await {
                Ok(_) => answered += 1,
                Err(error) if error.as_db_error().is_some() => {}
                Err(error) => return Err(Error::from_driver("unset setting", error)),
            }
        }
        Ok((TENANT_TABLES.len() as u64, answered))
    }

    /// The server's settings that durable transactions rest on, as `SHOW` says them now.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn durability(&self) -> Result<Vec<(&'static str, String)>, Error> {
        let client = self.app().await?;
        let mut found = Vec::new();
        for setting in ["fsync", "synchronous_commit", "full_page_writes", "data_checksums"] {
            let row = client
                .query_one(&format!("SHOW {setting}"), &[])
                .await
                .map_err(|error| Error::from_driver("show", error))?;
            found.push((setting, row.get(0)));
        }
        Ok(found)
    }

    /// Whether the look-up role can read anything but routes. Answers with the tables it can read.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn look_up_role_reads(&self) -> Result<Vec<&'static str>, Error> {
        let client = self.auth().await?;
        let mut readable = Vec::new();
        for table in TENANT_TABLES {
            if client.query(&format!("SELECT workspace_id FROM {table} LIMIT 1"), &[]).await.is_ok() {
                readable.push(*table);
            }
        }
        Ok(readable)
    }

    /// Reads sealed columns of a workspace raw, as they stand in the rows: at most `limit` of the newest and `limit` of
    /// the oldest rows a column.
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn raw_sealed(&self, own: WorkspaceId, limit: i64) -> Result<Vec<RawCell>, Error> {
        let client = self.app().await?;
        let begin = format!("BEGIN READ ONLY; SET LOCAL app.workspace_id = '{own}'");
        client.batch_execute(&begin).await.map_err(|error| Error::from_driver("begin", error))?;
        let mut cells = Vec::new();
        let mut failed = None;
        for (table, column, order, row) in SEALED_COLUMNS {
            let of = format!("{column}, {row} FROM {table} WHERE workspace_id = $1 AND {column} IS NOT NULL");
            let sql = format!(
                "(SELECT {of} ORDER BY {order} DESC LIMIT {limit}) UNION ALL (SELECT {of} ORDER BY {order} LIMIT {limit})"
            );
            match client.query(&sql, &[&own.uuid()]).await {
                Ok(rows) => cells.extend(rows.iter().map(|found| RawCell {
                    table,
                    column,
                    row: found.get::<_, Option<uuid::Uuid>>(1).map(uuid::Uuid::into_bytes),
                    bytes: found.get(0),
                })),
                Err(error) => {
                    failed = Some(Error::from_driver("raw sealed", error));
                    break;
                }
            }
        }
        client.batch_execute("ROLLBACK").await.map_err(|error| Error::from_driver("rollback", error))?;
        failed.map_or(Ok(cells), Err)
    }

    /// Looks for a word in every row of a workspace, in clear text and as the bytes of a column that ought to be sealed.
    /// Answers with (tables looked through, rows that show it).
    ///
    /// # Errors
    /// The general failures of a query.
    pub async fn rows_showing(&self, own: WorkspaceId, word: &str) -> Result<(u64, i64), Error> {
        let client = self.app().await?;
        let begin = format!("BEGIN READ ONLY; SET LOCAL app.workspace_id = '{own}'");
        client.batch_execute(&begin).await.map_err(|error| Error::from_driver("begin", error))?;
        let as_bytes = data_encoding::HEXLOWER.encode(word.as_bytes());
        let mut sums = (0, 0);
        let mut failed = None;
        for table in TENANT_TABLES {
            let sql = format!(
                "SELECT count(*) FROM {table} t WHERE t.workspace_id = $1 \
                 AND (strpos(t::text, $2) > 0 OR strpos(t::text, $3) > 0)"
            );
            match client.query_one(&sql, &[&own.uuid(), &word, &as_bytes]).await {
                Ok(row) => {
                    sums.0 += 1;
                    sums.1 += row.get::<_, i64>(0);
                }
                Err(error) => {
                    failed = Some(Error::from_driver("rows showing", error));
                    break;
                }
            }
        }
        client.batch_execute("ROLLBACK").await.map_err(|error| Error::from_driver("rollback", error))?;
        failed.map_or(Ok(sums), Err)
    }
}

/// A sealed value as it stands in its row.
#[derive(Debug, Clone)]
pub struct RawCell {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The id that its sealing is bound to, where that is a column of the row and not derived from several.
    pub row: Option<[u8; 16]>,
    /// What stands there.
    pub bytes: Vec<u8>,
}

/// Every table that holds rows of workspaces. A test compares the list with the catalogue.
pub const TENANT_TABLES: &[&str] = &[
    "countersign.workspace",
    "countersign.workspace_end",
    "countersign.person",
    "countersign.grp",
    "countersign.group_member",
    "countersign.access_grant",
    "countersign.password",
    "countersign.session",
    "countersign.session_seen",
    "countersign.api_token",
    "countersign.one_time_link",
    "countersign.login_bucket",
    "countersign.idempotency",
    "countersign.process",
    "countersign.process_version",
    "countersign.request",
    "countersign.revision",
    "countersign.request_event",
    "countersign.task",
    "countersign.decision",
    "countersign.erasure",
    "countersign.comment",
    "countersign.outbox",
    "countersign.checkpoint_mail",
    "countersign.claim_state",
    "audit.record",
    "audit.leaf",
    "audit.head",
    "audit.opening",
    "audit.tile",
    "countersign.stream",
    "countersign.stream_dead",
];

/// Every sealed column, with the column that orders its rows by age and the one that its sealing is bound to.
pub const SEALED_COLUMNS: &[(&str, &str, &str, &str)] = &[
    ("countersign.workspace", "name", "created_at", "workspace_id"),
    ("countersign.person", "profile", "created_at", "person_id"),
    ("countersign.grp", "name", "created_at", "group_id"),
    ("countersign.password", "phc", "changed_at", "person_id"),
    ("countersign.session", "ip", "created_at", "session_id"),
    ("countersign.session", "user_agent", "created_at", "session_id"),
    ("countersign.api_token", "label", "created_at", "token_id"),
    ("countersign.idempotency", "response", "created_at", "NULL::uuid"),
    ("countersign.process", "name", "created_at", "process_id"),
    ("countersign.process_version", "document", "created_at", "NULL::uuid"),
    ("countersign.request", "title", "created_at", "request_id"),
    ("countersign.request", "engine", "created_at", "request_id"),
    ("countersign.revision", "content", "created_at", "NULL::uuid"),
    ("countersign.request_event", "body", "at", "NULL::uuid"),
    ("countersign.decision", "reason", "given_at", "decision_id"),
    ("countersign.comment", "body", "created_at", "comment_id"),
    ("countersign.claim_state", "observation", "changed_at", "NULL::uuid"),
    ("audit.record", "period_part", "rec", "rec"),
    ("audit.record", "person_part", "rec", "rec"),
    ("countersign.stream", "name", "created_at", "stream_id"),
    ("countersign.stream", "settings", "created_at", "NULL::uuid"),
];
