//! A database that was put back: the logs begin anew, nothing that was signed is contradicted, and what is lost is said.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use ledger::cosigning::CosigningError;
use ledger::published::Mark;
use ledger::stream::address::Private;
use ledger::stream::{Draft, Format};
use ledger::verify::{Known, Verdict};
use ledger::{Cosigning, Doubt, Eraser, Integrator, WitnessAt};
use serde_json::Value;
use tempfile::TempDir;
use tenancy::erasure::{self, Subject};
use tenancy::policy::{EndPerson, OrderErasure};

use tenancy::{Database, PoolSizes, StreamId, Whole};
use testkit::{OwnCluster, Workspace, approve, purchase, submit, two_workspaces};
use tlog::{Checkpoint, Frontier, Note, leaf_hash};

use crate::ledger::{Export, view};
use crate::receiver::{Got, Receiver};
use crate::server::{Place, Server, provider};
use crate::streams::{Running, add, row};
use crate::witness::{NAME, Witness};

/// An installation with a cluster of its own. The second workspace stands for the platform's.
pub(crate) struct Installation {
    pub(crate) cluster: OwnCluster,
    keys: TempDir,
    mark: TempDir,
    pub(crate) db: Database,
    pub(crate) north: Workspace,
    pub(crate) south: Workspace,
    pub(crate) integrator: Integrator,
}

fn open(cluster: &OwnCluster, keys: &TempDir) -> Database {
    let vault = seal::Vault::open_local(&keys.path().join("keys")).unwrap();
    Database::open(&cluster.server(), Arc::new(vault), PoolSizes { app: 6, other: 2 }).unwrap()
}

impl Installation {
    pub(crate) async fn new(cluster: OwnCluster) -> Self {
        let [keys, mark] = [(), ()].map(|()| tempfile::tempdir().unwrap());
        let db = open(&cluster, &keys);
        let [north, south] = two_workspaces(&db).await;
        let integrator = Integrator::new(db.clone(), "https://sign.example.org", south.id);
        let made = Self { cluster, keys, mark, db, north, south, integrator };
        made.started().await
    }

    /// The same, with its integrator started anew: its pools, its keys and its mark are read again.
    pub(crate) async fn started(self) -> Self {
        let Self { cluster, keys, mark, db, mut north, mut south, integrator } = self;
        drop((db, integrator));
        let db = open(&cluster, &keys);
        north.db = db.clone();
        south.db = db.clone();
        let marked = Mark::open(mark.path()).unwrap();
        let integrator = Integrator::new(db.clone(), "https://sign.example.org", south.id).marked(marked);
        Self { cluster, keys, mark, db, north, south, integrator }
    }

    /// The same after its mark was lost.
    async fn without_mark(self) -> Self {
        let Self { mark, integrator, db, cluster, keys, north, south } = self;
        drop((integrator, mark));
        let integrator = Integrator::new(db.clone(), "https://sign.example.org", south.id);
        let mark = tempfile::tempdir().unwrap();
        Self { cluster, keys, mark, db, north, south, integrator }.started().await
    }

    pub(crate) async fn count(&self, sql: &str) -> i64 {
        self.cluster.superuser().await.query_one(sql, &[]).await.unwrap().get(0)
    }

    pub(crate) async fn submit(&self, requests: usize) {
        for n in 0..requests {
            submit(&self.north, "member", "purchase", &purchase(&format!("Chair {n}"), "10.00")).await.unwrap();
        }
    }

    /// Ticks until every record has its leaf in the newest epoch.
    pub(crate) async fn tick(&self) {
        let behind = "SELECT count(*) FROM audit.record r WHERE NOT EXISTS (SELECT FROM audit.leaf l
            WHERE l.workspace_id = r.workspace_id AND l.record_id = r.id AND l.epoch = (SELECT epoch FROM audit.cursor))";
        for _ in 0..400 {
            self.integrator.tick(true).await.unwrap();
            if self.count(behind).await == 0 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("records got no leaves");
    }

    pub(crate) async fn export(&self) -> Export {
        let dir = tempfile::tempdir().unwrap();
        let (scope, permit) = view(&self.north).await;
        ledger::export::export(&self.db, self.south.id, &scope, &permit, dir.path()).await.unwrap();
        scope.finish();
        Export { dir }
    }

