//! What a record costs beside the row it is about: pgbench on copies of the product's schema, forms that take turns.
//!
//! Every form runs the same business insert inside the same frame (a transaction with its workspace set, row security on
//! the business row), in one pipeline, as `countersign_app`. What differs is the audit row behind it. The record's statement
//! is the product's own file with values put in; its sealed parts are as long as those of a real act, and random.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::Failure;
use crate::bench::cluster::Cluster;
use crate::bench::cpu;
use crate::bench::load::count;

use super::{hundredths, median};

/// The product's statement.
const INSERT_RECORD: &str = include_str!("../../../../crates/tenancy/sql/insert_record.sql");

/// Scripts of one form, which differ in their sealed bytes: a page that repeats itself would compress as none does.
const VARIANTS: usize = 16;

/// Indexes that serve the lists of the trail and not its log.
const LIST_INDEXES: [&str; 4] = ["record_by_time", "record_by_action", "record_by_actor_time", "record_by_target_time"];

/// Databases: the product's schema as it is, and without the lists' indexes.
const WHOLE: &str = "ledger_whole";
const LOG_ONLY: &str = "ledger_log_only";

/// What stands behind the business row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A plain audit row, one index.
    Plain,
    /// The same with indexes for the lists by time, act, actor and target.
    PlainListed,
    /// The product's record with every index it has.
    Record,
    /// The product's record with what its log needs: primary key, unique id, transaction id.
    RecordLogOnly,
    /// A hash chain whose head is found under an advisory lock.
    Chain,
}

pub(super) const FORMS: [Form; 5] = [Form::Plain, Form::Record, Form::PlainListed, Form::RecordLogOnly, Form::Chain];

/// What a real act wrote.
pub(super) struct Sample {
    pub(super) workspace: Uuid,
    pub(super) actor: Uuid,
    pub(super) target: Uuid,
    pub(super) action: String,
    pub(super) context: String,
    pub(super) digests_bytes: usize,
    pub(super) period_bytes: usize,
    pub(super) person_bytes: usize,
}

/// What one phase came to.
#[derive(Clone, Copy, Default)]
struct Phase {
    per_s: f64,
    wal_bytes_each: f64,
    cpu_us_each: f64,
}

/// Where the forms run.
pub(super) struct Append<'a> {
    cluster: &'a Cluster,
    scripts: Vec<Vec<String>>,
    length: Duration,
    phases: u64,
    found: Vec<Vec<Phase>>,
}

impl<'a> Append<'a> {
    /// Makes the databases and writes the scripts into `folder`.
    pub(super) fn prepare(
        cluster: &'a Cluster,
        sample: &Sample,
        folder: &Path,
        length: Duration,
    ) -> Result<Self, Failure> {
        let dump = folder.join("schema.sql");
        for (database, without) in [(WHOLE, &[] as &[&str]), (LOG_ONLY, &LIST_INDEXES)] {
            cluster.copy_schema("countersign", database, &dump.to_string_lossy())?;
            for index in without {
                cluster.sql(database, &format!("DROP INDEX audit.{index}"))?;
            }
            cluster.sql(database, &tables(sample))?;
            std::fs::remove_file(&dump)?;
        }
        let mut scripts = Vec::new();
        for (at, form) in FORMS.iter().enumerate() {
            let mut of_form = Vec::new();
            for variant in 0..VARIANTS {
                let path = folder.join(format!("form{at}-{variant}.sql"));
                std::fs::write(&path, script(*form, sample)?)?;
                of_form.push(path.to_string_lossy().into_owned());
            }
            scripts.push(of_form);
        }
        cluster.sql("postgres", "CHECKPOINT")?;
        Ok(Self { cluster, scripts, length, phases: 0, found: vec![Vec::new(); FORMS.len()] })
    }

    /// One turn of every form, beginning with another one each round.
    pub(super) fn round(&mut self, round: usize) -> Result<(), Failure> {
        for turn in 0..FORMS.len() {
            let at = (turn + round) % FORMS.len();
            self.phases += 1;
            let phase = self.phase(at)?;
            self.found[at].push(phase);
        }
        Ok(())
    }

