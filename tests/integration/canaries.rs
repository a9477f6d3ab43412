//! What was erased is nowhere: fifty canaries in people, in a month and in requests; a backup is made, a person's and the
//! month's are erased, and then none of them stands in a file of the data, its write-ahead log or the backup, and none comes
//! back by any page, list or export, of the server or of one that the backup was put back for, with the keys as they are now.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use memchr::memmem::Finder;
use requests::store;
use tenancy::policy::{CommentOnRequest, PublishProcess, Role};
use tenancy::{Channel, Database, Host, Origin, PersonId, PoolSizes, Record, RequestId, Whole};
use testkit::{Workspace, purchase, submit};

use crate::sealed::{files_below, forms};
use crate::server::{Caller, Place, Server};

/// The workspace that they are planted in.
const HOUSE: &str = "aviary";
/// People who leave and are erased, people who stay, words in the month's records, words in requests.
const GONE: usize = 5;
const STAY: usize = 2;
const MONTH: usize = 15;
const REQUESTS: usize = 7;
/// Longest wait for the erasures to be carried out.
const ERASED_MAX: Duration = Duration::from_secs(60);
/// Most pages of a list.
const PAGES_MAX: usize = 50;

/// With what a canary goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goes {
    /// In the trail, with the person: address and device.
    Person,
    /// In the row of the person, replaced when they are erased: name and mail address. It is sealed under the workspace's key,
    /// so in a database that was put back it stands until the erasure is ordered there again.
    PersonsRow,
    /// In the trail, with the month.
    Month,
    /// With the workspace and nothing less: what others are and do, and requests.
    Workspace,
}

/// What is erased here. A workspace as a whole would be one more.
const ERASED: [Goes; 3] = [Goes::Person, Goes::PersonsRow, Goes::Month];

/// A word that stands nowhere else.
#[derive(Debug, Clone)]
struct Canary {
    word: String,
    goes: Goes,
}

#[derive(Default)]
struct Planted {
    canaries: Vec<Canary>,
    /// Whoever is to leave: id and mail address.
    gone: Vec<(PersonId, String)>,
    requests: Vec<RequestId>,
}

impl Planted {
    fn word(&mut self, goes: Goes) -> String {
        let word = format!("zq{}", HEXLOWER.encode(&seal::random::<8>()));
        self.canaries.push(Canary { word: word.clone(), goes });
        word
    }

    /// An address of the range for documentation.
    fn address(&mut self, goes: Goes) -> std::net::IpAddr {
        let random = seal::random::<12>().map(|byte| byte | 0x11);
        let mut bytes = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        bytes[4..].copy_from_slice(&random);
        let address = std::net::IpAddr::from(bytes);
        self.canaries.push(Canary { word: address.to_string(), goes });
        address
    }

    /// Somebody with a name, a mail address, an address and a device that are canaries; they act once.
    async fn person(&mut self, house: &Workspace, row: Goes, trail: Goes) {
        let (name, mail) = (self.word(row), self.word(row));
        let email = format!("{mail}@{HOUSE}.test");
        let person = house.add_person(&email, &name, Role::Owner, None).await;
        let session = house.sign_in(person).await;
        let (device, ip) = (self.word(trail), self.address(trail));
        for fact in ["first", "second"] {
            let origin = Origin::network(ip, &device, Channel::Page);
            let mut scope = house.db.scope(session, house.id, origin).await.unwrap();
            let permit = scope.permit::<PublishProcess>(Whole).await.unwrap();
            scope.write(permit, Record::about(person.uuid()).with("fact", fact)).unwrap();
            drop(scope.commit().await.unwrap());
        }
        if row == Goes::PersonsRow {
            self.gone.push((person, email));
        }
    }

    /// Fifty of them.
    async fn plant(db: &Database) -> Self {
        let mut planted = Self::default();
        let house = Workspace::make(db, HOUSE).await;
        for _ in 0..GONE {
            planted.person(&house, Goes::PersonsRow, Goes::Person).await;
        }
        for _ in 0..STAY {
            planted.person(&house, Goes::Workspace, Goes::Workspace).await;
        }
        for number in 0..MONTH {
            let word = planted.word(Goes::Month);
            let mut scope = house.scope("owner").await;
            let permit = scope.permit::<PublishProcess>(Whole).await.unwrap();
            let record = match number % 2 {
                0 => Record::about(house.id.uuid()).with("note", word),
                _ => Record::default().changing("before".into(), word.into()),
            };
            scope.write(permit, record).unwrap();
            drop(scope.commit().await.unwrap());
        }
        for _ in 0..REQUESTS.div_ceil(2) {
            let title = planted.word(Goes::Workspace);
            let made = submit(&house, "member", "purchase", &purchase(&title, "10.00")).await.unwrap();
            planted.requests.push(made.id);
            if planted.canaries.iter().filter(|canary| canary.goes == Goes::Workspace).count() < STAY * 4 + REQUESTS {
                let word = planted.word(Goes::Workspace);
                let (mut scope, permit) = house.permit::<CommentOnRequest>("member", made.id).await.unwrap();
                store::comment(&mut scope, permit, &word).await.unwrap();
                drop(scope.commit().await.unwrap());
            }
        }
        planted
    }

