//! A deployment that asks witnesses: what they cosign stands in its exports, and nothing that they answer harms it.

use std::fs;
use std::time::{Duration, Instant};

use ledger::cosigning::CosigningError;
use ledger::{AnchorsSeen, Cosigning, WitnessAt, entry, origin};
use serde_json::Value;
use tenancy::log::{DEPLOYMENT, DeploymentEntry, TilePart};
use tenancy::{Database, WorkspaceId};
use testkit::{TestDb, two_workspaces};
use tlog::{Checkpoint, CosignerSigningKey, Frontier, leaf_hash};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::server::{Place, Server, provider, purchase};
use crate::support::count;
use crate::witness::Witness;

/// A deployment's log that grows by itself.
struct House {
    t: TestDb,
    platform: WorkspaceId,
}

impl House {
    async fn new() -> Self {
        provider();
        let t = TestDb::new().await;
        let [_, south] = two_workspaces(&t.db).await;
        Self { t, platform: south.id }
    }

    /// Appends heartbeats until the log has so many entries, and signs it.
    async fn grow_to(&self, size: u64) {
        let tick = self.t.db.tick("sign.example.org", 1).await.unwrap().unwrap();
        let mut head = tick.head(DEPLOYMENT).await.unwrap();
        let mut frontier = Frontier::from_bytes(head.size, &head.frontier).unwrap();
        let (mut entries, mut tiles) = (Vec::new(), std::collections::BTreeMap::<(u8, u64), Vec<u8>>::new());
        for index in head.size..size {
            let entry = entry::heartbeat(i64::try_from(index).unwrap());
            let hash = leaf_hash(entry.as_bytes());
            frontier.append(hash, |level, at, hash| {
                if level > 0 && level % 8 == 0 {
                    tiles.entry((level / 8, at / 256)).or_default().extend_from_slice(&hash.0);
                }
            });
            entries.push(DeploymentEntry { index, of: None, entry, hash: hash.0 });
        }
        tick.store_entries(&entries).await.unwrap();
        let tiles: Vec<TilePart> =
            tiles.into_iter().map(|((level, index), hashes)| TilePart { level, index, hashes }).collect();
        tick.grow_tiles(DEPLOYMENT, &tiles).await.unwrap();
        let name = origin::of_deployment(&tick.names, self.platform);
        let key = origin::signing_key(&tick.signing_keys(self.platform).await.unwrap(), &name).unwrap();
        let stands = Checkpoint { origin: name, size, root: frontier.root(), extensions: Vec::new() };
        head.checkpoint = Some(key.sign(&stands.to_string()).unwrap());
        (head.size, head.signed_size, head.frontier) = (size, size, frontier.to_bytes());
        tick.store_head(DEPLOYMENT, &head, true).await.unwrap();
        tick.commit().await.unwrap();
    }

    /// The key of the log, once it has one.
    async fn vkey(&self) -> String {
        let head = self.db().deployment_head().await.unwrap().unwrap();
        let name = head.checkpoint.lines().next().unwrap();
        let keys = self.db().keys(self.platform).await.unwrap();
        origin::signing_key(&keys, name).unwrap().verifier().to_string()
    }

    const fn db(&self) -> &Database {
        &self.t.db
    }

    async fn ask(&self, at: &WitnessAt) -> Result<(), CosigningError> {
        let cosigning = Cosigning::new(self.db().clone(), vec![at.clone()]).unwrap();
        let head = self.db().deployment_head().await.unwrap().unwrap();
        cosigning.ask(at, &head).await
    }

    /// Leaves of what is stored of witnesses.
    async fn stored(&self) -> Vec<u64> {
        self.db().cosignatures(1).await.unwrap().iter().map(|one| one.size).collect()
    }
}

