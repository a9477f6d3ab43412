//! How long an act waits for its leaf: acts over HTTP at a stated rate against the real server, and a watcher beside it that
//! sees each signed checkpoint from the moment it is committed.
//!
//! The delay of an act is the time from its record's own, which the database sets just before its commit, to the first look
//! at which a committed, signed checkpoint covers its leaf. It so holds the commit and the watcher's pause: no less than the
//! truth.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tokio_postgres::NoTls;

use crate::Failure;
use crate::bench::cluster::{Cluster, USER};
use crate::bench::load::{CONNECTIONS, address, count, paced, timed};
use crate::server::Server;

use super::append::Sample;
use super::{hundredths, percentile};

/// How often the watcher looks.
const LOOK_EVERY: Duration = Duration::from_millis(4);
/// Longest wait for the last leaf after the last act.
const SETTLE_MAX: Duration = Duration::from_secs(20);
/// Records whose proofs are asked for, by each of two connections.
const PROOFS: usize = 1000;

/// Signed sizes, each with when it was first seen, in microseconds since 1970.
type Seen = Vec<(i64, i64)>;

/// Acts at a rate, and how late their leaves were.
pub(super) fn merge(
    server: &Server,
    cluster: &Cluster,
    sample: &Sample,
    token: &str,
    acts_per_s: u32,
    length: Duration,
) -> Result<Map<String, Value>, Failure> {
    let from: i64 = cluster.sql("countersign", "SELECT coalesce(max(id), 0) FROM audit.record")?.trim().parse()?;
    let watcher = Watcher::start(cluster, sample)?;
    let begin = Instant::now();
    let acts = load(server.base(), token, acts_per_s, length)?;
    let took = begin.elapsed();
    settle(cluster)?;
    let seen = watcher.finish()?;
    let rows = cluster.sql(
        "countersign",
        &format!(
            "SELECT l.idx, (extract(epoch FROM r.ts) * 1000000)::bigint FROM audit.record r JOIN audit.leaf l \
             ON l.workspace_id = r.workspace_id AND l.record_id = r.id WHERE r.workspace_id = '{}' AND r.id > {from} \
             ORDER BY l.idx",
            sample.workspace
        ),
    )?;
    let mut delays = Vec::new();
    for row in rows.lines() {
        let (index, at_us) = row.split_once('|').ok_or("a leaf without its time")?;
        let (index, at_us): (i64, i64) = (index.parse()?, at_us.parse()?);
        // Sizes only grow, and so do the times at which they were seen.
        let first = seen.partition_point(|(size, _)| *size <= index);
        let (_, seen_us) = seen.get(first).ok_or("a leaf that no signed checkpoint covers")?;
        delays.push(Duration::from_micros(u64::try_from(seen_us - at_us).unwrap_or(0)).as_secs_f64() * 1000.0);
    }
    delays.sort_by(f64::total_cmp);
    let mut line = Map::new();
    line.insert("merge_p50_ms".to_owned(), json!(percentile(&delays, 50).round()));
    line.insert("merge_p99_ms".to_owned(), json!(percentile(&delays, 99).round()));
    line.insert("merge_max_ms".to_owned(), json!(percentile(&delays, 100).round()));
    line.insert("merge_acts_per_s".to_owned(), json!((count(acts) / took.as_secs_f64()).round()));
    line.insert("merge_records".to_owned(), json!(delays.len()));
    line.insert("merge_seconds".to_owned(), json!(took.as_secs()));
    Ok(line)
}

/// Drafts over eight connections that share the rate.
#[tokio::main(flavor = "current_thread")]
async fn load(base: &str, token: &str, acts_per_s: u32, length: Duration) -> Result<u64, Failure> {
    let address = address(base)?;
    let body = super::draft()?.to_string();
    let bytes: Arc<[u8]> = format!(
        "POST /api/v1/requests HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nuser-agent: {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        super::DEVICE,
        body.len()
    )
    .into_bytes()
    .into();
    let connections = u32::try_from(CONNECTIONS)?;
    let interval = Duration::from_secs(1) * connections / acts_per_s;
    let begin = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for number in 0..connections {
        let (address, bytes) = (address.clone(), Arc::clone(&bytes));
        let start = begin + interval * number / connections;
        running.spawn(async move { paced(&address, &bytes, 201, start, interval, begin + length).await });
    }
    let mut acts = 0;
    while let Some(done) = running.join_next().await {
        acts += done??;
    }
    Ok(acts)
}

