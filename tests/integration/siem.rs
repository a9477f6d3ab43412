//! Streams before judges that are not ours: libraries of Python that read OCSF, syslog, Standard Webhooks and Amazon's
//! signatures, and rsyslog as a receiver over TLS. `./test` installs them.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ledger::stream::address::Private;
use ledger::stream::{Draft, Format, Settings};
use serde_json::{Value, json};
use tenancy::policy::{ExportTrail, GrantRole};
use tenancy::{Record, StreamId, Whole};
use testkit::Workspace;

use crate::ledger::House;
use crate::receiver::{Authority, Got, Receiver};
use crate::streams::{Checker, Running, add, row};
use crate::support::count;

/// What a judge says; a panic when it says no.
fn judge(of: &str, text: &str) -> String {
    let said = asked(of, text);
    assert!(said.starts_with("ok "), "{of}: {said}");
    said[3..].to_owned()
}

fn asked(of: &str, text: &str) -> String {
    let python =
        std::env::var_os("SIEM_JUDGE_PYTHON").expect("SIEM_JUDGE_PYTHON names the judges' Python; ./test makes it");
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("judges/siem/judge.py");
    let mut child =
        Command::new(python).arg(script).arg(of).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let said = child.wait_with_output().unwrap();
    String::from_utf8(said.stdout).unwrap().trim_end().to_owned()
}

async fn to(workspace: &Workspace, receiver: &Receiver, format: Format) -> (StreamId, Settings) {
    let (url, ca_pem) = (receiver.url(), receiver.ca_pem.clone());
    add(workspace, &Draft { receiver: "webhook", url: &url, ca_pem: &ca_pem, ..Draft::default() }, format).await
}

fn text(got: &[Got]) -> String {
    got.iter().map(|one| std::str::from_utf8(&one.body).unwrap()).collect()
}

#[tokio::test]
async fn formats_and_signatures_are_read_by_others() {
    let house = House::with(2).await;
    // Acts that the making of a workspace does not do.
    let mut scope = house.north.operate().await;
    let member = house.north.person("member");
    let permit = scope.permit::<GrantRole>(member).await.unwrap();
    scope.write(permit, Record::about(member.uuid()).with("role", "viewer")).unwrap();
    let permit = scope.permit::<ExportTrail>(Whole).await.unwrap();
    scope.write(permit, Record::default()).unwrap();
    drop(scope.commit().await.unwrap());
    house.tick().await;
    let receivers = [Receiver::start(&[]).await, Receiver::start(&[]).await, Receiver::start(&[]).await];
    let (_, settings) = to(&house.north, &receivers[0], Format::Native).await;
    to(&house.north, &receivers[1], Format::Ocsf).await;
    to(&house.north, &receivers[2], Format::Rfc5424).await;
    let running = Running::start(std::slice::from_ref(&house.t.db), Private::Allowed);
    for receiver in &receivers {
        receiver.until("a batch", |got| !got.is_empty()).await;
    }
    running.stop().await;
    let [native, ocsf, syslog] = receivers.map(|receiver| receiver.taken());
    let leaves = native[0].lines().len() - 1;
    let one = |got: &Got, secret: &str, body: &str| {
        let header = |name: &str| (name.to_owned(), Value::String(got.header(name).to_owned()));
        let headers: serde_json::Map<String, Value> =
            ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header).into_iter().collect();
        json!({"secret": secret, "headers": headers, "body": body}).to_string()
    };
    let (secret, body) = (settings.secret().unwrap(), text(&native[..1]));
    judge("webhook", &one(&native[0], secret, &body));
    assert!(!asked("webhook", &one(&native[0], secret, &body.replacen("index", "indey", 1))).starts_with("ok"));
    let classes = judge("ocsf", &text(&ocsf));
    for class in ["0:", "3001:", "3002:", "3004:", "3005:", "6001:", "6003:"] {
        assert!(classes.contains(class), "{classes}");
    }
    let events = ocsf[0].lines();
    assert_eq!(events.len(), leaves + 1);
    assert_eq!(events[0]["unmapped"]["batch"]["first"], 0);
    for (event, line) in events[1..].iter().zip(&native[0].lines()[1..]) {
        assert_eq!(&event["unmapped"]["countersign"], line, "all that proves it is there");
        let entry: Value = serde_json::from_str(line["entry"].as_str().unwrap()).unwrap();
        assert_eq!(event["metadata"]["uid"], entry["rec"]);
        assert_eq!(event["metadata"]["tenant_uid"], house.north.id.to_string());
    }
    assert!(!asked("ocsf", &text(&ocsf).replacen("\"category_uid\":3", "\"category_uid\":\"x\"", 1)).starts_with("ok"));
    assert_eq!(judge("syslog", &text(&syslog)), (leaves + 1).to_string());
    assert!(!asked("syslog", &text(&syslog).replacen("[batch@32473", "[ba tch@32473", 1)).starts_with("ok"));
}