    fn of(&self, goes: Goes) -> impl Iterator<Item = &str> {
        self.canaries.iter().filter(move |canary| canary.goes == goes).map(|canary| canary.word.as_str())
    }

    /// How many of these can be read in a text.
    fn readable(&self, goes: Goes, text: &str) -> usize {
        self.of(goes).filter(|word| text.contains(word)).count()
    }
}

/// The server's own database from beside it, with a copy of its keys: whoever opens keys must own them.
fn beside(server: &Server) -> Database {
    let data = server.place().data();
    let keys = server.place().path("keys-beside");
    copied(&data.join("keys"), &keys);
    shell("chown", &["-R", &nix::unistd::geteuid().to_string(), &keys.to_string_lossy()]);
    let reached = tenancy::Server {
        host: Host::Socket(data.join("run")),
        database: "countersign".to_owned(),
        passwords: std::collections::BTreeMap::new(),
        port: 5432,
        tls: None,
    };
    let vault = seal::Vault::open_local(&keys).unwrap();
    Database::open(&reached, Arc::new(vault), PoolSizes { app: 4, other: 1 }).unwrap()
}

/// What was made beside the server becomes its own.
fn give_keys_back(server: &Server) {
    let keys = server.place().data().join("keys");
    let beside = server.place().path("keys-beside");
    shell("cp", &["-rnp", &format!("{}/.", beside.display()), &keys.to_string_lossy()]);
    let owner = server.place().data().join("pg");
    shell("chown", &["-R", &format!("--reference={}", owner.display()), &keys.to_string_lossy()]);
    std::fs::remove_dir_all(beside).unwrap();
}

