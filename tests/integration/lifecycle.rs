//! A server from its start to its end: what it proves, what it keeps, and what a second one is told.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::{Caller, Server, command, purchase};

/// Claims whose checks exist.
const PROVEN: u64 = 28;
/// Longest that a fresh start takes to prove them.
const PROVEN_WITHIN: Duration = Duration::from_secs(30);
/// What `sysexits.h` calls a wrong configuration.
const EX_CONFIG: i32 = 78;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_proves_its_claims_and_starts_again_on_its_data() {
    let server = Server::start();
    let begun = Instant::now();
    let counts = loop {
        let checked = server.run(&["check", "--json"]);
        let status: Value = serde_json::from_slice(&checked.stdout).unwrap();
        let counts = status["counts"].clone();
        if counts["proven"].as_u64() >= Some(PROVEN) && counts["failing"] == 0 {
            assert!(checked.status.success(), "nothing fails, so the code is 0");
            break counts;
        }
        assert!(begun.elapsed() < PROVEN_WITHIN, "{status:#}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let shown = server.nobody().get("/trust/status.json").await.json();
    assert_eq!(shown["counts"]["failing"], 0, "{counts}");

    let second = command()
        .arg("serve")
        .arg("--data")
        .arg(server.place().data())
        .args(["--listen", "127.0.0.1:0", "--listen-https", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(EX_CONFIG), "{}", String::from_utf8_lossy(&second.stderr));
    assert!(!second.stderr.is_empty(), "and it says why");
    assert_eq!(server.nobody().get("/health/ready").await.status, 200, "the first serves on");

    let member = server.caller("member");
    let (id, etag) = member.submit("Kept over a stop", "10.00").await;
    let (status, place) = server.stop();
    assert!(status.success(), "{status}");
    let server = Server::start_at(place);
    let read = server.caller("member").get(&format!("/api/v1/requests/{id}")).await;
    assert_eq!((read.status, read.header("etag")), (200, etag.as_str()));
}

/// Hands in until told to stop, and answers with what was acknowledged.
async fn load(caller: Caller, worker: usize, ended: Arc<AtomicBool>) -> BTreeSet<String> {
    let mut acknowledged = BTreeSet::new();
    for turn in 0_usize.. {
        if ended.load(Ordering::Relaxed) {
            break;
        }
        let body = purchase(&format!("Load {worker}.{turn}"), "1.00");
        let Ok(response) = caller.ask("POST", "/api/v1/requests").json(&body).send().await else { break };
        if response.status() != 201 {
            continue;
        }
        let Ok(body) = response.json::<Value>().await else { break };
        acknowledged.insert(body["id"].as_str().unwrap().to_owned());
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_a_killed_server() {
    let mut server = Server::start();
    let mut acknowledged = BTreeSet::new();
    for round in 0..3 {
        let ended = Arc::new(AtomicBool::new(false));
        let mut workers = tokio::task::JoinSet::new();
        for worker in 0..4 {
            workers.spawn(load(server.caller("member"), worker, Arc::clone(&ended)));
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
        let place = server.kill();
        ended.store(true, Ordering::Relaxed);
        let kept = workers.join_all().await;
        assert!(kept.iter().any(|ids| !ids.is_empty()), "round {round} was under load");
        acknowledged.extend(kept.into_iter().flatten());
        server = Server::start_at(place);
    }
    let (member, owner) = (server.caller("member"), server.caller("owner"));
    for id in &acknowledged {
        assert_eq!(member.get(&format!("/api/v1/requests/{id}")).await.status, 200, "{id} was acknowledged");
        assert_eq!(owner.records_about(id).await.get("request.submit"), Some(&1), "{id} has its one record");
    }
}