    async fn findings(&self) -> (Vec<String>, u64) {
        let mut all = Vec::new();
        let mut erased = 0;
        for workspace in [&self.north, &self.south] {
            let (scope, permit) = view(workspace).await;
            let report = ledger::live::verify(&self.db, &scope, &permit, |_, _| {}).await.unwrap();
            scope.finish();
            all.extend(report.findings);
            erased += report.erased;
        }
        (all, erased)
    }

    /// Every checkpoint that the database would show now, by its log's name.
    async fn shown(&self) -> BTreeMap<String, Checkpoint> {
        let heads = "SELECT checkpoint FROM audit.head WHERE checkpoint IS NOT NULL";
        let rows = self.cluster.superuser().await.query(heads, &[]).await.unwrap();
        let read = |note: String| Checkpoint::parse(Note::parse(note.as_bytes()).unwrap().text).unwrap();
        rows.iter().map(|row| read(row.get(0))).map(|one| (one.origin.clone(), one)).collect()
    }

    fn mark_path(&self) -> PathBuf {
        self.mark.path().join(ledger::published::FILE)
    }
}

/// Records that have no leaf, or more than one, in an epoch.
async fn told_once(of: &Installation) {
    let wrong = "SELECT count(*) FROM (SELECT r.id, count(l.idx) AS leaves FROM audit.record r LEFT JOIN audit.leaf l
        ON l.workspace_id = r.workspace_id AND l.record_id = r.id AND l.epoch = (SELECT epoch FROM audit.cursor)
        GROUP BY r.workspace_id, r.id) t WHERE leaves <> 1";
    assert_eq!(of.count(wrong).await, 0, "every record has one leaf in the newest epoch");
}

pub(crate) fn known(export: &Export, keys: &str, kept: &[String]) -> Result<Verdict, String> {
    let known = Known { keys: Some(keys), kept, ..Known::default() };
    ledger::verify::export_known(export.dir.path(), &known).map_err(|wrong| wrong.to_string())
}

fn size_of(note: &str) -> u64 {
    note.lines().nth(1).unwrap().parse().unwrap()
}

/// Acts, a copy of the files, more acts, and the copy put back: with the exports made on the way.
struct PutBack {
    place: Installation,
    early: Export,
    late: Export,
    before: BTreeMap<String, Checkpoint>,
}

impl PutBack {
    async fn new() -> Self {
        let place = Installation::new(OwnCluster::new().await).await;
        place.submit(2).await;
        place.tick().await;
        let early = place.export().await;
        place.submit(1).await;
        place.cluster.stop();
        let copy = place.cluster.copy();
        place.cluster.start();
        let place = place.started().await;
        place.submit(3).await;
        place.tick().await;
        let late = place.export().await;
        let before = place.shown().await;
        place.cluster.stop();
        place.cluster.put_back(&copy);
        place.cluster.start();
        Self { place: place.started().await, early, late, before }
    }
}