fn shell(program: &str, arguments: &[&str]) {
    let done = Command::new(program).args(arguments).output().unwrap();
    assert!(done.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn copied(from: &Path, to: &Path) {
    shell("cp", &["-a", &from.to_string_lossy(), &to.to_string_lossy()]);
}

/// A statement of the superuser of a scratch instance.
fn sql(server: &Server, statement: &str) -> String {
    let run = server.place().data().join("run");
    let mut psql = Command::new("psql");
    psql.args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "countersign", "-h"]).arg(run);
    let done = psql.args(["-c", statement]).output().unwrap();
    assert!(done.status.success(), "{statement}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

/// Ends and orders all that is erased here, and waits until the server has carried it out.
async fn erase(server: &Server, planted: &Planted) {
    let owner = server.signed_in(HOUSE, &format!("owner@{HOUSE}.test")).await;
    for (id, email) in &planted.gone {
        let ended = owner.form(&format!("/w/{HOUSE}/people/{id}"), "act=end").await;
        assert_eq!(ended.status, 303, "{}", ended.text());
        server.says(&["audit", "erase", "--workspace", HOUSE, "--person", email]);
    }
    // The month is not over, so its order is written by hand; everything behind it is the product's.
    sql(
        server,
        &format!(
            "INSERT INTO countersign.erasure (workspace_id, erasure_id, part, subject, key_nos)
             SELECT r.workspace_id, gen_random_uuid(), 'period', gen_random_uuid(), array_agg(DISTINCT r.period_key_no)
             FROM audit.record r JOIN platform.route o ON o.workspace_id = r.workspace_id
             WHERE o.slug = '{HOUSE}' AND r.class = 1 GROUP BY r.workspace_id"
        ),
    );
    let begun = Instant::now();
    while sql(server, "SELECT count(*) FROM countersign.erasure WHERE erased_at IS NULL") != "0" {
        assert!(begun.elapsed() < ERASED_MAX, "the erasures are not carried out");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Every list, page and export of the house that its owner can have, in one text.
async fn everything(server: &Server, planted: &Planted) -> String {
    let owner = format!("owner@{HOUSE}.test");
    let api = server.caller_with(HOUSE, &owner, crate::server::ALL_SCOPES);
    let page = server.signed_in(HOUSE, &owner).await;
    let mut text = String::new();
    for (list, path) in [
        ("/api/v1/audit-events", Some("audit")),
        ("/api/v1/people", Some("people")),
        ("/api/v1/requests", Some("requests")),
        ("/api/v1/tasks", None),
        ("/api/v1/groups", Some("groups")),
    ] {
        for id in ids(&api, list, &mut text).await {
            if let Some(path) = path {
                text.push_str(&page.get(&format!("/w/{HOUSE}/{path}/{id}")).await.text());
            }
        }
    }
    for id in &planted.requests {
        text.push_str(&page.get(&format!("/w/{HOUSE}/requests/{id}")).await.text());
        for more in ["", "/comments", "/revisions", "/decisions"] {
            text.push_str(&api.get(&format!("/api/v1/requests/{id}{more}")).await.text());
        }
    }
    for (id, _) in &planted.gone {
        text.push_str(&page.get(&format!("/w/{HOUSE}/people/{id}")).await.text());
        text.push_str(&api.get(&format!("/api/v1/people/{id}")).await.text());
    }
    for path in ["", "/audit", "/audit/log", "/people", "/groups", "/processes", "/tokens", "/streams"] {
        text.push_str(&page.get(&format!("/w/{HOUSE}{path}")).await.text());
    }
    let out = server.place().path("everything");
    let said = server.run(&["audit", "export", "--workspace", HOUSE, "--out", &out.to_string_lossy()]);
    text.push_str(&String::from_utf8_lossy(&said.stderr));
    let mut files = Vec::new();
    files_below(&out, &mut files);
    for file in files {
        text.push_str(&String::from_utf8_lossy(&std::fs::read(file).unwrap()));
    }
    drop(std::fs::remove_dir_all(out));
    text
}

/// Ids of a list, to its end.
async fn ids(api: &Caller, list: &str, text: &mut String) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    for _ in 0..PAGES_MAX {
        let answer = api.get(&format!("{list}?limit=200{cursor}")).await;
        assert_eq!(answer.status, 200, "{list}: {}", answer.text());
        text.push_str(&answer.text());
        let body = answer.json();
        let items = body["items"].as_array().into_iter().flatten();
        ids.extend(items.filter_map(|item| item["id"].as_str()).map(str::to_owned));
        match body["next"].as_str() {
            None => return ids,
            Some(next) => cursor = format!("&cursor={next}"),
        }
    }
    panic!("{list} has more than {PAGES_MAX} pages");
}

/// Canaries that stand in a file below a folder, in any form of writing.
fn standing(planted: &Planted, folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    files_below(folder, &mut files);
    assert!(files.iter().any(|file| file.to_string_lossy().contains("pg_wal")), "the write-ahead log is searched");
    let mut found = Vec::new();
    for file in files {
        let content = std::fs::read(&file).unwrap_or_default();
        for canary in &planted.canaries {
            for (form, bytes) in forms(&canary.word) {
                if Finder::new(&bytes).find(&content).is_some() {
                    found.push(format!("{}: {} {form}", file.display(), canary.word));
                }
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_canaries_none_that_was_erased_is_readable_anywhere() {
    let scratch = ["--scratch"];
    let server = Server::start_with(Place::new(), &scratch);
    let planted = {
        let db = beside(&server);
        Planted::plant(&db).await
    };
    assert_eq!(planted.canaries.len(), 50);
    give_keys_back(&server);
    let before = everything(&server, &planted).await;
    for canary in &planted.canaries {
        assert!(before.contains(&canary.word), "{canary:?} is readable before");
    }
    // The backup: the database's files with their write-ahead log, of before the erasure.
    let (_, place) = server.stop();
    let back = Place::new();
    std::fs::create_dir(back.path("backup")).unwrap();
    copied(&place.data().join("pg"), &back.path("backup"));

    let server = Server::start_with(place, &scratch);
    erase(&server, &planted).await;
    let after = everything(&server, &planted).await;
    for goes in ERASED {
        assert_eq!(planted.readable(goes, &after), 0, "{goes:?}: erased");
    }
    let others = planted.of(Goes::Workspace).count();
    assert_eq!(planted.readable(Goes::Workspace, &after), others, "what others are and do still opens");
    sql(&server, "CHECKPOINT");
    let (_, place) = server.stop();
    assert_eq!(standing(&planted, &place.data()), [""; 0]);
    assert_eq!(standing(&planted, &back.path("backup")), [""; 0]);

    // The backup is put back: the database of before, the keys of now.
    copied(&place.data(), &back.data());
    std::fs::remove_dir_all(back.data().join("pg")).unwrap();
    copied(&back.path("backup/pg"), &back.data().join("pg"));
    let restored = Server::start_with(back, &scratch);
    let text = everything(&restored, &planted).await;
    for goes in [Goes::Person, Goes::Month] {
        assert_eq!(planted.readable(goes, &text), 0, "{goes:?}: no backup brings it back");
    }
    assert_eq!(planted.readable(Goes::Workspace, &text), others, "what others are and do still opens");
    println!(
        "50 canaries: 0 in files, 0 of {} of people and {} of the month readable from a backup with the keys of now, {} of {} in \
         people's rows, {others} of others open",
        planted.of(Goes::Person).count(),
        planted.of(Goes::Month).count(),
        planted.readable(Goes::PersonsRow, &text),
        planted.of(Goes::PersonsRow).count(),
    );
}
