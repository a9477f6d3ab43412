//! The real binary, started for a test and ended with it: a server on free ports, its commands, and callers of it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{LazyLock, Once};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// Every scope that a token may have.
pub(crate) const ALL_SCOPES: &str = "requests:read,requests:write,tasks:decide,processes:admin,people:admin,audit:read";

/// Longest a start or an end may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

static BINARY: LazyLock<PathBuf> = LazyLock::new(binary);

/// `COUNTERSIGN_BIN`, else the binary beside this test's own, built if it is missing.
fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("COUNTERSIGN_BIN") {
        return named.into();
    }
    let own = std::env::current_exe().unwrap();
    let path = own.ancestors().nth(2).unwrap().join("countersign");
    if !path.exists() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        assert!(Command::new(cargo).args(["build", "-p", "countersign"]).status().unwrap().success());
    }
    path
}

/// The product's command, with none of the settings of whoever runs the tests.
pub(crate) fn command() -> Command {
    let mut command = Command::new(&*BINARY);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("COUNTERSIGN_") && text != "COUNTERSIGN_PG_BIN"
            || text == "DATABASE_URL"
            || text == "DATABASE_CA"
        {
            command.env_remove(&name);
        }
    }
    command
}

/// A directory of its own whose parents everybody may enter, removed at the end.
#[derive(Debug)]
pub(crate) struct Place {
    root: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let root = PathBuf::from(format!("/tmp/cs-test-{}", uuid::Uuid::new_v4().simple()));
        fs::create_dir(&root).unwrap();
        fs::set_permissions(&root, Permissions::from_mode(0o755)).unwrap();
        let place = Self { root };
        fs::create_dir(place.mails()).unwrap();
        fs::set_permissions(place.mails(), Permissions::from_mode(0o1777)).unwrap();
        place
    }

    /// The folder for temporary files, in which the server makes the one of its mails.
    pub(crate) fn mails(&self) -> PathBuf {
        self.path("tmp")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// The database's first process, if it is one of this place.
    fn database(&self) -> Option<Pid> {
        let first = fs::read_to_string(self.data().join("pg/postmaster.pid")).ok()?;
        let pid: i32 = first.lines().next()?.trim().parse().ok()?;
        let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        String::from_utf8_lossy(&line).contains(&*self.root.to_string_lossy()).then(|| Pid::from_raw(pid))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A killed server may leave its database behind.
        if let Some(pid) = self.database() {
            kill(pid, Signal::SIGQUIT).unwrap_or_default();
            let begun = Instant::now();
            while self.database().is_some() && begun.elapsed() < PATIENCE {
                sleep(Duration::from_millis(50));
            }
        }
        drop(fs::remove_dir_all(&self.root));
    }
}

/// A running server. It ends with its value, also when a test panics.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    lines: Receiver<String>,
    /// `http://127.0.0.1:PORT`.
    pub(crate) base: String,
    /// `https://127.0.0.1:PORT`, under the server's own authority.
    pub(crate) https: String,
    // Last, so that the directory goes after the server.
    place: Option<Place>,
}

impl Server {
    /// A server on new data, with the sample workspace.
    pub(crate) fn start() -> Self {
        Self::start_at(Place::new())
    }

    /// A server on the data of a place.
    pub(crate) fn start_at(place: Place) -> Self {
        Self::start_with(place, &[])
    }

    /// The same with further arguments.
    pub(crate) fn start_with(place: Place, further: &[&str]) -> Self {
        let log = File::options().create(true).append(true).open(place.path("log")).unwrap();
        let mut child = command()
            .arg("serve")
            .arg("--data")
            .arg(place.data())
            .args(["--listen", "127.0.0.1:0", "--listen-https", "127.0.0.1:0"])
            .args(further)
            .env("TMPDIR", place.mails())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let lines = read_lines(child.stdout.take().unwrap());
        let mut server = Self { child, lines, base: String::new(), https: String::new(), place: Some(place) };
        server.base = server.line_after("ready ");
        let https = server.line_after("https ");
        server.https = https.split_whitespace().next().unwrap().to_owned();
        server
    }