    fn phase(&self, at: usize) -> Result<Phase, Failure> {
        let database = if FORMS[at] == Form::RecordLogOnly { LOG_ONLY } else { WHOLE };
        let written = || -> Result<f64, Failure> {
            Ok(self.cluster.sql("postgres", "SELECT pg_current_wal_insert_lsn() - '0/0'")?.trim().parse()?)
        };
        // As a connection of the product: its role, and what the role and its pool set.
        let options = "-c role=countersign_app -c search_path=countersign,audit,platform,ext \
                       -c plan_cache_mode=force_generic_plan -c enable_seqscan=off";
        // Ids go on where no phase before has come to.
        let turn = format!("turn={}", self.phases * 10_000_000);
        let (wal, cpu_us) = (written()?, cpu::family_us(self.cluster.postmaster)?);
        let tally = self.cluster.scripts(database, &self.scripts[at], &turn, options, self.length)?;
        let operations = count(tally.operations).max(1.0);
        Ok(Phase {
            per_s: tally.per_s(),
            wal_bytes_each: (written()? - wal) / operations,
            cpu_us_each: count(cpu::family_us(self.cluster.postmaster)?.saturating_sub(cpu_us)) / operations,
        })
    }

    fn median(&self, form: Form, of: impl Fn(&Phase) -> f64) -> f64 {
        let at = FORMS.iter().position(|known| *known == form).unwrap_or(0);
        median(self.found[at].iter().map(of).collect())
    }

    /// The ratios, and what they are made of.
    pub(super) fn line(&self) -> Value {
        let per_s = |form| self.median(form, |phase| phase.per_s);
        let wal = |form| self.median(form, |phase| phase.wal_bytes_each);
        let cpu_us = |form| self.median(form, |phase| phase.cpu_us_each);
        let (plain, record) = (per_s(Form::Plain), per_s(Form::Record));
        let of = |form| {
            json!({
                "tps": per_s(form).round(), "wal_bytes": wal(form).round(), "database_cpu_us": cpu_us(form).round(),
            })
        };
        json!({
            "append_ratio": hundredths(record / plain),
            "append_ratio_log_indexes_only": hundredths(per_s(Form::RecordLogOnly) / plain),
            "append_ratio_same_list_indexes": hundredths(record / per_s(Form::PlainListed)),
            "chain_ratio": hundredths(record / per_s(Form::Chain)),
            "wal_ratio": hundredths(wal(Form::Record) / wal(Form::Plain)),
            "wal_ratio_log_indexes_only": hundredths(wal(Form::RecordLogOnly) / wal(Form::Plain)),
            "wal_ratio_same_list_indexes": hundredths(wal(Form::Record) / wal(Form::PlainListed)),
            "append_forms": {
                "plain": of(Form::Plain),
                "plain_with_list_indexes": of(Form::PlainListed),
                "record": of(Form::Record),
                "record_log_indexes_only": of(Form::RecordLogOnly),
                "chain_under_lock": of(Form::Chain),
            },
            "append_indexes": {
                "plain": "primary key", "record_log_indexes_only": "primary key, unique id, transaction id",
                "record": format!("those and {}", LIST_INDEXES.join(", ")),
            },
        })
    }
}

/// The business row and the two audit tables that are not the product's.
fn tables(sample: &Sample) -> String {
    let workspace = sample.workspace;
    let columns = "workspace_id uuid NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL DEFAULT \
                   clock_timestamp(), action text NOT NULL, actor_id uuid, target_id uuid, ip text, device text, context text";
    let mut made = format!(
        "CREATE SCHEMA bench;
         CREATE TABLE bench.business (workspace_id uuid NOT NULL, id uuid NOT NULL, state text NOT NULL,
           created_at timestamptz NOT NULL, content text NOT NULL, PRIMARY KEY (workspace_id, id));
         ALTER TABLE bench.business ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE POLICY tenant ON bench.business TO countersign_app
           USING (workspace_id = current_setting('app.workspace_id')::uuid)
           WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
         CREATE TABLE bench.plain ({columns}, PRIMARY KEY (workspace_id, id));
         CREATE TABLE bench.listed ({columns}, PRIMARY KEY (workspace_id, id));
         CREATE TABLE bench.chain ({columns}, hash bytea NOT NULL, PRIMARY KEY (workspace_id, id));
         INSERT INTO bench.chain (workspace_id, action, hash) VALUES ('{workspace}', 'first', sha256(''));
         CREATE INDEX ON bench.listed (workspace_id, at, id);
         CREATE INDEX ON bench.listed (workspace_id, action, at, id);
         CREATE INDEX ON bench.listed (workspace_id, actor_id, at, id);
         CREATE INDEX ON bench.listed (workspace_id, target_id, at, id);"
    );
    made.push_str(
        "GRANT USAGE ON SCHEMA bench TO countersign_app; GRANT ALL ON ALL TABLES IN SCHEMA bench TO countersign_app",
    );
    made
}

