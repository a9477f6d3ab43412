//! The bare handler: axum and tokio-postgres, one row read or inserted, JSON in and out; without
//! workspace, token, permit, row security, sealing and record. What the product costs above it is
//! the price of security. It runs in a process of its own, so that its CPU can be told apart.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{ETAG, LOCATION};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Args;
use nix::unistd::{Gid, Uid, geteuid, setgid, setgroups, setuid};
use serde_json::{Value, json};
use tokio_postgres::{NoTls, Statement};
use uuid::Uuid;

use crate::Failure;

use super::cluster::{Cluster, DATABASE, USER};
use super::load::{CONNECTIONS, Load};

/// The row that reads ask for.
const ROW: Uuid = Uuid::from_u128(1);

/// The bare server as a child process, with the loads for it.
pub(super) struct Bare {
    child: Child,
    pub(super) read: Load,
    pub(super) create: Load,
}

impl Bare {
    pub(super) fn start(cluster: &Cluster) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["bench", "bare-server", "--socket"])
            .arg(&cluster.socket)
            .args(["--uid", &cluster.owner.0.to_string(), "--gid", &cluster.owner.1.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("the bare server has no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let base = line.strip_prefix("ready ").ok_or("the bare server did not come up")?.trim();
        let read = Load::get(base, &format!("/bare/{ROW}"), "none")?;
        let create = Load::post(base, "/bare", "none", &json!({ "values": super::purchase()? }))?;
        Ok(Self { child, read, create })
    }

    pub(super) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("process ids of Linux fit 22 bits")
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // It holds nothing that an orderly end would save.
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait().map(drop)) {
            eprintln!("ending the bare server: {error}");
        }
    }
}

/// The bare server itself.
#[derive(Args)]
pub(crate) struct BareServer {
    /// Folder of the cluster's socket.
    #[arg(long)]
    socket: PathBuf,
    /// User to become when started as root.
    #[arg(long)]
    uid: u32,
    /// Group to become when started as root.
    #[arg(long)]
    gid: u32,
}

/// Connections with their statements, taken in turn.
struct Connections {
    all: Vec<Connection>,
    next: AtomicUsize,
}

#[expect(clippy::disallowed_types, reason = "the bare handler is what tenancy is compared with")]
struct Connection {
    client: tokio_postgres::Client,
    select: Statement,
    insert: Statement,
}

impl Connections {
    fn one(&self) -> &Connection {
        &self.all[self.next.fetch_add(1, Ordering::Relaxed) % self.all.len()]
    }
}

impl BareServer {
    pub(super) fn run(self) -> Result<(), Failure> {
        if geteuid().is_root() {
            setgroups(&[])?;
            setgid(Gid::from_raw(self.gid))?;
            setuid(Uid::from_raw(self.uid))?;
        }
        self.serve()
    }

    #[tokio::main]
    async fn serve(self) -> Result<(), Failure> {
        let mut all = Vec::new();
        for _ in 0..CONNECTIONS {
            all.push(self.connect().await?);
        }
        let shared = Arc::new(Connections { all, next: AtomicUsize::new(0) });
        let routes = Router::new().route("/bare", post(create)).route("/bare/{id}", get(read)).with_state(shared);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("ready http://{}", listener.local_addr()?);
        axum::serve(listener, routes).await?;
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "the bare handler is what tenancy is compared with")]
    async fn connect(&self) -> Result<Connection, Failure> {
        let mut config = tokio_postgres::Config::new();
        config.host_path(&self.socket).user(USER).dbname(DATABASE);
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                eprintln!("bare connection: {error}");
            }
        });
        client.batch_execute(&table()).await?;
        let select = client.prepare("SELECT state, created_at, content FROM bare WHERE id = $1").await?;
        let insert =
            client.prepare("INSERT INTO bare (id, state, created_at, content) VALUES ($1, 'open', now(), $2)").await?;
        Ok(Connection { client, select, insert })
    }
}

/// The table and the row to read; each connection asks for them, the first one makes them.
fn table() -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS bare (id uuid PRIMARY KEY, state text NOT NULL, \
         created_at timestamptz NOT NULL, content text NOT NULL); \
         INSERT INTO bare VALUES ('{ROW}', 'open', now(), '{{\"title\":\"Mouse for the front desk\",\
         \"category\":\"hardware\"}}') ON CONFLICT DO NOTHING"
    )
}

/// Whatever went wrong, the bench stops on a status that it did not expect.
fn failed(error: impl std::fmt::Display) -> StatusCode {
    eprintln!("bare handler: {error}");
    StatusCode::INTERNAL_SERVER_ERROR
}

async fn read(
    State(connections): State<Arc<Connections>>,
    Path(id): Path<Uuid>,
) -> Result<impl IntoResponse, StatusCode> {
    let one = connections.one();
    let row = one.client.query_one(&one.select, &[&id]).await.map_err(failed)?;
    let state: String = row.try_get(0).map_err(failed)?;
    let created_at: jiff::Timestamp = row.try_get(1).map_err(failed)?;
    let content: String = row.try_get(2).map_err(failed)?;
    let values: Value = serde_json::from_str(&content).map_err(failed)?;
    let body = json!({ "id": id, "state": state, "created_at": created_at.to_string(), "values": values });
    Ok(([(ETAG, format!("\"{id}\""))], Json(body)))
}

async fn create(
    State(connections): State<Arc<Connections>>,
    Json(body): Json<Value>,
) -> Result<impl IntoResponse, StatusCode> {
    let one = connections.one();
    let id = Uuid::now_v7();
    let content = body["values"].to_string();
    let done = one.client.execute(&one.insert, &[&id, &content]).await.map_err(failed)?;
    if done != 1 {
        return Err(failed("the row was not inserted"));
    }
    let answer = json!({ "id": id, "state": "open", "values": body["values"] });
    Ok((StatusCode::CREATED, [(LOCATION, format!("/bare/{id}"))], Json(answer)))
}
