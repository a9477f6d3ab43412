//! What goes wrong at the database meanwhile: connections end within their transactions, transactions that wrote a record are
//! rolled back late; and a tick is held at a place of it until its server is killed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::Failure;

use super::administrator;

/// Pause between two connections that are ended.
const END_EVERY: Duration = Duration::from_millis(60);
/// Pause before a database that was killed is asked again.
const PAUSE: Duration = Duration::from_millis(100);
/// Longest wait for a tick to come to the place where it is held.
const HELD_MAX: Duration = Duration::from_secs(12);

/// One connection that has written and not committed, of those that act; of the integrator now and then, for a tick that
/// never ends would sign nothing that could be compared.
const END_ONE: &str = "SELECT pg_terminate_backend(v.pid) FROM (SELECT a.pid FROM pg_stat_activity a \
    WHERE a.backend_xid IS NOT NULL AND (a.usename IN ('countersign_app', 'countersign_worker') \
    OR a.usename = 'countersign_integrator' AND random() < 0.1) ORDER BY random() LIMIT 1) v";

/// A record that is never committed: its number is a hole, and its transaction holds back the cut while it lasts.
const ROLL_BACK: &str = "BEGIN; INSERT INTO audit.record (workspace_id, rec, action, class, fields, digests, period_key_no, \
    person_key_no) SELECT h.workspace_id, gen_random_uuid(), 'request.comment', 1, 0, '', 0, 0 FROM audit.head h \
    ORDER BY h.size DESC LIMIT 1; SELECT pg_sleep(random() * 0.3); ROLLBACK";

/// Where a tick is held: at its leaves, its heads (the checkpoints are signed by then), its cursor (everything else is
/// written), its tiles, its entries in the deployment's log.
const PLACES: [&str; 5] = [
    "LOCK TABLE audit.leaf IN SHARE MODE",
    "LOCK TABLE audit.head IN SHARE MODE",
    "SELECT c.xid FROM audit.cursor c FOR SHARE",
    "LOCK TABLE audit.tile IN SHARE MODE",
    "LOCK TABLE audit.deployment_entry IN SHARE MODE",
];

/// What was broken.
#[derive(Debug, Default)]
pub(super) struct Broken {
    /// Connections that were ended after they had written.
    pub(super) ended: u64,
    /// Transactions with a record that were rolled back.
    pub(super) rolled_back: u64,
}

/// What breaks, until it is told to end.
pub(super) struct Breaker {
    end: Arc<AtomicBool>,
    paused: Arc<AtomicBool>,
    thread: JoinHandle<Result<Broken, Failure>>,
}

impl Breaker {
    pub(super) fn start(socket: &Path) -> Result<Self, Failure> {
        let end = Arc::new(AtomicBool::new(false));
        let paused = Arc::new(AtomicBool::new(false));
        let (flag, pause, socket) = (Arc::clone(&end), Arc::clone(&paused), socket.to_owned());
        let thread = std::thread::Builder::new()
            .name("breaker".to_owned())
            .spawn(move || break_until(&flag, &pause, &socket))?;
        Ok(Self { end, paused, thread })
    }

    /// Ends no connections until [`go_on`](Self::go_on).
    pub(super) fn pause(&self) {
        self.paused.store(true, Ordering::Relaxed);
    }

    /// Goes on after a pause.
    pub(super) fn go_on(&self) {
        self.paused.store(false, Ordering::Relaxed);
    }

    pub(super) fn finish(self) -> Result<Broken, Failure> {
        self.end.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the breaker panicked")?
    }
}

#[tokio::main(flavor = "current_thread")]
async fn break_until(end: &AtomicBool, paused: &AtomicBool, socket: &Path) -> Result<Broken, Failure> {
    let (ended, rolled_back) = tokio::join!(end_connections(end, paused, socket), roll_back(end, socket));
    Ok(Broken { ended, rolled_back })
}

async fn end_connections(end: &AtomicBool, paused: &AtomicBool, socket: &Path) -> u64 {
    let mut count = 0;
    while !end.load(Ordering::Relaxed) {
        // The database is killed now and then; then this waits for it like everybody else.
        let Ok(client) = administrator(socket).await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        loop {
            if !paused.load(Ordering::Relaxed) {
                let Ok(rows) = client.query(END_ONE, &[]).await else { break };
                count += rows.iter().filter(|row| row.get::<_, bool>(0)).count() as u64;
            }
            tokio::time::sleep(END_EVERY).await;
            if end.load(Ordering::Relaxed) {
                break;
            }
        }
    }
    count
}

async fn roll_back(end: &AtomicBool, socket: &Path) -> u64 {
    let mut count = 0;
    while !end.load(Ordering::Relaxed) {
        let Ok(client) = administrator(socket).await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        while client.batch_execute(ROLL_BACK).await.is_ok() {
            count += 1;
            if end.load(Ordering::Relaxed) {
                break;
            }
        }
    }
    count
}

/// Holds the next tick at a place, and does `act` while it stands there; whether it came to stand in time. `act` is done
/// either way.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn inside_a_tick(
    socket: &Path,
    place: usize,
    act: impl FnOnce() -> Result<(), Failure>,
) -> Result<bool, Failure> {
    let (holder, looker) = (administrator(socket).await?, administrator(socket).await?);
    holder.batch_execute(&format!("BEGIN; SET LOCAL lock_timeout = '10s'; {}", PLACES[place % PLACES.len()])).await?;
    let waits = "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
                 WHERE a.usename = 'countersign_integrator' AND NOT l.granted)";
    let begin = Instant::now();
    let mut is_held = false;
    while !is_held && begin.elapsed() < HELD_MAX {
        is_held = looker.query_one(waits, &[]).await?.get(0);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    act()?;
    // What it waited for is free: the tick's connection finds that nobody reads it any more.
    holder.batch_execute("ROLLBACK").await.ok();
    Ok(is_held)
}
