//! Proving: the runner of the checks, and the pages' view of it.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use claims::canary;
use claims::probe::{PlainException, ProbeCtx};
use claims::registry::CheckId;
use claims::runner::Runner;
use claims::state::Standing;
use jiff::Timestamp;
use serde_json::Value;
use tenancy::{Database, WorkspaceId};
use web::{App, TrustSource};

use crate::config::{self, Config, PlainHttp};
use crate::listeners::Listeners;
use crate::logs::Tail;
use crate::operator::{Checks, words};

/// The pages' window on the proof; empty until the runner exists.
#[derive(Default)]
pub struct Window {
    proof: OnceLock<Arc<Proof>>,
}

impl Window {
    /// Opens the window.
    pub fn set(&self, proof: Arc<Proof>) {
        if self.proof.set(proof).is_err() {
            tracing::error!("the proof was made twice");
        }
    }
}

impl TrustSource for Window {
    fn standing(&self) -> Pin<Box<dyn Future<Output = Standing> + Send + '_>> {
        Box::pin(async move {
            match self.proof.get() {
                Some(proof) => proof.runner.standing(now()),
                None => Standing::at(Vec::new(), now()),
            }
        })
    }
    fn strip(&self, check: CheckId) -> String {
        self.proof.get().map(|proof| proof.runner.strip(check)).unwrap_or_default()
    }
    fn observation(&self, check: CheckId) -> Option<String> {
        self.proof.get()?.runner.seen(check).map(|seen| seen.text)
    }
}

/// The age of a proof is a matter of this process: the runner stamps and the page reads with one clock.
fn now() -> Timestamp {
    Timestamp::now()
}

/// The application with its window.
pub struct Windowed {
    /// What handlers are given.
    pub app: App,
    /// The window to open later.
    pub trust: Arc<Window>,
}

fn limits(limits: &config::Limits) -> web::Limits {
    let time_max = Duration::from_millis(limits.request_timeout_ms);
    web::Limits::new(limits.body_max_bytes, limits.requests_in_flight_max, time_max)
}

/// Makes the application for a configuration.
#[must_use]
pub fn app(db: &Database, config: &Config, platform: WorkspaceId) -> Windowed {
    let trust = Arc::new(Window::default());
    let proxies = config.trusted_proxies.clone();
    let trusted = move |address: IpAddr| config::is_among(&proxies, address);
    let app = App {
        db: db.clone(),
        trust: Arc::clone(&trust) as Arc<dyn TrustSource>,
        limits: limits(&config.limits),
        trusted_proxy: Arc::new(trusted),
        platform,
        verifications: ledger::Verifications::default(),
        anchors: ledger::AnchorsSeen::new(config.witnesses.iter().map(|witness| witness.key.to_string())),
        private_receivers: config.private_receivers,
    };
    Windowed { app, trust }
}

/// The checks of this installation.
pub struct Proof {
    runner: Arc<Runner>,
}

impl Proof {
    /// Prepares the canary workspaces and the runner.
    ///
    /// # Errors
    /// A sentence.
    pub async fn prepare(db: &Database, listeners: &Listeners, tail: Arc<Tail>) -> Result<Arc<Self>, String> {
        let canary = canary::prepare(db).await.map_err(words)?;
        let certificate = reqwest::Certificate::from_pem_bundle(listeners.ca_pem().as_bytes()).map_err(words)?;
        let mut client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(10))
            .connect_timeout(Duration::from_secs(3));
        for one in certificate {
            client = client.add_root_certificate(one);
        }
        let plain_exception = match listeners.plain_http() {
            PlainHttp::BehindTlsProxy => PlainException::BehindStatedProxy,
            PlainHttp::Loopback | PlainHttp::RedirectOnly => PlainException::LoopbackOnly,
        };
        let cx = ProbeCtx {
            db: db.clone(),
            http: client.build().map_err(words)?,
            https_base: listeners.https_base(),
            https_addr: listeners.https(),
            plain_addr: Some(listeners.plain()),
            plain_exception,
            routes: web::ROUTES,
            canary,
            log_tail: tail,
            ca_pem: listeners.ca_pem().to_owned(),
        };
        let runner = Runner::start(cx).await.map_err(words)?;
        Ok(Arc::new(Self { runner }))
    }

    /// Runs every check, then each at its cadence.
    pub async fn keep_proving(self: Arc<Self>) {
        Arc::clone(&self.runner).keep_running().await;
    }
}

impl Checks for Proof {
    fn run_all(&self) -> Pin<Box<dyn Future<Output = Value> + Send + '_>> {
        Box::pin(async move {
            self.runner.run_all().await;
            self.runner.standing(now()).status_json()
        })
    }

    #[cfg(feature = "faults")]
    fn run_one(&self, check: CheckId) -> Pin<Box<dyn Future<Output = Value> + Send + '_>> {
        Box::pin(async move {
            let ended = match self.runner.run(check).await.ended {
                claims::state::Ended::Pass => "pass",
                claims::state::Ended::Fail => "fail",
                claims::state::Ended::NotProven(_) => "not_proven",
            };
            serde_json::json!({"ended": ended, "saw": self.runner.seen(check).map(|seen| seen.text)})
        })
    }
}
