//! After the kills: tables are counted against each other and against what was acknowledged, and every checkpoint that was
//! kept is compared with the tree that an export recomputes.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, Instant};

use tlog::{BUNDLE_BYTES_MAX, Checkpoint, Frontier, Hash, Note, VerifierKey, verify_log};

use crate::Failure;
use crate::server::{Place, Server};

use super::administrator;
use super::clients::Acts;
use super::collector::Kept;

/// Longest wait until every record has its leaf, and for the first checkpoints.
const SETTLE_MAX: Duration = Duration::from_secs(25);

/// Workspaces whose logs are exported.
const WORKSPACES: [&str; 2] = ["sample", "platform"];

/// Records without a leaf.
const WITHOUT_LEAF: &str = "SELECT count(*) FROM audit.record r WHERE NOT EXISTS (SELECT FROM audit.leaf l \
    WHERE l.workspace_id = r.workspace_id AND l.record_id = r.id)";

/// Counts that must be 0, each with what it counts.
const MUST_BE_NONE: [(&str, &str); 7] = [
    (
        "leaves whose head has another size",
        "SELECT count(*) FROM (SELECT l.workspace_id, l.epoch, count(*) AS leaves FROM audit.leaf l GROUP BY 1, 2) l \
         FULL JOIN (SELECT * FROM audit.head WHERE workspace_id <> '00000000-0000-0000-0000-000000000000') h \
         USING (workspace_id, epoch) WHERE l.leaves IS DISTINCT FROM h.size OR h.signed_size IS DISTINCT FROM h.size",
    ),
    (
        // Of records of two requests that were made at the same time neither is the other's cause.
        "records of a request whose leaves stand in another order",
        "SELECT count(*) FROM (SELECT r.id, lag(r.id) OVER (PARTITION BY r.workspace_id, r.target_id ORDER BY l.idx) AS before \
         FROM audit.leaf l JOIN audit.record r ON r.workspace_id = l.workspace_id AND r.id = l.record_id \
         WHERE r.action LIKE 'request.%') r WHERE r.id <= r.before",
    ),
    (
        "entries of the deployment's log with a gap before them",
        "SELECT count(*) FROM (SELECT e.idx - row_number() OVER (PARTITION BY e.epoch ORDER BY e.idx) AS gap \
         FROM audit.deployment_entry e) e WHERE e.gap <> -1",
    ),
    (
        "requests that no record says were made, or two",
        "SELECT count(*) FROM countersign.request q WHERE 1 <> (SELECT count(*) FROM audit.record r \
         WHERE r.workspace_id = q.workspace_id AND r.target_id = q.request_id \
         AND r.action IN ('request.submit', 'request.draft'))",
    ),
    (
        "records of requests that are not there",
        "SELECT count(*) FROM audit.record r WHERE r.action IN ('request.submit', 'request.draft', 'request.edit', \
         'request.comment') AND NOT EXISTS (SELECT FROM countersign.request q \
         WHERE q.workspace_id = r.workspace_id AND q.request_id = r.target_id)",
    ),
    (
        "requests with another number of comments than records of comments",
        "SELECT count(*) FROM countersign.request q WHERE (SELECT count(*) FROM countersign.comment c \
         WHERE c.workspace_id = q.workspace_id AND c.request_id = q.request_id) <> (SELECT count(*) FROM audit.record r \
         WHERE r.workspace_id = q.workspace_id AND r.target_id = q.request_id AND r.action = 'request.comment')",
    ),
    (
        "records of those that were rolled back",
        "SELECT count(*) FROM audit.record r WHERE r.digests = '' AND r.action = 'request.comment'",
    ),
];

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) records: i64,
    pub(super) leaves: i64,
    pub(super) without_leaf: i64,
    pub(super) without_record: i64,
    pub(super) gaps: i64,
    /// Checkpoints that were compared with a recomputed tree.
    pub(super) compared: usize,
    pub(super) inconsistent: usize,
    /// Each in words.
    pub(super) faults: Vec<String>,
}

impl Found {
    fn none(&mut self, what: &str, count: i64) -> i64 {
        if count != 0 {
            self.faults.push(format!("{count} {what}"));
        }
        count
    }
}

/// The keys of every log, as they are at the beginning.
pub(super) fn keys(server: &Server) -> Result<Vec<VerifierKey>, Failure> {
    let mut keys = Vec::new();
    for workspace in WORKSPACES {
        let begin = Instant::now();
        let text = loop {
            // The first checkpoint is seconds away from the first start.
            match server.command(&["audit", "keys", "--workspace", workspace]) {
                Ok(text) => break text,
                Err(error) if begin.elapsed() > SETTLE_MAX => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(200)),
            }
        };
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let key = VerifierKey::parse(line).map_err(|why| format!("a key: {why}"))?;
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    Ok(keys)
}

/// Whether the live log holds, as the server itself recomputes it.
pub(super) fn live(server: &Server, found: &mut Found) {
    for workspace in WORKSPACES {
        // Its exit code repeats what it prints, and a log that does not hold is a fault of its own.
        if let Err(error) = server.command(&["audit", "verify", "--live", "--workspace", workspace]) {
            found.faults.push(format!("the live log of {workspace} does not hold: {error}"));
        }
    }
}

