//! `countersign witness` as a process of its own: what it answers, and that no end of it makes it forget.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tlog::{
    AddCheckpoint, Checkpoint, CosignerVerifierKey, Frontier, Hash, Nodes, Note, REQUEST_BYTES_MAX, SigningKey,
    leaf_hash, node_hash, prove_consistency,
};
use tokio::net::TcpSocket;

use crate::server::{Answer, PATIENCE, Place, answer, client, command, read_lines};

pub(crate) const NAME: &str = "witness.example/w1";

/// A running witness. It ends with its value.
#[derive(Debug)]
pub(crate) struct Witness {
    child: Child,
    pub(crate) url: String,
    pub(crate) vkey: String,
}

impl Witness {
    /// A witness of these keys in a folder of a place.
    pub(crate) fn start(place: &Place, name: &str, keys: &[String]) -> Self {
        let file = place.path("logs.vkey");
        fs::write(&file, keys.join("\n")).unwrap();
        let log = fs::File::options().create(true).append(true).open(place.path("witness.log")).unwrap();
        let mut child = command()
            .args(["witness", "--name", name, "--listen", "127.0.0.1:0", "--data"])
            .arg(place.path("witness"))
            .arg("--log")
            .arg(file)
            .env("COUNTERSIGN_TEST_LOG", "debug")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let lines = read_lines(child.stdout.take().unwrap());
        let line = |start: &str| {
            let said = lines.recv_timeout(PATIENCE);
            let said = said.unwrap_or_else(|_| fs::read_to_string(place.path("witness.log")).unwrap());
            said.strip_prefix(start).unwrap_or_else(|| panic!("no \"{start}\": {said}")).to_owned()
        };
        let (url, vkey) = (line("ready "), line("vkey "));
        Self { child, url, vkey }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap_or_default();
    }

    /// Ends it without a warning.
    fn kill(mut self) {
        self.signal(Signal::SIGKILL);
        self.child.wait().unwrap();
    }

    /// Ends it as a supervisor does; its exit code.
    fn stop(mut self) -> Option<i32> {
        self.signal(Signal::SIGTERM);
        self.child.wait().unwrap().code()
    }

    async fn add(&self, body: impl Into<reqwest::Body>) -> Answer {
        answer(client().post(format!("{}/add-checkpoint", self.url)).body(body)).await
    }

    /// The note that it cosigned last of a log.
    async fn cosigned(&self, origin: &str) -> Answer {
        let name = ledger::witness::name_of(origin);
        answer(client().get(format!("{}/{name}/checkpoint", self.url))).await
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.signal(Signal::SIGTERM);
            drop(self.child.wait());
        }
    }
}

/// A log whose histories are told apart by a word.
struct Log {
    key: SigningKey,
    origin: String,
    leaves: Vec<Hash>,
}

impl Log {
    fn of(origin: &str, seed: u8, history: &str, size: u64) -> Self {
        let leaves = (0..size).map(|at| leaf_hash(format!("{history} {at}").as_bytes())).collect();
        Self { key: SigningKey::from_seed(origin, &[seed; 32]).unwrap(), origin: origin.to_owned(), leaves }
    }

    /// The log that these tests ask about.
    fn new(history: &str) -> Self {
        Self::of("log.example/deployment/e1", 7, history, 400)
    }

    fn vkey(&self) -> String {
        self.key.verifier().to_string()
    }

    fn note(&self, size: u64) -> String {
        let mut frontier = Frontier::new();
        self.leaves[..usize::try_from(size).unwrap()].iter().for_each(|leaf| frontier.append(*leaf, |_, _, _| {}));
        let (origin, root) = (self.origin.clone(), frontier.root());
        self.key.sign(&Checkpoint { origin, size, root, extensions: Vec::new() }.to_string()).unwrap()
    }

    /// The request that grows from one size to another.
    fn grow(&self, old: u64, size: u64) -> String {
        let proof = if old == 0 { Vec::new() } else { prove_consistency(self, old, size).unwrap() };
        AddCheckpoint { old, proof, note: &self.note(size) }.to_string()
    }
}

