//! No false alarms: logs of many shapes that nobody touched, each verified in the database and as an export.
//!
//! `COUNTERSIGN_TEST_LOGS` says how many logs, `COUNTERSIGN_TEST_SEED` repeats a run that found something.

use std::path::Path;

use identity::people;
use ledger::verify::Verdict;
use ledger::{Eraser, Integrator};
use serde_json::{Value, json};
use tenancy::erasure::{self, Subject};
use tenancy::policy::{AddGroup, AddPerson, EndPerson, OrderErasure, PublishProcess};
use tenancy::{Record, Whole, WorkspaceId};
use testkit::{PEOPLE, TestDb, Workspace};

use crate::ledger::view;
use crate::support::count;

/// Logs that share a database, and so a deployment's log.
const LOGS_A_DATABASE: usize = 50;
/// Sizes at which a tile, a bundle or a page of the verifier is just full, or not.
const SIZES: [usize; 12] = [1, 2, 3, 16, 17, 255, 256, 257, 511, 512, 513, 600];
/// Pieces of texts: several scripts, marks that combine, what JSON escapes, ends of lines, the ends of planes.
const PIECES: [&str; 14] = [
    "plain",
    "Zoë",
    "e\u{301}",
    "日本語",
    "\u{1f512}",
    "\"",
    "\\",
    "\n",
    "\u{7f}",
    "\u{1}",
    "עברית",
    "\u{fffd}",
    "\u{10ffff}",
    "\u{2028}",
];

/// Chance that can be repeated (xorshift64).
struct Chance(u64);

impl Chance {
    fn of_run() -> Self {
        let named = std::env::var("COUNTERSIGN_TEST_SEED").ok().map(|text| text.parse().unwrap());
        let seed = named.unwrap_or_else(|| u64::from_be_bytes(seal::random::<8>()));
        println!("COUNTERSIGN_TEST_SEED={seed}");
        Self(seed.max(1))
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    fn text(&mut self) -> String {
        // Up to beyond the bound of a value.
        let pieces = if self.below(20) == 0 { 300 } else { self.below(6) };
        (0..pieces).map(|_| PIECES[self.below(PIECES.len())]).collect()
    }

    fn value(&mut self) -> Value {
        match self.below(6) {
            0 => Value::Null,
            1 => json!(self.below(2) == 0),
            2 => json!(i64::try_from(self.below(1 << 52)).unwrap() - (1 << 51)),
            3 => json!([self.text(), {"inner": self.text(), "a": []}]),
            _ => json!(self.text()),
        }
    }

    fn record(&mut self) -> Record {
        let mut record = match self.below(3) {
            0 => Record::default(),
            _ => Record::about(uuid::Uuid::now_v7()),
        };
        let keys = if self.below(30) == 0 { 55 } else { self.below(5) };
        for key in 0..keys {
            record = record.with(&format!("k{key}"), self.value());
        }
        match self.below(4) {
            0 => record.changing(self.value(), self.value()),
            _ => record,
        }
    }
}

/// What was verified.
#[derive(Debug, Default)]
struct Counts {
    logs: usize,
    records: u64,
    exports: usize,
    proofs: usize,
    erased: u64,
}

struct Shapes {
    t: TestDb,
    integrator: Integrator,
    platform: WorkspaceId,
    chance: Chance,
    counts: Counts,
}

impl Shapes {
    async fn new(chance: Chance) -> Self {
        let t = TestDb::new().await;
        let platform = Workspace::of(&t.db, "platform", &[]).await.id;
        let integrator = Integrator::new(t.db.clone(), "https://sign.example.org", platform);
        Self { t, integrator, platform, chance, counts: Counts::default() }
    }

