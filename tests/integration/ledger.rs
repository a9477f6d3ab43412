//! The log over the trail: that every record gets its leaf once and in order, and that no change of it goes unseen.

use std::path::PathBuf;

use ledger::verify::{Pinned, Verdict};
use ledger::{Done, Integrator};
use tenancy::policy::SeeTrail;
use tenancy::trail;
use tenancy::{Channel, Credential, Internal, Origin, Permit, ReadOnly, Scope, Whole};
use testkit::{TestDb, Workspace, purchase, submit, two_workspaces};

use crate::support::count;

/// A database with two workspaces and their integrator. The second workspace stands for the platform's.
pub(crate) struct House {
    pub(crate) t: TestDb,
    pub(crate) north: Workspace,
    pub(crate) south: Workspace,
    integrator: Integrator,
}

impl House {
    async fn new() -> Self {
        let t = TestDb::new().await;
        let [north, south] = two_workspaces(&t.db).await;
        let integrator = Integrator::new(t.db.clone(), "https://sign.example.org", south.id);
        Self { t, north, south, integrator }
    }

    /// With so many requests handed in, and their leaves.
    pub(crate) async fn with(requests: usize) -> Self {
        let house = Self::new().await;
        house.submit(requests).await;
        house.tick().await;
        house
    }

    pub(crate) async fn submit(&self, requests: usize) {
        for n in 0..requests {
            submit(&self.north, "member", "purchase", &purchase(&format!("Chair {n}"), "10.00")).await.unwrap();
        }
    }