#[tokio::test]
async fn an_object_store_gets_signed_objects_once() {
    let house = House::with(1).await;
    let receiver = Receiver::start(&[crate::receiver::Reply::Status(503, "")]).await;
    let (endpoint, ca_pem) = (format!("https://localhost:{}", receiver.at.port()), receiver.ca_pem.clone());
    let draft = Draft {
        receiver: "object_store",
        endpoint: &endpoint,
        bucket: "trail",
        region: "eu-central-1",
        prefix: "north",
        access_key: "AKIDEXAMPLE",
        secret_key: "wJalrXUtnFEMI/K7MDENG",
        ca_pem: &ca_pem,
        ..Draft::default()
    };
    add(&house.north, &draft, Format::Native).await;
    let running = Running::start(std::slice::from_ref(&house.t.db), Private::Allowed);
    receiver.until("the object", |got| got.len() >= 2).await;
    running.stop().await;
    let got = receiver.got();
    let name = got[0].line.strip_prefix("PUT ").unwrap().strip_suffix(" HTTP/1.1").unwrap();
    assert_eq!(got[0].line, got[1].line, "the same batch is the same object");
    assert_eq!(got[0].body, got[1].body);
    let parts: Vec<&str> = name.split('/').collect();
    assert_eq!((parts.len(), parts[1], parts[2]), (8, "trail", "north"), "{name}");
    assert!(parts[3..7].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit())), "{name}");
    let id = parts[7].strip_suffix(".json.gz").unwrap();
    assert!(id.parse::<uuid::Uuid>().is_ok(), "{name}");
    let mut lines = String::new();
    flate2::read::GzDecoder::new(got[1].body.as_slice()).read_to_string(&mut lines).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    Checker::of(&house).await.take(&lines).unwrap();
    for one in &got {
        let headers: serde_json::Map<String, Value> =
            one.headers.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
        assert_eq!(one.header("x-amz-content-sha256"), data_encoding::HEXLOWER.encode(&seal::sha256(&one.body)));
        let asked = json!({"method": "PUT", "url": format!("{endpoint}{name}"), "headers": headers,
            "access_key": "AKIDEXAMPLE", "secret_key": "wJalrXUtnFEMI/K7MDENG", "region": "eu-central-1"});
        judge("sigv4", &asked.to_string());
        let other = asked.to_string().replace("K7MDENG", "K7MDENH");
        assert!(!self::asked("sigv4", &other).starts_with("ok"), "another key makes another signature");
    }
}

/// rsyslog from the distribution, on a free port of loopback, with a certificate of a test's authority.
struct Rsyslog {
    child: Option<Child>,
    dir: tempfile::TempDir,
    port: u16,
    ca_pem: String,
}