#[tokio::test]
async fn files_that_were_put_back_begin_another_epoch() {
    let PutBack { place, early, late, before } = PutBack::new().await;
    assert!(place.integrator.prepare().await.unwrap());
    place.submit(1).await;
    place.tick().await;
    told_once(&place).await;
    assert_eq!(place.findings().await, (Vec::new(), 0));
    // No log shows another checkpoint under a name of before than one that goes on to what was published.
    let now = place.shown().await;
    for (origin, then) in &before {
        assert!(origin.ends_with("/e1"));
        assert!(now.get(origin).is_none_or(|now| now.size <= then.size), "{origin} was signed again");
        assert!(now.contains_key(&origin.replace("/e1", "/e2")), "{origin} has no successor");
    }
    let export = place.export().await;
    let keys = export.text("vkey");
    let [early_note, late_note] = [early.text("checkpoint"), late.text("checkpoint")];
    // What was kept before the copy is all there.
    let verdict = known(&export, &keys, std::slice::from_ref(&early_note)).unwrap();
    assert_eq!(verdict.kept_earlier[0].lost, 0);
    let opened = &verdict.opened[0];
    // Three requests of three records each were not in the copy, and the acts that made the third had no leaf there yet.
    let (published, restored) = (size_of(&late_note), opened.restored.1);
    assert_eq!(opened.lost(), Some(published - restored));
    assert_eq!((opened.epoch, opened.why.as_str(), opened.differ), (2, "restored", 0));
    // What was kept after it is of records that are lost, and the log says so.
    let verdict = known(&export, &keys, std::slice::from_ref(&late_note)).unwrap();
    assert_eq!(verdict.kept_earlier[0].lost, published - restored);
    assert!(verdict.words().contains("LOST: of the"), "{}", verdict.words());
    // Whoever knows the old keys alone is led to the new ones, and told so.
    let verdict = known(&export, &early.text("vkey"), &[early_note]).unwrap();
    assert_eq!(verdict.succeeded.len(), 2, "{}", verdict.words());
    assert!(verdict.words().contains("is not one you gave"), "{}", verdict.words());
    let page = ledger::verify::export(export.dir.path(), Some(&keys), &[]).unwrap();
    assert_eq!(page.succeeded, [""; 0]);
    // Nothing more happens at the next start.
    let place = place.started().await;
    assert!(!place.integrator.prepare().await.unwrap());
    assert_eq!(place.count("SELECT epoch::bigint FROM audit.cursor").await, 2);
}

/// What the mark is for: without it the same log signs two histories under one name.
#[tokio::test]
async fn without_a_mark_two_checkpoints_contradict_each_other() {
    let PutBack { place, late, .. } = PutBack::new().await;
    let place = place.without_mark().await;
    place.integrator.prepare().await.unwrap();
    place.submit(9).await;
    place.tick().await;
    assert_eq!(place.count("SELECT epoch::bigint FROM audit.cursor").await, 1, "nobody noticed");
    let export = place.export().await;
    let refused = known(&export, &late.text("vkey"), &[late.text("checkpoint")]).unwrap_err();
    assert!(refused.contains("are not those of the kept checkpoint"), "{refused}");
}

#[tokio::test]
async fn a_running_integrator_notices_too() {
    let PutBack { place, .. } = PutBack::new().await;
    place.tick().await;
    assert_eq!(place.count("SELECT epoch::bigint FROM audit.cursor").await, 2);
    told_once(&place).await;
    assert_eq!(place.findings().await, (Vec::new(), 0));
    assert!(place.mark_path().exists());
}

/// The process ended between the commit of a tick and its mark: that is no database that was put back.
#[tokio::test]
async fn a_mark_that_is_behind_is_no_restore() {
    let place = Installation::new(OwnCluster::new().await).await;
    place.tick().await;
    place.submit(1).await;
    let unmarked = Integrator::new(place.db.clone(), "https://sign.example.org", place.south.id);
    unmarked.tick(true).await.unwrap();
    assert!(!place.integrator.prepare().await.unwrap());
    place.submit(1).await;
    place.tick().await;
    assert_eq!(place.count("SELECT epoch::bigint FROM audit.cursor").await, 1);
    told_once(&place).await;
}

const BURN: &str = "DO $$ BEGIN FOR i IN 1..3000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$";

#[tokio::test]
async fn a_dump_that_was_loaded_elsewhere_begins_another_epoch() {
    let place = Installation::new(OwnCluster::new().await).await;
    place.cluster.superuser().await.batch_execute(BURN).await.unwrap();
    place.submit(2).await;
    place.tick().await;
    let early = place.export().await;
    place.submit(1).await;
    let dump = place.cluster.dump();
    place.submit(1).await;
    place.tick().await;
    let late = place.export().await;
    let elsewhere = OwnCluster::empty().await;
    elsewhere.load(&dump).await;
    let mut place = place;
    let old = std::mem::replace(&mut place.cluster, elsewhere);
    let place = place.started().await;
    drop(old);
    // Numbers of transactions begin anew there: the records carry numbers that are still to come.
    let ahead = "SELECT count(*) FROM audit.record WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())";
    assert!(place.count(ahead).await > 0);
    assert!(place.integrator.prepare().await.unwrap());
    place.submit(1).await;
    place.tick().await;
    told_once(&place).await;
    assert_eq!(place.findings().await, (Vec::new(), 0));
    let export = place.export().await;
    let verdict = known(&export, &export.text("vkey"), &[early.text("checkpoint"), late.text("checkpoint")]).unwrap();
    let lost: Vec<u64> = verdict.kept_earlier.iter().map(|one| one.lost).collect();
    assert!(lost[0] == 0 && lost[1] > 0, "{verdict:?}");
    // And when these numbers come, no record gets a second leaf.
    for _ in 0..2 {
        place.cluster.superuser().await.batch_execute(BURN).await.unwrap();
        place.submit(1).await;
        place.tick().await;
    }
    assert_eq!(place.count(ahead).await, 0);
    told_once(&place).await;
    assert_eq!(place.findings().await, (Vec::new(), 0));
}