    /// Ticks until every record has its leaf, for transactions of other tests on the same server hold the cut back; then
    /// once with anchors, so that each log that grew has one entry more in the deployment's log.
    pub(crate) async fn tick(&self) -> Done {
        let mut leaves = 0;
        for _ in 0..400 {
            leaves += self.integrator.tick(false).await.unwrap().leaves;
            let behind = "SELECT count(*) FROM audit.record r WHERE NOT EXISTS
                (SELECT FROM audit.leaf l WHERE l.workspace_id = r.workspace_id AND l.record_id = r.id)";
            if count(&self.t, behind).await == 0 {
                let done = self.integrator.tick(true).await.unwrap();
                return Done { leaves: leaves + done.leaves, entries: done.entries };
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("records got no leaves");
    }

    /// A superuser's statements, past row security and with the triggers off.
    pub(crate) async fn break_in(&self, sql: &str) {
        let north = self.north.id;
        let sql = sql.replace("$north", &format!("'{north}'")).replace("$south", &format!("'{}'", self.south.id));
        let all = format!(
            "SET session_replication_role = replica; ALTER TABLE audit.record DISABLE TRIGGER ALL;
             ALTER TABLE audit.leaf DISABLE TRIGGER ALL; ALTER TABLE audit.deployment_entry DISABLE TRIGGER ALL; {sql};
             ALTER TABLE audit.record ENABLE ALWAYS TRIGGER no_mod; ALTER TABLE audit.leaf ENABLE ALWAYS TRIGGER no_mod;
             SET session_replication_role = DEFAULT"
        );
        self.t.owner.batch_execute(&all).await.unwrap();
    }

    /// An export after the first act was renamed and every log was made anew, with the logs' own keys; some records more.
    pub(crate) async fn rewritten(&self) -> Export {
        self.break_in(
            "UPDATE audit.record SET action = 'request.reject' WHERE id =
               (SELECT min(id) FROM audit.record WHERE workspace_id = $north);
             DELETE FROM audit.leaf;
             DELETE FROM audit.head WHERE workspace_id <> '00000000-0000-0000-0000-000000000000';
             DELETE FROM audit.tile WHERE workspace_id <> '00000000-0000-0000-0000-000000000000';
             UPDATE audit.cursor SET xid = '0'",
        )
        .await;
        self.submit(3).await;
        self.tick().await;
        self.export().await
    }

    /// So many records without values, and their leaves.
    pub(crate) async fn fill(&self, records: u32) {
        let fill = format!(
            "INSERT INTO audit.record (workspace_id, rec, action, class, fields, digests, period_key_no, person_key_no)
             SELECT '{}', gen_random_uuid(), 'request.comment', 1, 0, '', 0, 0 FROM generate_series(1, {records})",
            self.north.id
        );
        self.t.owner.batch_execute(&fill).await.unwrap();
        self.tick().await;
    }

    /// What `fill` left out was erased, as the log says then: orders whose keys are gone, carried out.
    pub(crate) async fn erase_what_is_missing(&self) {
        let orders = format!(
            "INSERT INTO countersign.erasure (workspace_id, erasure_id, part, subject, key_nos, shredded_at)
             SELECT '{}', gen_random_uuid(), part, gen_random_uuid(), ARRAY[0], clock_timestamp()
             FROM unnest(ARRAY['person', 'period']) AS part",
            self.north.id
        );
        self.t.owner.batch_execute(&orders).await.unwrap();
        assert_eq!(ledger::Eraser::new(self.t.db.clone()).look(true).await.unwrap(), 2);
        self.tick().await;
    }

    /// The id of a record whose act was renamed behind the trigger's back.
    pub(crate) async fn damaged(&self) -> uuid::Uuid {
        self.break_in(
            "UPDATE audit.record SET action = 'request.reject' WHERE id = (SELECT max(id) FROM audit.record
               WHERE workspace_id = $north AND action = 'request.submit')",
        )
        .await;
        let id = "SELECT rec FROM audit.record WHERE action = 'request.reject'";
        self.t.owner.query_one(id, &[]).await.unwrap().get(0)
    }

    pub(crate) async fn findings(&self) -> Vec<String> {
        let (scope, permit) = view(&self.north).await;
        let report = ledger::live::verify(&self.t.db, &scope, &permit, |_, _| {}).await.unwrap();
        scope.finish();
        assert!(report.findings.len() < ledger::live::FINDINGS_MAX, "all of them are in words");
        assert_eq!(report.wrong, report.findings.iter().map(|finding| said_of(finding)).sum::<u64>());
        report.findings
    }

    pub(crate) async fn export(&self) -> Export {
        let dir = tempfile::tempdir().unwrap();
        let (scope, permit) = view(&self.north).await;
        ledger::export::export(&self.t.db, self.south.id, &scope, &permit, dir.path()).await.unwrap();
        scope.finish();
        Export { dir }
    }
}

/// Of how many parts a finding speaks; of one thing where it says no number.
fn said_of(finding: &str) -> u64 {
    let missing = finding.split_once(" records miss their ").map(|(number, _)| number);
    let closed = finding.split_once(" part of ").and_then(|(_, rest)| rest.split_once(" records does not open"));
    missing.or(closed.map(|(number, _)| number)).map_or(1, |number| number.parse::<u64>().unwrap().max(1))
}

pub(crate) async fn view(workspace: &Workspace) -> (Scope<ReadOnly>, Permit<SeeTrail>) {
    let prober = Credential::Internal(Internal::Prober);
    let mut scope = workspace.db.view(prober, workspace.id, Origin::internal(Channel::Worker)).await.unwrap();
    let permit = scope.permit::<SeeTrail>(Whole).await.unwrap();
    (scope, permit)
}

/// An export in a folder.
pub(crate) struct Export {
    pub(crate) dir: tempfile::TempDir,
}

impl Export {
    /// The same in another folder.
    pub(crate) fn copied(&self) -> Self {
        let copy = Self { dir: tempfile::tempdir().unwrap() };
        let from = format!("{}/.", self.dir.path().display());
        let copied = std::process::Command::new("cp").arg("-r").arg(from).arg(copy.dir.path()).status();
        assert!(copied.unwrap().success());
        copy
    }
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
    pub(crate) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }
    pub(crate) fn verify(&self, keys: Option<&str>, kept: &[String]) -> Result<Verdict, String> {
        ledger::verify::export(self.dir.path(), keys, kept).map_err(|wrong| wrong.to_string())
    }
}