impl Rsyslog {
    fn start() -> Self {
        let authority = Authority::new();
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
        for (name, text) in [("ca", &authority.ca_pem), ("cert", &authority.cert_pem), ("key", &authority.key_pem)] {
            std::fs::write(path(name), text).unwrap();
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "global(DefaultNetstreamDriver=\"gtls\" DefaultNetstreamDriverCAFile=\"{}\"
               DefaultNetstreamDriverCertFile=\"{}\" DefaultNetstreamDriverKeyFile=\"{}\" workDirectory=\"{}\"
               maxMessageSize=\"64k\")
             module(load=\"imtcp\" StreamDriver.Name=\"gtls\" StreamDriver.Mode=\"1\" StreamDriver.AuthMode=\"anon\")
             input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{port}\")
             template(name=\"parts\" type=\"string\" string=\"%app-name%\\t%msgid%\\t%structured-data%\\t%msg%\\n\")
             action(type=\"omfile\" file=\"{}\" template=\"parts\")\n",
            path("ca"),
            path("cert"),
            path("key"),
            dir.path().display(),
            path("out"),
        );
        std::fs::write(path("conf"), config).unwrap();
        let mut this = Self { child: None, dir, port, ca_pem: authority.ca_pem };
        this.run();
        this
    }

    fn run(&mut self) {
        let program = std::env::var_os("RSYSLOGD").expect("RSYSLOGD names rsyslogd; ./test installs it");
        let path = |name: &str| self.dir.path().join(name);
        let mut command = Command::new(program);
        command.arg("-n").arg("-f").arg(path("conf")).arg("-i").arg(path("pid"));
        self.child = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "rsyslog does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// What it wrote: app, id, structured data and message of each line that is whole.
    fn lines(&self) -> Vec<[String; 4]> {
        let text = std::fs::read_to_string(self.dir.path().join("out")).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let parts = |line: &str| {
            let parts: Vec<String> = line.splitn(4, '\t').map(|part| part.trim_start().to_owned()).collect();
            <[String; 4]>::try_from(parts).unwrap()
        };
        whole.lines().filter(|line| line.starts_with("countersign\t")).map(parts).collect()
    }

    async fn until(&self, what: &str, holds: impl Fn(&[[String; 4]]) -> bool) {
        let begun = Instant::now();
        while !holds(&self.lines()) {
            assert!(begun.elapsed() < Duration::from_secs(40), "{what}: {} lines came", self.lines().len());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        self.kill();
    }
}

#[tokio::test]
async fn rsyslog_gets_every_record_over_tls() {
    let mut rsyslog = Rsyslog::start();
    let house = House::with(2).await;
    let (port, ca_pem) = (rsyslog.port.to_string(), rsyslog.ca_pem.clone());
    let draft = Draft { receiver: "syslog", host: "localhost", port: &port, ca_pem: &ca_pem, ..Draft::default() };
    let (id, _) = add(&house.north, &draft, Format::Rfc5424).await;
    let running = Running::start(std::slice::from_ref(&house.t.db), Private::Allowed);
    let signed = format!("SELECT signed_size FROM audit.head WHERE workspace_id = '{}'", house.north.id);
    let records = async || usize::try_from(count(&house.t, &signed).await).unwrap();
    let came = |lines: &[[String; 4]]| lines.iter().filter(|line| line[1] != "batch").count();
    let first = records().await;
    rsyslog.until("the first batch", |lines| came(lines) >= first).await;
    // Away for a while, and then back: the stream waits, and nothing is lost.
    rsyslog.kill();
    house.submit(2).await;
    house.tick().await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    let away = row(&house.north, id).await;
    assert!(away.failure.is_some() && away.attempts > 0, "{away:?}");
    rsyslog.run();
    if row(&house.north, id).await.state != tenancy::streams::StreamState::Active {
        let (mut scope, permit) = house.north.permit::<tenancy::policy::ResumeStream>("admin", id).await.unwrap();
        tenancy::streams::resume(&mut scope, permit, 1).await.unwrap();
        drop(scope.commit().await.unwrap());
    }
    house.tick().await;
    let all = records().await;
    rsyslog.until("the rest", |lines| came(lines) >= all).await;
    running.stop().await;
    // Batch by batch, as they came: every leaf is there, in its place, and proved.
    let mut batches: Vec<Vec<Value>> = Vec::new();
    for [_, id, data, message] in rsyslog.lines() {
        let value: Value = serde_json::from_str(&message).unwrap_or_else(|why| panic!("{why}: {message}"));
        if id == "batch" {
            assert!(data.starts_with("[batch@32473 key=\""), "{data}");
            batches.push(vec![json!({ "batch": value })]);
            continue;
        }
        assert!(data.contains(&format!("index=\"{}\"", value["index"])), "{data}");
        batches.last_mut().unwrap().push(value);
    }
    batches.dedup_by(|one, other| one[0]["batch"]["key"] == other[0]["batch"]["key"]);
    let mut checker = Checker::of(&house).await;
    for batch in &batches {
        checker.take(batch).unwrap();
    }
    assert!(checker.leaves >= u64::try_from(all).unwrap() && checker.skipped == 0);
}
