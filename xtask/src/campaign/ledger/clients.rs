//! Programs that act until they are told to end: acts that succeed, acts that are refused, two changes of one version, and
//! what was acknowledged of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Failure;
use crate::api::{Answer, Api, Call, Retry};
use crate::server::Server;
use crate::travel;

/// Pause after an answer that did not come, so that a dead server is not asked in a tight loop.
const PAUSE: Duration = Duration::from_millis(20);
/// Most turns of one client in one round.
const TURNS_MAX: usize = 1_000_000;

/// Tokens of those who act.
pub(super) struct People {
    employee: String,
}

impl People {
    pub(super) fn of(server: &Server) -> Result<Self, Failure> {
        let scopes = "requests:read,requests:write,tasks:decide";
        Ok(Self { employee: server.token("sample", "member@sample.test", scopes)? })
    }
}

/// What was tried, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Acts {
    /// Calls that change something if they succeed, and were answered.
    pub(super) answered: u64,
    /// How often an act on a request was acknowledged.
    pub(super) done: BTreeMap<(String, &'static str), u64>,
    pub(super) refused: u64,
    pub(super) conflicts: u64,
    /// Answers that say neither: it may have happened or not.
    pub(super) unknown: u64,
    /// Calls without an answer: the server is not there, or was killed meanwhile.
    pub(super) unanswered: u64,
}

impl Acts {
    pub(super) fn acknowledged(&self) -> u64 {
        self.done.values().sum()
    }

    pub(super) fn take(&mut self, other: Self) {
        for (act, times) in other.done {
            *self.done.entry(act).or_default() += times;
        }
        self.answered += other.answered;
        self.unanswered += other.unanswered;
        self.refused += other.refused;
        self.conflicts += other.conflicts;
        self.unknown += other.unknown;
    }
}

/// Clients under way.
pub(super) struct Running {
    end: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    thread: JoinHandle<Result<Acts, Failure>>,
}