#[tokio::test]
async fn a_log_of_any_size_is_proved_to_its_witness() {
    let house = House::new().await;
    house.grow_to(1).await;
    let place = Place::new();
    let witness = Witness::start(&place, "witness.example/w1", &[house.vkey().await]);
    let at = WitnessAt::new(witness.url.clone(), &witness.vkey).unwrap();
    for size in [1, 200, 256, 257, 513, 70_000, 70_001] {
        house.grow_to(size).await;
        house.ask(&at).await.unwrap_or_else(|error| panic!("{size}: {error}"));
        assert_eq!(house.stored().await, [size]);
    }
    // Pages say when it cosigned last, and of whom the configuration names beside it that it never did.
    let other = CosignerSigningKey::from_seed("silent.example", &[3; 32]).unwrap().verifier().to_string();
    let anchors = AnchorsSeen::new([witness.vkey.clone(), other]).look(house.db()).await.unwrap();
    assert_eq!(anchors.deployment.unwrap().size, 70_001);
    let [cosigned, silent] = [&anchors.witnesses[0], &anchors.witnesses[1]];
    assert_eq!((cosigned.name.as_str(), cosigned.cosigned.unwrap().0), ("witness.example/w1", 70_001));
    assert_eq!((silent.name.as_str(), silent.cosigned), ("silent.example", None));
    // What the table has lost the witness says itself.
    house.db().forget_cosignatures(&[]).await.unwrap();
    house.grow_to(70_400).await;
    house.ask(&at).await.unwrap();
    assert_eq!(house.stored().await, [70_400]);
    house.ask(&at).await.unwrap();
    house.db().forget_cosignatures(std::slice::from_ref(&witness.vkey)).await.unwrap();
    assert_eq!(house.stored().await, [70_400], "who is still asked is not forgotten");
    // A history rewritten with the log's own key: the witness does not go along, and that is an alarm.
    let change = "UPDATE audit.head SET frontier = overlay(frontier PLACING sha256('x') FROM 1)
        WHERE workspace_id = '00000000-0000-0000-0000-000000000000'";
    house.t.owner.batch_execute(change).await.unwrap();
    house.grow_to(70_500).await;
    let refused = house.ask(&at).await.unwrap_err();
    assert!(matches!(refused, CosigningError::Inconsistent { old: 70_400 }) && refused.is_alarm(), "{refused}");
    assert_eq!(house.stored().await, [70_400]);
}

/// Answers every request with the same bytes; with none it never answers.
async fn answering(with: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let with = with.clone();
            tokio::spawn(async move {
                let mut some = [0; 4096];
                let read = stream.read(&mut some).await;
                if with.is_empty() {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }
                drop((read, stream.write_all(&with).await));
            });
        }
    });
    url
}

fn said(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}