#[tokio::test]
async fn a_recovery_to_a_point_in_time_begins_another_epoch() {
    let place = Installation::new(OwnCluster::archiving().await).await;
    place.tick().await;
    let backup = place.cluster.back_up().await;
    place.submit(2).await;
    place.tick().await;
    let early = place.export().await;
    place.cluster.superuser().await.batch_execute("SELECT pg_create_restore_point('here')").await.unwrap();
    place.submit(2).await;
    place.tick().await;
    let late = place.export().await;
    place.cluster.superuser().await.batch_execute("SELECT pg_switch_wal()").await.unwrap();
    place.cluster.stop();
    place.cluster.recover(&backup, "here").await;
    let place = place.started().await;
    assert!(place.integrator.prepare().await.unwrap());
    place.tick().await;
    told_once(&place).await;
    assert_eq!(place.findings().await, (Vec::new(), 0));
    assert!(place.count("SELECT timeline_id::bigint FROM pg_control_checkpoint()").await > 1);
    let export = place.export().await;
    let verdict = known(&export, &export.text("vkey"), &[early.text("checkpoint"), late.text("checkpoint")]).unwrap();
    let lost: Vec<u64> = verdict.kept_earlier.iter().map(|one| one.lost).collect();
    assert!(lost[0] == 0 && lost[1] > 0, "{verdict:?}");
}

#[tokio::test]
async fn what_destroyed_keys_sealed_is_cleared_again() {
    let place = Installation::new(OwnCluster::new().await).await;
    let request = submit(&place.north, "member", "purchase", &purchase("Chair", "10.00")).await.unwrap();
    approve(&place.north, "manager", &request).await;
    place.tick().await;
    let early = place.export().await;
    let manager = place.north.person("manager");
    let sealed = format!(
        "SELECT count(*) FROM audit.record r JOIN countersign.person p ON p.workspace_id = r.workspace_id
         AND p.audit_key_no = r.person_key_no WHERE p.person_id = '{manager}' AND r.person_part IS NOT NULL"
    );
    let held = place.count(&sealed).await;
    assert!(held >= 2, "{held}");
    place.cluster.stop();
    let copy = place.cluster.copy();
    place.cluster.start();
    let place = place.started().await;
    let (mut scope, permit) = place.north.permit::<EndPerson>("owner", manager).await.unwrap();
    identity::people::end(&mut scope, permit).await.unwrap();
    drop(scope.commit().await.unwrap());
    let (mut scope, permit) = place.north.permit::<OrderErasure>("owner", Whole).await.unwrap();
    erasure::order(&mut scope, permit, Subject::Person(manager)).await.unwrap();
    drop(scope.commit().await.unwrap());
    Eraser::new(place.db.clone()).look(true).await.unwrap();
    place.tick().await;
    assert_eq!(place.count(&sealed).await, 0);
    place.cluster.stop();
    place.cluster.put_back(&copy);
    place.cluster.start();
    let place = place.started().await;
    assert_eq!(place.count(&sealed).await, held, "the backup brought them back");
    assert!(place.integrator.prepare().await.unwrap());
    assert_eq!(place.count(&sealed).await, 0, "and they are gone before anything is served");
    let named = format!("SELECT count(*) FROM audit.record WHERE actor_id = '{manager}'");
    assert_eq!(place.count(&named).await, 0);
    place.tick().await;
    told_once(&place).await;
    assert_eq!(place.findings().await, (Vec::new(), u64::try_from(held).unwrap()));
    let export = place.export().await;
    let verdict = known(&export, &export.text("vkey"), &[early.text("checkpoint")]).unwrap();
    assert_eq!((verdict.erased, verdict.kept_earlier[0].lost), (u64::try_from(held).unwrap(), 0));
    assert!(verdict.words().contains("0 are missing"), "{}", verdict.words());
    let records = export.text("records.ndjson");
    assert!(records.contains("the keys were destroyed before"), "the record says that it was applied again");
    assert_eq!(place.db.erase_again(place.north.id).await.unwrap(), 0, "and nothing twice");
}

