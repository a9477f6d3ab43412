//! Keeps every checkpoint that is ever shown: those of all logs as soon as they are committed, which is when they may be
//! published, and those that an owner downloads from the page.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use reqwest::Method;

use crate::Failure;
use crate::api::{Api, PageCall};
use crate::campaign::isolation::pages;
use crate::server::Server;

use super::administrator;

/// How often the heads are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How often the page is asked.
const DOWNLOAD_EVERY: Duration = Duration::from_millis(400);
/// Most checkpoints that are kept.
const KEPT_MAX: usize = 500_000;

/// Notes by the log that they name.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) by_origin: BTreeMap<String, BTreeSet<String>>,
    /// Answers of the page.
    pub(super) downloads: u64,
}

impl Kept {
    pub(super) fn len(&self) -> usize {
        self.by_origin.values().map(BTreeSet::len).sum()
    }

    fn keep(&mut self, note: &str) {
        let origin = note.lines().next().unwrap_or_default();
        if self.len() < KEPT_MAX {
            self.by_origin.entry(origin.to_owned()).or_default().insert(note.to_owned());
        }
    }
}

/// What collects, until it is told to end.
pub(super) struct Collector {
    end: Arc<AtomicBool>,
    thread: JoinHandle<Result<Kept, Failure>>,
}

impl Collector {
    pub(super) fn start(server: &Server, socket: &Path) -> Result<Self, Failure> {
        let end = Arc::new(AtomicBool::new(false));
        let (base, cookie) = (server.base().to_owned(), signed_in(server)?);
        let (flag, socket) = (Arc::clone(&end), socket.to_owned());
        let thread = std::thread::Builder::new()
            .name("collector".to_owned())
            .spawn(move || collect(&flag, &socket, &base, &cookie))?;
        Ok(Self { end, thread })
    }

    pub(super) fn finish(self) -> Result<Kept, Failure> {
        self.end.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the collector panicked")?
    }
}

#[tokio::main(flavor = "current_thread")]
async fn signed_in(server: &Server) -> Result<String, Failure> {
    pages::sign_in(&Api::new(server.base())?, server, "sample", "owner@sample.test").await
}

#[tokio::main(flavor = "current_thread")]
async fn collect(end: &AtomicBool, socket: &Path, base: &str, cookie: &str) -> Result<Kept, Failure> {
    let api = Api::new(base)?;
    let (looked, downloaded) = tokio::join!(look(end, socket), download(end, &api, cookie));
    let (mut kept, (notes, downloads)) = (looked, downloaded);
    notes.iter().for_each(|note| kept.keep(note));
    kept.downloads = downloads;
    Ok(kept)
}

async fn look(end: &AtomicBool, socket: &Path) -> Kept {
    let mut kept = Kept::default();
    while !end.load(Ordering::Relaxed) {
        if let Ok(client) = administrator(socket).await {
            let heads = "SELECT h.checkpoint FROM audit.head h WHERE h.checkpoint IS NOT NULL";
            while let Ok(rows) = client.query(heads, &[]).await {
                rows.iter().for_each(|row| kept.keep(row.get(0)));
                tokio::time::sleep(LOOK_EVERY).await;
                if end.load(Ordering::Relaxed) {
                    break;
                }
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    kept
}

/// What the page hands out, and how often it did.
async fn download(end: &AtomicBool, api: &Api, cookie: &str) -> (BTreeSet<String>, u64) {
    let (mut notes, mut downloads) = (BTreeSet::new(), 0);
    while !end.load(Ordering::Relaxed) {
        let path = "/w/sample/audit/log".to_owned();
        let call = PageCall { method: Method::POST, path, cookie, form: "act=checkpoint".to_owned() };
        // A server that was just killed answers nothing; the next one goes on.
        if let Ok(answer) = api.page(&call).await
            && answer.status == 200
        {
            notes.insert(answer.text);
            downloads += 1;
        }
        tokio::time::sleep(DOWNLOAD_EVERY).await;
    }
    (notes, downloads)
}