impl Running {
    pub(super) fn start(base: &str, people: &Arc<People>, clients: u8, round: usize) -> Result<Self, Failure> {
        let (end, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (flag, count, people) = (Arc::clone(&end), Arc::clone(&answered), Arc::clone(people));
        let base = base.to_owned();
        let thread = std::thread::Builder::new()
            .name("clients".to_owned())
            .spawn(move || work(&base, &people, clients, round, &flag, &count))?;
        Ok(Self { end, answered, thread })
    }

    /// Waits until so many were answered.
    pub(super) fn until(&self, quota: u64, most: Duration) -> Result<(), Failure> {
        let begin = Instant::now();
        while self.answered.load(Ordering::Relaxed) < quota {
            if begin.elapsed() > most || self.thread.is_finished() {
                return Err(format!("{} of {quota} were answered", self.answered.load(Ordering::Relaxed)).into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Acts, Failure> {
        self.end.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the clients' thread panicked")?
    }
}

/// Whether one read is answered with 200 now.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn answers_once(base: &str, people: &People) -> Result<bool, Failure> {
    let call = Call {
        method: Method::GET,
        path: "/api/v1/tasks".to_owned(),
        token: &people.employee,
        if_match: None,
        body: None,
        retry: Retry::Never,
    };
    Ok(Api::new(base)?.send(&call).await.is_ok_and(|answer| answer.status == 200))
}

#[tokio::main(flavor = "current_thread")]
async fn work(
    base: &str,
    people: &Arc<People>,
    clients: u8,
    round: usize,
    end: &Arc<AtomicBool>,
    answered: &Arc<AtomicU64>,
) -> Result<Acts, Failure> {
    let api = Arc::new(Api::new(base)?);
    let mut running = tokio::task::JoinSet::new();
    for number in 0..clients {
        let (people, end) = (Arc::clone(people), Arc::clone(end));
        let mut client =
            Client { api: Arc::clone(&api), people, answered: Arc::clone(answered), acts: Acts::default(), last: None };
        running.spawn(async move {
            for turn in 0..TURNS_MAX {
                if end.load(Ordering::Relaxed) {
                    break;
                }
                client.turn(&format!("Trip {round}-{number}-{turn}")).await;
            }
            client.acts
        });
    }
    let mut all = Acts::default();
    while let Some(done) = running.join_next().await {
        all.take(done?);
    }
    Ok(all)
}

struct Client {
    api: Arc<Api>,
    people: Arc<People>,
    answered: Arc<AtomicU64>,
    acts: Acts,
    /// The request that was made last, and its tag.
    last: Option<(String, String)>,
}

impl Client {
    /// One act by chance; most succeed.
    async fn turn(&mut self, title: &str) {
        let chance = Uuid::new_v4().as_bytes()[0];
        let good = travel::values(title, 1, &[travel::Role::Supervisor]);
        match (chance, self.last.clone()) {
            (0..100, _) | (_, None) => {
                let body = json!({ "process": travel::PROCESS, "values": good, "submit": true });
                self.made(body, "request.submit").await;
            }
            (100..150, _) => {
                let body = json!({ "process": travel::PROCESS, "values": good, "submit": false });
                if let Some((id, tag)) = self.made(body, "request.draft").await {
                    self.edit_twice(&id, &tag).await;
                }
            }
            // No values at all: the form refuses.
            (150..180, _) => {
                let body = json!({ "process": travel::PROCESS, "values": {}, "submit": true });
                self.post("/api/v1/requests".to_owned(), None, body).await;
            }
            // One's own request, with a task that one does not have.
            (180..210, Some((id, tag))) => {
                let body = json!({ "task": Uuid::new_v4(), "decision": "approve", "reason": null });
                self.post(format!("/api/v1/requests/{id}/decisions"), Some(&tag), body).await;
            }
            (210.., Some((id, _))) => {
                let path = format!("/api/v1/requests/{id}/comments");
                if self.post(path, None, json!({ "body": title })).await.is_some() {
                    self.note(&id, "request.comment");
                }
            }
        }
    }

    /// A new request, noted once it is acknowledged.
    async fn made(&mut self, body: Value, act: &'static str) -> Option<(String, String)> {
        let answer = self.post("/api/v1/requests".to_owned(), None, body).await?;
        let made = (answer.member("id").ok()?.to_owned(), answer.etag?);
        self.note(&made.0, act);
        self.last = Some(made.clone());
        Some(made)
    }

    /// Two changes of one version at the same time: at most one may be.
    async fn edit_twice(&mut self, id: &str, tag: &str) {
        let body = |round| json!({ "values": travel::values("Edited", round, &[travel::Role::Supervisor]) });
        let call = |round| Call {
            method: Method::PATCH,
            path: format!("/api/v1/requests/{id}"),
            token: &self.people.employee,
            if_match: Some(tag),
            body: Some(body(round)),
            retry: Retry::Never,
        };
        let (one, two) = (call(2), call(3));
        let (one, two) = tokio::join!(self.api.send(&one), self.api.send(&two));
        for outcome in [one, two] {
            if self.judge(outcome).await.is_some() {
                self.note(id, "request.edit");
            }
        }
    }

    async fn post(&mut self, path: String, if_match: Option<&str>, body: Value) -> Option<Answer> {
        let token = &self.people.employee;
        let call = Call { method: Method::POST, path, token, if_match, body: Some(body), retry: Retry::Never };
        let outcome = self.api.send(&call).await;
        self.judge(outcome).await
    }

    /// Counts what came of a call; the answer when it was acknowledged.
    async fn judge(&mut self, outcome: Result<Answer, Failure>) -> Option<Answer> {
        let Ok(answer) = outcome else {
            self.acts.unanswered += 1;
            tokio::time::sleep(PAUSE).await;
            return None;
        };
        self.answered.fetch_add(1, Ordering::Relaxed);
        self.acts.answered += 1;
        match answer.status {
            200 | 201 => return Some(answer),
            409 | 412 => self.acts.conflicts += 1,
            400..=428 => self.acts.refused += 1,
            _ => {
                self.acts.unknown += 1;
                tokio::time::sleep(PAUSE).await;
            }
        }
        None
    }

    fn note(&mut self, id: &str, act: &'static str) {
        *self.acts.done.entry((id.to_owned(), act)).or_default() += 1;
    }
}