    /// Waits for a line that begins so, and answers with the rest of it.
    fn line_after(&self, start: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no line \"{start}\"; the log says: {}", self.log());
            };
            if let Some(rest) = line.trim_start().strip_prefix(start) {
                return rest.trim().to_owned();
            }
        }
    }

    /// What the server wrote to its log so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.place().path("log")).unwrap_or_default()
    }

    pub(crate) fn place(&self) -> &Place {
        self.place.as_ref().expect("a server has its place until it is taken apart")
    }

    /// Ends the server as a supervisor does, and leaves its data.
    pub(crate) fn stop(mut self) -> (ExitStatus, Place) {
        self.signal(Signal::SIGTERM);
        let status = self.wait();
        (status, self.place.take().expect("a server is stopped once"))
    }

    /// Ends the server without a warning, and leaves its data.
    pub(crate) fn kill(mut self) -> Place {
        self.signal(Signal::SIGKILL);
        self.wait();
        self.place.take().expect("a server is killed once")
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap_or_default();
    }

    fn wait(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            if begun.elapsed() > PATIENCE {
                self.child.kill().unwrap();
            }
            sleep(Duration::from_millis(20));
        }
    }

    /// Runs a command beside the server.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        run(&self.place().data(), arguments)
    }

    /// What a command printed, without the line's end.
    pub(crate) fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        said.trim_end().to_owned()
    }

    /// A new workspace with an owner.
    pub(crate) fn workspace(&self, slug: &str, owner: &str) {
        self.says(&["workspace", "create", slug, "--owner", owner]);
    }

    /// A one-time sign-in link of somebody in a workspace.
    pub(crate) fn link(&self, workspace: &str, email: &str) -> String {
        self.says(&["link", "create", "--workspace", workspace, "--as", email])
    }

    /// A token of somebody in the sample workspace, with every scope.
    pub(crate) fn caller(&self, who: &str) -> Caller {
        self.caller_with("sample", &format!("{who}@sample.test"), ALL_SCOPES)
    }

    /// A token with the scopes named.
    pub(crate) fn caller_with(&self, workspace: &str, email: &str, scopes: &str) -> Caller {
        let token = self.says(&["token", "create", "--workspace", workspace, "--as", email, "--scopes", scopes]);
        Caller { client: client(), base: self.base.clone(), proof: Proof::Token(token) }
    }

    /// A stream of the sample workspace, to a receiver that is not there.
    pub(crate) async fn a_stream(&self) -> String {
        let owner = self.signed_in("sample", "owner@sample.test").await;
        let form = "receiver=syslog&format=rfc5424&name=SIEM&host=syslog.sample.invalid&begin=now";
        let made = owner.form("/w/sample/streams", form).await;
        assert_eq!(made.status, 303, "{}", made.text());
        made.header("location").rsplit('/').next().unwrap().to_owned()
    }

    /// Somebody without a credential.
    pub(crate) fn nobody(&self) -> Caller {
        Caller { client: client(), base: self.base.clone(), proof: Proof::None }
    }

    /// Somebody signed in on the pages, by a one-time link.
    pub(crate) async fn signed_in(&self, workspace: &str, email: &str) -> Caller {
        let mut caller = self.nobody();
        let link = self.link(workspace, email);
        let answer = caller.form(link.strip_prefix(&self.base).unwrap(), "").await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        let cookie = answer.headers.get("set-cookie").unwrap().to_str().unwrap();
        caller.proof = Proof::Cookie(cookie.split(';').next().unwrap().to_owned());
        caller
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.signal(Signal::SIGTERM);
            self.wait();
        }
        if std::thread::panicking() && self.place.is_some() {
            eprintln!("log of the server:\n{}", self.log());
        }
    }
}

/// Runs a command of the product on a data directory.
pub(crate) fn run(data: &Path, arguments: &[&str]) -> Output {
    let mut all: Vec<OsString> = arguments.iter().map(Into::into).collect();
    all.push("--data".into());
    all.push(data.into());
    command().args(all).stdin(Stdio::null()).output().unwrap()
}

pub(crate) fn read_lines(stdout: std::process::ChildStdout) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // Nobody may listen any more; the pipe is still read, so that the server never waits for it.
            drop(sender.send(line));
        }
    });
    receiver
}

