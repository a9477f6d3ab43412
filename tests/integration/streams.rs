//! Streams of the trail: that a receiver gets every leaf, can prove it, and that nothing it does loses one.

use std::collections::BTreeMap;
use std::time::Duration;

use data_encoding::BASE64;
use jiff::SignedDuration;
use ledger::stream::address::Private;
use ledger::stream::{Draft, Format, Pace, Settings, Streamer};
use ledger::{entry, origin};
use serde_json::Value;
use tenancy::policy::{AddStream, PauseStream, RemoveStream, ResumeStream, RotateStream, SeeStreams, SkipBatch};
use tenancy::streams::{self, NewStream, StreamRow, StreamState};
use tenancy::{Database, Error, StreamId, Whole};
use testkit::Workspace;
use tlog::{Checkpoint, Frontier, Hash, Note, VerifierKey, leaf_hash, verify_consistency};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::ledger::House;
use crate::receiver::{Got, Receiver, Reply};
use crate::support::count;

/// Tries again soon.
const QUICK: Pace = Pace { attempts_max: 4, wait: |_, _| SignedDuration::from_millis(30) };

/// Streamers on nodes of their own, until they are dropped.
pub(crate) struct Running {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(nodes: &[Database], private: Private) -> Self {
        let (stop, stopped) = watch::channel(false);
        let streamer = |node: &Database| Streamer::new(node.clone(), private).at(QUICK);
        let tasks = nodes.iter().map(|node| tokio::spawn(streamer(node).run(stopped.clone()))).collect();
        Self { stop, tasks }
    }

    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

pub(crate) async fn add(workspace: &Workspace, draft: &Draft<'_>, format: Format) -> (StreamId, Settings) {
    let settings = Settings::new(draft, format, Private::Allowed).unwrap();
    let (mut scope, permit) = workspace.permit::<AddStream>("admin", Whole).await.unwrap();
    let new = NewStream {
        name: "a stream",
        settings: settings.to_bytes().unwrap(),
        format: format.word(),
        receiver: settings.receiver.word(),
        from: (1, 0),
    };
    let id = streams::add(&mut scope, permit, &new).await.unwrap();
    drop(scope.commit().await.unwrap());
    (id, settings)
}

async fn webhook(workspace: &Workspace, receiver: &Receiver) -> (StreamId, Settings) {
    let (url, ca_pem) = (receiver.url(), receiver.ca_pem.clone());
    add(workspace, &Draft { receiver: "webhook", url: &url, ca_pem: &ca_pem, ..Draft::default() }, Format::Native).await
}

pub(crate) async fn row(workspace: &Workspace, id: StreamId) -> StreamRow {
    let mut scope = workspace.view("admin").await;
    let permit = scope.permit::<SeeStreams>(Whole).await.unwrap();
    let rows = streams::list(&scope, &permit).await.unwrap();
    scope.finish();
    rows.into_iter().find(|row| row.id == id).unwrap()
}

async fn until_state(workspace: &Workspace, id: StreamId, state: StreamState) -> StreamRow {
    for _ in 0..1_000 {
        let found = row(workspace, id).await;
        if found.state == state {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the stream did not become {}", state.word());
}

/// What a receiver knows: the log's key, how far it is, and the checkpoint it saw last.
pub(crate) struct Checker {
    key: VerifierKey,
    next: u64,
    seen: Option<Checkpoint>,
    /// Leaves that were left out, as the batches themselves say.
    pub(crate) skipped: u64,
    pub(crate) leaves: u64,
}

impl Checker {
    /// With the key as the operator hands it out.
    pub(crate) async fn of(house: &House) -> Self {
        let (scope, permit) = crate::ledger::view(&house.north).await;
        let [own, _] = ledger::export::keys(&house.t.db, house.south.id, &scope, &permit).await.unwrap();
        scope.finish();
        Self { key: VerifierKey::parse(&own).unwrap(), next: 0, seen: None, skipped: 0, leaves: 0 }
    }

    /// Takes the next batch, or says why it is none: nothing but `tlog` and what the batch itself holds.
    pub(crate) fn take(&mut self, lines: &[Value]) -> Result<(), String> {
        let batch = &lines[0]["batch"];
        let number = |name: &str| batch[name].as_u64().unwrap();
        let hashes = |name: &str| -> Vec<Hash> {
            let hash = |text: &Value| BASE64.decode(text.as_str().unwrap().as_bytes()).unwrap().try_into().unwrap();
            batch[name].as_array().unwrap().iter().map(|text| Hash(hash(text))).collect()
        };
        let note = batch["checkpoint"].as_str().unwrap();
        let note = Note::parse(note.as_bytes()).map_err(|why| why.to_string())?;
        note.verify(&self.key).map_err(|why| why.to_string())?;
        let checkpoint = Checkpoint::parse(note.text).map_err(|why| why.to_string())?;
        let (first, last) = (number("first"), number("last"));
        if number("expected") != self.next || first < self.next {
            return Err(format!("leaves {} to {first} are missing", self.next));
        }
        if batch["key"] != format!("{}#{first}-{last}", checkpoint.origin) {
            return Err("its key is another's".to_owned());
        }
        if let Some(seen) = &self.seen {
            if batch["previous"] != seen.size {
                return Err("it goes on from another checkpoint".to_owned());
            }
            let [old, new] = [seen, &checkpoint];
            verify_consistency(&hashes("consistency"), old.size, new.size, &old.root, &new.root)
                .map_err(|why| why.to_string())?;
        }
        let before: Vec<u8> = hashes("before").iter().flat_map(|hash| hash.0).collect();
        let mut tree = Frontier::from_bytes(first, &before).map_err(|why| why.to_string())?;
        for (line, index) in lines[1..].iter().zip(first..) {
            let text = line["entry"].as_str().unwrap();
            if line["index"] != index {
                return Err(format!("leaf {index} is missing"));
            }
            tree.append(leaf_hash(text.as_bytes()), |_, _, _| {});
            shown_is_committed(text, &line["shown"])?;
        }
        if tree.size() != last + 1 {
            return Err("it has not the leaves that it says".to_owned());
        }
        verify_consistency(&hashes("after"), tree.size(), checkpoint.size, &tree.root(), &checkpoint.root)
            .map_err(|why| why.to_string())?;
        self.skipped += first - self.next;
        self.leaves += last + 1 - first;
        self.next = last + 1;
        self.seen = Some(checkpoint);
        Ok(())
    }
}

fn shown_is_committed(text: &str, shown: &Value) -> Result<(), String> {
    let read = entry::Entry::parse(text.as_bytes()).map_err(|why| why.to_string())?;
    let shown = shown.as_object().unwrap();
    assert_eq!(shown.len(), read.fields.len(), "every field is shown");
    for (name, field) in shown {
        let salt = BASE64.decode(field["salt"].as_str().unwrap().as_bytes()).unwrap().try_into().unwrap();
        if !read.commits_to(name, &salt, field["value"].as_str().unwrap()) {
            return Err(format!("{name} is not what was committed to"));
        }
    }
    Ok(())
}

/// Whether a request is signed by this secret, by the words of Standard Webhooks.
fn is_signed(got: &Got, secret: &str) -> bool {
    let key = BASE64.decode(secret.strip_prefix("whsec_").unwrap().as_bytes()).unwrap();
    let content =
        [got.header("webhook-id").as_bytes(), got.header("webhook-timestamp").as_bytes(), &got.body].join(&b'.');
    let expected = format!("v1,{}", BASE64.encode(&seal::hmac_sha256(&key, &[&content])));
    got.header("webhook-signature").split(' ').any(|signature| signature == expected)
}

/// Everything that was taken, checked in order; a batch that came again must be the same, and is passed over.
fn check_all(checker: &mut Checker, got: &[Got]) -> usize {
    let mut known: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut again = 0;
    for one in got {
        let lines = one.lines();
        let key = lines[0]["batch"]["key"].as_str().unwrap().to_owned();
        match known.get(&key) {
            Some(body) => {
                assert!(*body == one.body, "{key}: the same key and other bytes");
                again += 1;
            }
            None => {
                checker.take(&lines).unwrap_or_else(|why| panic!("{key}: {why}"));
                known.insert(key, one.body.clone());
            }
        }
    }
    again
}

fn signed_size(house: &House) -> String {
    format!("SELECT signed_size FROM audit.head WHERE workspace_id = '{}'", house.north.id)
}

#[tokio::test]
async fn a_receiver_gets_every_leaf_and_proves_it() {
    let house = House::with(3).await;
    let receiver = Receiver::start(&[]).await;
    let (id, settings) = webhook(&house.north, &receiver).await;
    let running = Running::start(std::slice::from_ref(&house.t.db), Private::Allowed);
    receiver.until("the first batch", |got| !got.is_empty()).await;
    for _ in 0..3 {
        house.submit(2).await;
        house.tick().await;
        let before = receiver.got().len();
        receiver.until("the next batch", |got| got.len() > before).await;
    }
    running.stop().await;
    let got = receiver.taken();
    let mut checker = Checker::of(&house).await;
    assert_eq!(check_all(&mut checker, &got), 0, "nothing came twice");
    assert_eq!(
        (checker.leaves, checker.skipped),
        (u64::try_from(count(&house.t, &signed_size(&house)).await).unwrap(), 0)
    );
    for one in &got {
        assert!(is_signed(one, settings.secret().unwrap()));
        let mut changed = one.clone();
        changed.body[10] ^= 1;
        assert!(!is_signed(&changed, settings.secret().unwrap()), "a changed body is noticed");
        assert!(!is_signed(one, "whsec_AAAA"), "another secret is noticed");
    }
    let stands = row(&house.north, id).await;
    assert_eq!((stands.state, stands.lag_leaves, stands.next), (StreamState::Active, 0, checker.leaves));
    assert!(stands.last_sent_at.is_some() && stands.lag_s.is_none() && stands.failure.is_none());
    assert!(origin::is_of(&checker.seen.unwrap().origin, house.north.id));
    // What a receiver must notice: a line left out, a value changed, a batch left out.
    let lines: Vec<Vec<Value>> = got.iter().map(Got::lines).collect();
    let refused = |lines: &[Vec<Value>], checker: &mut Checker| lines.iter().any(|batch| checker.take(batch).is_err());
    let mut cut = lines.clone();
    cut[0].remove(2);
    let mut swapped = lines.clone();
    swapped[0][1]["shown"]["actor"]["value"] = Value::String("\"x\"".to_owned());
    let mut gone = lines.clone();
    gone.remove(1);
    for (what, changed) in [("cut", &cut), ("swapped", &swapped), ("gone", &gone)] {
        assert!(refused(changed, &mut Checker::of(&house).await), "{what}");
    }
}

#[tokio::test]
async fn nothing_that_a_receiver_does_loses_a_leaf() {
    let house = House::with(1).await;
    let script = [
        Reply::Status(429, "retry-after: 0\r\n"),
        Reply::Status(500, ""),
        Reply::CloseEarly,
        Reply::Status(200, ""),
        Reply::TakeAndClose,
        Reply::Status(503, ""),
        Reply::Status(408, ""),
        Reply::Status(201, ""),
    ];
    let receiver = Receiver::start(&script).await;
    let (id, _) = webhook(&house.north, &receiver).await;
    let running = Running::start(std::slice::from_ref(&house.t.db), Private::Allowed);
    receiver.until("the first batch", |got| got.iter().any(|one| one.taken)).await;
    house.submit(3).await;
    house.tick().await;
    receiver.until("the second batch", |got| got.iter().filter(|one| one.taken).count() >= 2).await;
    running.stop().await;
    let mut checker = Checker::of(&house).await;
    // Everything that was read to its end, taken or not: what came again is the same under the same key.
    let again = check_all(&mut checker, &receiver.got());
    assert_eq!(again, 5, "each attempt but the first of a batch");
    assert_eq!(checker.next, u64::try_from(count(&house.t, &signed_size(&house)).await).unwrap());
    assert_eq!(row(&house.north, id).await.state, StreamState::Active);
}

#[tokio::test]
async fn a_receiver_that_hangs_holds_up_nobody_else() {
    let house = House::with(1).await;
    let (hanging, well) = (Receiver::start(&vec![Reply::Hang; 40]).await, Receiver::start(&[]).await);
    for _ in 0..3 {
        webhook(&house.north, &hanging).await;
    }
    let (of_south, _) = webhook(&house.south, &well).await;
    let begun = std::time::Instant::now();
    let running = Running::start(std::slice::from_ref(&house.t.db), Private::Allowed);
    well.until("the neighbour's batch", |got| !got.is_empty()).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    hanging.until("the hanging ones", |got| got.len() >= 2).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(hanging.got().len(), 2, "at most two of a workspace are under way");
    assert_eq!(row(&house.south, of_south).await.lag_leaves, 0);
    drop(running);
}

#[tokio::test]
async fn two_streamers_send_each_batch_once() {
    let house = House::with(1).await;
    let receiver = Receiver::start(&[]).await;
    webhook(&house.north, &receiver).await;
    let nodes = [house.t.db.clone(), house.t.another_node(), house.t.another_node()];
    let running = Running::start(&nodes, Private::Allowed);
    for _ in 0..8 {
        house.submit(2).await;
        house.tick().await;
        tokio::time::sleep(Duration::from_millis(120)).await;
    }
    let size = u64::try_from(count(&house.t, &signed_size(&house)).await).unwrap();
    let reached = |got: &[Got]| got.last().is_some_and(|one| one.lines()[0]["batch"]["last"] == size - 1);
    receiver.until("the last leaf", reached).await;
    running.stop().await;
    let mut checker = Checker::of(&house).await;
    assert_eq!(check_all(&mut checker, &receiver.got()), 0, "nothing came twice");
    assert_eq!((checker.next, checker.leaves), (size, size));
}

#[tokio::test]
async fn a_pause_loses_nothing() {
    let house = House::with(1).await;
    let receiver = Receiver::start(&[]).await;
    let (id, _) = webhook(&house.north, &receiver).await;
    let running = Running::start(std::slice::from_ref(&house.t.db), Private::Allowed);
    receiver.until("the first batch", |got| !got.is_empty()).await;
    let (mut scope, permit) = house.north.permit::<PauseStream>("owner", id).await.unwrap();
    streams::pause(&mut scope, permit).await.unwrap();
    drop(scope.commit().await.unwrap());
    house.submit(3).await;
    house.tick().await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let before = receiver.got().len();
    let paused = row(&house.north, id).await;
    assert_eq!(paused.state, StreamState::Paused);
    assert!(paused.lag_leaves >= 3 && paused.lag_s.is_some(), "{} {:?}", paused.lag_leaves, paused.lag_s);
    let (mut scope, permit) = house.north.permit::<ResumeStream>("owner", id).await.unwrap();
    streams::resume(&mut scope, permit, 1).await.unwrap();
    drop(scope.commit().await.unwrap());
    receiver.until("the batch after the pause", |got| got.len() > before).await;
    house.tick().await;
    running.stop().await;
    let mut checker = Checker::of(&house).await;
    assert_eq!(check_all(&mut checker, &receiver.taken()), 0);
    assert_eq!(checker.skipped, 0);
    let acts = "SELECT count(*) FROM audit.record WHERE action IN ('stream.add', 'stream.pause', 'stream.resume')";
    assert_eq!(count(&house.t, acts).await, 3, "each change left its record, and no batch did");
}

#[tokio::test]
async fn a_batch_that_is_refused_is_a_dead_letter_and_the_stream_stands_still() {
    let house = House::with(1).await;
    let receiver = Receiver::start(&[Reply::Status(413, "")]).await;
    let (id, _) = webhook(&house.north, &receiver).await;
    let running = Running::start(std::slice::from_ref(&house.t.db), Private::Allowed);
    let stands = until_state(&house.north, id, StreamState::Error).await;
    assert_eq!((stands.failure.as_deref(), stands.dead, stands.next), (Some("http_413"), 1, 0));
    house.submit(1).await;
    house.tick().await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(receiver.got().len(), 1, "it is not tried again by itself");
    // Tried again by hand, refused again: one dead letter. Then it arrives: none.
    receiver.then(&[Reply::Status(400, "")]);
    for expected in [StreamState::Error, StreamState::Active] {
        let (mut scope, permit) = house.north.permit::<ResumeStream>("admin", id).await.unwrap();
        streams::resume(&mut scope, permit, 1).await.unwrap();
        drop(scope.commit().await.unwrap());
        let count = if expected == StreamState::Error { 2 } else { 3 };
        receiver.until("the attempt", |got| got.len() >= count).await;
        let found = until_state(&house.north, id, expected).await;
        assert_eq!(found.dead, u64::from(expected == StreamState::Error));
    }
    receiver.until("what came after", |got| got.len() >= 4).await;
    let (first, again) = (receiver.got()[0].clone(), receiver.got()[2].clone());
    assert_eq!(first.body, again.body, "a batch is sent again as it was");
    // Four attempts at a receiver that is away, then it stands still as well; this time the batch is left out.
    receiver.then(&vec![Reply::Status(503, ""); 4]);
    house.submit(1).await;
    house.tick().await;
    let stands = until_state(&house.north, id, StreamState::Error).await;
    assert_eq!((stands.failure.as_deref(), stands.attempts, stands.dead), (Some("http_503"), 4, 1));
    let (from, to) = (stands.next, stands.cut_last.unwrap());
    let (mut scope, permit) = house.north.permit::<SkipBatch>("admin", id).await.unwrap();
    streams::skip(&mut scope, permit).await.unwrap();
    drop(scope.commit().await.unwrap());
    house.tick().await;
    receiver.until("the batch behind it", |got| got.last().is_some_and(|one| one.taken)).await;
    running.stop().await;
    let mut checker = Checker::of(&house).await;
    check_all(&mut checker, &receiver.taken());
    assert_eq!(checker.skipped, to + 1 - from, "what was left out, the batch behind it says itself");
    let records = "SELECT count(*) FROM audit.record WHERE action = ";
    assert_eq!(count(&house.t, &format!("{records}'stream.stop'")).await, 3);
    assert_eq!(count(&house.t, &format!("{records}'stream.skip'")).await, 1);
    let skipped = "SELECT count(*) FROM countersign.stream_dead WHERE state = 'skipped'";
    assert_eq!(count(&house.t, skipped).await, 1);
}

#[tokio::test]
async fn a_stream_goes_to_no_address_inside_unless_the_operator_says_so() {
    let house = House::with(1).await;
    let receiver = Receiver::start(&[]).await;
    let (id, _) = webhook(&house.north, &receiver).await;
    // A name that resolves to this machine passes the form; the streamer looks at the address it is about to use.
    let running = Running::start(std::slice::from_ref(&house.t.db), Private::Refused);
    let stands = until_state(&house.north, id, StreamState::Invalid).await;
    assert_eq!(stands.failure.as_deref(), Some("address_inside"));
    assert_eq!((receiver.got().len(), stands.dead), (0, 0));
    running.stop().await;
    let name = Draft { receiver: "webhook", url: "https://127.0.0.1:1/", ..Draft::default() };
    assert!(Settings::new(&name, Format::Native, Private::Refused).is_err());
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_another_s_certificate_is_not_believed() {
    let house = House::with(1).await;
    let (elsewhere, stranger) = (Receiver::start(&[]).await, Receiver::start(&[]).await);
    let location: &'static str = Box::leak(format!("location: {}\r\n", elsewhere.url()).into_boxed_str());
    let receiver = Receiver::start(&[Reply::Status(307, location)]).await;
    let (redirected, _) = webhook(&house.north, &receiver).await;
    let (url, ca_pem) = (stranger.url(), receiver.ca_pem.clone());
    let draft = Draft { receiver: "webhook", url: &url, ca_pem: &ca_pem, ..Draft::default() };
    let (unknown, _) = add(&house.north, &draft, Format::Native).await;
    let running = Running::start(std::slice::from_ref(&house.t.db), Private::Allowed);
    let stands = until_state(&house.north, redirected, StreamState::Error).await;
    assert_eq!(stands.failure.as_deref(), Some("http_307"));
    let stands = until_state(&house.north, unknown, StreamState::Error).await;
    assert_eq!(stands.failure.as_deref(), Some("tls"));
    running.stop().await;
    assert_eq!((elsewhere.got().len(), stranger.got().len()), (0, 0));
}

#[tokio::test]
async fn a_neighbour_sees_and_changes_nothing_of_a_stream() {
    let house = House::with(1).await;
    let receiver = Receiver::start(&[]).await;
    let (id, _) = webhook(&house.north, &receiver).await;
    let mut scope = house.south.view("owner").await;
    let permit = scope.permit::<SeeStreams>(Whole).await.unwrap();
    assert!(streams::list(&scope, &permit).await.unwrap().is_empty());
    assert!(streams::dead(&scope, &permit, id).await.unwrap().is_empty());
    scope.finish();
    for refused in [
        house.south.permit::<PauseStream>("owner", id).await.map(|_| ()),
        house.south.permit::<SkipBatch>("owner", id).await.map(|_| ()),
        house.south.permit::<RemoveStream>("owner", id).await.map(|_| ()),
        house.south.permit::<RotateStream>("owner", id).await.map(|_| ()),
    ] {
        assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
    }
    for who in ["member", "viewer", "manager"] {
        assert!(matches!(house.north.permit::<PauseStream>(who, id).await, Err(Error::Forbidden)), "{who}");
        assert!(matches!(house.north.permit::<AddStream>(who, Whole).await, Err(Error::Forbidden)), "{who}");
    }
    // The worker's role moves cursors; it can neither start a stream nor read where it goes.
    let worker = house.t.connect_as("countersign_worker").await;
    for sql in [
        "SELECT settings FROM countersign.stream",
        "SELECT name FROM countersign.stream",
        "UPDATE countersign.stream SET state = 'active'",
        "INSERT INTO countersign.stream_dead (workspace_id) VALUES (gen_random_uuid())",
        "DELETE FROM countersign.stream",
        "SELECT checkpoint FROM audit.head",
    ] {
        let code = worker.query(sql, &[]).await.unwrap_err().code().map(|code| code.code().to_owned());
        assert_eq!(code.as_deref(), Some("42501"), "{sql}");
    }
    // At the bound and one past it.
    for _ in 1..streams::STREAMS_MAX {
        webhook(&house.north, &receiver).await;
    }
    let settings = house.t.owner.query_one("SELECT settings FROM countersign.stream LIMIT 1", &[]).await.unwrap();
    let sealed: Vec<u8> = settings.get(0);
    assert!(
        memchr::memmem::find(&sealed, b"whsec_").is_none() && memchr::memmem::find(&sealed, b"localhost").is_none()
    );
    let (mut scope, permit) = house.north.permit::<AddStream>("admin", Whole).await.unwrap();
    let bytes = zeroize::Zeroizing::new(b"{}".to_vec());
    let new = NewStream { name: "x", settings: bytes, format: "native", receiver: "webhook", from: (1, 0) };
    let refused = streams::add(&mut scope, permit, &new).await.unwrap_err();
    assert!(matches!(refused, Error::Bound { what: "streams of a workspace", bound: 10 }), "{refused}");
}

/// A batch ends at its bound of leaves, and the next goes on behind it.
#[tokio::test]
async fn a_batch_has_a_bound() {
    let house = House::with(470).await;
    let receiver = Receiver::start(&[]).await;
    webhook(&house.north, &receiver).await;
    let size = u64::try_from(count(&house.t, &signed_size(&house)).await).unwrap();
    assert!(size > 501, "{size}");
    let running = Running::start(std::slice::from_ref(&house.t.db), Private::Allowed);
    receiver.until("both batches", |got| got.len() >= 2).await;
    running.stop().await;
    let got = receiver.taken();
    let first = got[0].lines();
    assert_eq!((first.len(), &first[0]["batch"]["last"]), (501, &Value::from(499)));
    assert!(got[0].body.len() < 2 * 1024 * 1024, "{}", got[0].body.len());
    check_all(&mut Checker::of(&house).await, &got);
}

#[tokio::test]
async fn a_trail_that_was_rewritten_does_not_leave() {
    let house = House::with(2).await;
    let receiver = Receiver::start(&[]).await;
    let (id, _) = webhook(&house.north, &receiver).await;
    let change = "UPDATE audit.record SET action = 'request.reject' WHERE id = (SELECT max(id) FROM audit.record
        WHERE workspace_id = $north AND action = 'request.submit')";
    house.break_in(change).await;
    let running = Running::start(std::slice::from_ref(&house.t.db), Private::Allowed);
    let stands = until_state(&house.north, id, StreamState::Error).await;
    running.stop().await;
    assert_eq!((stands.failure.as_deref(), receiver.got().len()), (Some("log_damaged"), 0));
}
