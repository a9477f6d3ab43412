//! What is stored of a check's runs: one row a check in the workspace `platform`, and a record beside each change.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use seal::{Sealed, columns};
use serde_json::json;
use tenancy::policy::NoteVerdict;
use tenancy::{Channel, Credential, Database, Internal, Origin, Record, Whole, WorkspaceId};

use super::{Seen, kind};
use crate::probe::ProbeError;
use crate::registry::{CheckId, Reason};
use crate::state::{Ended, LastRun};
use crate::statements;

/// A state that does not change is recorded this often at most.
const UNCHANGED_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// Days of the strip.
const STRIP_DAYS: usize = 90;

/// What stands in the row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) outcome: String,
    pub(super) recorded_at: Timestamp,
    pub(super) strip: String,
}

/// Whether a run is to be recorded: when the state changed, and else hourly.
pub(super) fn due(kept: Option<&Kept>, outcome: &str, now: Timestamp) -> Option<()> {
    let fresh =
        kept.is_some_and(|kept| kept.outcome == outcome && now.duration_since(kept.recorded_at) < UNCHANGED_EVERY);
    if fresh { None } else { Some(()) }
}

/// Reads what earlier runs left.
pub(super) async fn load(db: &Database, platform: WorkspaceId) -> Result<Vec<(LastRun, Kept, Seen)>, ProbeError> {
    let prober = Credential::Internal(Internal::Prober);
    let scope = db.view(prober, platform, Origin::internal(Channel::Worker)).await?;
    let rows = scope.rows(&statements::STATE_LIST, &[&platform.uuid()]).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        // A check that no longer exists, or a value that does not open, is as if it had never run.
        let Some(check) = CheckId::from_code(row.get(0)) else { continue };
        let sealed = Sealed::<columns::ClaimObservation>::from_envelope(row.get(2));
        let Ok(bytes) = scope.keys().open(row_of(check), &sealed) else { continue };
        let text = serde_json::from_slice::<serde_json::Value>(&bytes)
            .ok()
            .and_then(|value| Some(value.get("text")?.as_str()?.to_owned()))
            .unwrap_or_default();
        let outcome: String = row.get(1);
        let ended = match outcome.as_str() {
            "pass" => Ended::Pass,
            "fail" => Ended::Fail,
            _ => Ended::NotProven(Reason::new(text.clone())),
        };
        let finished_at: Timestamp = row.get(4);
        let run = LastRun { check, ended, finished_at, since: row.get(3), last_pass_at: row.get(5) };
        let recorded_at = row.get::<_, Option<Timestamp>>(6).unwrap_or(finished_at);
        let kept = Kept { outcome, recorded_at, strip: row.get(7) };
        found.push((run, kept, Seen { text, population_n: 0, population_of: 0, population_sha256: None }));
    }
    scope.finish();
    Ok(found)
}

/// Stores a run with its record.
pub(super) async fn store(
    db: &Database,
    platform: WorkspaceId,
    run: &LastRun,
    seen: &Seen,
    before: Option<&Kept>,
) -> Result<Kept, ProbeError> {
    let code = run.check.code();
    let outcome = kind(&run.ended);
    let observation = json!({
        "text": seen.text,
        "population_n": seen.population_n,
        "population_of": seen.population_of,
        "population_sha256": seen.population_sha256.as_ref().map(hex),
    });
    let bytes = observation.to_string().into_bytes();
    let prober = Credential::Internal(Internal::Prober);
    let mut scope = db.scope(prober, platform, Origin::internal(Channel::Worker)).await?;
    let permit = scope.permit::<NoteVerdict>(Whole).await?;
    let sealed = scope
        .keys()
        .seal::<columns::ClaimObservation>(row_of(run.check), &bytes)
        .map_err(tenancy::Error::from)?
        .into_bytes();
    let strip = strip_after(before, outcome, run.finished_at);
    let record = Record::default()
        .with("check", code)
        .with("outcome", outcome)
        .with("population_n", seen.population_n)
        .with("population_of", seen.population_of)
        .with("observation", seen.text.clone())
        .with("observation_sha256", hex(&seal::sha256(&bytes)))
        .with("previous_outcome", before.map_or("none", |kept| kept.outcome.as_str()));
    let writer = scope.write(permit, record)?;
    writer
        .execute_one(
            &statements::STATE_SET,
            &[&platform.uuid(), &code, &outcome, &sealed, &run.since, &run.finished_at, &run.last_pass_at, &strip],
        )
        .await?;
    drop(scope.commit().await?);
    Ok(Kept { outcome: outcome.to_owned(), recorded_at: run.finished_at, strip })
}