/// Waits until every record has its leaf.
fn settle(cluster: &Cluster) -> Result<(), Failure> {
    let behind = "SELECT count(*) FROM audit.record r WHERE NOT EXISTS (SELECT FROM audit.leaf l \
                  WHERE l.workspace_id = r.workspace_id AND l.record_id = r.id)";
    let begin = Instant::now();
    while begin.elapsed() < SETTLE_MAX {
        if cluster.sql("countersign", behind)?.trim() == "0" {
            // The watcher looks once more.
            std::thread::sleep(Duration::from_millis(100));
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err("records got no leaves in time".into())
}

/// A thread that looks at the head of one log.
struct Watcher {
    end: Arc<AtomicBool>,
    thread: JoinHandle<Result<Seen, Failure>>,
}

impl Watcher {
    fn start(cluster: &Cluster, sample: &Sample) -> Result<Self, Failure> {
        let end = Arc::new(AtomicBool::new(false));
        let mut config = tokio_postgres::Config::new();
        config.host_path(&cluster.socket).user(USER).dbname("countersign");
        let (flag, workspace) = (Arc::clone(&end), sample.workspace);
        let thread =
            std::thread::Builder::new().name("watcher".to_owned()).spawn(move || watch(&config, workspace, &flag))?;
        Ok(Self { end, thread })
    }

    fn finish(self) -> Result<Seen, Failure> {
        self.end.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the watcher panicked")?
    }
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::disallowed_methods, reason = "the watcher looks at the database from outside")]
async fn watch(config: &tokio_postgres::Config, workspace: uuid::Uuid, end: &AtomicBool) -> Result<Seen, Failure> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            eprintln!("the watcher's connection: {error}");
        }
    });
    let look = "SELECT h.signed_size, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint \
                FROM audit.head h WHERE h.workspace_id = $1 AND h.checkpoint IS NOT NULL";
    let look = client.prepare(look).await?;
    let mut seen: Seen = Vec::new();
    while !end.load(Ordering::Relaxed) {
        if let Some(row) = client.query_opt(&look, &[&workspace]).await? {
            let (size, at_us): (i64, i64) = (row.get(0), row.get(1));
            if seen.last().is_none_or(|(known, _)| *known < size) {
                seen.push((size, at_us));
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(seen)
}

/// Proofs of random records over the API, by two connections at a time.
pub(super) fn proofs(
    server: &Server,
    cluster: &Cluster,
    sample: &Sample,
    token: &str,
) -> Result<Map<String, Value>, Failure> {
    let ids = cluster.sql(
        "countersign",
        &format!(
            "SELECT r.rec FROM audit.leaf l JOIN audit.record r ON r.workspace_id = l.workspace_id AND r.id = l.record_id \
             WHERE l.workspace_id = '{}' ORDER BY random() LIMIT {}",
            sample.workspace,
            2 * PROOFS
        ),
    )?;
    let address = address(server.base())?;
    let messages: Vec<Vec<u8>> = ids
        .lines()
        .map(|id| {
            format!(
                "GET /api/v1/audit-events/{id}/proof HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
                 accept: application/json\r\n\r\n"
            )
            .into_bytes()
        })
        .collect();
    let (times, longest) = ask(&address, &messages)?;
    let mut ms: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1000.0).collect();
    ms.sort_by(f64::total_cmp);
    let mut line = Map::new();
    line.insert("proof_p50_ms".to_owned(), json!(hundredths(percentile(&ms, 50))));
    line.insert("proof_p99_ms".to_owned(), json!(hundredths(percentile(&ms, 99))));
    line.insert("proofs_asked".to_owned(), json!(ms.len()));
    line.insert("proof_answer_bytes_max".to_owned(), json!(longest));
    Ok(line)
}

#[tokio::main(flavor = "current_thread")]
async fn ask(address: &str, messages: &[Vec<u8>]) -> Result<(Vec<Duration>, usize), Failure> {
    let (one, two) = messages.split_at(messages.len() / 2);
    let (one, two) = tokio::join!(timed(address, one, 200), timed(address, two, 200));
    let ((mut times, first), (others, second)) = (one?, two?);
    times.extend(others);
    Ok((times, first.max(second)))
}
