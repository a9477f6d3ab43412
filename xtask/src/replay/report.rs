//! What a replay prints: for a person, then one JSON line for a program.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::Outcome;

/// All permits of a run.
pub(crate) struct Report {
    pub(crate) outcomes: Vec<Outcome>,
    /// Answers to HTTP requests.
    pub(crate) calls: u64,
    pub(crate) elapsed: Duration,
}

impl Report {
    /// Prints the report on standard output.
    pub(crate) fn print(&self) {
        let total = self.outcomes.len();
        let ended = self.outcomes.iter().filter(|outcome| outcome.miss.is_none()).count();
        let acts: u64 = self.outcomes.iter().map(|outcome| outcome.acts).sum();
        let records: u64 = self.outcomes.iter().map(|outcome| outcome.records).sum();
        let unmatched = self.outcomes.iter().filter(|outcome| outcome.acts != outcome.records).count();
        println!("{ended} of {total} permits ended as they ended in the log");
        for (reason, variants) in self.reasons() {
            let permits: usize = variants.values().sum();
            println!("\n{permits} did not: {reason}");
            for (variant, count) in variants {
                println!("  {count:>4}  {variant}");
            }
        }
        let seconds = self.elapsed.as_secs_f64().max(f64::EPSILON);
        let calls_per_s = round(f64_of(self.calls) / seconds);
        let acts_per_s = round(f64_of(acts) / seconds);
        println!("\n{acts} acts, {records} records of acts, {unmatched} permits where they differ");
        println!("{calls_per_s} requests/s, {acts_per_s} acts/s, {seconds:.1} s");
        println!(
            "{}",
            json!({
                "permits": total, "ended_as_logged": ended, "acts": acts, "records": records,
                "permits_unmatched": unmatched, "http_requests": self.calls,
                "requests_per_s": calls_per_s, "acts_per_s": acts_per_s, "seconds": round(seconds),
            })
        );
    }

    /// Reason -> variant -> permits.
    fn reasons(&self) -> BTreeMap<&str, BTreeMap<&str, usize>> {
        let mut reasons: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for outcome in &self.outcomes {
            if let Some(reason) = &outcome.miss {
                *reasons.entry(reason).or_default().entry(&outcome.variant).or_default() += 1;
            }
        }
        reasons
    }
}

/// One digit after the point.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn f64_of(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