#[tokio::test]
async fn every_record_gets_its_leaf_once_and_the_log_holds() {
    let house = House::with(3).await;
    let t = &house.t;
    let records = count(t, "SELECT count(*) FROM audit.record").await;
    assert!(records > 50, "{records} records: the workspaces were made by acts");
    assert_eq!(count(t, "SELECT count(*) FROM audit.leaf").await, records);
    assert_eq!(house.findings().await, [""; 0]);
    assert_eq!(house.tick().await, Done::default(), "nothing to do");
    house.submit(2).await;
    assert_eq!(house.tick().await, Done { leaves: 2, entries: 1 });
    assert_eq!(house.findings().await, [""; 0]);
    let gaps = "SELECT count(*) FROM (SELECT idx - row_number() OVER (PARTITION BY workspace_id ORDER BY idx) AS gap,
        record_id, lag(record_id) OVER (PARTITION BY workspace_id ORDER BY idx) AS before FROM audit.leaf) l
        WHERE gap <> -1 OR record_id <= before";
    assert_eq!(count(t, gaps).await, 0, "indexes are dense, and causes come before their effects");
    let tampered = "SELECT count(*) FROM audit.leaf l WHERE NOT EXISTS
        (SELECT FROM audit.record r WHERE r.workspace_id = l.workspace_id AND r.id = l.record_id)";
    assert_eq!(count(t, tampered).await, 0, "every leaf has its record");
}

#[tokio::test]
async fn a_slow_transaction_holds_back_what_came_after_it() {
    let house = House::with(1).await;
    let slow = house.t.connect_as("postgres").await;
    slow.batch_execute("BEGIN; CREATE TEMPORARY TABLE slow ON COMMIT DROP AS SELECT pg_current_xact_id()")
        .await
        .unwrap();
    house.submit(1).await;
    let leaves = async || house.integrator.tick(false).await.unwrap().leaves;
    assert_eq!(leaves().await, 0, "an older transaction may still bring an earlier record");
    let own = format!(
        "INSERT INTO audit.record (workspace_id, rec, action, class, fields, digests, period_key_no, person_key_no)
         SELECT '{}', gen_random_uuid(), 'request.comment', 1, 0, '', 0, 0",
        house.north.id
    );
    slow.batch_execute(&own).await.unwrap();
    assert_eq!(leaves().await, 0);
    slow.batch_execute("COMMIT").await.unwrap();
    assert_eq!(house.tick().await.leaves, 2, "both, once the slow one has ended");
}

#[tokio::test]
async fn two_integrators_make_one_log() {
    let house = House::with(0).await;
    let other = Integrator::new(house.t.another_node(), "https://elsewhere.example.org", house.south.id);
    for n in 0..10 {
        submit(&house.north, "member", "purchase", &purchase(&format!("Desk {n}"), "10.00")).await.unwrap();
        let (one, two) = tokio::join!(house.integrator.tick(true), other.tick(true));
        for done in [one, two] {
            assert!(matches!(done, Ok(_) | Err(tenancy::Error::Busy)), "{done:?}");
        }
    }
    house.tick().await;
    assert_eq!(house.findings().await, [""; 0]);
    let leaves = count(&house.t, "SELECT count(*) FROM audit.leaf").await;
    assert_eq!(leaves, count(&house.t, "SELECT count(*) FROM audit.record").await);
    let hosts = "SELECT count(*) FROM audit.head WHERE checkpoint LIKE 'sign.example.org/%'";
    assert_eq!(count(&house.t, hosts).await, 3, "a log keeps the name it began with");
}