#[tokio::test]
async fn nothing_that_a_witness_answers_is_believed_without_its_cosignature() {
    let house = House::new().await;
    house.grow_to(9).await;
    let key = |seed| CosignerSigningKey::from_seed("witness.example/w1", &[seed; 32]).unwrap();
    let note = house.db().deployment_head().await.unwrap().unwrap().checkpoint;
    let text = format!("{}\n", note.split_once("\n\n").unwrap().0);
    let size = "Content-Type: text/x.tlog.size\r\n";
    let line = key(1).cosign(&text, 1).unwrap();
    let fits = 16 * 1024 - line.len();
    for (what, answer, word) in [
        ("another's cosignature", said("200 OK", "", &key(2).cosign(&text, 1).unwrap()), "no cosignature by its key"),
        ("of another note", said("200 OK", "", &key(1).cosign("a\n1\nb\n", 1).unwrap()), "no cosignature by its key"),
        ("nothing", said("200 OK", "", ""), "no cosignature by its key"),
        ("one byte too many", said("200 OK", "", &format!("{}\n{line}", "x".repeat(fits))), "too long"),
        (
            "not UTF-8",
            [said("200 OK", "", "x"), Vec::new()].concat().iter().map(|b| if *b == b'x' { 0xff } else { *b }).collect(),
            "not UTF-8",
        ),
        ("a size of no kind", said("409 Conflict", "", "3\n"), "answered 409"),
        ("no size", said("409 Conflict", size, "three\n"), "no number of entries"),
        ("the same size for ever", said("409 Conflict", size, "3\n"), "another size each time"),
        ("elsewhere", said("307 Temporary Redirect", "Location: http://127.0.0.1:1/\r\n", ""), "answered 307"),
        ("busy", said("503 Service Unavailable", "", ""), "answered 503"),
        ("no HTTP", b"hello\r\n\r\n".to_vec(), "cannot be reached"),
        ("more than there is", said("409 Conflict", size, "10\n"), "rolled back"),
        ("a fork", said("422 Unprocessable", "", ""), "does not go on"),
    ] {
        let at = WitnessAt { url: answering(answer).await, key: key(1).verifier().clone() };
        let refused = house.ask(&at).await.unwrap_err();
        assert!(refused.to_string().contains(word), "{what}: {refused}");
        assert_eq!(refused.is_alarm(), word == "rolled back" || word == "does not go on", "{what}");
        assert_eq!(house.stored().await, [0; 0], "{what}");
    }
    let silent = WitnessAt { url: answering(Vec::new()).await, key: key(1).verifier().clone() };
    let begun = Instant::now();
    house.ask(&silent).await.unwrap_err();
    assert!((4..8).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    let most = said("200 OK", "", &format!("{}\n{line}", "x".repeat(fits - 1)));
    house.ask(&WitnessAt { url: answering(most).await, key: key(1).verifier().clone() }).await.unwrap();
    assert_eq!(count(&house.t, "SELECT size FROM audit.cosignature").await, 9);
}

/// A deployment in a place of its own, with its keys in a file, and somebody who works in it.
fn keys_of(server: &Server) -> Vec<String> {
    let begun = Instant::now();
    loop {
        let said = server.run(&["audit", "keys"]);
        if said.status.success() {
            return String::from_utf8(said.stdout).unwrap().lines().map(str::to_owned).collect();
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", String::from_utf8_lossy(&said.stderr));
        std::thread::sleep(Duration::from_millis(250));
    }
}

fn witnessed_by(place: Place, witness: &Witness) -> Server {
    let table = format!("[[ledger.witness]]\nurl = \"{}\"\nvkey = \"{}\"\n", witness.url, witness.vkey);
    fs::write(place.data().join("countersign.toml"), table).unwrap();
    Server::start_at(place)
}

/// Exports until the deployment's log in it has more entries than that and is cosigned; the verdict.
fn cosigned_beyond(server: &Server, keys: &[String], witness: &Witness, entries: u64) -> Value {
    let path = |name: &str| server.place().path(name).to_string_lossy().into_owned();
    fs::write(path("vkey"), keys.join("\n")).unwrap();
    fs::write(path("witness.vkey"), &witness.vkey).unwrap();
    let begun = Instant::now();
    for round in 0.. {
        let out = path(&format!("trail-{entries}-{round}"));
        server.says(&["audit", "export", "--out", &out]);
        let (vkey, witness) = (path("vkey"), path("witness.vkey"));
        let flags = ["--vkey", &vkey, "--witness", &witness, "--json"];
        let verify = |further: &[&str]| server.run(&[["audit", "verify", &out].as_slice(), &flags, further].concat());
        let plain: Value = serde_json::from_slice(&verify(&[]).stdout).unwrap();
        assert_eq!(plain["holds"], true, "{plain}");
        let required = verify(&["--require-witnesses", "1"]);
        let is_cosigned = plain["trust"]["witnesses"][0]["cosigned_at"].is_string();
        assert_eq!(required.status.success(), is_cosigned, "{plain}");
        if is_cosigned && plain["deployment"].as_u64().unwrap() > entries {
            assert!(!verify(&["--require-witnesses", "2"]).status.success(), "one is not two");
            return plain;
        }
        assert!(begun.elapsed() < Duration::from_secs(90), "{plain}; {}", server.log());
        std::thread::sleep(Duration::from_secs(2));
    }
    unreachable!("the loop ends with a verdict or a panic")
}

#[tokio::test]
async fn two_deployments_cosign_each_other() {
    let [one, two] = [Server::start(), Server::start()];
    let keys = [keys_of(&one), keys_of(&two)];
    // Each operator runs a witness and shows it the other's log.
    let places = [Place::new(), Place::new()];
    let witnesses = [
        Witness::start(&places[0], "one.example/witness", &keys[1]),
        Witness::start(&places[1], "two.example/witness", &keys[0]),
    ];
    let ((_, place_one), (_, place_two)) = (one.stop(), two.stop());
    let servers = [witnessed_by(place_one, &witnesses[1]), witnessed_by(place_two, &witnesses[0])];
    for (server, (keys, witness)) in servers.iter().zip(keys.iter().zip([&witnesses[1], &witnesses[0]])) {
        let first = cosigned_beyond(server, keys, witness, 0);
        assert_eq!(first["trust"]["witnesses"][0]["name"], witness.vkey.split_once('+').unwrap().0);
        let made = server.caller("member").post("/api/v1/requests", &purchase("Chair", "10.00")).await;
        assert_eq!(made.status, 201, "{}", made.text());
        // The log grows by acts of others as well; the record of this one has its leaf within a second.
        std::thread::sleep(Duration::from_secs(2));
        let later = cosigned_beyond(server, keys, witness, first["deployment"].as_u64().unwrap());
        assert!(later["records"].as_u64() > first["records"].as_u64(), "{later}");
    }
    // A cosignature that was changed is a failure, also where none is required.
    let server = &servers[0];
    let out = server.place().path("trail-changed");
    server.says(&["audit", "export", "--out", &out.to_string_lossy()]);
    let path = out.join("deployment/checkpoint");
    let note = fs::read_to_string(&path).unwrap();
    let at = note.len() - 30;
    let other = if note[at..].starts_with('A') { "B" } else { "A" };
    fs::write(&path, format!("{}{other}{}", &note[..at], &note[at + 1..])).unwrap();
    let witness = server.place().path("witness.vkey").to_string_lossy().into_owned();
    let refused = server.run(&["audit", "verify", &out.to_string_lossy(), "--witness", &witness]);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && words.contains("the cosignature of two.example/witness does not hold"),
        "{words}"
    );
}
