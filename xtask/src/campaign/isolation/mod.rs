//! `cargo xtask campaign isolation`: a member of one workspace asks for everything of another.
//!
//! Routes come from the server's own OpenAPI document and ids from what the other workspace's people
//! see, so a new route or kind of id takes part without anybody remembering it. Each attempt is made
//! twice, once with the foreign id and once with an id that nobody has: the two answers must be the
//! same to the byte once the id itself and the trace id are taken out, and neither may carry anything
//! of the other workspace. Afterwards the other workspace is as it was.

mod attempts;
pub(super) mod pages;
mod routes;
mod victim;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::Failure;
use crate::api::Api;
use crate::server::{Place, Server, binary};

use attempts::{Asker, Attempt, Attempts};
use victim::Victim;

/// Scopes of a token that may do everything its person may.
const ALL_SCOPES: &str = "requests:read,requests:write,tasks:decide,processes:admin,people:admin,audit:read";

/// The asker's workspace.
const ASKER: &str = "asker";

/// The other workspace: the sample of the first start.
const VICTIM: &str = "sample";

/// Attempts at a time.
const AT_A_TIME: usize = 8;

/// Most findings that are printed.
const FINDINGS_PRINTED_MAX: usize = 50;

/// Cross-workspace attempts over all routes and id kinds; 0 leaks or it fails.
#[derive(Args)]
#[command(after_help = "Example:\n  cargo xtask campaign isolation --attempts 10000")]
pub(crate) struct Isolation {
    /// Attempts with a foreign id; each has a twin with an unknown one.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    attempts: u32,
    /// The countersign binary; by default the release build of this tree.
    #[arg(long)]
    binary: Option<PathBuf>,
}

impl Isolation {
    pub(super) fn run(self) -> Result<(), Failure> {
        let binary = binary(self.binary.clone())?;
        let place = Place::new()?;
        let server = Server::start(&binary, &place, "127.0.0.1:0", &[])?;
        server.command(&["workspace", "create", ASKER, "--owner", &asker_email()])?;
        let people = victim::Tokens::of(&server)?;
        self.ask(&server, &people)?;
        server.stop()
    }

    #[tokio::main(flavor = "current_thread")]
    async fn ask(&self, server: &Server, people: &victim::Tokens) -> Result<(), Failure> {
        let api = Arc::new(Api::new(server.base())?);
        let email = asker_email();
        let token = server.token(ASKER, &email, ALL_SCOPES)?;
        let cookie = pages::sign_in(&api, server, ASKER, &email).await?;
        let asker = Arc::new(Asker { token, cookie });
        let document = api.get("/api/v1/openapi.json", &asker.token).await?.expect(&[200])?;
        let routes = routes::routes(&document.body)?;
        let victim = Arc::new(Victim::prepare(&api, people, &routes).await?);
        let before = victim.state(&api, people).await?;
        let begin = Instant::now();
        let attempts = Attempts::new(&routes, &victim, usize::try_from(self.attempts)?);
        let (kinds, generated) = (victim.ids.len(), attempts.distinct());
        let findings = run(&api, &asker, &victim, attempts).await?;
        let mut leaks = findings;
        if victim.state(&api, people).await? != before {
            leaks.push("the other workspace is not as it was".to_owned());
        }
        for leak in leaks.iter().take(FINDINGS_PRINTED_MAX) {
            println!("{leak}");
        }
        println!(
            "{}",
            json!({
                "attempts": self.attempts, "distinct": generated, "routes": routes.len(),
                "foreign_ids": kinds, "leaks": leaks.len(), "http_requests": api.calls(),
                "seconds": begin.elapsed().as_secs(),
            })
        );
        if leaks.is_empty() { Ok(()) } else { Err(format!("{} leaks", leaks.len()).into()) }
    }
}

/// The owner of the asker's workspace, who may do most there.
fn asker_email() -> String {
    format!("owner@{ASKER}.test")
}

/// Makes the attempts, some at a time, and returns what was found in words.
async fn run(
    api: &Arc<Api>,
    asker: &Arc<Asker>,
    victim: &Arc<Victim>,
    attempts: Attempts,
) -> Result<Vec<String>, Failure> {
    let turns = Arc::new(Semaphore::new(AT_A_TIME));
    let mut running: JoinSet<Result<Option<String>, Failure>> = JoinSet::new();
    let mut findings = Vec::new();
    for attempt in attempts {
        let turn = Arc::clone(&turns).acquire_owned().await?;
        let (api, victim) = (Arc::clone(api), Arc::clone(victim));
        let asker = Arc::clone(asker);
        running.spawn(async move {
            let found = one(&api, &asker, &victim, &attempt).await;
            drop(turn);
            found
        });
        while let Some(ended) = running.try_join_next() {
            findings.extend(ended??);
        }
    }
    while let Some(ended) = running.join_next().await {
        findings.extend(ended??);
    }
    Ok(findings)
}

/// The foreign id and its twin; words when they differ or something came through.
async fn one(api: &Api, asker: &Asker, victim: &Victim, attempt: &Attempt) -> Result<Option<String>, Failure> {
    let (foreign, as_foreign) = attempt.ask(api, asker, &attempt.foreign).await?;
    let (_, as_unknown) = attempt.ask(api, asker, &attempt.unknown.to_string()).await?;
    let what = || format!("{} {} with {}", attempt.method, attempt.path, attempt.foreign);
    if let Some(leak) = victim.leak(&foreign.text, &attempt.foreign) {
        return Ok(Some(format!("{}: the answer carries {leak}", what())));
    }
    if as_foreign != as_unknown {
        let cut = |text: &str| text.chars().take(400).collect::<String>();
        let (a, b) = (cut(&as_foreign), cut(&as_unknown));
        return Ok(Some(format!("{}: {a} for a foreign id, {b} for an unknown one", what())));
    }
    Ok(None)
}