impl Nodes for Log {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        if level == 0 {
            return self.leaves.get(usize::try_from(index).ok()?).copied();
        }
        Some(node_hash(&self.node(level - 1, index * 2)?, &self.node(level - 1, index * 2 + 1)?))
    }
}

/// A witness of one log, of which nothing is held.
fn with_log() -> (Place, Witness, Log) {
    let (place, log) = (Place::new(), Log::new("a"));
    let witness = Witness::start(&place, NAME, &[log.vkey()]);
    (place, witness, log)
}

fn held(place: &Place, origin: &str) -> PathBuf {
    place.path("witness/held").join(ledger::witness::name_of(origin))
}

#[tokio::test]
async fn every_answer_is_that_of_the_standard() {
    let (place, witness, log) = with_log();
    let key = CosignerVerifierKey::parse(&witness.vkey).unwrap();
    assert_eq!(key.name(), NAME);
    assert_eq!(witness.cosigned(&log.origin).await.status, 404, "nothing yet");
    // First checkpoint, growth with a good proof, and the same once more.
    for (old, size) in [(0, 3), (3, 80), (80, 80)] {
        let said = witness.add(log.grow(old, size)).await;
        assert_eq!((said.status, said.header("content-type")), (200, "text/plain; charset=utf-8"), "{}", said.text());
        let cosigned = [log.note(size), said.text()].concat();
        Note::parse(cosigned.as_bytes()).unwrap().verify_cosignature(&key).unwrap();
        let kept = witness.cosigned(&log.origin).await;
        assert_eq!((kept.status, kept.text()), (200, cosigned.clone()));
        assert_eq!(fs::read_to_string(held(&place, &log.origin)).unwrap(), cosigned, "what is shown lies on the disk");
    }
    let before = witness.cosigned(&log.origin).await.text();
    let (fork, foreign) = (Log::new("b"), Log::of("other.example/e1", 8, "a", 100));
    let forged = Log::of(&log.origin, 9, "a", 100);
    let edited = log.grow(80, 90).replace("\n90\n", "\n91\n");
    let grown_fork = fork.grow(80, 90);
    for (what, body, status, words) in [
        ("rollback", log.grow(0, 90), 409, "80\n"),
        ("rollback to a genuine one", log.grow(0, 3), 409, "80\n"),
        ("another old", log.grow(3, 90), 409, "80\n"),
        ("smaller than old", log.grow(80, 90).replace("old 80", "old 95"), 400, "fewer than 95"),
        ("another key", forged.grow(80, 90), 403, ""),
        ("size edited", edited, 403, ""),
        ("unknown origin", foreign.grow(0, 10), 404, "other.example/e1"),
        ("same size, other root", format!("old 80\n\n{}", fork.note(80)), 422, "two roots of 80"),
        ("grown fork with its own proof", grown_fork, 422, ""),
        ("no proof", format!("old 80\n\n{}", log.note(90)), 422, ""),
        ("half a proof", log.grow(80, 90).replacen("=\n", "=\n\n", 1), 400, ""),
    ] {
        let said = witness.add(body).await;
        let text = said.text();
        assert!(said.status == status && text.contains(words) && text.ends_with('\n'), "{what}: {said:?} {text}");
        let kind = if status == 409 { "text/x.tlog.size" } else { "text/plain; charset=utf-8" };
        assert_eq!(said.header("content-type"), kind, "{what}");
        assert!(status != 409 || text == words, "nothing but the size: {text}");
        assert_eq!(witness.cosigned(&log.origin).await.text(), before, "{what}: what is held stays");
    }
    let kept = fs::read_dir(place.path("witness/evidence").join(ledger::witness::name_of(&log.origin))).unwrap();
    let kept: Vec<String> = kept.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(kept.iter().filter(|name| name.starts_with("fork-")).count(), 1, "{kept:?}");
    assert_eq!(kept.iter().filter(|name| name.starts_with("unproved-")).count(), 2, "{kept:?}");
    assert_eq!(answer(client().get(format!("{}/add-checkpoint", witness.url))).await.status, 405);
    assert_eq!(answer(client().get(format!("{}/x/checkpoint", witness.url))).await.status, 404);
    assert_eq!(witness.stop(), Some(0), "a supervisor's signal ends it in order");
    let log = fs::read_to_string(place.path("witness.log")).unwrap();
    assert!(log.contains("answered") && !log.contains("log.example") && !log.contains("old 8"), "{log}");
}

