//! `cargo xtask bench ledger`: what the verifiable log costs, how late it is, how large and fast its proofs are, and how fast
//! it is verified.
//!
//! Every figure of time is a ratio within this run, a delay, or a rate of this machine; a figure that misses its goal is
//! printed as it is.

mod append;
mod merge;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use clap::Args;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::Failure;
use crate::api::{Api, Call, Retry};
use crate::server::{Place, Server, binary, cargo_release};

use super::cluster::Cluster;
use append::{Append, Sample};

/// The device that acts say they come from; with it a draft's record holds some 500 bytes of values.
const DEVICE: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 \
                      Safari/537.36 Countersign-Bench/1.0 (a name as long as the ones that browsers send about themselves)";

/// Length of each measurement of the verifier, in seconds.
const VERIFY_S: u64 = 4;

/// Append, merge delay, proofs and verification of the log; one JSON line.
#[derive(Args)]
#[command(after_help = "Example:\n  cargo xtask bench ledger --rounds 5")]
pub(crate) struct Ledger {
    /// Length of each phase of pgbench, in seconds.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Rounds of five phases each.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=50))]
    rounds: u8,
    /// Seconds of acts at the stated rate.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u64).range(2..=600))]
    merge_seconds: u64,
    /// Acts a second while the delay is measured.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(8..=20_000))]
    acts_per_s: u32,
    /// The countersign binary; by default the release build of this tree.
    #[arg(long)]
    binary: Option<PathBuf>,
}

impl Ledger {
    pub(super) fn run(self) -> Result<(), Failure> {
        super::as_release()?;
        let countersign = binary(self.binary.clone())?;
        let verifier = verifier()?;
        let place = Place::new()?;
        let server = Server::start(&countersign, &place, "127.0.0.1:0", &["--scratch"])?;
        let cluster = Cluster::of(&server)?;
        let tokens = Tokens::of(&server)?;
        let sample = sample(&server, &cluster, &tokens)?;

        let mut append = Append::prepare(&cluster, &sample, &place.temporary(), Duration::from_secs(self.seconds))?;
        for round in 0..usize::from(self.rounds) {
            append.round(round)?;
        }
        let mut line = Map::new();
        line.extend(append.line().as_object().cloned().unwrap_or_default());

        let length = Duration::from_secs(self.merge_seconds);
        line.extend(merge::merge(&server, &cluster, &sample, &tokens.member, self.acts_per_s, length)?);
        line.extend(merge::proofs(&server, &cluster, &sample, &tokens.owner)?);
        line.extend(live(&server)?);
        line.extend(exported(&server, &place, &verifier)?);
        println!("{}", Value::Object(line));
        server.stop()
    }
}

/// Tokens of those who act and look.
struct Tokens {
    member: String,
    owner: String,
}

impl Tokens {
    fn of(server: &Server) -> Result<Self, Failure> {
        Ok(Self {
            member: server.token("sample", "member@sample.test", "requests:read,requests:write")?,
            owner: server.token("sample", "owner@sample.test", "requests:read,audit:read")?,
        })
    }
}

/// A draft of a purchase: an act with one record and no mail.
fn draft() -> Result<Value, Failure> {
    Ok(json!({ "process": "purchase", "values": super::purchase()?, "submit": false }))
}

/// Makes one draft and looks at what its record is like.
fn sample(server: &Server, cluster: &Cluster, tokens: &Tokens) -> Result<Sample, Failure> {
    let (made, item) = one_act(server.base(), tokens)?;
    let columns = cluster.sql(
        "countersign",
        &format!(
            "SELECT octet_length(r.digests), octet_length(r.period_part), octet_length(r.person_part), r.workspace_id, \
             r.actor_id FROM audit.record r WHERE r.target_id = '{made}' ORDER BY r.id LIMIT 1"
        ),
    )?;
    let mut columns = columns.trim().split('|');
    let mut next = || columns.next().ok_or("the act left no record");
    Ok(Sample {
        digests_bytes: next()?.parse()?,
        period_bytes: next()?.parse()?,
        person_bytes: next()?.parse()?,
        workspace: next()?.parse()?,
        actor: next()?.parse()?,
        target: made.parse()?,
        action: item["action"].as_str().unwrap_or_default().to_owned(),
        context: item["context"].to_string(),
    })
}

