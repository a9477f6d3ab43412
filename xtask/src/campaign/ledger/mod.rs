//! `cargo xtask campaign ledger`: acts, refusals, conflicts and rolled back transactions under kill -9, and the log holds.
//!
//! What is killed, in turns: the server; the database; the server while its integrator stands inside a tick, at one of
//! five places of it. Meanwhile connections are ended within their transactions, and transactions that wrote a record are
//! rolled back late. Asked afterwards: has every record its leaf and every leaf its record, are indexes dense, has every
//! acknowledged act its record; and is every checkpoint that was ever shown one of the final tree, recomputed from an export.

mod breaker;
mod clients;
mod collector;
mod judge;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::Failure;
use crate::server::{Place, Server, binary, postmaster_pid};

use breaker::Breaker;
use clients::{Acts, People};
use collector::Collector;
use judge::Found;

/// Longest wait for an answer after a kill, and for the acts of one round.
const ROUND_MAX: Duration = Duration::from_secs(120);

/// Most faults that are printed.
const FAULTS_PRINTED_MAX: usize = 50;

/// Random rollbacks and kill -9 of server, database and a tick: no record without its leaf, no two checkpoints that differ.
#[derive(Args)]
#[command(after_help = "Example:\n  cargo xtask campaign ledger --transactions 10000 --kills 24")]
pub(crate) struct Ledger {
    /// Acts that are tried and answered, over all rounds.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    transactions: u64,
    /// Kills, one a round: of the server, of the database and of a server inside a tick by turns.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=1000))]
    kills: u16,
    /// Programs that act at the same time.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    clients: u8,
    /// The countersign binary; by default the release build of this tree.
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Server,
    Database,
    Tick,
}

const VICTIMS: [Victim; 3] = [Victim::Server, Victim::Database, Victim::Tick];

/// What stays the same over the rounds.
struct Bed {
    binary: PathBuf,
    place: Place,
    listen: String,
    people: Arc<People>,
    breaker: Breaker,
}

impl Bed {
    /// Starts the server; no connection is ended meanwhile, for a start whose own is ends as well.
    fn start(&self) -> Result<Server, Failure> {
        self.breaker.pause();
        let started = start(&self.binary, &self.place, &self.listen);
        self.breaker.go_on();
        started
    }
}

fn start(binary: &Path, place: &Place, listen: &str) -> Result<Server, Failure> {
    // A scratch instance lets the administrator in who ends connections and looks at the tables.
    Server::start(binary, place, listen, &["--scratch"])
}

impl Ledger {
    pub(super) fn run(self) -> Result<(), Failure> {
        let binary = binary(self.binary.clone())?;
        let place = Place::new()?;
        let listen = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let mut server = start(&binary, &place, &listen)?;
        let people = Arc::new(People::of(&server)?);
        let keys = judge::keys(&server)?;
        let base = server.base().to_owned();
        let socket = server.data().join("run");
        let collector = Collector::start(&server, &socket)?;
        let bed = Bed { binary, place, listen, people, breaker: Breaker::start(&socket)? };
        let mut acts = Acts::default();
        let mut inside = 0;
        for round in 0..self.kills {
            let victim = VICTIMS[usize::from(round) % VICTIMS.len()];
            let quota = self.transactions.div_ceil(u64::from(self.kills));
            let load = clients::Running::start(&base, &bed.people, self.clients, usize::from(round))?;
            // Kills meet different moments of the work: after a tenth of it in one round, after nine in another.
            load.until(quota * (1 + u64::from(round) * 7 % 9) / 10, ROUND_MAX)?;
            let begin = Instant::now();
            inside += usize::from(self.kill(victim, round, &mut server, &bed)?);
            back(&base, &bed, &mut server)?;
            load.until(quota, ROUND_MAX)?;
            acts.take(load.finish()?);
            println!(
                "round {}: {victim:?} killed, back after {} ms; {} answered so far, {} acknowledged, {} refused, {} conflicts",
                round + 1,
                begin.elapsed().as_millis(),
                acts.answered,
                acts.acknowledged(),
                acts.refused,
                acts.conflicts
            );
        }
        let broken = bed.breaker.finish()?;
        let mut found = Found::default();
        judge::tables(&socket, &acts, &mut found)?;
        let kept = collector.finish()?;
        judge::live(&server, &mut found);
        judge::checkpoints(&server, &bed.place, &keys, &kept, &mut found)?;
        server.stop()?;
        self.report(&acts, &broken, inside, &kept, &found)
    }

    /// Kills, and starts what has to be started; whether a tick was open.
    fn kill(&self, victim: Victim, round: u16, server: &mut Server, bed: &Bed) -> Result<bool, Failure> {
        let mut inside = false;
        match victim {
            Victim::Server => server.kill()?,
            Victim::Database => {
                kill(Pid::from_raw(postmaster_pid(server.data())?), Signal::SIGKILL)?;
                return Ok(false);
            }
            Victim::Tick => {
                let place = usize::from(round) / VICTIMS.len();
                inside = breaker::inside_a_tick(&server.data().join("run"), place, || server.kill())?;
            }
        }
        *server = bed.start()?;
        Ok(inside)
    }

    fn report(
        &self,
        acts: &Acts,
        broken: &breaker::Broken,
        inside: usize,
        kept: &collector::Kept,
        found: &Found,
    ) -> Result<(), Failure> {
        for fault in found.faults.iter().take(FAULTS_PRINTED_MAX) {
            println!("{fault}");
        }
        println!(
            "{}",
            json!({
                "transactions": acts.answered + broken.rolled_back, "acknowledged": acts.acknowledged(),
                "refused": acts.refused, "conflicts": acts.conflicts, "answered_neither": acts.unknown,
                "unanswered": acts.unanswered,
                "connections_ended_in_a_transaction": broken.ended, "rolled_back_late": broken.rolled_back,
                "kills": self.kills, "kills_inside_a_tick": inside,
                "records": found.records, "leaves": found.leaves, "without_leaf": found.without_leaf,
                "without_record": found.without_record, "gaps": found.gaps,
                "checkpoints_kept": kept.len(), "checkpoints_compared": found.compared,
                "downloads": kept.downloads, "inconsistent": found.inconsistent, "faults": found.faults.len(),
            })
        );
        let is_whole = acts.acknowledged() > 0 && found.compared > 0 && found.leaves > 0;
        match (found.faults.len(), is_whole) {
            (0, true) => Ok(()),
            (0, false) => Err("nothing was acknowledged or nothing was compared".into()),
            (faults, _) => Err(format!("{faults} faults").into()),
        }
    }
}

/// Waits until the server answers; one that ended with its database is started again, as a service manager would.
fn back(base: &str, bed: &Bed, server: &mut Server) -> Result<(), Failure> {
    let begin = Instant::now();
    while begin.elapsed() < ROUND_MAX {
        if server.ended()?.is_some() {
            *server = bed.start()?;
        }
        if clients::answers_once(base, &bed.people)? {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err("no answer after a kill".into())
}

/// A connection of the administrator that a scratch instance lets in.
#[expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the campaign breaks the database from outside"
)]
async fn administrator(socket: &Path) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
    let mut config = tokio_postgres::Config::new();
    config.host_path(socket).user("postgres").dbname("countersign").application_name("campaign");
    let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
    // It ends with the client, or with a database that was killed: the next statement says so.
    tokio::spawn(async move { connection.await.ok() });
    Ok(client)
}