/// A record of before that is not what its leaf says is not washed clean by telling it again.
#[tokio::test]
async fn a_changed_record_is_named_by_the_opening() {
    let place = Installation::new(OwnCluster::new().await).await;
    place.submit(2).await;
    place.tick().await;
    let early = place.export().await;
    let rename = format!(
        "SET session_replication_role = replica; ALTER TABLE audit.record DISABLE TRIGGER ALL;
         UPDATE audit.record SET action = 'request.reject' WHERE id =
           (SELECT max(id) FROM audit.record WHERE workspace_id = '{}' AND action = 'request.submit');
         ALTER TABLE audit.record ENABLE ALWAYS TRIGGER no_mod",
        place.north.id
    );
    place.cluster.superuser().await.batch_execute(&rename).await.unwrap();
    assert_eq!(place.integrator.order_epoch(None).await.unwrap(), 2);
    place.tick().await;
    told_once(&place).await;
    let (findings, _) = place.findings().await;
    assert!(findings.len() == 1 && findings[0].contains("NOT what their leaves said"), "{findings:?}");
    let export = place.export().await;
    let verdict = known(&export, &export.text("vkey"), &[]).unwrap();
    assert_eq!((verdict.opened[0].differ, verdict.opened[0].why.as_str()), (1, "ordered"));
    let refused = known(&export, &export.text("vkey"), &[early.text("checkpoint")]).unwrap_err();
    assert!(refused.contains("are not those of the kept checkpoint"), "{refused}");
    for used in [-1, 0, 1, 2] {
        assert!(matches!(place.integrator.order_epoch(Some(used)).await, Err(tenancy::Error::Bound { bound: 3, .. })));
    }
    assert_eq!(place.integrator.order_epoch(Some(7)).await.unwrap(), 7);
    let later = place.export().await;
    let kept = [export.text("checkpoint")];
    let verdict = known(&later, &later.text("vkey"), &kept).unwrap();
    assert_eq!((verdict.opened.len(), verdict.kept_earlier[0].lost), (2, 0));
}

/// Leaves of north's log that are signed in the newest epoch.
async fn signed(place: &Installation) -> u64 {
    let size =
        "SELECT signed_size FROM audit.head h WHERE h.epoch = (SELECT epoch FROM audit.cursor) AND h.workspace_id";
    u64::try_from(place.count(&format!("{size} = '{}'", place.north.id)).await).unwrap()
}

