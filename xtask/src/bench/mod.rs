//! Benches. `cargo xtask bench main-job`: what the main job costs, as ratios to `pgbench` and to a bare
//! handler on the same cluster in the same minutes.
//!
//! Phases take turns in rounds, so that a slow minute of the machine meets all of them alike; every
//! figure is a sum over the rounds. Load comes from one thread, as it does for `pgbench -j 1`.

mod bare;
mod cluster;
mod cpu;
mod ledger;
mod load;

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::Failure;
use crate::api::{Api, Call, Retry};
use crate::server::{Place, Server, binary, cargo_release};

use bare::{Bare, BareServer};
use cluster::Cluster;
use load::{Load, Tally};

/// Starts on existing data; the slowest counts.
const STARTS: usize = 3;

/// Benches.
#[derive(Subcommand)]
pub(crate) enum Bench {
    MainJob(MainJob),
    Ledger(ledger::Ledger),
    #[command(hide = true)]
    BareServer(BareServer),
}

/// Reads and creates over HTTP against pgbench and a bare handler; one JSON line.
#[derive(Args)]
#[command(after_help = "Example:\n  cargo xtask bench main-job --seconds 5")]
pub(crate) struct MainJob {
    /// Length of each phase of each round, in seconds.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Rounds of six phases each.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=100))]
    rounds: u8,
    /// The countersign binary; by default the release build of this tree.
    #[arg(long)]
    binary: Option<std::path::PathBuf>,
}

impl Bench {
    /// Runs a bench; an error when a phase failed or was answered wrongly.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::MainJob(job) => job.run(),
            Self::Ledger(ledger) => ledger.run(),
            Self::BareServer(server) => server.run(),
        }
    }
}

/// What is measured, one after the other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    PgbenchRead,
    PgbenchWrite,
    Read,
    Create,
    BareRead,
    BareCreate,
}

const PHASES: [Phase; 6] =
    [Phase::PgbenchRead, Phase::Read, Phase::BareRead, Phase::PgbenchWrite, Phase::Create, Phase::BareCreate];

/// Everything that runs while the phases do.
struct Bed {
    length: Duration,
    cluster: Cluster,
    bare: Bare,
    read: Load,
    create: Load,
}

impl MainJob {
    fn run(self) -> Result<(), Failure> {
        as_release()?;
        let countersign = binary(self.binary.clone())?;
        let place = Place::new()?;
        let start = || Server::start(&countersign, &place, "127.0.0.1:0", &["--scratch"]);
        settled(start()?).stop()?;
        let mut start_ms = 0;
        for _ in 1..STARTS {
            let server = start()?;
            start_ms = start_ms.max(server.ready_after().as_millis());
            settled(server).stop()?;
        }
        let server = start()?;
        start_ms = start_ms.max(server.ready_after().as_millis());
        std::thread::sleep(Duration::from_secs(2));
        let rss_idle_mb = cpu::resident_mb(server.pid())?;

        let bed = self.bed(&server)?;
        let mut tallies = [Tally::default(); PHASES.len()];
        for round in 0..usize::from(self.rounds) {
            for turn in 0..PHASES.len() {
                let at = (turn + round) % PHASES.len();
                tallies[at].add(bed.measure(PHASES[at], &server)?);
            }
        }
        println!("{}", line(&tallies, start_ms, rss_idle_mb));
        drop(bed);
        server.stop()
    }

    fn bed(&self, server: &Server) -> Result<Bed, Failure> {
        let cluster = Cluster::of(server)?;
        cluster.prepare()?;
        let bare = Bare::start(&cluster)?;
        let token = server.token("sample", "member@sample.test", "requests:read,requests:write")?;
        let body = json!({ "process": "purchase", "values": purchase()?, "submit": true });
        let id = first_request(server.base(), &token, &body)?;
        let path = format!("/api/v1/requests/{id}");
        Ok(Bed {
            length: Duration::from_secs(self.seconds),
            cluster,
            bare,
            read: Load::get(server.base(), &path, &token)?,
            create: Load::post(server.base(), "/api/v1/requests", &token, &body)?,
        })
    }
}

