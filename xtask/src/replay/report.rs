//! What a replay prints: for a person, then one JSON line for a program.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use crate::xes::Trace;

use super::Outcome;
use super::drive::variant;
use super::plan::plan;

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

/// Prints each variant with its acts and its end, the frequent ones first.
pub(crate) fn print_plans(traces: &[Trace]) {
    let mut variants: BTreeMap<String, (usize, &Trace)> = BTreeMap::new();
    for trace in traces {
        variants.entry(variant(&trace.events)).or_insert((0, trace)).0 += 1;
    }
    let mut ordered: Vec<_> = variants.into_iter().collect();
    ordered.sort_by(|(a, (many, _)), (b, (few, _))| few.cmp(many).then_with(|| a.cmp(b)));
    let mut reachable = 0;
    for (variant, (count, trace)) in &ordered {
        let plan = plan(&trace.events);
        println!("{count:>4}  {variant}");
        match plan.end {
            Ok(end) => {
                reachable += count;
                println!("      {:?} -> {end:?}", plan.steps);
            }
            Err(reason) => println!("      {reason}"),
        }
    }
    println!("{reachable} of {} ends can be reached, {} variants", traces.len(), ordered.len());
}

/// One digit after the point.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn f64_of(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