/// Its id and its record as the API shows it.
#[tokio::main(flavor = "current_thread")]
async fn one_act(base: &str, tokens: &Tokens) -> Result<(String, Value), Failure> {
    let api = Api::new(base)?;
    let call = Call {
        method: Method::POST,
        path: "/api/v1/requests".to_owned(),
        token: &tokens.member,
        if_match: None,
        body: Some(draft()?),
        retry: Retry::Bounded,
    };
    let made = api.send(&call).await?.expect(&[201])?.member("id")?.to_owned();
    let listed = api.get(&format!("/api/v1/audit-events?target={made}"), &tokens.owner).await?.expect(&[200])?;
    let item = listed.items().first().cloned().ok_or("the act left no record")?;
    Ok((made, item))
}

/// Verification in the database of the running server, by its command, from its start to its end.
fn live(server: &Server) -> Result<Map<String, Value>, Failure> {
    let mut rates = Vec::new();
    let mut records = 0;
    for _ in 0..3 {
        let begin = Instant::now();
        let said = server.command(&["audit", "verify", "--live", "--json", "--workspace", "sample"])?;
        let took = begin.elapsed();
        let said: Value = serde_json::from_str(&said)?;
        if said["wrong"] != 0 {
            return Err(format!("the log does not hold: {said}").into());
        }
        records = said["records"].as_u64().ok_or("no count of records")?;
        rates.push(super::load::count(records) / took.as_secs_f64());
    }
    let mut line = Map::new();
    line.insert("live_records".to_owned(), json!(records));
    line.insert("live_records_per_s".to_owned(), json!(median(rates).round()));
    Ok(line)
}

/// Verification of an export, in a process of its own that measures SHA-256 beside it.
fn exported(server: &Server, place: &Place, verifier: &Path) -> Result<Map<String, Value>, Failure> {
    let folder = place.temporary().join("export");
    let name = folder.to_string_lossy();
    server.command(&["audit", "export", "--workspace", "sample", "--out", &name])?;
    let done = Command::new(verifier).arg(&folder).arg(VERIFY_S.to_string()).output()?;
    if !done.status.success() {
        return Err(format!("verify_rate: {}", String::from_utf8_lossy(&done.stderr)).into());
    }
    let line: Value = serde_json::from_slice(&done.stdout)?;
    Ok(line.as_object().cloned().unwrap_or_default())
}

/// Builds the example of the crate `ledger` that measures the verifier.
fn verifier() -> Result<PathBuf, Failure> {
    let beside = cargo_release("xtask")?;
    let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--release", "--package", "ledger", "--example", "verify_rate"])
        .current_dir(crate::check::root())
        .status()?;
    if !built.success() {
        return Err("cargo build --release --package ledger --example verify_rate failed".into());
    }
    Ok(beside.parent().ok_or("no folder of release builds")?.join("examples/verify_rate"))
}

/// The middle one; of an even number the upper of the two.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The value below which so many of a hundred lie.
fn percentile(sorted: &[f64], of_hundred: usize) -> f64 {
    let at = (sorted.len() * of_hundred).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

fn hundredths(value: f64) -> f64 {
    super::hundredths(value)
}

#[cfg(test)]
mod tests {
    use super::{median, percentile};

    #[test]
    fn the_middle_and_the_end_are_found() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        let sorted: Vec<f64> = (1..=100).map(f64::from).collect();
        assert!((percentile(&sorted, 99) - 99.0).abs() < 1e-9);
        assert!((percentile(&sorted, 50) - 50.0).abs() < 1e-9);
        assert!((percentile(&[7.0], 99) - 7.0).abs() < 1e-9);
        assert!(median(Vec::new()).is_nan());
    }
}