/// What a superuser may do in the database, and a word that the finding holds.
const BREAKS: [(&str, &str, &str); 17] = [
    (
        "an act renamed",
        "UPDATE audit.record SET action = 'request.reject' WHERE id = (SELECT max(id) FROM audit.record WHERE workspace_id = $north)",
        "not what its leaf says",
    ),
    (
        "a time moved back",
        "UPDATE audit.record SET ts = ts - interval '1 day' WHERE id = (SELECT max(id) FROM audit.record WHERE workspace_id = $north)",
        "not what its leaf says",
    ),
    (
        "a digest changed",
        "UPDATE audit.record SET digests = set_byte(digests, 0, 255 - get_byte(digests, 0)) WHERE id = (SELECT max(id) FROM audit.record WHERE workspace_id = $north)",
        "not what its leaf says",
    ),
    (
        "a record and its leaf changed alike",
        "UPDATE audit.record SET action = 'request.reject' WHERE id = (SELECT max(id) FROM audit.record WHERE workspace_id = $north); UPDATE audit.leaf SET hash = sha256('x') WHERE workspace_id = $north AND idx = 3",
        "not what its leaf says",
    ),
    (
        "a record removed",
        "DELETE FROM audit.record WHERE workspace_id = $north AND id = (SELECT record_id FROM audit.leaf WHERE workspace_id = $north AND idx = 5)",
        "is missing",
    ),
    (
        "a record and its leaf removed",
        "DELETE FROM audit.record WHERE workspace_id = $north AND id = (SELECT record_id FROM audit.leaf WHERE workspace_id = $north AND idx = 5); DELETE FROM audit.leaf WHERE workspace_id = $north AND idx = 5",
        "leaf 5 is missing",
    ),
    (
        "two records swapped",
        "UPDATE audit.leaf l SET record_id = -l.record_id WHERE workspace_id = $north AND idx IN (2, 3); UPDATE audit.leaf l SET record_id = (SELECT -o.record_id FROM audit.leaf o WHERE o.workspace_id = $north AND o.idx = 5 - l.idx) WHERE workspace_id = $north AND idx = 2; UPDATE audit.leaf l SET record_id = (SELECT r.id FROM audit.record r WHERE r.workspace_id = $north AND NOT EXISTS (SELECT FROM audit.leaf o WHERE o.workspace_id = $north AND o.record_id = r.id)) WHERE workspace_id = $north AND idx = 3",
        "not what its leaf says",
    ),
    (
        "a record moved to another workspace",
        "UPDATE audit.record SET workspace_id = $south WHERE workspace_id = $north AND id = (SELECT record_id FROM audit.leaf WHERE workspace_id = $north AND idx = 5)",
        "is missing",
    ),
    (
        "a person's part of another record",
        "UPDATE audit.record r SET person_part = o.person_part FROM audit.record o WHERE r.workspace_id = $north AND o.workspace_id = $north AND r.id = (SELECT max(id) FROM audit.record WHERE workspace_id = $north) AND o.id = (SELECT min(id) FROM audit.record WHERE workspace_id = $north)",
        "does not open",
    ),
    (
        "a part cleared without an erasure",
        "UPDATE audit.record SET period_part = NULL WHERE id = (SELECT max(id) FROM audit.record WHERE workspace_id = $north)",
        "no erasure says why",
    ),
    (
        "another actor in the index",
        "UPDATE audit.record SET actor_id = gen_random_uuid() WHERE id = (SELECT max(id) FROM audit.record WHERE workspace_id = $north)",
        "another actor",
    ),
    (
        "another target in the index",
        "UPDATE audit.record SET target_id = gen_random_uuid() WHERE id = (SELECT max(id) FROM audit.record WHERE workspace_id = $north)",
        "another target",
    ),
    (
        "a leaf's hash changed",
        "UPDATE audit.leaf SET hash = sha256('x') WHERE workspace_id = $north AND idx = 3",
        "not what its leaf says",
    ),
    (
        "the frontier changed",
        "UPDATE audit.head SET frontier = overlay(frontier placing sha256('x') from 1) WHERE workspace_id = $north",
        "frontier",
    ),
    (
        "the checkpoint changed",
        "UPDATE audit.head SET checkpoint = regexp_replace(checkpoint, '\n[0-9]+\n', E'\n7\n') WHERE workspace_id = $north",
        "not signed by the log's key",
    ),
    (
        "the checkpoint of another workspace",
        "UPDATE audit.head SET checkpoint = (SELECT checkpoint FROM audit.head WHERE workspace_id = $south) WHERE workspace_id = $north",
        "another log",
    ),
    ("the checkpoint removed", "UPDATE audit.head SET checkpoint = NULL WHERE workspace_id = $north", "no checkpoint"),
];

