//! Programs that hand in requests and decide on them until they are told to end, and remember what
//! was acknowledged to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::Failure;
use crate::api::{Api, Call, Retry};
use crate::server::Server;
use crate::travel;

/// Pause after an answer that did not come, so that a dead server is not asked in a tight loop.
const PAUSE: Duration = Duration::from_millis(20);

/// Most acts of one client in one round.
const ACTS_MAX: usize = 100_000;

/// Tokens of those who act.
pub(super) struct People {
    pub(super) employee: String,
    pub(super) supervisor: String,
    pub(super) auditor: String,
}

impl People {
    pub(super) fn of(server: &Server) -> Result<Self, Failure> {
        Ok(Self {
            employee: server.token("sample", "member@sample.test", "requests:read,requests:write")?,
            supervisor: server.token("sample", "supervisor@sample.test", "requests:read,tasks:decide")?,
            auditor: server.token("sample", "owner@sample.test", "requests:read,audit:read")?,
        })
    }
}

/// What was acknowledged: every request by id, and whether its approval was too.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) approved: BTreeMap<String, bool>,
}

impl Ledger {
    /// Acknowledged acts.
    pub(super) fn acts(&self) -> usize {
        self.approved.len() + self.approved.values().filter(|approved| **approved).count()
    }

    pub(super) fn take(&mut self, other: Self) {
        self.approved.extend(other.approved);
    }
}

/// Clients under way.
pub(super) struct Running {
    end: Arc<AtomicBool>,
    thread: JoinHandle<Result<Ledger, Failure>>,
}

impl Running {
    pub(super) fn start(base: &str, people: &Arc<People>, clients: u8, round: usize) -> Result<Self, Failure> {
        let end = Arc::new(AtomicBool::new(false));
        let (flag, people, base) = (Arc::clone(&end), Arc::clone(people), base.to_owned());
        let thread = std::thread::Builder::new()
            .name("clients".to_owned())
            .spawn(move || work(&base, &people, clients, round, &flag))?;
        Ok(Self { end, thread })
    }

    /// Lets them work half a second longer on the server that came back, and ends them.
    pub(super) fn finish(self) -> Result<Ledger, Failure> {
        std::thread::sleep(Duration::from_millis(500));
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
        token: &people.supervisor,
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
) -> Result<Ledger, Failure> {
    let api = Arc::new(Api::new(base)?);
    let mut running = tokio::task::JoinSet::new();
    for number in 0..clients {
        let (api, people, end) = (Arc::clone(&api), Arc::clone(people), Arc::clone(end));
        running.spawn(async move {
            let mut own = Ledger::default();
            for act in 0..ACTS_MAX {
                if end.load(Ordering::Relaxed) {
                    break;
                }
                let title = format!("Trip {round}-{number}-{act}");
                if both(&api, &people, &title, &mut own).await.is_err() {
                    // Not acknowledged: it may have happened or not, and the audit looks at both.
                    tokio::time::sleep(PAUSE).await;
                }
            }
            own
        });
    }
    let mut all = Ledger::default();
    for own in running.join_all().await {
        all.take(own);
    }
    Ok(all)
}

/// One request and its approval, each noted once it is acknowledged.
async fn both(api: &Api, people: &People, title: &str, own: &mut Ledger) -> Result<(), Failure> {
    let values = travel::values(title, 1, &[travel::Role::Supervisor]);
    let body = json!({ "process": travel::PROCESS, "values": values, "submit": true });
    let post = |path: String, token, if_match, body| Call {
        method: Method::POST,
        path,
        token,
        if_match,
        body: Some(body),
        retry: Retry::Never,
    };
    let created = post("/api/v1/requests".to_owned(), people.employee.as_str(), None, body);
    let id = api.send(&created).await?.expect(&[201])?.member("id")?.to_owned();
    own.approved.insert(id.clone(), false);

    let once = |path: String| Call {
        method: Method::GET,
        path,
        token: &people.supervisor,
        if_match: None,
        body: None,
        retry: Retry::Never,
    };
    let tasks = api.send(&once(format!("/api/v1/tasks?request={id}"))).await?.expect(&[200])?;
    let task = tasks.items().first().and_then(|task| task["id"].as_str()).ok_or("no task")?;
    let seen = api.send(&once(format!("/api/v1/requests/{id}"))).await?.expect(&[200])?;
    let tag = seen.etag.ok_or("no ETag")?;
    let body = json!({ "task": task, "decision": "approve", "reason": null });
    let path = format!("/api/v1/requests/{id}/decisions");
    api.send(&post(path, &people.supervisor, Some(&tag), body)).await?.expect(&[201])?;
    own.approved.insert(id, true);
    Ok(())
}