/// Streams until everything that is signed in this epoch arrived; the leaf that is next.
async fn streamed(place: &Installation, id: StreamId, epoch: i32) -> u64 {
    let running = Running::start(std::slice::from_ref(&place.db), Private::Allowed);
    for _ in 0..1_000 {
        let now = row(&place.north, id).await;
        if (now.epoch, now.next) == (epoch, signed(place).await) {
            running.stop().await;
            return now.next;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the stream did not come to its end: {:?}", row(&place.north, id).await);
}

fn entries(of: &[Got]) -> Vec<String> {
    let text = |line: &Value| line["entry"].as_str().unwrap().to_owned();
    of.iter().flat_map(|one| one.lines()[1..].iter().map(text).collect::<Vec<_>>()).collect()
}

/// What arrived before, told in the new epoch's words, is what the batch behind the opening says lies before it.
fn judge_jump(before: &[Got], later: &[Got]) {
    let first = &later[0].lines()[0]["batch"];
    assert!(first["origin"].as_str().unwrap().ends_with("/e2"), "{first}");
    assert_eq!((first["first"].as_u64(), first["last"].as_u64(), first["previous"].as_u64()), (Some(0), Some(0), None));
    let [of_before, opening] = [entries(before), entries(&later[..1])];
    let (next, resumes) = (of_before.len() as u64, &first["resumes"]);
    assert_eq!((resumes["next"].as_u64(), resumes["at"].as_u64()), (Some(next), Some(next + 1)));
    assert_eq!(resumes["origin"].as_str().unwrap().replace("/e1", "/e2"), first["origin"].as_str().unwrap());
    let mut tree = Frontier::new();
    let told = of_before.iter().map(|entry| entry.replacen(",\"e\":1,", ",\"e\":2,", 1));
    opening.into_iter().chain(told).for_each(|entry| tree.append(leaf_hash(entry.as_bytes()), |_, _, _| {}));
    let second = &later[1].lines()[0]["batch"];
    let hash = |text: &Value| tlog::decode_base64(text.as_str().unwrap()).unwrap();
    let lies_before: Vec<u8> = second["before"].as_array().unwrap().iter().flat_map(hash).collect();
    assert_eq!(second["first"].as_u64(), Some(next + 1));
    assert_eq!(lies_before, tree.to_bytes());
}

#[tokio::test]
async fn a_stream_goes_on_in_the_new_epoch_where_it_was() {
    provider();
    let receiver = Receiver::start(&[]).await;
    let place = Installation::new(OwnCluster::new().await).await;
    place.tick().await;
    let (url, ca_pem) = (receiver.url(), receiver.ca_pem.clone());
    let draft = Draft { receiver: "webhook", url: &url, ca_pem: &ca_pem, ..Draft::default() };
    let (id, _) = add(&place.north, &draft, Format::Native).await;
    place.tick().await;
    let before = streamed(&place, id, 1).await;
    // Signed, and not delivered when the copy is made.
    place.submit(1).await;
    place.tick().await;
    assert!(signed(&place).await > before);
    place.cluster.stop();
    let copy = place.cluster.copy();
    place.cluster.start();
    let place = place.started().await;
    place.submit(2).await;
    place.tick().await;
    place.cluster.stop();
    place.cluster.put_back(&copy);
    place.cluster.start();
    let place = place.started().await;
    let arrived = receiver.taken();
    assert!(place.integrator.prepare().await.unwrap());
    place.submit(1).await;
    place.tick().await;
    streamed(&place, id, 2).await;
    // That the stream followed is a record, which is sent as well.
    place.tick().await;
    let end = streamed(&place, id, 2).await;
    let taken = receiver.taken();
    let later = &taken[arrived.len()..];
    judge_jump(&arrived, later);
    // Every record that is there arrived, and none that had arrived came again.
    let mut next = before + 1;
    for one in &later[1..] {
        let batch = one.lines()[0]["batch"].clone();
        assert_eq!((batch["first"].as_u64(), batch["expected"].as_u64()), (Some(next), Some(next)));
        next = batch["last"].as_u64().unwrap() + 1;
    }
    assert_eq!(next, end);
    let rec = |entry: &String| ::ledger::entry::Entry::parse(entry.as_bytes()).unwrap().rec;
    let again: Vec<String> = entries(&arrived).iter().map(rec).collect();
    assert!(entries(later).iter().map(rec).all(|rec| !again.contains(&rec)));
    assert_eq!(place.findings().await, (Vec::new(), 0));
}

#[tokio::test]
async fn a_witness_is_never_shown_a_smaller_tree() {
    provider();
    let PutBack { place, before, .. } = PutBack::new().await;
    let (origin, then) = before.iter().find(|(origin, _)| origin.contains("/deployment/")).unwrap();
    let keys = place.db.keys(place.south.id).await.unwrap();
    let vkey = |origin: &str| ledger::origin::signing_key(&keys, origin).unwrap();
    let at = Place::new();
    let next = origin.replace("/e1", "/e2");
    let both = [vkey(origin).verifier().to_string(), vkey(&next).verifier().to_string()];
    let witness = Witness::start(&at, NAME, &both);
    // What it cosigned before the database was put back: its client says that nothing is known of it.
    let note = vkey(origin).sign(&then.to_string()).unwrap();
    let first = tlog::AddCheckpoint { old: 0, proof: Vec::new(), note: &note }.to_string();
    let url = format!("{}/add-checkpoint", witness.url);
    assert_eq!(crate::server::client().post(url).body(first).send().await.unwrap().status(), 200);
    let asked = WitnessAt::new(witness.url.clone(), &witness.vkey).unwrap();
    // Without the mark nobody here knows; the witness does, shows it, and nothing is signed until it is ordered.
    let unmarked = Integrator::new(place.db.clone(), "https://sign.example.org", place.south.id);
    let doubt = Doubt::default();
    let cosigning =
        Cosigning::new(place.db.clone(), vec![asked.clone()]).unwrap().doubting(place.south.id, doubt.clone());
    let head = place.db.deployment_head().await.unwrap().unwrap();
    assert!(matches!(cosigning.ask(&asked, &head).await, Err(CosigningError::Ahead { .. })));
    cosigning.look_first().await;
    assert!(doubt.is_raised());
    let unmarked = unmarked.doubting(doubt.clone());
    let shown = place.shown().await;
    place.submit(1).await;
    assert_eq!(unmarked.tick(true).await.unwrap(), ledger::Done::default());
    assert_eq!(place.shown().await, shown, "nothing was signed");
    // With the mark it begins anew, under a name of which the witness knows the key.
    assert!(place.integrator.prepare().await.unwrap());
    let head = place.db.deployment_head().await.unwrap().unwrap();
    assert!(head.checkpoint.starts_with(&next), "{}", head.checkpoint);
    cosigning.ask(&asked, &head).await.unwrap();
    assert_eq!(unmarked.order_epoch(None).await.unwrap(), 3);
    assert!(!doubt.is_raised());
}

#[tokio::test]
async fn a_server_whose_database_was_put_back_says_so() {
    let server = Server::start();
    server.caller("member").submit("Before", "10.00").await;
    server.caller("member").submit("Copied", "10.00").await;
    std::thread::sleep(std::time::Duration::from_secs(2));
    let (_, at) = server.stop();
    let copied = |from: PathBuf, to: PathBuf| {
        let done = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
        assert!(done.success());
    };
    copied(at.data().join("pg"), at.path("pg-copy"));
    let server = Server::start_at(at);
    server.caller("member").submit("Lost", "10.00").await;
    let path = |server: &Server, name: &str| server.place().path(name).to_string_lossy().into_owned();
    std::thread::sleep(std::time::Duration::from_secs(2));
    let (late, keys) = (path(&server, "late"), path(&server, "old.vkey"));
    server.says(&["audit", "export", "--out", &late]);
    std::fs::write(&keys, server.says(&["audit", "keys"])).unwrap();
    let (_, at) = server.stop();
    std::fs::remove_dir_all(at.data().join("pg")).unwrap();
    copied(at.path("pg-copy"), at.data().join("pg"));
    let server = Server::start_at(at);
    assert!(server.log().contains("a new epoch of the logs was opened"), "{}", server.log());
    assert_eq!(server.says(&["audit", "keys"]).lines().count(), 4);
    server.says(&["audit", "verify", "--live"]);
    let owner = server.signed_in("sample", "owner@sample.test").await;
    let page = owner.get("/w/sample/audit/log").await.text();
    assert!(page.contains("The log began anew") && page.contains("Epoch 2") && page.contains("are lost"), "{page}");
    let (out, kept) = (path(&server, "trail"), format!("{late}/checkpoint"));
    server.says(&["audit", "export", "--out", &out]);
    let said = server.run(&["audit", "verify", &out, "--vkey", &keys, "--kept", &kept]);
    let words = String::from_utf8_lossy(&said.stdout).into_owned();
    assert_eq!(said.status.code(), Some(3), "{words}{}", String::from_utf8_lossy(&said.stderr));
    assert!(words.contains("LOST: of the") && words.contains("names it as its successor"), "{words}");
    let ordered = server.says(&["audit", "new-epoch"]);
    assert!(ordered.contains("epoch 3 of the logs is open"), "{ordered}");
    server.says(&["audit", "verify", "--live"]);
}