/// The provider of cryptography that every client of this process uses.
pub(crate) fn provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(rustls::crypto::aws_lc_rs::default_provider().install_default()));
}

pub(crate) fn client() -> Client {
    provider();
    Client::builder().redirect(Policy::none()).no_proxy().timeout(PATIENCE).build().unwrap()
}

/// What a caller proves itself with.
#[derive(Debug, Clone)]
enum Proof {
    None,
    Token(String),
    Cookie(String),
}

/// Somebody who asks over HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    client: Client,
    base: String,
    proof: Proof,
}

impl Caller {
    /// The same, asking from another address of this machine: the checks ask from 127.0.0.1.
    pub(crate) fn at(self, address: std::net::IpAddr) -> Self {
        let client = Client::builder().redirect(Policy::none()).no_proxy().timeout(PATIENCE).local_address(address);
        Self { client: client.build().unwrap(), ..self }
    }

    /// The token, of somebody who has one.
    pub(crate) fn token(&self) -> &str {
        let Proof::Token(token) = &self.proof else { panic!("this caller has no token") };
        token
    }

    /// A request with the caller's proof, to be widened.
    pub(crate) fn ask(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let asked = self.client.request(method, format!("{}{path}", self.base));
        match &self.proof {
            Proof::None => asked,
            Proof::Token(token) => asked.bearer_auth(token),
            Proof::Cookie(cookie) => asked.header("cookie", cookie),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.ask("GET", path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.ask("POST", path).json(body)).await
    }

    /// A form, sent from a page of ours.
    pub(crate) async fn form(&self, path: &str, pairs: &str) -> Answer {
        let asked = self.ask("POST", path).header("origin", &self.base);
        answer(asked.header("content-type", "application/x-www-form-urlencoded").body(pairs.to_owned())).await
    }

    /// Hands in a purchase and answers with its id and its tag.
    pub(crate) async fn submit(&self, title: &str, amount: &str) -> (String, String) {
        let made = self.post("/api/v1/requests", &purchase(title, amount)).await;
        assert_eq!(made.status, 201, "{}", made.text());
        (made.json()["id"].as_str().unwrap().to_owned(), made.header("etag").to_owned())
    }

    /// The task that a request has for the caller.
    pub(crate) async fn task_of(&self, request: &str) -> Option<String> {
        let tasks = self.get(&format!("/api/v1/tasks?request={request}")).await;
        assert_eq!(tasks.status, 200, "{}", tasks.text());
        tasks.json()["items"].get(0).map(|task| task["id"].as_str().unwrap().to_owned())
    }

    /// Decides on a request.
    pub(crate) async fn decide(&self, request: &str, etag: &str, body: &Value) -> Answer {
        let path = format!("/api/v1/requests/{request}/decisions");
        answer(self.ask("POST", &path).header("if-match", etag).json(body)).await
    }

    /// How many records there are about a request.
    pub(crate) async fn records_about(&self, request: &str) -> BTreeMap<String, usize> {
        let page = self.get(&format!("/api/v1/audit-events?request={request}&limit=200")).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let mut counts = BTreeMap::new();
        for event in page.json()["items"].as_array().unwrap() {
            *counts.entry(event["action"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        counts
    }
}

/// A purchase as the API takes it.
pub(crate) fn purchase(title: &str, amount: &str) -> Value {
    json!({"process": "purchase", "submit": true, "values": {
        "title": title, "category": "hardware", "total": {"amount": amount, "currency": "EUR"}}})
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}: {self:?}")).to_str().unwrap()
    }

    /// Holds the answer against RFC 9457, and answers with the problem's code.
    pub(crate) fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], status);
        assert_eq!(body["request_id"], self.header("x-request-id"));
        assert!(body["title"].as_str().is_some_and(|title| title.ends_with('.')), "{body}");
        let reason = StatusCode::from_u16(status).unwrap();
        assert!(reason.is_client_error() || reason == StatusCode::SERVICE_UNAVAILABLE, "{body}");
        body["type"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
    }
}

/// Sends a request and reads its answer.
pub(crate) async fn answer(asked: RequestBuilder) -> Answer {
    let response = asked.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: response.bytes().await.unwrap().to_vec() }
}