/// Counts the tables in one snapshot in which every record has its leaf: the server goes on meanwhile. Where there is none
/// in time, in the last one that was looked at.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn tables(socket: &Path, acts: &Acts, found: &mut Found) -> Result<(), Failure> {
    let client = administrator(socket).await?;
    let begin = Instant::now();
    let waiting = loop {
        client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let waiting: i64 = client.query_one(WITHOUT_LEAF, &[]).await?.get(0);
        if waiting == 0 || begin.elapsed() > SETTLE_MAX {
            break waiting;
        }
        client.batch_execute("COMMIT").await?;
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    found.without_leaf = found.none("records without a leaf", waiting);
    let count = async |sql: &str| -> Result<i64, Failure> { Ok(client.query_one(sql, &[]).await?.get(0)) };
    found.leaves = count("SELECT count(*) FROM audit.leaf").await?;
    found.records = count("SELECT count(*) FROM audit.record").await?;
    let without_record = "SELECT count(*) FROM audit.leaf l WHERE NOT EXISTS (SELECT FROM audit.record r \
                          WHERE r.workspace_id = l.workspace_id AND r.id = l.record_id)";
    let without_record = count(without_record).await?;
    found.without_record = found.none("leaves without a record", without_record);
    let gaps = "SELECT count(*) FROM (SELECT l.idx - row_number() OVER (PARTITION BY l.workspace_id, l.epoch ORDER BY l.idx) \
                AS gap FROM audit.leaf l) l WHERE l.gap <> -1";
    let gaps = count(gaps).await?;
    found.gaps = found.none("leaves with a gap before them", gaps);
    for (what, sql) in MUST_BE_NONE {
        let many = count(sql).await?;
        found.none(what, many);
    }
    let noted = "SELECT r.target_id::text, r.action, count(*) FROM audit.record r WHERE r.target_id IS NOT NULL \
                 AND r.action IN ('request.submit', 'request.draft', 'request.edit', 'request.comment') GROUP BY 1, 2";
    let mut records: BTreeMap<(String, String), i64> = BTreeMap::new();
    for row in client.query(noted, &[]).await? {
        records.insert((row.get(0), row.get(1)), row.get(2));
    }
    for ((id, act), times) in &acts.done {
        let noted = records.get(&(id.clone(), (*act).to_owned())).copied().unwrap_or(0);
        if u64::try_from(noted)? < *times {
            found.faults.push(format!("{act} of {id}: acknowledged {times} times, and {noted} records"));
        }
    }
    client.batch_execute("COMMIT").await?;
    Ok(())
}

/// Compares every checkpoint that was kept with the final trees.
pub(super) fn checkpoints(
    server: &Server,
    place: &Place,
    keys: &[VerifierKey],
    kept: &Kept,
    found: &mut Found,
) -> Result<(), Failure> {
    let mut trees = Vec::new();
    for workspace in WORKSPACES {
        let folder = place.temporary().join(format!("export-{workspace}"));
        let name = folder.to_string_lossy();
        server.command(&["audit", "export", "--workspace", workspace, "--out", &name])?;
        if let Err(error) = server.command(&["audit", "verify", &name]) {
            found.faults.push(format!("the export of {workspace} does not hold: {error}"));
        }
        trees.push(folder.join("deployment"));
        trees.push(folder);
    }
    let mut compared = BTreeMap::new();
    for folder in &trees {
        let (origin, wrong, right) = compare(folder, keys, kept)?;
        // The deployment's log stands in both exports, once a little longer.
        compared.insert(origin, right + wrong.len());
        found.inconsistent += wrong.len();
        found.faults.extend(wrong);
    }
    found.compared = compared.values().sum();
    Ok(())
}

/// Recomputes a log from its folder, with its roots at all sizes of which a checkpoint was kept: the log's name, what is
/// wrong, and how many are right.
fn compare(folder: &Path, keys: &[VerifierKey], kept: &Kept) -> Result<(String, Vec<String>, usize), Failure> {
    let text = std::fs::read_to_string(folder.join("checkpoint"))?;
    let newest = opened(&text, keys)?;
    let mut wrong = Vec::new();
    let mut open = Vec::new();
    for note in kept.by_origin.get(&newest.origin).into_iter().flatten() {
        match opened(note, keys) {
            Ok(checkpoint) => open.push(checkpoint),
            Err(error) => wrong.push(format!("a checkpoint that was shown is not signed: {error}")),
        }
    }
    let mut roots: BTreeMap<u64, Option<Hash>> = open.iter().map(|checkpoint| (checkpoint.size, None)).collect();
    let pass = |_, _: &[u8], tree: &Frontier| {
        if let Some(root) = roots.get_mut(&tree.size()) {
            *root = Some(tree.root());
        }
    };
    let read = |resource: tlog::Resource| {
        let file = std::fs::File::open(folder.join(resource.to_string())).ok()?;
        let mut bytes = Vec::new();
        file.take(BUNDLE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    };
    if let Err(difference) = verify_log(&newest, &[], read, pass) {
        wrong.push(format!("{}: {difference}", newest.origin));
    }
    let mut right = 0;
    for checkpoint in open {
        let root = roots.get(&checkpoint.size).copied().flatten();
        if root == Some(checkpoint.root) {
            right += 1;
        } else {
            let (origin, size) = (&newest.origin, checkpoint.size);
            wrong.push(format!("{origin}: a checkpoint of {size} leaves was shown that is none of the final tree"));
        }
    }
    Ok((newest.origin, wrong, right))
}

fn opened(text: &str, keys: &[VerifierKey]) -> Result<Checkpoint, Failure> {
    let note = Note::parse(text.as_bytes()).map_err(|why| format!("{why}"))?;
    Ok(Checkpoint::open(&note, keys).map_err(|why| format!("{why}"))?)
}