impl Bed {
    fn measure(&self, phase: Phase, server: &Server) -> Result<Tally, Failure> {
        match phase {
            Phase::PgbenchRead => self.cluster.pgbench("-S", self.length),
            Phase::PgbenchWrite => self.cluster.pgbench("-N", self.length),
            Phase::Read => self.loaded(&self.read, server.pid()),
            Phase::Create => self.loaded(&self.create, server.pid()),
            Phase::BareRead => self.loaded(&self.bare.read, self.bare.pid()),
            Phase::BareCreate => self.loaded(&self.bare.create, self.bare.pid()),
        }
    }

    /// Runs a load and adds the CPU of the server and of PostgreSQL while it ran.
    fn loaded(&self, load: &Load, server_pid: i32) -> Result<Tally, Failure> {
        let before = self.cpu_us(server_pid)?;
        let tally = load.run(self.length)?;
        let cpu_us = self.cpu_us(server_pid)?.saturating_sub(before);
        Ok(Tally { cpu_us, ..tally })
    }

    fn cpu_us(&self, server_pid: i32) -> Result<u64, Failure> {
        Ok(cpu::process_us(server_pid)? + cpu::family_us(self.cluster.postmaster)?)
    }
}

/// Goes on as a release build: a load generator and a bare handler built for debugging would flatter the product.
fn as_release() -> Result<(), Failure> {
    if cfg!(debug_assertions) {
        let release = cargo_release("xtask")?;
        return Err(Command::new(release).args(std::env::args_os().skip(1)).exec().into());
    }
    Ok(())
}

/// A server that had a second to finish what a start begins, so that the next start meets it at rest.
fn settled(server: Server) -> Server {
    std::thread::sleep(Duration::from_secs(1));
    server
}

/// The sample's purchase form, filled in.
fn purchase() -> Result<Value, Failure> {
    use jiff::ToSpan;
    let needed_by = jiff::Zoned::now().date().checked_add(30.days())?;
    Ok(json!({
        "title": "Mouse for the front desk", "category": "hardware",
        "total": { "amount": "25.00", "currency": "EUR" }, "needed_by": needed_by.to_string(),
    }))
}

#[tokio::main(flavor = "current_thread")]
async fn first_request(base: &str, token: &str, body: &Value) -> Result<String, Failure> {
    let api = Api::new(base)?;
    let call = Call {
        method: reqwest::Method::POST,
        path: "/api/v1/requests".to_owned(),
        token,
        if_match: None,
        body: Some(body.clone()),
        retry: Retry::Bounded,
    };
    let answer = api.send(&call).await?.expect(&[201])?;
    Ok(answer.member("id")?.to_owned())
}

/// The one line of the bench.
fn line(tallies: &[Tally; PHASES.len()], start_ms: u128, rss_idle_mb: f64) -> Value {
    let of = |phase: Phase| {
        PHASES.iter().zip(tallies).find(|(name, _)| **name == phase).map_or_else(Tally::default, |(_, t)| *t)
    };
    let (read, create) = (of(Phase::Read), of(Phase::Create));
    let (bare_read, bare_create) = (of(Phase::BareRead), of(Phase::BareCreate));
    let (pg_read, pg_write) = (of(Phase::PgbenchRead), of(Phase::PgbenchWrite));
    json!({
        "read_ratio": hundredths(read.per_s() / pg_read.per_s()),
        "create_ratio": hundredths(create.per_s() / pg_write.per_s()),
        "cpu_us_per_read": read.cpu_us_each().round(),
        "cpu_us_per_create": create.cpu_us_each().round(),
        "cpu_us_per_bare_read": bare_read.cpu_us_each().round(),
        "cpu_us_per_bare_create": bare_create.cpu_us_each().round(),
        "price_of_security_read": hundredths(read.cpu_us_each() / bare_read.cpu_us_each() - 1.0),
        "price_of_security_create": hundredths(create.cpu_us_each() / bare_create.cpu_us_each() - 1.0),
        "rss_idle_mb": hundredths(rss_idle_mb),
        "start_ms": u64::try_from(start_ms).unwrap_or(u64::MAX),
        "reads_per_s": read.per_s().round(),
        "creates_per_s": create.per_s().round(),
        "bare_reads_per_s": bare_read.per_s().round(),
        "bare_creates_per_s": bare_create.per_s().round(),
        "pgbench_s_tps": pg_read.per_s().round(),
        "pgbench_n_tps": pg_write.per_s().round(),
    })
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
