//! `cargo xtask replay FILE`: drives every permit of a real log through a running server over its
//! API, as the people in the log's roles, and compares how each ends with how it ended in the log.

mod drive;
mod plan;
mod report;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::Failure;
use crate::api::Api;
use crate::server::{Place, Server, binary, check};
use crate::xes;

use drive::{Driver, Tokens};
use report::Report;

/// What a permit came to.
pub(crate) struct Outcome {
    /// The acts of the plan, as one line: permits with the same line are one variant.
    pub(crate) variant: String,
    /// Acts that were acknowledged.
    pub(crate) acts: u64,
    /// Records of acts that the server shows for the request.
    pub(crate) records: u64,
    /// Why it did not end as in the log; nothing when it did.
    pub(crate) miss: Option<String>,
}

/// Replays a log of travel permits (XES) over the API.
#[derive(Args)]
#[command(after_help = "Example:\n  cargo xtask replay permits.xes.gz --data ~/.local/share/countersign")]
pub(crate) struct Replay {
    /// The log, .xes or .xes.gz.
    file: PathBuf,
    /// Data directory of a running server, whose control socket gives out the tokens. Without it a
    /// release server is started on a directory that goes away.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Where that server listens.
    #[arg(long, default_value = "http://127.0.0.1:8080", requires = "data")]
    url: String,
    /// The countersign binary; by default the release build of this tree.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Permits driven at a time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    at_a_time: u8,
    /// Only the first permits of the log.
    #[arg(long)]
    first: Option<usize>,
    /// Ask no server: print what would be done for each variant, and how many ends can be reached.
    #[arg(long, conflicts_with_all = ["data", "binary"])]
    plan: bool,
}

impl Replay {
    /// Drives the log and prints what came of it; an error when less could be judged than driven.
    pub(crate) fn run(self) -> Result<(), Failure> {
        let mut traces = xes::read(&self.file)?;
        traces.truncate(self.first.unwrap_or(usize::MAX));
        if self.plan {
            report::print_plans(&traces);
            return Ok(());
        }
        let binary = binary(self.binary)?;
        let Some(data) = self.data else {
            let place = Place::new()?;
            let server = Server::start(&binary, &place, "127.0.0.1:0", &[])?;
            let tokens = Tokens::create(&binary, server.data())?;
            let report = replay(server.base(), tokens, traces, self.at_a_time)?;
            report.print();
            println!("{}", claims(&check(&binary, server.data())?)?);
            return server.stop();
        };
        let tokens = Tokens::create(&binary, &data)?;
        replay(&self.url, tokens, traces, self.at_a_time)?.print();
        println!("{}", claims(&check(&binary, &data)?)?);
        Ok(())
    }
}

/// `N claims proven, N not proven, 0 failing`; an error that names those that fail.
fn claims(report: &serde_json::Value) -> Result<String, Failure> {
    let claims = report["claims"].as_array().ok_or("countersign check names no claims")?;
    let in_state = |state: &str| claims.iter().filter(|claim| claim["state"] == state).count();
    let words = format!(
        "claims afterwards: {} proven, {} not proven, {} failing",
        in_state("proven"),
        in_state("not_proven"),
        in_state("failing")
    );
    let failing: Vec<String> = claims
        .iter()
        .filter(|claim| claim["state"] == "failing")
        .map(|claim| {
            format!("{} {}", claim["id"].as_str().unwrap_or("?"), claim["reason"].as_str().unwrap_or_default())
        })
        .collect();
    if failing.is_empty() { Ok(words) } else { Err(format!("{words}: {}", failing.join("; ")).into()) }
}

#[tokio::main(flavor = "current_thread")]
async fn replay(base: &str, tokens: Tokens, traces: Vec<xes::Trace>, at_a_time: u8) -> Result<Report, Failure> {
    let api = Arc::new(Api::new(base)?);
    let driver = Arc::new(Driver::new(Arc::clone(&api), tokens));
    let turns = Arc::new(Semaphore::new(usize::from(at_a_time)));
    let begin = Instant::now();
    let mut running = JoinSet::new();
    for trace in traces {
        let turn = Arc::clone(&turns).acquire_owned().await?;
        let driver = Arc::clone(&driver);
        running.spawn(async move {
            let outcome = driver.permit(&trace).await;
            drop(turn);
            outcome
        });
    }
    let outcomes = running.join_all().await;
    Ok(Report { outcomes, calls: api.calls(), elapsed: begin.elapsed() })
}