#[tokio::test]
async fn malformed_and_oversized_bodies_are_refused() {
    let (_place, witness, log) = with_log();
    let good = log.grow(0, 3);
    let hash = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
    let with = |hashes: usize| format!("old 0\n{}\n{}", hash.repeat(hashes), log.note(3));
    for (what, body, status) in [
        ("nothing", Vec::new(), 400),
        ("not UTF-8", [b"old 0\n\n\xff".as_slice(), good.as_bytes()].concat(), 400),
        ("no old", good.replacen("old 0", "new 0", 1).into_bytes(), 400),
        ("a number below none", good.replacen("old 0", "old -1", 1).into_bytes(), 400),
        ("a leading zero", good.replacen("old 0", "old 00", 1).into_bytes(), 400),
        ("no empty line", good.replacen("\n\n", "\n", 1).into_bytes(), 400),
        ("no signature", good.as_bytes()[..good.rfind("\n\n").unwrap() + 2].to_vec(), 400),
        ("no end", good.trim_end().as_bytes().to_vec(), 400),
        ("the most hashes", with(63).into_bytes(), 422),
        ("one hash more", with(64).into_bytes(), 400),
        ("the most bytes", vec![b'x'; REQUEST_BYTES_MAX], 400),
        ("one byte more", vec![b'x'; REQUEST_BYTES_MAX + 1], 413),
    ] {
        let said = witness.add(body).await;
        assert_eq!(said.status, status, "{what}: {}", said.text());
        assert!(said.text().ends_with('\n'), "{what}");
    }
    // Announced by nobody, a body is read to the bound as well.
    let mut stream = TcpStream::connect(witness.url.strip_prefix("http://").unwrap()).unwrap();
    let head = "POST /add-checkpoint HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("{:x}\r\n{}\r\n", REQUEST_BYTES_MAX + 1, "x".repeat(REQUEST_BYTES_MAX + 1));
    stream.write_all(head.as_bytes()).unwrap();
    drop(stream.write_all(chunk.as_bytes()));
    assert_eq!(status(&mut stream), Some(413));
    assert_eq!(witness.cosigned(&log.origin).await.status, 404);
    assert_eq!(witness.add(good).await.status, 200);
}

fn status(stream: &mut TcpStream) -> Option<u16> {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    std::str::from_utf8(&head[9..]).unwrap().parse().ok()
}

#[tokio::test]
async fn a_kill_between_requests_makes_it_forget_nothing() {
    let (place, mut witness, log) = with_log();
    let fork = Log::new("b");
    let (vkey, mut size) = (witness.vkey.clone(), 0);
    for round in 1..=8 {
        let grown = size + round * 3;
        assert_eq!(witness.add(log.grow(size, grown)).await.status, 200);
        size = grown;
        witness.kill();
        witness = Witness::start(&place, NAME, &[log.vkey()]);
        assert_eq!(witness.vkey, vkey);
        let rolled_back = witness.add(log.grow(0, 1)).await;
        assert_eq!((rolled_back.status, rolled_back.text()), (409, format!("{size}\n")));
        assert_eq!(witness.add(format!("old {size}\n\n{}", fork.note(size))).await.status, 422);
        assert_eq!(witness.add(fork.grow(size, size + 1)).await.status, 422);
    }
}