/// The row that a check's observation is sealed to: the first 16 bytes of a hash of its code.
fn row_of(check: CheckId) -> [u8; 16] {
    let hash = seal::sha256(format!("countersign/claim_state/v1\0{}", check.code()).as_bytes());
    let mut row = [0; 16];
    row.copy_from_slice(&hash[..16]);
    row
}

/// One sign a day, the worst state of it: `f` before `n` before `p`; `-` for a day without a run. The last is today.
fn strip_after(before: Option<&Kept>, outcome: &str, now: Timestamp) -> String {
    let sign = match outcome {
        "fail" => 'f',
        "pass" => 'p',
        _ => 'n',
    };
    let day = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let mut strip: String = before.map(|kept| kept.strip.clone()).unwrap_or_default();
    let days = before.map_or(1, |kept| day(now).duration_since(day(kept.recorded_at)).as_hours() / 24);
    if days <= 0 && !strip.is_empty() {
        let last = strip.pop().unwrap_or('-');
        strip.push(worse(last, sign));
    } else {
        for _ in 1..days.clamp(1, STRIP_DAYS as i64) {
            strip.push('-');
        }
        strip.push(sign);
    }
    let over = strip.len().saturating_sub(STRIP_DAYS);
    strip.split_off(over)
}

fn worse(a: char, b: char) -> char {
    let rank = |sign: char| match sign {
        'f' => 3,
        'n' => 2,
        'p' => 1,
        _ => 0,
    };
    if rank(a) >= rank(b) { a } else { b }
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn kept(outcome: &str, when: &str, strip: &str) -> Kept {
        Kept { outcome: outcome.to_owned(), recorded_at: at(when), strip: strip.to_owned() }
    }

    #[test]
    fn changes_are_due_at_once_and_the_rest_hourly() {
        let green = kept("pass", "2026-11-22T10:00:00Z", "p");
        assert_eq!(due(None, "pass", at("2026-11-22T10:00:00Z")), Some(()));
        assert_eq!(due(Some(&green), "pass", at("2026-11-22T10:59:59Z")), None);
        assert_eq!(due(Some(&green), "pass", at("2026-11-22T11:00:00Z")), Some(()));
        assert_eq!(due(Some(&green), "fail", at("2026-11-22T10:00:01Z")), Some(()));
        assert_eq!(due(Some(&green), "not_proven", at("2026-11-22T10:00:01Z")), Some(()));
    }

    #[test]
    fn the_strip_keeps_the_worst_of_a_day_and_marks_days_without_a_run() {
        assert_eq!(strip_after(None, "pass", at("2026-11-22T10:00:00Z")), "p");
        let green = kept("pass", "2026-11-22T10:00:00Z", "p");
        assert_eq!(strip_after(Some(&green), "fail", at("2026-11-22T11:00:00Z")), "f");
        let red = kept("fail", "2026-11-22T11:00:00Z", "f");
        assert_eq!(strip_after(Some(&red), "pass", at("2026-11-22T12:00:00Z")), "f");
        assert_eq!(strip_after(Some(&red), "pass", at("2026-11-23T00:00:01Z")), "fp");
        assert_eq!(strip_after(Some(&red), "pass", at("2026-11-25T00:00:01Z")), "f--p");
    }

    #[test]
    fn the_strip_never_passes_its_bound() {
        let full = kept("pass", "2026-11-21T10:00:00Z", &"p".repeat(STRIP_DAYS));
        assert_eq!(strip_after(Some(&full), "fail", at("2026-11-22T10:00:00Z")).len(), STRIP_DAYS);
        let old = kept("pass", "2020-01-01T10:00:00Z", "p");
        assert_eq!(strip_after(Some(&old), "pass", at("2026-11-22T10:00:00Z")).len(), STRIP_DAYS);
    }

    #[test]
    fn every_check_is_sealed_to_a_row_of_its_own() {
        let rows: std::collections::BTreeSet<[u8; 16]> = CheckId::ALL.iter().map(|id| row_of(*id)).collect();
        assert_eq!(rows.len(), CheckId::ALL.len());
    }
}
