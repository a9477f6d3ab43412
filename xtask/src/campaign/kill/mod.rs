//! `cargo xtask campaign kill`: kill -9 of the server and of its database by turns, under load.
//!
//! What the campaign asks afterwards: is every acknowledged act there; has every act its record and
//! every record its act, those included whose acknowledgement was lost; did any mail leave twice;
//! how long until the next answer.

mod audit;
mod clients;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::Failure;
use crate::api::Api;
use crate::server::{Place, Server, binary, postmaster_pid};

use clients::{Ledger, People};

/// Longest time until the server answers again after its own end.
const SERVER_READY_MAX: Duration = Duration::from_secs(5);

/// Longest time until it answers again after the end of its database.
const DATABASE_READY_MAX: Duration = Duration::from_secs(10);

/// When the campaign stops waiting for an answer at all.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// kill -9 of server and database under load: nothing lost, nothing twice, soon back.
#[derive(Args)]
#[command(after_help = "Example:\n  cargo xtask campaign kill --rounds 50")]
pub(crate) struct Kill {
    /// Kills, of the server and of the database by turns.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: u16,
    /// Programs that create and decide at the same time.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    clients: u8,
    /// The countersign binary; by default the release build of this tree.
    #[arg(long)]
    binary: Option<std::path::PathBuf>,
}

/// What is killed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Victim {
    Server,
    Database,
}

/// Times of a campaign.
#[derive(Default)]
struct Times {
    server_max: Duration,
    database_max: Duration,
    late: usize,
}

impl Kill {
    pub(super) fn run(self) -> Result<(), Failure> {
        let binary = binary(self.binary.clone())?;
        let place = Place::new()?;
        let listen = free_address()?;
        let mut server = Server::start(&binary, &place, &listen, &[])?;
        let people = Arc::new(People::of(&server)?);
        let base = server.base().to_owned();
        let mut ledger = Ledger::default();
        let mut times = Times::default();
        for round in 0..self.rounds {
            let victim = if round % 2 == 0 { Victim::Server } else { Victim::Database };
            let load = clients::Running::start(&base, &people, self.clients, usize::from(round))?;
            // Lengths differ from round to round, so that kills meet different moments of the work.
            std::thread::sleep(Duration::from_millis(500 + u64::from(round) * 137 % 1000));
            let begin = Instant::now();
            let mut lagging = None;
            match victim {
                Victim::Server => {
                    server.kill()?;
                    server = Server::start(&binary, &place, &listen, &[])?;
                }
                Victim::Database => {
                    kill(Pid::from_raw(postmaster_pid(server.data())?), Signal::SIGKILL)?;
                    lagging = self.back_with_database(&mut server, &binary, &place, &listen, &people)?;
                }
            }
            answers(&base, &people)?;
            times.note(victim, begin.elapsed());
            ledger.take(load.finish()?);
            println!(
                "round {}: {} back after {} ms{}, {} acts acknowledged so far",
                round + 1,
                if victim == Victim::Server { "server" } else { "database" },
                begin.elapsed().as_millis(),
                lagging.unwrap_or_default(),
                ledger.acts(),
            );
        }
        let found = audit::audit(&base, &people, &ledger, &place.temporary())?;
        server.stop()?;
        self.report(&ledger, &times, &found)
    }

    /// A server that outlives its database comes back by itself; one that ends with it is started
    /// again, as a service manager would. Words on which of the two it was.
    fn back_with_database(
        &self,
        server: &mut Server,
        binary: &Path,
        place: &Place,
        listen: &str,
        people: &People,
    ) -> Result<Option<&'static str>, Failure> {
        let base = server.base().to_owned();
        let begin = Instant::now();
        while begin.elapsed() < ANSWER_MAX {
            if server.ended()?.is_some() {
                *server = Server::start(binary, place, listen, &[])?;
                return Ok(Some(" (the server ended with it and was started again)"));
            }
            if clients::answers_once(&base, people)? {
                return Ok(None);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err("no answer within a minute after the database was killed".into())
    }

    fn report(&self, ledger: &Ledger, times: &Times, found: &audit::Found) -> Result<(), Failure> {
        for fault in found.faults.iter().take(50) {
            println!("{fault}");
        }
        println!(
            "{}",
            json!({
                "rounds": self.rounds, "acts_acknowledged": ledger.acts(), "requests": found.requests,
                "acts": found.acts, "records": found.records, "mails": found.mails,
                "faults": found.faults.len(), "rounds_late": times.late,
                "server_ready_ms_max": u64::try_from(times.server_max.as_millis())?,
                "database_ready_ms_max": u64::try_from(times.database_max.as_millis())?,
            })
        );
        if found.faults.is_empty() && times.late == 0 && ledger.acts() > 0 {
            return Ok(());
        }
        Err(format!("{} faults, {} rounds late", found.faults.len(), times.late).into())
    }
}

impl Times {
    fn note(&mut self, victim: Victim, elapsed: Duration) {
        let (max, bound) = match victim {
            Victim::Server => (&mut self.server_max, SERVER_READY_MAX),
            Victim::Database => (&mut self.database_max, DATABASE_READY_MAX),
        };
        *max = elapsed.max(*max);
        self.late += usize::from(elapsed > bound);
    }
}

/// An address of the loopback that nobody listens on just now, the same for every start.
fn free_address() -> Result<String, Failure> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.to_string())
}

/// Waits until a read over the API is answered.
fn answers(base: &str, people: &People) -> Result<(), Failure> {
    let begin = Instant::now();
    while begin.elapsed() < ANSWER_MAX {
        if clients::answers_once(base, people)? {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err("no answer within a minute".into())
}

/// The API as the audit uses it.
fn api(base: &str) -> Result<Api, Failure> {
    Api::new(base)
}