/// Killed at any moment: what was acknowledged is held, and nothing that was not asked for.
#[tokio::test]
async fn a_kill_during_requests_loses_nothing_that_was_acknowledged() {
    let (place, mut witness, log) = with_log();
    let (client, mut held, mut cut_short) = (client(), 0, 0);
    for round in 0..6 {
        let (url, client) = (format!("{}/add-checkpoint", witness.url), client.clone());
        let bodies: Vec<String> = (held..held + 66).map(|old| log.grow(old, old + 1)).collect();
        let growing = tokio::spawn(async move {
            let mut acknowledged = 0;
            for body in bodies {
                let Ok(answer) = client.post(&url).body(body).send().await else { break };
                if answer.status() != 200 || answer.text().await.is_err() {
                    break;
                }
                acknowledged += 1;
            }
            acknowledged
        });
        tokio::time::sleep(Duration::from_millis(20 + 9 * round)).await;
        witness.kill();
        let acknowledged = growing.await.unwrap();
        witness = Witness::start(&place, NAME, &[log.vkey()]);
        let kept = witness.cosigned(&log.origin).await;
        let now = if kept.status == 404 { 0 } else { kept.text().lines().nth(1).unwrap().parse().unwrap() };
        let acknowledged_size = held + acknowledged;
        assert!((acknowledged_size..=acknowledged_size + 1).contains(&now), "{acknowledged_size} and {now}");
        assert!(now == 0 || kept.text().starts_with(&log.note(now)), "what is held is a checkpoint of the log");
        cut_short += u32::from((1..66).contains(&acknowledged));
        held = now;
    }
    assert!(cut_short > 0, "no kill came in the middle");
}

/// Two histories at the same moment: one is cosigned, whatever the order.
#[tokio::test]
async fn of_two_histories_at_once_one_is_cosigned() {
    let place = Place::new();
    let logs: Vec<[Log; 2]> = (0..15)
        .map(|at| ["a", "b"].map(|history| Log::of(&format!("log.example/{at}/e1"), at + 1, history, 4)))
        .collect();
    let witness = Witness::start(&place, NAME, &logs.iter().map(|[log, _]| log.vkey()).collect::<Vec<_>>());
    let url = format!("{}/add-checkpoint", witness.url);
    let client = client();
    let mut asking = tokio::task::JoinSet::new();
    for (at, histories) in logs.iter().enumerate() {
        for log in histories {
            let asked = client.post(&url).body(log.grow(0, 4));
            asking.spawn(async move { (at, asked.send().await.unwrap().status().as_u16()) });
        }
    }
    let mut statuses = vec![Vec::new(); logs.len()];
    while let Some(asked) = asking.join_next().await {
        let (at, status) = asked.unwrap();
        statuses[at].push(status);
    }
    for mut of_one in statuses {
        of_one.sort_unstable();
        assert_eq!(of_one, [200, 409]);
    }
}

#[tokio::test]
async fn what_cannot_be_stored_is_not_cosigned() {
    let (place, witness, log) = with_log();
    assert_eq!(witness.add(log.grow(0, 3)).await.status, 200);
    let dir = place.path("witness/held");
    fs::rename(&dir, place.path("witness/away")).unwrap();
    fs::write(&dir, "").unwrap();
    let said = witness.add(log.grow(3, 9)).await;
    assert!(said.status == 500 && !said.text().contains(NAME), "{said:?}");
    fs::remove_file(&dir).unwrap();
    fs::rename(place.path("witness/away"), &dir).unwrap();
    assert_eq!(witness.add(log.grow(3, 9)).await.status, 500, "in doubt until the disk was read again");
    drop(witness);
    let witness = Witness::start(&place, NAME, &[log.vkey()]);
    assert_eq!(witness.add(log.grow(3, 9)).await.status, 200);
}