#[tokio::test]
async fn what_a_superuser_changes_is_seen() {
    for (what, sql, word) in BREAKS {
        let house = House::with(2).await;
        assert_eq!(house.findings().await, [""; 0], "before: {what}");
        house.break_in(sql).await;
        let findings = house.findings().await;
        assert!(findings.iter().any(|finding| finding.contains(word)), "{what}: {findings:?}");
    }
}

#[tokio::test]
async fn a_tail_that_was_cut_off_is_seen_by_the_deployment_s_log() {
    let house = House::with(2).await;
    let before = "CREATE TABLE public.kept AS SELECT * FROM audit.head WHERE workspace_id = $north";
    house.break_in(before).await;
    house.submit(1).await;
    house.tick().await;
    house
        .break_in(
            "DELETE FROM audit.record r USING public.kept k WHERE r.workspace_id = $north AND r.id >
               (SELECT record_id FROM audit.leaf WHERE workspace_id = $north AND idx = k.size - 1);
             DELETE FROM audit.leaf l USING public.kept k WHERE l.workspace_id = $north AND l.idx >= k.size;
             UPDATE audit.head h SET size = k.size, frontier = k.frontier, signed_size = k.signed_size, checkpoint = k.checkpoint
             FROM public.kept k WHERE h.workspace_id = $north",
        )
        .await;
    let findings = house.findings().await;
    assert!(findings.iter().any(|finding| finding.contains("the deployment's log knows of")), "{findings:?}");
}

#[tokio::test]
async fn an_export_is_verified_by_itself() {
    let house = House::with(3).await;
    let export = house.export().await;
    let keys = export.text("vkey");
    let kept = export.text("checkpoint");
    let verdict = export.verify(Some(&keys), std::slice::from_ref(&kept)).unwrap();
    let leaves =
        count(&house.t, &format!("SELECT count(*) FROM audit.leaf WHERE workspace_id = '{}'", house.north.id)).await;
    assert_eq!(verdict.records, u64::try_from(leaves).unwrap());
    assert_eq!((verdict.anchored, verdict.withheld), (verdict.records, 0));
    let own = verdict.own;
    assert_eq!((verdict.pinned, verdict.kept.as_slice()), (Pinned::Both, [verdict.records].as_slice()));
    assert!(verdict.shown > verdict.records * 4, "{verdict:?}");
    let alone = export.verify(None, &[]).unwrap();
    assert_eq!(alone.pinned, Pinned::Nothing);
    assert!(alone.words().contains("came with the export itself") && alone.words().contains("no earlier checkpoint"));
    assert!(!alone.words().to_lowercase().contains("passed"));
    // The log goes on; what was kept is where it came from.
    house.submit(300).await;
    house.tick().await;
    let later = house.export().await;
    let verdict = later.verify(Some(&keys), std::slice::from_ref(&kept)).unwrap();
    assert!(
        later.path("tile/0/000").exists() && later.path("tile/1/000.p/1").exists(),
        "a full tile and the one above"
    );
    assert!(verdict.own > own, "{own} and {}", verdict.own);
    // And never back: the older export is genuine, and older than what was kept.
    let newer = later.text("checkpoint");
    let rolled_back = export.verify(Some(&keys), &[newer]).unwrap_err();
    assert!(rolled_back.contains("was kept, and the log has"), "{rolled_back}");
}

fn edit(export: &Export, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(export.path(name)).unwrap();
    change(&mut bytes);
    std::fs::write(export.path(name), bytes).unwrap();
}

fn edit_lines(export: &Export, name: &str, change: impl FnOnce(&mut Vec<&str>)) {
    let text = export.text(name);
    let mut lines: Vec<&str> = text.lines().collect();
    change(&mut lines);
    std::fs::write(export.path(name), lines.join("\n") + "\n").unwrap();
}

fn replace(export: &Export, from: &str, to: &str) {
    let text = export.text("records.ndjson");
    assert!(text.contains(from), "{from} stands there to be replaced");
    std::fs::write(export.path("records.ndjson"), text.replacen(from, to, 1)).unwrap();
}