    /// Ticks until every record has its leaf and the deployment's log its entry.
    async fn tick(&self) {
        let behind = "SELECT count(*) FROM audit.record r WHERE NOT EXISTS
            (SELECT FROM audit.leaf l WHERE l.workspace_id = r.workspace_id AND l.record_id = r.id)";
        for _ in 0..400 {
            self.integrator.tick(true).await.unwrap();
            if count(&self.t, behind).await == 0 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("records got no leaves");
    }

    async fn records_of(&self, workspace: &Workspace) -> usize {
        let sql = format!("SELECT count(*) FROM audit.record WHERE workspace_id = '{}'", workspace.id);
        usize::try_from(count(&self.t, &sql).await).unwrap()
    }

    /// So many records in transactions of one and of many, with ticks in between.
    async fn acts(&mut self, workspace: &Workspace, who: Option<&str>, records: usize) {
        let mut left = records;
        while left > 0 {
            let batch = left.min(1 + self.chance.below(60));
            let mut scope = match who {
                Some(who) => workspace.scope(who).await,
                None => workspace.operate().await,
            };
            for _ in 0..batch {
                let record = self.chance.record();
                match self.chance.below(3) {
                    0 => {
                        let permit = scope.permit::<AddGroup>(Whole).await.unwrap();
                        scope.write(permit, record).unwrap();
                    }
                    1 => {
                        let permit = scope.permit::<AddPerson>(Whole).await.unwrap();
                        scope.write(permit, record).unwrap();
                    }
                    _ => {
                        let permit = scope.permit::<PublishProcess>(Whole).await.unwrap();
                        scope.write(permit, record).unwrap();
                    }
                }
            }
            drop(scope.commit().await.unwrap());
            left -= batch;
            if self.chance.below(4) == 0 {
                self.integrator.tick(self.chance.below(2) == 0).await.unwrap();
            }
        }
    }

    /// One log from its making to its verdicts.
    async fn log(&mut self, number: usize) {
        let is_peopled = self.chance.below(4) == 0;
        let people = if is_peopled { &PEOPLE[..3] } else { &[] };
        let workspace = Workspace::of(&self.t.db, &format!("log-{number}"), people).await;
        let wanted = match self.chance.below(2) {
            0 => SIZES[self.chance.below(SIZES.len())],
            _ => 1 + self.chance.below(600),
        };
        let first = self.records_of(&workspace).await;
        let more = wanted.saturating_sub(first);
        let before = self.chance.below(more + 1);
        self.acts(&workspace, is_peopled.then_some("owner"), before).await;
        let kept = match self.chance.below(3) {
            0 => {
                self.tick().await;
                Some(self.exported(&workspace, None).await.1)
            }
            _ => None,
        };
        self.acts(&workspace, None, more - before).await;
        if is_peopled {
            self.erase(&workspace, number).await;
        }
        self.tick().await;
        let (verdict, _) = self.exported(&workspace, kept.as_deref()).await;
        if !is_peopled {
            assert_eq!(verdict.records, wanted.max(first) as u64, "log {number}");
        }
        self.live(&workspace, number).await;
        self.counts.logs += 1;
        self.counts.records += verdict.records;
        self.counts.erased += verdict.erased;
    }

    /// Somebody acts, leaves and is erased; in some logs what was done in the month goes as well.
    async fn erase(&mut self, workspace: &Workspace, number: usize) {
        let manager = workspace.person("manager");
        let id = workspace.id;
        let acts = 1 + self.chance.below(5);
        self.acts(workspace, Some("admin"), acts).await;
        let (mut scope, permit) = workspace.permit::<EndPerson>("owner", manager).await.unwrap();
        people::end(&mut scope, permit).await.unwrap();
        drop(scope.commit().await.unwrap());
        let (mut scope, permit) = workspace.permit::<OrderErasure>("owner", Whole).await.unwrap();
        erasure::order(&mut scope, permit, Subject::Person(manager)).await.unwrap();
        drop(scope.commit().await.unwrap());
        if self.chance.below(2) == 0 {
            // The month is not over, so its order is written by hand.
            let sql = format!(
                "INSERT INTO countersign.erasure (workspace_id, erasure_id, part, subject, key_nos)
                 SELECT '{id}', gen_random_uuid(), 'period', gen_random_uuid(), array_agg(DISTINCT period_key_no)
                 FROM audit.record WHERE workspace_id = '{id}' AND class = 1"
            );
            self.t.owner.batch_execute(&sql).await.unwrap();
        }
        Eraser::new(self.t.db.clone()).look(true).await.unwrap();
        let open =
            format!("SELECT count(*) FROM countersign.erasure WHERE workspace_id = '{id}' AND erased_at IS NULL");
        assert_eq!(count(&self.t, &open).await, 0, "log {number}: carried out");
        // Some act afterwards, some do not.
        let after = self.chance.below(20);
        self.acts(workspace, None, after).await;
    }

    /// An export, verified with its keys and what was kept; its verdict and its checkpoint.
    async fn exported(&mut self, workspace: &Workspace, kept: Option<&str>) -> (Verdict, String) {
        let dir = tempfile::tempdir().unwrap();
        let (scope, permit) = view(workspace).await;
        ledger::export::export(&self.t.db, self.platform, &scope, &permit, dir.path()).await.unwrap();
        scope.finish();
        if let Some(note) = kept {
            let grown = ledger::consistency::prove(dir.path(), Path::new("kept"), note).unwrap();
            assert!(grown.holds, "{}", workspace.slug);
            self.counts.proofs += usize::from(grown.file.is_some());
        }
        let keys = std::fs::read_to_string(dir.path().join("vkey")).unwrap();
        let kept: Vec<String> = kept.iter().map(|note| (*note).to_owned()).collect();
        let verdict = ledger::verify::export(dir.path(), Some(&keys), &kept);
        let verdict = verdict.unwrap_or_else(|wrong| panic!("a false alarm: {}: {wrong}", workspace.slug));
        self.counts.exports += 1;
        (verdict, std::fs::read_to_string(dir.path().join("checkpoint")).unwrap())
    }

    async fn live(&self, workspace: &Workspace, number: usize) {
        let (scope, permit) = view(workspace).await;
        let report = ledger::live::verify(&self.t.db, &scope, &permit, |_, _| {}).await.unwrap();
        scope.finish();
        assert_eq!((report.wrong, report.findings.as_slice()), (0, [].as_slice()), "a false alarm: log {number}");
        assert_eq!((report.waiting, report.under_way), (0, 0), "log {number}");
    }
}

#[tokio::test]
async fn logs_that_nobody_touched_hold() {
    let logs = std::env::var("COUNTERSIGN_TEST_LOGS").ok().map_or(50, |text| text.parse().unwrap());
    let mut shapes = Shapes::new(Chance::of_run()).await;
    for number in 0..logs {
        if number > 0 && number % LOGS_A_DATABASE == 0 {
            let next = Shapes::new(Chance(shapes.chance.0)).await;
            let counts = std::mem::replace(&mut shapes, next).counts;
            shapes.counts = counts;
        }
        shapes.log(number).await;
    }
    println!("{:?}", shapes.counts);
    assert_eq!(shapes.counts.logs, logs);
}