/// The command on a folder, run to its end.
fn refused(place: &Place, further: &[&str]) -> (Option<i32>, String) {
    let mut child = command()
        .args(["witness", "--name", NAME, "--data"])
        .arg(place.path("witness"))
        .arg("--log")
        .arg(place.path("logs.vkey"))
        .args(further)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[tokio::test]
async fn it_does_not_begin_where_it_could_not_keep_its_promise() {
    let (place, witness, log) = with_log();
    assert_eq!(witness.add(log.grow(0, 3)).await.status, 200);
    let (code, why) = refused(&place, &["--listen", "127.0.0.1:0"]);
    assert!(code == Some(78) && why.contains("another witness uses"), "{code:?} {why}");
    let printed =
        command().args(["witness", "--name", NAME, "--print-key", "--data"]).arg(place.path("witness")).output();
    assert_eq!(String::from_utf8(printed.unwrap().stdout).unwrap().trim_end(), witness.vkey);
    let (code, why) = refused(&place, &["--listen", "0.0.0.0:0"]);
    assert!(code == Some(1) && why.contains("TLS proxy") && why.contains("--behind-tls-proxy yes"), "{why}");
    drop(witness);
    let lock = place.path("witness/countersign.lock");
    fs::write(&lock, "").unwrap();
    let (code, why) = refused(&place, &["--listen", "127.0.0.1:0"]);
    assert!(code == Some(1) && why.contains("is a server's"), "{why}");
    fs::remove_file(&lock).unwrap();
    let mode = |name: &str| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode("witness"), mode("witness/seed")], [0o700, 0o600]);
    let path = held(&place, &log.origin);
    let whole = fs::read_to_string(&path).unwrap();
    let write = |path: &Path, text: &str| fs::write(path, text).unwrap();
    for damage in [whole.replace("\n3\n", "\n2\n"), whole[..whole.len() - 9].to_owned(), log.note(2), String::new()] {
        write(&path, &damage);
        let (code, why) = refused(&place, &["--listen", "127.0.0.1:0"]);
        assert!(code == Some(1) && why.contains(&*path.to_string_lossy()), "{why}");
    }
    write(&path, &whole);
    write(&place.path("logs.vkey"), &format!("{}\nnot a key\n", log.vkey()));
    let (code, why) = refused(&place, &["--listen", "127.0.0.1:0"]);
    assert!(code == Some(1) && why.contains("logs.vkey: line 2"), "{why}");
    drop(Witness::start(&place, NAME, &[log.vkey()]));
}

/// A connection from an address of its own.
async fn from(witness: &Witness, address: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, address)), 0)).unwrap();
    let stream = socket.connect(witness.url.strip_prefix("http://").unwrap().parse().unwrap()).await.unwrap();
    let stream = stream.into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    stream
}

#[tokio::test]
async fn requests_and_connections_of_one_address_are_bounded() {
    let (_place, witness, log) = with_log();
    let get = b"GET /x/checkpoint HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let half = b"POST /add-checkpoint HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nold";
    let begun = Instant::now();
    let mut halves = Vec::new();
    for _ in 0..31 {
        let mut stream = from(&witness, 2).await;
        stream.write_all(half).unwrap();
        halves.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let ask = async |address: u8| {
        let mut stream = from(&witness, address).await;
        let sent = stream.write_all(get);
        sent.ok().and_then(|()| status(&mut stream))
    };
    assert_eq!(ask(2).await, Some(404), "the last of its share");
    let mut last = from(&witness, 2).await;
    last.write_all(half).unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(ask(2).await, Some(429), "one past it");
    assert_eq!(ask(3).await, Some(404), "another address has its own");
    assert_eq!(witness.add(log.grow(0, 3)).await.status, 200);
    assert_eq!(status(&mut halves[0]), Some(503), "a body that does not end is given up");
    assert!(begun.elapsed() >= Duration::from_secs(10) && begun.elapsed() < Duration::from_secs(25));
    // Headers that do not end are given up sooner: the connection is closed.
    let begun = Instant::now();
    let mut silent = from(&witness, 4).await;
    silent.write_all(b"GET /x/checkpoint HTTP/1.1\r\nHo").unwrap();
    status(&mut silent);
    assert!(begun.elapsed() >= Duration::from_secs(4) && begun.elapsed() < Duration::from_secs(15));
    let mut open = Vec::new();
    for _ in 0..256 {
        open.push(from(&witness, 5).await);
    }
    let first = open.last_mut().unwrap();
    first.write_all(get).unwrap();
    assert_eq!(status(first), Some(404), "the last of its connections");
    assert_eq!(ask(5).await, None, "one past them is closed");
    assert_eq!(ask(6).await, Some(404));
}