pub(crate) type Change = fn(&Export);

/// What may happen to an export.
pub(crate) const CHANGES: [(&str, Change); 19] = [
    ("an entry altered", |e| edit(e, "tile/entries/000", |bytes| bytes[40] ^= 1)),
    ("a bundle missing", |e| std::fs::remove_file(e.path("tile/entries/000")).unwrap()),
    ("a bundle cut", |e| edit(e, "tile/entries/000", |bytes| bytes.truncate(bytes.len() - 1))),
    ("bytes behind a bundle", |e| edit(e, "tile/entries/000", |bytes| bytes.push(0))),
    ("a tile flipped", |e| edit(e, "tile/0/000", |bytes| bytes[700] ^= 1)),
    ("an upper tile flipped", |e| edit(e, "tile/1/000.p/1", |bytes| bytes[3] ^= 1)),
    ("a tile missing", |e| std::fs::remove_file(e.path("tile/1/000.p/1")).unwrap()),
    ("the size edited", |e| edit_lines(e, "checkpoint", |lines| lines[1] = "9")),
    ("another root", |e| {
        edit_lines(e, "checkpoint", |lines| lines[2] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    }),
    ("the signature missing", |e| edit_lines(e, "checkpoint", |lines| lines.truncate(3))),
    ("an act renamed", |e| replace(e, "request.submit", "request.reject")),
    ("a shown value changed", |e| replace(e, "\"value\":\"\\\"127.0.0.1\\\"\"", "\"value\":\"\\\"127.0.0.2\\\"\"")),
    ("a salt changed", |e| replace(e, "\"salt\":\"", "\"salt\":\"AAAA")),
    ("a line of the records missing", |e| {
        edit_lines(e, "records.ndjson", |lines| {
            lines.remove(4);
        })
    }),
    ("two lines swapped", |e| edit_lines(e, "records.ndjson", |lines| lines.swap(2, 3))),
    ("a line too many", |e| edit_lines(e, "records.ndjson", |lines| lines.push("{}"))),
    ("the deployment's log missing", |e| std::fs::remove_file(e.path("deployment/checkpoint")).unwrap()),
    ("an own entry hidden", |e| std::fs::write(e.path("deployment/own"), "").unwrap()),
    ("an own entry invented", |e| edit_lines(e, "deployment/own", |lines| lines.push("99 1"))),
];

#[tokio::test]
async fn what_is_changed_in_an_export_is_seen() {
    let house = House::with(250).await;
    let whole = house.export().await;
    let keys = whole.text("vkey");
    for (what, change) in CHANGES {
        let copy = whole.copied();
        copy.verify(Some(&keys), &[]).unwrap();
        change(&copy);
        let refused = copy.verify(Some(&keys), &[]);
        assert!(refused.is_err(), "{what}: {refused:?}");
    }
}

/// The operator shows one history to one auditor and another to the next, both under a consistent deployment's log.
#[tokio::test]
async fn a_fork_of_one_workspace_is_seen_by_that_workspace() {
    let house = House::with(2).await;
    house.break_in("CREATE TABLE public.kept AS SELECT * FROM audit.head WHERE workspace_id = $north").await;
    house.submit(1).await;
    house.tick().await;
    let first = house.export().await;
    house
        .break_in(
            "DELETE FROM audit.record r USING public.kept k WHERE r.workspace_id = $north AND r.id >
               (SELECT record_id FROM audit.leaf WHERE workspace_id = $north AND idx = k.size - 1);
             DELETE FROM audit.leaf l USING public.kept k WHERE l.workspace_id = $north AND l.idx >= k.size;
             UPDATE audit.head h SET size = k.size, frontier = k.frontier, signed_size = k.signed_size, checkpoint = k.checkpoint,
               anchored_size = k.anchored_size FROM public.kept k WHERE h.workspace_id = $north",
        )
        .await;
    house.submit(1).await;
    house.tick().await;
    let second = house.export().await;
    let keys = first.text("vkey");
    first.verify(Some(&keys), &[]).unwrap();
    let forked = second.verify(Some(&keys), &[]).unwrap_err();
    assert!(forked.contains("the log was forked"), "{forked}");
    // Hiding the other history from the list of one's own entries does not help: its label gives it away.
    let own = second.text("deployment/own");
    let count = own.lines().count();
    assert_eq!(count, 3, "before, of the one history, of the other: {own}");
    for hidden in 0..count {
        let rest: Vec<&str> = own.lines().enumerate().filter(|(at, _)| *at != hidden).map(|(_, line)| line).collect();
        std::fs::write(second.path("deployment/own"), rest.join("\n") + "\n").unwrap();
        second.verify(Some(&keys), &[]).unwrap_err();
    }
}

#[tokio::test]
async fn a_record_is_proved_to_whoever_has_its_entry() {
    let house = House::with(300).await;
    let north = house.north.id;
    let recs = house
        .t
        .owner
        .query(&format!("SELECT rec FROM audit.record WHERE workspace_id = '{north}' ORDER BY id"), &[])
        .await
        .unwrap();
    let (scope, permit) = view(&house.north).await;
    let [key, _] = ledger::export::keys(&house.t.db, house.south.id, &scope, &permit).await.unwrap();
    let keys = [tlog::VerifierKey::parse(&key).unwrap()];
    for row in recs.iter().step_by(29) {
        let id = tenancy::RecordId::from_uuid(row.get(0));
        let row = trail::one(&scope, &permit, id).await.unwrap().expect("it is there");
        let proof = ledger::proof::prove(&scope, &permit, &row).await.unwrap().expect("it has a leaf");
        let file = tlog::ProofFile::parse(proof.file.as_bytes()).unwrap();
        file.verify(proof.entry.as_bytes(), &keys, &[]).unwrap();
        assert!(proof.file.len() < 2560, "{}", proof.file.len());
        assert!(file.verify(b"another", &keys, &[]).is_err());
    }
    let foreign = house
        .t
        .owner
        .query_one("SELECT rec FROM audit.record WHERE workspace_id <> $1 LIMIT 1", &[&north.uuid()])
        .await
        .unwrap();
    let foreign = tenancy::RecordId::from_uuid(foreign.get(0));
    assert!(trail::one(&scope, &permit, foreign).await.unwrap().is_none(), "as unknown as an unknown one");
    scope.finish();
}

#[tokio::test]
async fn the_application_reads_its_log_and_writes_none() {
    let house = House::with(1).await;
    let app = house.t.connect_as("countersign_app").await;
    app.batch_execute(&format!("SET app.workspace_id = '{}'", house.south.id)).await.unwrap();
    for table in ["leaf", "head", "tile"] {
        let seen: i64 = app
            .query_one(
                &format!("SELECT count(*) FROM audit.{table} WHERE workspace_id = $1"),
                &[&house.north.id.uuid()],
            )
            .await
            .unwrap()
            .get(0);
        assert_eq!(seen, 0, "{table}: another workspace's");
        for sql in [
            format!("DELETE FROM audit.{table}"),
            format!("UPDATE audit.{table} SET epoch = 7"),
            format!("TRUNCATE audit.{table}"),
        ] {
            let refused = app.batch_execute(&sql).await.unwrap_err();
            assert_eq!(refused.code().unwrap().code(), "42501", "{sql}");
        }
    }
    for sql in ["SELECT entry FROM audit.deployment_entry", "SELECT xid FROM audit.cursor"] {
        assert_eq!(app.batch_execute(sql).await.unwrap_err().code().unwrap().code(), "42501", "{sql}");
    }
    let integrator = house.t.connect_as("countersign_integrator").await;
    for sql in [
        "SELECT person_part FROM audit.record",
        "UPDATE audit.record SET action = 'x'",
        "DELETE FROM audit.leaf",
        "UPDATE audit.leaf SET idx = 7",
        "UPDATE audit.deployment_entry SET entry = 'x'",
        "DELETE FROM audit.head",
    ] {
        assert_eq!(integrator.batch_execute(sql).await.unwrap_err().code().unwrap().code(), "42501", "{sql}");
    }
}