/// One transaction of a form.
fn script(form: Form, sample: &Sample) -> Result<String, Failure> {
    let Sample { workspace, actor, target, action, context, .. } = sample;
    // Ids grow with time over all clients, as those of the product do; each transaction draws two.
    let id = |name: &str| format!("lpad(to_hex(:{name}::bigint), 32, '0')::uuid");
    let business = format!(
        "INSERT INTO bench.business (workspace_id, id, state, created_at, content) \
         VALUES ('{workspace}', {}, 'open', now(), 'Mouse for the front desk, hardware, 25.00 EUR')",
        id("n")
    );
    let columns = "workspace_id, action, actor_id, target_id, ip, device, context";
    let context = context.replace('\'', "''");
    let values =
        format!("'{workspace}', '{action}', '{actor}', '{target}', '127.0.0.1', '{}', '{context}'", super::DEVICE);
    let act = match form {
        Form::Plain => format!("{business};\nINSERT INTO bench.plain ({columns}) VALUES ({values});"),
        Form::PlainListed => format!("{business};\nINSERT INTO bench.listed ({columns}) VALUES ({values});"),
        Form::Record | Form::RecordLogOnly => format!("WITH p0 AS ({business})\n{};", record(sample, &id("m"))?),
        Form::Chain => format!(
            "{business};\nSELECT pg_advisory_xact_lock(7);\n\
             INSERT INTO bench.chain ({columns}, hash) SELECT {values}, sha256(h.hash || convert_to('{context}', 'UTF8')) \
             FROM (SELECT c.hash FROM bench.chain c WHERE c.workspace_id = '{workspace}' ORDER BY c.id DESC LIMIT 1) h;"
        ),
    };
    Ok(format!(
        "\\set n (:turn * 8 + :client_id) * 2\n\\set m :n + 1\n\\set turn :turn + 1\n\\startpipeline\nBEGIN;\n\
         SELECT set_config('app.workspace_id', '{workspace}', true);\n{act}\nCOMMIT;\n\\endpipeline\n"
    ))
}

/// The product's statement with values in the place of its parameters.
fn record(sample: &Sample, id: &str) -> Result<String, Failure> {
    let bytes = |length: usize| format!("'\\x{}'::bytea", random_hex(length));
    let values = [
        format!("'{}'", sample.workspace),
        id.to_owned(),
        format!("'{}'", sample.action),
        "1".to_owned(),
        "31".to_owned(),
        bytes(sample.digests_bytes),
        format!("'{}'", sample.actor),
        format!("'{}'", sample.target),
        "1".to_owned(),
        bytes(sample.period_bytes),
        "2".to_owned(),
        bytes(sample.person_bytes),
    ];
    with_values(INSERT_RECORD.trim(), &values)
}

/// Puts values in the place of `$1`, `$2` and so on; an error when there are more or fewer.
fn with_values(statement: &str, values: &[String]) -> Result<String, Failure> {
    let mut text = String::new();
    let mut parts = statement.split('$');
    text.push_str(parts.next().unwrap_or_default());
    let mut used = 0;
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let number: usize = part[..digits].parse()?;
        let value = values.get(number.wrapping_sub(1)).ok_or("the product's statement has more parameters")?;
        text.push_str(value);
        text.push_str(&part[digits..]);
        used += 1;
    }
    if used == values.len() { Ok(text) } else { Err("the product's statement has other parameters".into()) }
}

/// Random bytes in hex, out of random ids.
fn random_hex(length: usize) -> String {
    let mut text = String::with_capacity(length * 2 + 32);
    while text.len() < length * 2 {
        write!(text, "{}", Uuid::new_v4().simple()).expect("writing to a String cannot fail");
    }
    text.truncate(length * 2);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_the_place_of_parameters() {
        let values: Vec<String> = (1..=12).map(|n| format!("v{n}")).collect();
        let text = with_values(INSERT_RECORD.trim(), &values).expect("the product's statement has twelve parameters");
        assert!(text.ends_with("VALUES (v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12)"), "{text}");
        assert!(with_values("VALUES ($1)", &values).is_err());
        assert!(with_values("VALUES ($13)", &values).is_err());
    }

    #[test]
    fn random_bytes_have_their_length() {
        assert_eq!(random_hex(33).len(), 66);
        assert_ne!(random_hex(33), random_hex(33));
    }
}
